"""Levels derived from the ledger again, compared with what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.stock.level import Level, level_of
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.port import LedgerReads, LedgerStore
from hub.storage.records import LedgerWrites, LevelKey
from protocol.ids import Sku, StoreId


@dataclass(frozen=True)
class Difference:
    """A level that is not what its ledger says."""

    store: StoreId
    sku: Sku
    stored: Level
    derived: Level


def differences(ledger: LedgerStore, database: Database, store: StoreId) -> Sequence[Difference]:
    """Compare all levels of a store, SKU by SKU, with its rows locked so that no sale comes between."""
    skus = _skus(database, store)
    with ledger.begin([store]) as transaction:
        return _compare(store, skus, transaction)


def mend(ledger: LedgerStore, database: Database, store: StoreId, now: datetime) -> int:
    """Write the derived levels where they differ; goes out on the store's feed. Returns how many."""
    skus = _skus(database, store)
    with ledger.begin([store]) as transaction:
        found = _compare(store, skus, transaction)
        if found:
            revisions = {store: transaction.revisions()[store] + 1}
            levels = {LevelKey(store, difference.sku): difference.derived for difference in found}
            transaction.write(LedgerWrites(at=now, revisions=revisions, levels=levels))
    return len(found)


def _skus(database: Database, store: StoreId) -> Sequence[Sku]:
    moved = sa.select(schema.movement.c.sku).where(schema.movement.c.store == store)
    stored = sa.select(schema.level.c.sku).where(schema.level.c.store == store)
    with database.read() as connection:
        return sorted(Sku(row[0]) for row in connection.execute(sa.union(moved, stored)))


def _compare(store: StoreId, skus: Sequence[Sku], reads: LedgerReads) -> Sequence[Difference]:
    keys = [LevelKey(store, sku) for sku in skus]
    stored, promised = reads.levels(keys), reads.promised(store)
    found: list[Difference] = []
    for key in keys:
        level = stored.get(key, Level())
        derived = level_of(reads.ledger(key, None), reserved=promised.get(key.sku, 0))
        if derived != level:
            found.append(Difference(store, key.sku, level, derived))
    return found
