"""The index of names in SQLite: FTS5 for the words, one table for the words that exist.

Rows belong to a generation of the catalogue, as documents do. An entry's rowid holds its generation, then the length
of its name: so FTS5 yields the right generation's short names first and can stop early, whatever it would have found.
The traps: FTS5 merges its segments when it likes, which takes 60 ms at times, so here it merges only when told to, a
few pages with each part; and an entry that is taken out must be named with the very words it was put in with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from typing import cast

from edge_agent.replica.bodies import read_body
from edge_agent.replica.search.query import MENDED_FROM, Alternative, Group, mistyped_keys
from edge_agent.replica.search.words import words_of_item
from protocol.documents import Item
from protocol.ids import GLOBAL_FEED

_MERGED_PAGES = 16
_PARTS_LEFT = 8
"""Parts of an index that are as good as one: a question looks into each of them."""

_CHUNK = 2_000
_ASKED_AT_ONCE = 500  # values in one statement; SQLite takes 32,766
_GENERATION_BITS, _LENGTH_BITS = 40, 32
_LENGTH_MAX = 255
_INDEX_MISTAKES = 1
_LAST = "\U0010ffff"


def index_catalogue(connection: sqlite3.Connection) -> None:
    """Index all items that are there: for a till whose catalogue is older than the index; 7 s for 100,000."""
    index = SearchIndex(connection)
    generation = connection.execute(
        "SELECT coalesce((SELECT current FROM feed_generation WHERE feed = ?), 0)", (GLOBAL_FEED,)
    ).fetchone()[0]
    after = ""
    while rows := connection.execute(
        "SELECT key, body FROM document WHERE feed = ? AND generation = ? AND kind = 'item' AND key > ?"
        " ORDER BY key LIMIT ?",
        (GLOBAL_FEED, generation, after, _CHUNK),
    ).fetchall():
        items = [(sku, read_body(body, Item)) for sku, body in rows]
        index.put(generation, [(sku, words_of_item(item.name, item.brand)) for sku, item in items if item is not None])
        after = rows[-1][0]


class SearchIndex:
    """Words of names by generation, on the caller's connection, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, generation: int, names: Collection[tuple[str, tuple[str, ...]]]) -> None:
        """Have these SKUs found by these words from now on; no words: not at all. Each SKU at most once."""
        if not names:
            return
        known = dict(self._known(generation, [sku for sku, _ in names]))
        changed = [(sku, " ".join(words)) for sku, words in names]
        changed = [(sku, text) for sku, text in changed if known.get(sku, (0, ""))[1] != text]
        if not changed:
            return
        self._take_out([known[sku] for sku, _ in changed if sku in known])
        new = [(sku, text) for sku, text in changed if text]
        last = self._connection.execute(
            "INSERT INTO search_serial (generation, last) VALUES (?, ?) ON CONFLICT (generation)"
            " DO UPDATE SET last = last + excluded.last RETURNING last",
            (generation, len(new)),
        ).fetchone()[0]
        # In the order of rowids: FTS5 would write a segment at each step back.
        rows = sorted(
            (_entry(generation, len(text), serial), sku, text)
            for serial, (sku, text) in enumerate(new, last - len(new))
        )
        self._connection.executemany(
            "INSERT INTO search_item (id, generation, sku, words) VALUES (?, ?, ?, ?)",
            ((entry, generation, sku, text) for entry, sku, text in rows),
        )
        self._connection.executemany(
            "INSERT INTO search_text (rowid, words) VALUES (?, ?)", ((entry, text) for entry, _, text in rows)
        )
        self._learn(generation, {word for _, text in new for word in text.split() if word.isalpha() and len(word) > 1})
        self._merge()

    def tidy(self) -> bool:
        """Merge some pages of the index; True: there is more to merge. A few parts are quick to ask, and stay."""
        if self._parts() <= _PARTS_LEFT:
            return False
        before = self._connection.total_changes
        self._merge()
        # FTS5 says by its changes whether it had anything to do (its documentation, "The 'merge' Command").
        return self._connection.total_changes - before > 1

    def forget(self, low: int, high: int, rows_max: int) -> int:
        """Remove at most that many entries, and as many words, of these generations; returns how many there were."""
        old = self._connection.execute(
            "SELECT id, words FROM search_item WHERE id BETWEEN ? AND ? LIMIT ?",
            (_entry(low, 0, 0), _entry(high + 1, 0, 0) - 1, rows_max),
        ).fetchall()
        self._take_out(old)
        words = self._connection.execute(
            "SELECT generation, key, word FROM search_word WHERE generation BETWEEN ? AND ? LIMIT ?",
            (low, high, rows_max),
        ).fetchall()
        self._connection.executemany("DELETE FROM search_word WHERE generation = ? AND key = ? AND word = ?", words)
        if old:
            self._merge()
        if len(old) < rows_max:
            self._connection.execute("DELETE FROM search_serial WHERE generation BETWEEN ? AND ?", (low, high))
        return max(len(old), len(words))

    def fitting(
        self, generation: int, groups: Sequence[Group], count_max: int
    ) -> Iterator[tuple[str, tuple[str, ...]]]:
        """SKUs and words of names that have a word for each group, short names first."""
        rows = self._connection.execute(
            "SELECT item.sku, item.words FROM search_text CROSS JOIN search_item AS item ON item.id = search_text.rowid"
            " WHERE search_text MATCH ? AND search_text.rowid BETWEEN ? AND ? LIMIT ?",
            (_expression(groups), _entry(generation, 0, 0), _entry(generation + 1, 0, 0) - 1, count_max),
        )
        for sku, words in rows:
            yield sku, tuple(words.split())

    def _known(self, generation: int, skus: Sequence[str]) -> Iterator[tuple[str, tuple[int, str]]]:
        for some in _chunks(skus):
            rows = self._connection.execute(
                f"SELECT sku, id, words FROM search_item WHERE generation = ? AND sku IN ({_marks(some)})",  # noqa: S608 - question marks
                (generation, *some),
            )
            for sku, entry, words in rows:
                yield sku, (entry, words)

    def _take_out(self, entries: Collection[tuple[int, str]]) -> None:
        entries = sorted(entries)
        self._connection.executemany("DELETE FROM search_item WHERE id = ?", ((entry,) for entry, _ in entries))
        self._connection.executemany(
            "INSERT INTO search_text (search_text, rowid, words) VALUES ('delete', ?, ?)", entries
        )

    def _learn(self, generation: int, words: set[str]) -> None:
        known = {
            row[0]
            for some in _chunks(sorted(words))
            for row in self._connection.execute(
                f"SELECT key FROM search_word WHERE generation = ? AND key = word AND key IN ({_marks(some)})",  # noqa: S608 - question marks
                (generation, *some),
            )
        }
        self._connection.executemany(
            "INSERT INTO search_word (generation, key, word) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            ((generation, key, word) for word in sorted(words - known) for key in _keys(word)),
        )

    def _parts(self) -> int:
        row = self._connection.execute("SELECT count(DISTINCT segid) FROM search_text_idx").fetchone()
        return cast("int", row[0])

    def _merge(self) -> None:
        self._connection.execute("INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)", (_MERGED_PAGES,))


