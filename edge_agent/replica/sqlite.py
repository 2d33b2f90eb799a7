"""The replica in SQLite: on a connection, inside the caller's transaction.

A scan costs two look-ups by primary key, however large the catalogue is; barcodes are indexed as documents arrive.
A whole state is put together part by part in a generation of its own, which nobody reads until `apply` makes it the
current one: a first catalogue of a hundred thousand items never holds the counter up. The trap: the rows of what was
replaced stay until `tidy` was called often enough.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, cast

from edge_agent.replica.bodies import Body, read_body
from edge_agent.replica.codes import codes_of, plu_key
from edge_agent.replica.customers import CustomerIndex
from edge_agent.replica.port import FeedState
from edge_agent.replica.search.finding import Found, find
from edge_agent.replica.search.index import SearchIndex
from edge_agent.replica.search.words import words_of_item
from edge_agent.replica.shelf import SqliteShelf
from edge_agent.till.codes import barcode_key
from edge_agent.till.moments import to_us
from protocol.documents import Document, Item, Settings, Stock
from protocol.feed_receiver import Apply, Stage
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, TerminalId, store_feed
from protocol.messages import Cursor
from protocol.movements import Movement

_Row = tuple[str, str, int, bool, bytes]  # kind, key, revision, deleted, body
_CHUNK = 500
_LONG_AGO_US = -(2**62)
_CURRENT = "coalesce((SELECT current FROM feed_generation WHERE feed = ?), 0)"


class _Generations(NamedTuple):
    """Which generation of a feed is read, the highest one ever used, and whose answer is put together in that."""

    current: int
    newest: int
    request: str

    @property
    def is_coming(self) -> bool:
        """Whether `newest` is being put together."""
        return self.newest > self.current and bool(self.request)


class SqliteReplica:
    """See `port.Replica`. `store` and `terminal` say whose feed and whose own movements these are."""

    def __init__(self, connection: sqlite3.Connection, store: StoreId, terminal: TerminalId) -> None:
        self._connection = connection
        self._terminal = terminal
        self._store_feed = store_feed(store)
        self._names = SearchIndex(connection)
        self._customers = CustomerIndex(connection)

    def feed_state(self, feed: FeedName) -> FeedState:
        """How far `feed` is applied."""
        row = self._connection.execute("SELECT lineage, revision FROM feed_state WHERE feed = ?", (feed,)).fetchone()
        return FeedState(*row) if row is not None else FeedState()

    def stage(self, feed: FeedName, stage: Stage) -> None:
        """Keep a pull's part aside: a whole state's in a generation of its own, where it will stay."""
        if stage.replace:
            self._forget_staged(feed)
            self._put(feed, self._coming(feed, stage.request), [_row(document) for document in stage.documents])
            return
        self._forget_coming(feed)
        self._connection.execute("DELETE FROM staged WHERE feed = ? AND request <> ?", (feed, stage.request))
        self._connection.executemany(
            "INSERT INTO staged (feed, request, kind, key, revision, deleted, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
            ((feed, stage.request, *_row(document)) for document in stage.documents),
        )

    def staged(self, feed: FeedName, request: str) -> int:
        """How many documents of a whole state are staged under `request`; counts an index."""
        known = self._generations(feed)
        if not known.is_coming or known.request != request:
            return 0
        row = self._connection.execute(
            "SELECT count(*) FROM document WHERE feed = ? AND generation = ?", (feed, known.newest)
        ).fetchone()
        return cast("int", row[0])

    def apply(self, feed: FeedName, change: Apply) -> tuple[Cursor, ...]:
        """Do an update in one step; returns the cursors that moved by it."""
        if change.replace:
            generation = self._coming(feed, change.request)
            self._connection.execute("UPDATE feed_generation SET current = ? WHERE feed = ?", (generation, feed))
            self._connection.execute("DELETE FROM feed_cursor WHERE feed = ?", (feed,))
        else:
            generation = self._generations(feed).current
            if change.request:
                self._put_staged(feed, generation, change.request)
        self._put(feed, generation, [_row(document) for document in change.documents])
        if change.request or change.replace:
            self._forget_staged(feed)
            self._forget_coming(feed)
        self._connection.execute(
            "INSERT INTO feed_state (feed, lineage, revision) VALUES (?, ?, ?) ON CONFLICT (feed)"
            " DO UPDATE SET lineage = excluded.lineage, revision = excluded.revision",
            (feed, change.lineage, change.revision),
        )
        return tuple(cursor for cursor in change.cursors if self._move_cursor(feed, cursor))

    def tidy(self, rows_max: int) -> bool:
        """Remove rows of generations that nobody will read again."""
        more = [self._tidy(feed, rows_max) for feed in (GLOBAL_FEED, self._store_feed)]
        return any(more) or self._names.tidy()

    def add_own(self, epoch: int, sequence: int, movements: Sequence[Movement]) -> None:
        """Remember what this terminal's event moved."""
        self._connection.executemany(
            "INSERT INTO own_movement (sku, epoch, sequence, line, delta, kind, at_us) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (movement.sku, epoch, sequence, movement.line, movement.delta, movement.kind, to_us(movement.at))
                for movement in movements
            ),
        )

    def rekey_own(self, from_epoch: int, to_epoch: int, sequences: Mapping[int, int]) -> None:
        """Move own movements to their events' new places."""
        self._connection.executemany(
            "UPDATE own_movement SET epoch = ?, sequence = ? WHERE epoch = ? AND sequence = ?",
            ((to_epoch, new, from_epoch, old) for old, new in sequences.items()),
        )

    def forget_own(self, epoch: int, sequences: Collection[int]) -> None:
        """Drop own movements that nobody will ever count."""
        self._connection.executemany(
            "DELETE FROM own_movement WHERE epoch = ? AND sequence = ?", ((epoch, sequence) for sequence in sequences)
        )

    def stock_view(self, sku: str) -> int | None:
        """This store's level, own uncounted movements included."""
        # The rule is `levels.stock_view`; here SQLite adds up, since a day without the hub leaves thousands of rows.
        stock = self._body(self._store_feed, "stock", sku, Stock)
        level = stock.on_hand if stock is not None else None
        since_us = to_us(stock.counted_at) if stock is not None and stock.counted_at is not None else _LONG_AGO_US
        counted = self._connection.execute(
            "SELECT at_us, delta FROM own_movement WHERE sku = ? AND kind = 'count' AND at_us >= ?"
            " ORDER BY at_us DESC, epoch DESC, sequence DESC, line DESC LIMIT 1",
            (sku, since_us),
        ).fetchone()
        if counted is not None:
            since_us, level = counted
        if level is None:
            return None
        moved = self._connection.execute(
            "SELECT coalesce(sum(delta), 0) FROM own_movement WHERE sku = ? AND kind <> 'count' AND at_us > ?",
            (sku, since_us),
        ).fetchone()
        return level + cast("int", moved[0])

    def item(self, sku: str) -> Item | None:
        """The item with this SKU."""
        return self._body(GLOBAL_FEED, "item", sku, Item)

    def by_barcode(self, code: str) -> Item | None:
        """The item with this barcode."""
        row = self._connection.execute(
            f"SELECT sku FROM barcode WHERE generation = {_CURRENT} AND code = ? ORDER BY sku LIMIT 1",  # noqa: S608 - our own words
            (GLOBAL_FEED, barcode_key(code)),
        ).fetchone()
        return self.item(row[0]) if row is not None else None

    def by_plu(self, plu: str) -> Item | None:
        """The item with this PLU."""
        return self.by_barcode(plu_key(plu)) if plu else None

    def search(self, text: str, limit: int) -> tuple[Found, ...]:
        """The best items for what was typed so far."""
        return find(
            SqliteShelf(self, self._connection, self._names, self._generations(GLOBAL_FEED).current), text, limit
        )

    def settings(self) -> Settings | None:
        """This store's settings."""
        return self._body(self._store_feed, "settings", "store", Settings)

    def item_count(self) -> int:
        """How many items are known; counts an index, some milliseconds for a large catalogue."""
        row = self._connection.execute(
            f"SELECT count(*) FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = 'item'",  # noqa: S608 - our own words
            (GLOBAL_FEED, GLOBAL_FEED),
        ).fetchone()
        return cast("int", row[0])

    def stocked(self, after: str, count: int) -> tuple[str, ...]:
        """The next SKUs behind `after` that have a level, in order: for diagnostics."""
        rows = self._connection.execute(
            f"SELECT key FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = 'stock' AND key > ?"  # noqa: S608 - our own words
            " ORDER BY key LIMIT ?",
            (self._store_feed, self._store_feed, after, count),
        )
        return tuple(row[0] for row in rows)

    def _body(self, feed: FeedName, kind: str, key: str, struct: type[Body]) -> Body | None:
        row = self._connection.execute(
            f"SELECT body FROM document WHERE feed = ? AND generation = {_CURRENT} AND kind = ? AND key = ?",  # noqa: S608 - our own words
            (feed, feed, kind, key),
        ).fetchone()
        return read_body(row[0], struct) if row is not None else None

    def _generations(self, feed: FeedName) -> _Generations:
        row = self._connection.execute(
            "SELECT current, newest, request FROM feed_generation WHERE feed = ?", (feed,)
        ).fetchone()
        return _Generations(*row) if row is not None else _Generations(0, 0, "")

    def _coming(self, feed: FeedName, request: str) -> int:
        """The generation in which this request's whole state is put together; an empty one if there is none yet."""
        known = self._generations(feed)
        if known.is_coming and known.request == request:
            return known.newest
        generation = known.newest + 1
        self._connection.execute(
            "INSERT INTO feed_generation (feed, current, newest, request) VALUES (?, ?, ?, ?) ON CONFLICT (feed)"
            " DO UPDATE SET newest = excluded.newest, request = excluded.request",
            (feed, known.current, generation, request),
        )
        return generation

    def _forget_coming(self, feed: FeedName) -> None:
        # Only the claim goes; the rows are left for `tidy`, and the generation's number is never used again.
        self._connection.execute("UPDATE feed_generation SET request = '' WHERE feed = ?", (feed,))

    def _forget_staged(self, feed: FeedName) -> None:
        self._connection.execute("DELETE FROM staged WHERE feed = ?", (feed,))

    def _tidy(self, feed: FeedName, rows_max: int) -> bool:
        known = self._generations(feed)
        last = known.newest - 1 if known.is_coming else known.newest
        removed = 0
        for low, high in ((0, known.current - 1), (known.current + 1, last)):
            old = self._connection.execute(
                "SELECT feed, generation, kind, key FROM document"
                " WHERE feed = ? AND generation BETWEEN ? AND ? LIMIT ?",
                (feed, low, high, rows_max),
            ).fetchall()
            self._connection.executemany(
                "DELETE FROM document WHERE feed = ? AND generation = ? AND kind = ? AND key = ?", old
            )
            codes: list[tuple[int, str, str]] = []
            names = 0
            if feed == GLOBAL_FEED:
                names = max(self._names.forget(low, high, rows_max), self._customers.forget(low, high, rows_max))
                codes = self._connection.execute(
                    "SELECT generation, code, sku FROM barcode WHERE generation BETWEEN ? AND ? LIMIT ?",
                    (low, high, rows_max),
                ).fetchall()
                self._connection.executemany("DELETE FROM barcode WHERE generation = ? AND code = ? AND sku = ?", codes)
            removed = max(removed, len(old), len(codes), names)
        return removed >= rows_max

    def _put_staged(self, feed: FeedName, generation: int, request: str) -> None:
        # Inside SQLite as far as possible: it may be what a month has changed, and a cashier may be waiting.
        newest = (
            "FROM staged WHERE position IN"
            " (SELECT max(position) FROM staged WHERE feed = ? AND request = ? GROUP BY kind, key)"
        )
        place = (feed, request)
        self._connection.execute(
            "DELETE FROM document WHERE (feed, generation, kind, key) IN"  # noqa: S608 - our own words
            f" (SELECT feed, ?, kind, key {newest} AND deleted)",
            (generation, *place),
        )
        self._connection.execute(
            "INSERT INTO document (feed, generation, kind, key, revision, body)"
            f" SELECT feed, ?, kind, key, revision, body {newest} AND NOT deleted ORDER BY kind, key"
            " ON CONFLICT (feed, generation, kind, key)"
            " DO UPDATE SET revision = excluded.revision, body = excluded.body",
            (generation, *place),
        )
        if feed == GLOBAL_FEED:
            indexed = self._connection.execute(
                f"SELECT kind, key, revision, deleted, body {newest} AND kind IN ('item', 'customer') ORDER BY key",
                place,
            )
            for rows in _chunks(indexed):
                self._index(generation, rows)

    def _put(self, feed: FeedName, generation: int, rows: Sequence[_Row]) -> None:
        # One key may come twice; the last one counts, whether it deletes or not.
        newest = {(kind, key): (kind, key, revision, deleted, body) for kind, key, revision, deleted, body in rows}
        self._connection.executemany(
            "DELETE FROM document WHERE feed = ? AND generation = ? AND kind = ? AND key = ?",
            ((feed, generation, kind, key) for kind, key, _, deleted, _ in newest.values() if deleted),
        )
        self._connection.executemany(
            "INSERT INTO document (feed, generation, kind, key, revision, body) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (feed, generation, kind, key)"
            " DO UPDATE SET revision = excluded.revision, body = excluded.body",
            (
                (feed, generation, kind, key, revision, body)
                for kind, key, revision, deleted, body in newest.values()
                if not deleted
            ),
        )
        if feed == GLOBAL_FEED:
            self._index(generation, list(newest.values()))

    def _index(self, generation: int, documents: Sequence[_Row]) -> None:
        people = [(key, None if deleted else body) for kind, key, _, deleted, body in documents if kind == "customer"]
        if people:
            self._customers.put(generation, people)
        rows = [row for row in documents if row[0] == "item"]
        if rows:
            self._index_items(generation, rows)

    def _index_items(self, generation: int, rows: Sequence[_Row]) -> None:
        self._connection.executemany(
            "DELETE FROM barcode WHERE generation = ? AND sku = ?", ((generation, key) for _, key, _, _, _ in rows)
        )
        items = [(key, None if deleted else read_body(body, Item)) for _, key, _, deleted, body in rows]
        self._connection.executemany(
            "INSERT INTO barcode (generation, code, sku) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
            ((generation, code, key) for key, item in items if item is not None for code in codes_of(item)),
        )
        self._names.put(
            generation, [(key, words_of_item(item.name, item.brand) if item is not None else ()) for key, item in items]
        )

    def _move_cursor(self, feed: FeedName, cursor: Cursor) -> bool:
        # Each epoch has its own cursor: after a fork two PCs of one name go on in two epochs at the same time.
        moved = self._connection.execute(
            "INSERT INTO feed_cursor (feed, terminal, epoch, sequence) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (feed, terminal, epoch) DO UPDATE SET sequence = excluded.sequence"
            " WHERE excluded.sequence > feed_cursor.sequence",
            (feed, cursor.terminal, cursor.epoch, cursor.sequence),
        ).rowcount
        if moved and feed == self._store_feed and cursor.terminal == self._terminal:
            self._connection.execute(
                "DELETE FROM own_movement WHERE epoch = ? AND sequence <= ?", (cursor.epoch, cursor.sequence)
            )
        return moved > 0


def _row(document: Document) -> _Row:
    return document.kind, document.key, document.revision, document.deleted, bytes(document.body)


def _chunks(rows: Iterable[_Row]) -> Iterator[list[_Row]]:
    chunk: list[_Row] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    yield chunk
