"""Which levels a set of new movements changes, and to what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

import msgspec

from hub.stock.level import Level, after_movements
from hub.storage.port import LedgerReads
from hub.storage.records import LedgerMovement, LevelKey, Moved, Promise
from protocol.ids import Sku, StoreId
from protocol.movements import Movement

Reserved = Mapping[tuple[Promise, Sku], int]
NOTHING: Reserved = {}
NO_LEVEL = Level()


class LevelWrites(NamedTuple):
    """Levels that something is only added to, and levels as they become."""

    moves: dict[tuple[StoreId, Sku], Moved]
    levels: dict[LevelKey, Level]


def level_writes(movements: Collection[LedgerMovement], reads: LedgerReads, ended: Reserved = NOTHING) -> LevelWrites:
    """What `movements` do to levels; reads only those that are counted, or freed of a promise, at the same time."""
    moves: dict[tuple[StoreId, Sku], Moved] = {}
    derived: set[tuple[StoreId, Sku]] = {(promise.store, sku) for promise, sku in ended}
    for entry in movements:  # one walk: this is done for every line that is sold
        movement = entry.movement
        place = (entry.key[0], movement.sku)
        if movement.kind == "count":
            derived.add(place)
        known = moves.get(place)
        if known is None:
            moves[place] = Moved(movement.delta, movement.at)
        else:
            moves[place] = Moved(known.delta + movement.delta, min(known.first_at, movement.at))
    if not derived:
        return LevelWrites(moves, {})
    closely = [entry for entry in movements if (entry.key.store, entry.movement.sku) in derived]
    for place in derived & moves.keys():
        del moves[place]
    return LevelWrites(moves, moved_levels(closely, reads, ended))


def moved_levels(
    movements: Iterable[LedgerMovement], reads: LedgerReads, ended: Reserved = NOTHING
) -> dict[LevelKey, Level]:
    """The new levels of all SKUs that `movements` touch, in a fixed order.

    `ended` are reservations that end in the same transaction: goods that leave are no longer promised.
    """
    by_place: defaultdict[tuple[StoreId, Sku], list[Movement]] = defaultdict(list)
    for entry in movements:
        by_place[entry.key.store, entry.movement.sku].append(entry.movement)
    freed: defaultdict[tuple[StoreId, Sku], int] = defaultdict(int)
    for (promise, sku), quantity in ended.items():
        freed[promise.store, sku] += quantity
    touched = [LevelKey(*place) for place in sorted(by_place.keys() | freed.keys())]
    if not touched:
        return {}
    before = reads.levels(touched)
    return {key: _after(key, before.get(key, NO_LEVEL), by_place[key], reads, freed.get(key, 0)) for key in touched}


def ending(promises: Collection[Promise], reads: LedgerReads) -> Reserved:
    """What is still reserved for promises that have been kept; asks nothing when there are none."""
    return reads.reservations(promises) if promises else NOTHING


def _after(key: LevelKey, level: Level, new: list[Movement], reads: LedgerReads, freed: int) -> Level:
    def ledger_since(since: datetime) -> tuple[Movement, ...]:
        return tuple(reads.ledger(key, since))

    if freed:
        level = msgspec.structs.replace(level, reserved=level.reserved - freed)
    return after_movements(level, new, ledger_since)
