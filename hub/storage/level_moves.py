"""Levels that something was to be added to, and that a plain addition would spoil: those that a count has seen more of.

A database adds and compares in one statement; what it leaves is derived here, the way that everything else is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from hub.stock.level import Level, after_movements
from hub.storage.records import LedgerWrites, LevelKey
from protocol.movements import Movement


def moved_keys(writes: LedgerWrites) -> list[LevelKey]:
    """Whose levels something is added to."""
    return [LevelKey(*place) for place in writes.moves]


def derived_moves(writes: LedgerWrites, known: Mapping[LevelKey, Level]) -> dict[LevelKey, Level]:
    """The levels, as they become, of `writes.moves` that are new or stand on a later count; `known` as they were.

    What is added plainly changes no `counted_at`, so `known` may be read before or after that is done.
    """
    moves = {LevelKey(*place): moved for place, moved in writes.moves.items()}
    new = {key: Level(moved.delta) for key, moved in moves.items() if key not in known}
    late = {
        key for key, moved in moves.items()
        if (level := known.get(key)) is not None and level.counted_at is not None and level.counted_at >= moved.first_at
    }  # fmt: skip
    if not late:
        return new
    movements: defaultdict[LevelKey, list[Movement]] = defaultdict(list)
    for entry in writes.movements:
        place = LevelKey(entry.key.store, entry.movement.sku)
        if place in late:
            movements[place].append(entry.movement)
    return new | {key: after_movements(known[key], movements[key], _no_count) for key in late}


def _no_count(_: object) -> tuple[Movement, ...]:
    raise AssertionError("what is counted in the same transaction is no move")
