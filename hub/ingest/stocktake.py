"""Stock that the hub itself sets: opening levels, and counts that somebody made outside of a till."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from hub.ingest.levels import moved_levels
from hub.storage.port import LedgerReads, LedgerStore
from hub.storage.records import HUB_SOURCE, EpochKey, LedgerMovement, LedgerWrites, LevelKey
from protocol.ids import Sku, StoreId
from protocol.movements import Movement

OPENING = "opening"


def plan_stock_set(store: StoreId, quantities: Mapping[Sku, int], reads: LedgerReads, now: datetime) -> LedgerWrites:
    """Make the levels what they are said to be (thousandths).

    A SKU that this store never had gets an opening adjustment. Any other gets a count at `now`: a difference would
    be spoilt by sales of offline tills that are still on their way, a count has already seen them.
    """
    revision = reads.revisions()[store] + 1
    known = reads.levels([LevelKey(store, sku) for sku in quantities])
    key = EpochKey(store, HUB_SOURCE, 0)
    movements = []
    for line, (sku, quantity) in enumerate(sorted(quantities.items())):
        first = LevelKey(store, sku) not in known
        movement = Movement(line, sku, quantity, "adjust" if first else "count", now)
        movements.append(LedgerMovement(key, revision, movement, OPENING if first else "set"))
    return LedgerWrites(
        at=now,
        revisions={store: revision},
        movements=tuple(movements),
        levels=moved_levels(movements, reads),
    )


def set_stock(ledger: LedgerStore, store: StoreId, quantities: Mapping[Sku, int], now: datetime) -> int:
    """Set levels in one transaction; returns how many. Raises KeyError for a store that does not exist."""
    if not quantities:
        return 0
    with ledger.begin([store]) as transaction:
        transaction.write(plan_stock_set(store, quantities, transaction, now))
    return len(quantities)
