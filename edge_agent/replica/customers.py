"""Finding customers by phone, e-mail, card or name: an index of its own, filled as their documents arrive.

Rows belong to a generation, as documents do. Phone numbers stand here from the last digit to the first, so their last
digits, which is what people say, are the beginning of a key. The traps are `search/index.py`'s: FTS5 merges when it
is told to, and a name that is taken out must be named with the very words it was put in with.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection
from typing import TypeAlias

import msgspec

from edge_agent.replica.search.words import words_of
from protocol.documents import Customer
from protocol.ids import GLOBAL_FEED

FOUND_MAX = 20
_CHUNK = 2_000
_MERGED_PAGES = 16
_GENERATION_BITS = 40
_LAST = "\U0010ffff"
_PHONE, _EMAIL, _CARD = "p", "e", "c"
_LAST_DIGITS_MIN = 3
_customers = msgspec.json.Decoder(Customer)
_Change: TypeAlias = tuple[str, bytes | None]  # key, and the document's body unless it was deleted


class CustomerIndex:
    """Keys and names by generation, on the caller's connection, inside the caller's transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, generation: int, changes: Collection[_Change]) -> None:
        """Have these customers found as their documents say from now on. Each at most once."""
        known = {key: row for key, _ in changes if (row := self._known(generation, key)) is not None}
        self._take_out(generation, [(row[0], key, row[1], row[2]) for key, row in known.items()])
        new = [(key, customer) for key, body in changes if (customer := _read(body)) is not None]
        if not new:
            return
        first = self._next(generation)
        rows = [
            (entry, key, " ".join(words_of(customer.name)), _keys_of(customer))
            for entry, (key, customer) in enumerate(new, first)
        ]
        self._connection.executemany(
            "INSERT INTO customer_item (id, generation, customer, words, keys) VALUES (?, ?, ?, ?, ?)",
            ((entry, generation, key, words, "\n".join(keys)) for entry, key, words, keys in rows),
        )
        self._connection.executemany(
            "INSERT INTO customer_key (generation, key, customer) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            sorted((generation, each, key) for _, key, _, keys in rows for each in keys),
        )
        self._connection.executemany(
            "INSERT INTO customer_name (rowid, words) VALUES (?, ?)", ((entry, words) for entry, _, words, _ in rows)
        )
        self._merge()

    def forget(self, low: int, high: int, rows_max: int) -> int:
        """Remove at most that many customers of these generations; returns how many."""
        rows = self._connection.execute(
            "SELECT id, generation, customer, words, keys FROM customer_item WHERE id BETWEEN ? AND ? LIMIT ?",
            (low << _GENERATION_BITS, ((high + 1) << _GENERATION_BITS) - 1, rows_max),
        ).fetchall()
        for generation in {row[1] for row in rows}:
            self._take_out(generation, [(row[0], row[2], row[3], row[4]) for row in rows if row[1] == generation])
        if rows:
            self._merge()
        return len(rows)

    def _known(self, generation: int, key: str) -> tuple[int, str, str] | None:
        row: tuple[int, str, str] | None = self._connection.execute(
            "SELECT id, words, keys FROM customer_item WHERE generation = ? AND customer = ?", (generation, key)
        ).fetchone()
        return row

    def _next(self, generation: int) -> int:
        low, high = generation << _GENERATION_BITS, ((generation + 1) << _GENERATION_BITS) - 1
        row = self._connection.execute(
            "SELECT max(id) FROM customer_item WHERE id BETWEEN ? AND ?", (low, high)
        ).fetchone()
        return (row[0] if row[0] is not None else low) + 1

    def _take_out(self, generation: int, entries: Collection[tuple[int, str, str, str]]) -> None:
        self._connection.executemany("DELETE FROM customer_item WHERE id = ?", ((entry[0],) for entry in entries))
        self._connection.executemany(
            "DELETE FROM customer_key WHERE generation = ? AND key = ? AND customer = ?",
            ((generation, each, key) for _, key, _, keys in entries for each in keys.split("\n") if each),
        )
        self._connection.executemany(
            "INSERT INTO customer_name (customer_name, rowid, words) VALUES ('delete', ?, ?)",
            sorted((entry, words) for entry, _, words, _ in entries),
        )

    def _merge(self) -> None:
        self._connection.execute(
            "INSERT INTO customer_name (customer_name, rank) VALUES ('merge', ?)", (_MERGED_PAGES,)
        )


