"""Documents that the office puts, changes and takes away: staff, customers, vouchers, deliveries, web orders ..."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

import msgspec
import sqlalchemy as sa

from hub.errors import OrderConflict
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.document_rows import DocumentRow, LockedFeeds
from hub.storage.moments import from_us, to_us
from hub.storage.records import DocumentPut, KeptDocument, WaitingEntry
from hub.storage.reservations import reserve
from hub.storage.settling import WITH_DOCUMENTS, settle
from hub.storage.settling_orders import SettledBy
from protocol.documents import Customer, DocumentBody
from protocol.ids import FeedName, store_of_feed

_PART = 500
PICK = "pick"
PROMISES: Mapping[str, Literal["order", "transfer"]] = {PICK: "order", "transfer": "transfer"}
"""Documents that promise goods of their store."""


class SqlDocumentStore:
    """See `DocumentStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, feed: FeedName, kind: str, puts: Sequence[DocumentPut], now: datetime) -> int:
        """See DocumentStore."""
        with self._database.write() as connection:
            feeds = LockedFeeds(connection, [feed])
            feeds.must_have(feed)
            if kind == PICK:
                _refuse_orders(connection, feed, [put.key for put in puts])
            changed = put_on(connection, feeds, (feed, kind), puts, to_us(now))
            feeds.finish()
        return changed

    def delete(self, feed: FeedName, kind: str, keys: Collection[str], now: datetime) -> int:
        """See DocumentStore."""
        moment = to_us(now)
        with self._database.write() as connection:
            feeds = LockedFeeds(connection, [feed])
            feeds.must_have(feed)
            there = [row for row in feeds.rows(kind, list(keys)) if not row.deleted]
            deleted = take_off(feeds, there, moment)
            orders = placed_here(connection, keys) if kind == PICK else frozenset()
            for row in there:
                if kind in PROMISES and row.key not in orders:  # what an order reserves follows from its own facts
                    reserve(connection, feeds, (PROMISES[kind], row.key), {}, moment)
            feeds.finish()
        return deleted

    def documents(
        self, feed: FeedName | None = None, kind: str | None = None, *, key: str | None = None, limit: int = 1_000
    ) -> Sequence[KeptDocument]:
        """See DocumentStore."""
        table = schema.document.c
        query = sa.select(schema.document).where(table.deleted.is_(False)).order_by(table.feed, table.kind, table.key)
        for column, value in ((table.feed, feed), (table.kind, kind), (table.key, key)):
            if value is not None:
                query = query.where(column == value)
        with self._database.read() as connection:
            return [
                KeptDocument(FeedName(row.feed), row.kind, row.key, row.body)
                for row in connection.execute(query.limit(limit))
            ]

    def waiting(self, limit: int) -> Sequence[WaitingEntry]:
        """See DocumentStore."""
        matter = schema.matter.c
        query = (
            sa.select(schema.matter).where(matter.state == "waiting").order_by(matter.at_us, matter.key).limit(limit)
        )
        with self._database.read() as connection:
            return [
                WaitingEntry(row.kind, row.key, row.role, row.store, row.terminal, from_us(row.at_us))
                for row in connection.execute(query)
            ]


def put_on(
    connection: sa.Connection,
    feeds: LockedFeeds,
    place: tuple[FeedName, str],
    puts: Sequence[DocumentPut],
    moment: int,
) -> int:
    """As `SqlDocumentStore.put`, on a feed of `place` (feed, kind) that is locked; returns how many changed."""
    feed, kind = place
    keys = [put.key for put in puts]
    rows = {row.key: row for row in feeds.rows(kind, keys)}
    moved = _with_events(connection, kind, keys)
    changed = 0
    for put in puts:
        before = rows.get(put.key)
        after = _put(before or DocumentRow(feed, kind, put.key), put, moment)
        if put.key not in moved and kind not in PROMISES:
            changed += feeds.write([(before, after.telling(after.base))])
            continue
        # The base alone; what events made of it since follows at once.
        feeds.write([(before, after)])
        settle(connection, feeds, kind, put.key, SettledBy(moment))
        _wake(connection, kind, put.key)
        changed += next(iter(feeds.rows(kind, [put.key]))).body != (before.body if before is not None else "")
    return changed


def take_off(feeds: LockedFeeds, there: Sequence[DocumentRow], moment: int) -> int:
    """Turn documents of locked feeds into tombstones; returns how many."""
    gone = [replace(row, base=None, base_us=moment, balance_us=moment).telling(None) for row in there]
    return feeds.write(zip(there, gone, strict=True))


def _put(row: DocumentRow, put: DocumentPut, moment: int) -> DocumentRow:
    body = put.body
    # Two imports in the same microsecond, or by a clock that was set back, are still one after the other.
    at = max(moment, row.base_us or 0)
    if put.sets_rest:
        return replace(row, base=_text(body), base_us=at, balance_us=at)
    if isinstance(body, Customer) and row.base is not None:
        body = msgspec.structs.replace(body, owes=msgspec.json.decode(row.base, type=Customer).owes)
    return replace(row, base=_text(body), base_us=at)


def placed_here(connection: sa.Connection, keys: Collection[str]) -> frozenset[str]:
    """Those of these ids that are orders which channels placed."""
    order = schema.web_order.c
    names = sorted(keys)
    parts = (names[start : start + _PART] for start in range(0, len(names), _PART))
    return frozenset(
        found for part in parts for found in connection.execute(sa.select(order.id).where(order.id.in_(part))).scalars()
    )


def _refuse_orders(connection: sa.Connection, feed: FeedName, keys: Sequence[str]) -> None:
    for key in sorted(placed_here(connection, keys)):
        raise OrderConflict(
            f"order {key} was placed here, so the hub itself says what {store_of_feed(feed)} gathers of it; "
            f"give the pick another id, or give the order up: tillwire-hub order cancel {key}"
        )


def _with_events(connection: sa.Connection, kind: str, keys: Sequence[str]) -> Mapping[str, bool]:
    if kind not in WITH_DOCUMENTS:
        return {}
    matter = schema.matter.c
    found: dict[str, bool] = {}
    for start in range(0, len(keys), _PART):
        part = keys[start : start + _PART]
        query = sa.select(matter.key).distinct().where(matter.kind == kind, matter.key.in_(part))
        found.update({row[0]: True for row in connection.execute(query)})
    return found


def _wake(connection: sa.Connection, kind: str, key: str) -> None:
    # What waited for somebody to know this document has been waiting for this; and an alarm may begin or end by it.
    matter = schema.matter.c
    mine = sa.and_(matter.kind == kind, matter.key == key)
    if kind == "customer":  # she may have bought on account ten thousand times, and has no alarms
        mine = sa.and_(mine, matter.state == "waiting")
    connection.execute(sa.update(schema.matter).where(mine).values(state="new"))


def _text(body: DocumentBody) -> str:
    return msgspec.json.encode(body).decode()