class WordsOfGeneration:
    """See `query.Vocabulary`. A word stays known until its generation goes, even if its last item was renamed."""

    def __init__(self, connection: sqlite3.Connection, generation: int) -> None:
        self._connection = connection
        self._generation = generation

    def has(self, word: str) -> bool:
        """Whether it is the whole of some name's word."""
        return self._any("key = ? AND word = ?", word, word)

    def has_start(self, start: str) -> bool:
        """Whether some word begins so."""
        return self._any("key >= ? AND key < ? AND key = word", start, start + _LAST)

    def near(self, keys: frozenset[str], count_max: int) -> Iterator[str]:
        """Words one of whose `mistyped_keys` is among `keys`."""
        rows = self._connection.execute(
            f"SELECT DISTINCT word FROM search_word WHERE generation = ? AND key IN ({_marks(keys)})"  # noqa: S608 - question marks
            " AND length(word) >= ? ORDER BY word LIMIT ?",
            (self._generation, *keys, MENDED_FROM, count_max),
        )
        for row in rows:
            yield row[0]

    def _any(self, condition: str, *values: str) -> bool:
        row = self._connection.execute(
            f"SELECT 1 FROM search_word WHERE generation = ? AND {condition} LIMIT 1",  # noqa: S608 - our own words
            (self._generation, *values),
        ).fetchone()
        return row is not None


def _entry(generation: int, length: int, serial: int) -> int:
    return generation << _GENERATION_BITS | min(length, _LENGTH_MAX) << _LENGTH_BITS | serial


def _chunks(words: Sequence[str]) -> Iterator[Sequence[str]]:
    return (words[first : first + _ASKED_AT_ONCE] for first in range(0, len(words), _ASKED_AT_ONCE))


def _marks(values: Collection[str]) -> str:
    return ", ".join("?" * len(values))


def _keys(word: str) -> frozenset[str]:
    return mistyped_keys(word, _INDEX_MISTAKES) | {word} if len(word) >= MENDED_FROM else frozenset({word})


def _expression(groups: Sequence[Group]) -> str:
    # Words are letters, digits and points only (`words.py`), so nothing in them can be taken for FTS5's own signs.
    return " AND ".join(
        "(" + " OR ".join("(" + " AND ".join(_term(way, word) for word in way.words) + ")" for way in group) + ")"
        for group in groups
    )


def _term(way: Alternative, word: str) -> str:
    return f'"{word}"' if way.is_whole else f'"{word}"*'