def index_customers(connection: sqlite3.Connection) -> None:
    """Index all customers that are there: for a till whose documents are older than this index."""
    index = CustomerIndex(connection)
    generation = _current(connection)
    after = ""
    while rows := connection.execute(
        "SELECT key, body FROM document WHERE feed = ? AND generation = ? AND kind = 'customer' AND key > ?"
        " ORDER BY key LIMIT ?",
        (GLOBAL_FEED, generation, after, _CHUNK),
    ).fetchall():
        index.put(generation, rows)
        after = rows[-1][0]


def by_phone(connection: sqlite3.Connection, phone: str) -> tuple[str, ...]:
    """Ids of customers with this number (E.164)."""
    return _with_key(connection, _PHONE + phone.removeprefix("+")[::-1])


def by_email(connection: sqlite3.Connection, email: str) -> tuple[str, ...]:
    """Ids of customers with this address."""
    return _with_key(connection, _EMAIL + email.strip().lower())


def by_card(connection: sqlite3.Connection, card: str) -> tuple[str, ...]:
    """Ids of customers with this card."""
    return _with_key(connection, _CARD + card.strip())


def by_last_digits(connection: sqlite3.Connection, digits: str, count_max: int = FOUND_MAX) -> tuple[str, ...]:
    """Ids of customers whose number ends so; () for fewer than three digits."""
    if len(digits) < _LAST_DIGITS_MIN:
        return ()
    start = _PHONE + digits[::-1]
    return _column(
        connection,
        "SELECT customer FROM customer_key WHERE generation = ? AND key >= ? AND key < ? LIMIT ?",
        (_current(connection), start, start + _LAST, count_max),
    )


def by_name(connection: sqlite3.Connection, text: str, count_max: int = FOUND_MAX) -> tuple[str, ...]:
    """Ids of customers whose name has a word that begins like each one typed, accents aside."""
    # Words are letters, digits and points only (`search/words.py`): nothing in them is FTS5's own sign.
    words = words_of(text)
    if not words:
        return ()
    generation = _current(connection)
    low, high = generation << _GENERATION_BITS, ((generation + 1) << _GENERATION_BITS) - 1
    return _column(
        connection,
        "SELECT customer FROM customer_name CROSS JOIN customer_item ON customer_item.id = customer_name.rowid"
        " WHERE customer_name MATCH ? AND customer_name.rowid BETWEEN ? AND ? LIMIT ?",
        (" AND ".join(f'"{word}"*' for word in words), low, high, count_max),
    )


def _with_key(connection: sqlite3.Connection, key: str) -> tuple[str, ...]:
    return _column(
        connection,
        "SELECT customer FROM customer_key WHERE generation = ? AND key = ? ORDER BY customer LIMIT ?",
        (_current(connection), key, FOUND_MAX),
    )


def _column(connection: sqlite3.Connection, question: str, values: tuple[str | int, ...]) -> tuple[str, ...]:
    return tuple(row[0] for row in connection.execute(question, values))


def _current(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT current FROM feed_generation WHERE feed = ?", (GLOBAL_FEED,)).fetchone()
    return int(row[0]) if row is not None else 0


def _keys_of(customer: Customer) -> tuple[str, ...]:
    phone = customer.phone.removeprefix("+")
    keys = (
        _PHONE + phone[::-1] if phone else "",
        _EMAIL + customer.email.strip().lower() if customer.email.strip() else "",
        _CARD + customer.card.strip() if customer.card.strip() else "",
    )
    return tuple(key for key in keys if key and "\n" not in key)


def _read(body: bytes | None) -> Customer | None:
    try:
        return _customers.decode(body) if body is not None else None
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
