"""The web's one order of changes: each SKU whose availability changed gets the next number of one counter.

Every store has its own revisions, because one counter for all would make every commit wait for every other. So the
common order is made here, behind the ingest path, some milliseconds later, under a lock of its own. A SKU that
changed in two stores at once gets one number. Several hub processes may do this; each change is numbered once.

What changes without a level (safety stock, offline buffers) is numbered by whoever changes it; here it is noticed by
the counter itself, which is one small read a step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.changed_skus import COUNTER, counter_locked, counter_now, number_changes
from hub.storage.database import Database
from hub.storage.level_changes import changed_skus
from hub.storage.shelves import wholes_of
from hub.storage.upserts import upsert
from protocol.ids import FeedName, StoreId, store_of_feed

TOLD_MAX = 5_000
"""So many SKUs are told by name at once; past that readers are told to look at everything anyway."""


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
        self._counted: int | None = None
        database.state(COUNTER, "0")

    def advance(self, heads: Mapping[FeedName, int]) -> Step:
        """Number what changed up to `heads` or beyond. Raises StorageUnavailable; then the next call does it."""
        if self._seen is not None and all(head <= self._seen.get(feed, 0) for feed, head in heads.items()):
            return self._numbered_elsewhere()
        with self._database.write() as connection:
            counter = counter_locked(connection)
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
            fresh = {sku for sku, is_new in news.items() if is_new}
            others = self._told(connection, counter)
            wholes = wholes_of(connection, fresh)
            numbered_up_to = number_changes(connection, fresh | wholes, counter)
            rows = [{"feed": feed, "revision": heads[feed]} for feed in moved]
            upsert(connection, schema.projected, rows, replace=["revision"])
        self._seen, self._counted = dict(heads), numbered_up_to
        owners = [store_of_feed(feed) for feed in moved]
        return Step(
            others.union(news, wholes), frozenset(store for store in owners if store is not None), None in owners
        )

    def _numbered_elsewhere(self) -> Step:
        with self._database.read() as connection:
            counter = counter_now(connection)
            found = self._told(connection, counter)
        self._counted = counter
        return Step(found)

    def _told(self, connection: sa.Connection, counter: int) -> frozenset[str]:
        if self._counted is None or counter <= self._counted:
            return frozenset()
        numbered = schema.availability.c
        query = sa.select(numbered.sku).where(numbered.revision > self._counted).limit(TOLD_MAX)
        return frozenset(connection.execute(query).scalars())


def _changed(connection: sa.Connection, feed: FeedName, since: int) -> list[tuple[str, int]]:
    store = store_of_feed(feed)
    if store is None:
        query = sa.select(schema.item.c.sku, schema.item.c.revision).where(schema.item.c.revision > since)
    else:
        return list(changed_skus(connection, store, since).items())
    return [(row[0], row[1]) for row in connection.execute(query)]
