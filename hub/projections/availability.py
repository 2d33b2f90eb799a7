"""The web's one order of changes: each SKU whose availability changed gets the next number of one counter.

Every store has its own revisions, because one counter for all would make every commit wait for every other. So the
common order is made here, behind the ingest path, some milliseconds later, under a lock of its own. A SKU that
changed in two stores at once gets one number. Several hub processes may do this; each change is numbered once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.upserts import upsert
from protocol.ids import FeedName, StoreId, store_of_feed

COUNTER = "availability_revision"


@dataclass(frozen=True)
class Step:
    """What changed since the last step, as this process sees it: SKUs, stores, and whether the catalogue did."""

    skus: frozenset[str] = frozenset()
    stores: frozenset[StoreId] = frozenset()
    catalogue: bool = False


class AvailabilityProjection:
    """Numbers what changed. Used from one thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[FeedName, int] | None = None
        database.state(COUNTER, "0")

    def advance(self, heads: Mapping[FeedName, int]) -> Step:
        """Number what changed up to `heads` or beyond. Raises StorageUnavailable; then the next call does it."""
        if self._seen is not None and all(head <= self._seen.get(feed, 0) for feed, head in heads.items()):
            return Step()
        with self._database.write() as connection:
            counter = int(connection.execute(_lock()).scalars().one())
            projected = {FeedName(r.feed): r.revision for r in connection.execute(sa.select(schema.projected))}
            heads = {FeedName(r.name): r.revision for r in connection.execute(sa.select(schema.feed))}
            news: dict[str, bool] = {}
            moved = []
            for feed, head in heads.items():
                numbered = projected.get(feed, 0)
                seen = numbered if self._seen is None else self._seen.get(feed, 0)
                if head <= min(seen, numbered):
                    continue
                moved.append(feed)
                for sku, revision in _changed(connection, feed, min(seen, numbered)):
                    news[sku] = news.get(sku, False) or revision > numbered
            fresh = sorted(sku for sku, is_new in news.items() if is_new)
            self._write(connection, counter, fresh, {feed: heads[feed] for feed in moved})
        self._seen = dict(heads)
        owners = [store_of_feed(feed) for feed in moved]
        return Step(frozenset(news), frozenset(store for store in owners if store is not None), None in owners)

    def _write(self, connection: sa.Connection, counter: int, fresh: list[str], heads: Mapping[FeedName, int]) -> None:
        rows = [{"sku": sku, "revision": counter + number} for number, sku in enumerate(fresh, 1)]
        upsert(connection, schema.availability, rows, replace=["revision"])
        upsert(
            connection, schema.projected, [{"feed": f, "revision": r} for f, r in heads.items()], replace=["revision"]
        )
        if rows:
            update = sa.update(schema.state).where(schema.state.c.name == COUNTER)
            connection.execute(update.values(value=str(counter + len(rows))))


def _lock() -> sa.Select[str]:
    return sa.select(schema.state.c.value).where(schema.state.c.name == COUNTER).with_for_update()


def _changed(connection: sa.Connection, feed: FeedName, since: int) -> list[tuple[str, int]]:
    store = store_of_feed(feed)
    if store is None:
        query = sa.select(schema.item.c.sku, schema.item.c.revision).where(schema.item.c.revision > since)
    else:
        level = schema.level.c
        query = sa.select(level.sku, level.revision).where(level.store == store, level.revision > since)
    return [(row[0], row[1]) for row in connection.execute(query)]
