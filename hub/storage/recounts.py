"""What stores are asked to count: shelves below zero, goods that were not found or that two tills handed over.

A document stands until a count of later than its cause has come; one about a level below zero also ends when the level
has risen. It is the same for all tills of a store, so it is asked once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.document_rows import DocumentRow, LockedFeeds
from hub.storage.moments import to_us
from protocol.documents import Recount
from protocol.ids import FeedName, StoreId, store_feed, store_of_feed

KIND = "recount"
AT_ONCE = 500
Reason = Literal["negative", "short_pick", "oversold", "handed_over_twice"]
NEGATIVE: Reason = "negative"
SHORT: Reason = "short_pick"
OVERSOLD: Reason = "oversold"
TWICE: Reason = "handed_over_twice"


def ask_to_count(
    connection: sa.Connection,
    feeds: LockedFeeds,
    store: str,
    causes: Mapping[str, tuple[Reason, datetime]],
    note: str = "",
) -> None:
    """Ask a store, whose feed must be locked, to count these SKUs; what was counted since the cause is left alone."""
    feed = store_feed(StoreId(store))
    if not causes or not feeds.has(feed):
        return
    counted = _counted(connection, store, list(causes))
    known = {row.key: row for row in feeds.rows(KIND, list(causes)) if row.feed == feed}
    for sku, (reason, since) in causes.items():
        before = known.get(sku)
        # A store that has no level of it has nothing to count.
        if sku not in counted or counted[sku] >= to_us(since) or _stands(before, reason):
            continue
        body = msgspec.json.encode(Recount(sku=sku, reason=reason, since=since, note=note)).decode()
        us = to_us(since)
        after = DocumentRow(
            feed, KIND, sku, body=body, deleted=False, base=body, base_us=us, balance_us=us,
            revision=before.revision if before is not None else 0,
        )  # fmt: skip
        feeds.write([(before, after)])


def _stands(before: DocumentRow | None, reason: Reason) -> bool:
    """Whether a store is asked already; a reason that only a count ends takes the place of one that goods end, too."""
    if before is None or before.deleted:
        return False
    return reason == NEGATIVE or f'"reason":"{NEGATIVE}"' not in before.body


def settle_recounts(database: Database, now: datetime) -> int:
    """Ask for counts of levels below zero, and take back what was counted; returns how many documents changed."""
    with database.read() as connection:
        wanted, done = _negative(connection), _done(connection)
    if not wanted and not done:
        return 0
    stores = {store for store, _ in wanted} | {store for store, _ in done}
    with database.write() as connection:
        feeds = LockedFeeds(connection, [store_feed(StoreId(store)) for store in stores])
        # Read again under the locks: a count may have come meanwhile.
        wanted, done = _negative(connection), _done(connection)
        for store in sorted(stores):
            causes: dict[str, tuple[Reason, datetime]] = {sku: (NEGATIVE, now) for at, sku in wanted if at == store}
            ask_to_count(connection, feeds, store, causes)
            feed = store_feed(StoreId(store))
            gone = [row for row in feeds.rows(KIND, [sku for at, sku in done if at == store]) if row.feed == feed]
            feeds.write((row, row.telling(None)) for row in gone)
        feeds.finish()
    return len(wanted) + len(done)


def _negative(connection: sa.Connection) -> Sequence[tuple[str, str]]:
    level, document = schema.level.c, schema.document.c
    asked = sa.exists().where(
        document.feed == sa.literal(_prefix()) + level.store, document.kind == KIND, document.key == level.sku,
        document.deleted.is_(False),
    )  # fmt: skip
    query = sa.select(level.store, level.sku).where(level.on_hand < sa.text("0"), ~asked)
    return [(row[0], row[1]) for row in connection.execute(query.order_by(level.store, level.sku).limit(AT_ONCE))]


def _done(connection: sa.Connection) -> Sequence[tuple[str, str]]:
    level, document = schema.level.c, schema.document.c
    joined = schema.document.join(
        schema.level, sa.and_(document.feed == sa.literal(_prefix()) + level.store, document.key == level.sku)
    )
    counted = sa.func.coalesce(level.counted_us, sa.literal_column("-1")) >= document.base_us
    risen = sa.and_(level.on_hand >= sa.text("0"), document.body.contains(f'"reason":"{NEGATIVE}"'))
    query = (
        sa.select(document.feed, document.key)
        .select_from(joined)
        .where(document.kind == KIND, document.deleted.is_(False), sa.or_(counted, risen))
        .order_by(document.feed, document.key)
        .limit(AT_ONCE)
    )
    found: Iterable[tuple[StoreId | None, str]] = (
        (store_of_feed(FeedName(row.feed)), row.key) for row in connection.execute(query)
    )
    return [(store, sku) for store, sku in found if store is not None]


def _counted(connection: sa.Connection, store: str, skus: Sequence[str]) -> Mapping[str, int]:
    level = schema.level.c
    query = sa.select(level.sku, level.counted_us).where(level.store == store, level.sku.in_(skus))
    return {row.sku: -1 if row.counted_us is None else row.counted_us for row in connection.execute(query)}


def _prefix() -> str:
    return store_feed(StoreId("x")).removesuffix("x")
