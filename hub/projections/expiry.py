"""What has expired is held back of the web: kept by place, by each store's own calendar day, some seconds behind.

Looked at are the SKUs that have moved, and once a day (and when the hub starts) all of which a store may have something
that has expired. Lots are a good guess (`hub/stock/lots.py`), and so is this; it is no reason to refuse a sale.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.changed_skus import COUNTER
from hub.storage.database import Database
from hub.storage.held_back import Place, standing, write_held
from hub.storage.level_changes import changed_skus
from hub.storage.lots import dated_skus, day_in, expired_before, expired_in
from protocol.ids import StoreId, store_feed

EVERY_S = 10.0


class ExpiryProjection:
    """Keeps what has expired. Used from one thread; several hub processes write the same.

    It looks at most every `every_s`: a shop that sells fast moves every SKU in any few seconds.
    """

    def __init__(self, database: Database, every_s: float = 0.0) -> None:
        self._database = database
        self._every_s = every_s
        self._not_before_s = 0.0
        database.state(COUNTER, "0")
        self._seen: dict[str, tuple[int, date]] = {}

    def advance(self, now: datetime, now_s: float) -> int:
        """Bring it up to date; returns at how many places something changed. Raises StorageError."""
        if now_s < self._not_before_s:
            return 0
        changed = 0
        with self._database.read() as connection:
            feed = schema.feed.c
            heads = {row.name: row.revision for row in connection.execute(sa.select(feed.name, feed.revision))}
            stores = list(connection.execute(sa.select(schema.store.c.id).order_by(schema.store.c.id)).scalars())
        for store in stores:
            head = heads.get(store_feed(StoreId(store)), 0)
            changed += self._look(store, head, now)
        self._not_before_s = now_s + self._every_s
        return changed

    def _look(self, store: str, head: int, now: datetime) -> int:
        with self._database.read() as connection:
            day = day_in(connection, store, now)
            seen = self._seen.get(store)
            if seen == (head, day):
                return 0
            before = {sku: held for (_, sku), held in standing(connection, schema.expired_stock, store).items()}
            if seen is None or seen[1] != day:
                skus: Collection[str] = expired_before(connection, store, day) | before.keys()
            else:
                skus = dated_skus(connection, store, _moved(connection, store, seen[0])) | before.keys()
            found = expired_in(connection, store, skus, day)
        wanted: dict[Place, int] = {
            (store, sku): found.get(sku, 0) for sku in skus if found.get(sku, 0) != before.get(sku, 0)
        }
        write_held(self._database, schema.expired_stock, wanted)
        self._seen[store] = (head, day)
        return len(wanted)


def _moved(connection: sa.Connection, store: str, since: int) -> Collection[str]:
    return changed_skus(connection, store, since).keys()
