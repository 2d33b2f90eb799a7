"""Which levels a set of new movements changes, and to what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from hub.stock.level import Level, after_movements
from hub.storage.port import LedgerReads
from hub.storage.records import LedgerMovement, LevelKey
from protocol.movements import Movement


def moved_levels(movements: Iterable[LedgerMovement], reads: LedgerReads) -> dict[LevelKey, Level]:
    """The new levels of all SKUs that `movements` touch, in a fixed order (the order in which rows are written)."""
    by_key: defaultdict[LevelKey, list[Movement]] = defaultdict(list)
    for entry in movements:
        by_key[LevelKey(entry.key.store, entry.movement.sku)].append(entry.movement)
    if not by_key:
        return {}
    before = reads.levels(by_key.keys())
    return {key: _after(key, before.get(key, Level()), by_key[key], reads) for key in sorted(by_key)}


def _after(key: LevelKey, level: Level, new: list[Movement], reads: LedgerReads) -> Level:
    def ledger_since(since: datetime) -> tuple[Movement, ...]:
        return tuple(reads.ledger(key, since))

    return after_movements(level, new, ledger_since)
