"""Levels from movements: what a store has, as a function of its ledger.

The promise: a level depends on the set of movements only, never on their order, nor on how they were batched. The
trap is the count: it is a checkpoint in event time, not a difference, so a sale from before the count that arrives
days later must leave the level alone (the count has already seen it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import msgspec

from protocol.movements import Movement


class Level(msgspec.Struct, frozen=True):
    """Stock of one SKU in one store, in thousandths. `counted_at` is the newest count's event time."""

    on_hand: int = 0
    reserved: int = 0
    counted_at: datetime | None = None

    @property
    def available(self) -> int:
        """What the shop may still promise; negative when it has promised, or sold, more than it has."""
        return self.on_hand - self.reserved


def web_available(level: Level, *, safety: int = 0, buffer: int = 0, expired: int = 0) -> int:
    """What the web may sell from this place, less safety stock, offline buffer and expired lots: never negative."""
    return max(0, level.available - safety - buffer - expired)


def level_of(movements: Iterable[Movement], *, reserved: int = 0) -> Level:
    """Derive the level from the whole ledger of one store and SKU: the newest count plus what happened after it.

    Two counts at the same instant: the lower one holds, since a shop must not promise what may not be there.
    """
    everything = tuple(movements)
    counts = [movement for movement in everything if movement.kind == "count"]
    if not counts:
        return Level(sum(movement.delta for movement in everything), reserved)
    counted_at = max(movement.at for movement in counts)
    counted = min(movement.delta for movement in counts if movement.at == counted_at)
    after = sum(movement.delta for movement in everything if movement.kind != "count" and movement.at > counted_at)
    return Level(counted + after, reserved, counted_at)


def after_movements(
    level: Level, new: Sequence[Movement], ledger_since: Callable[[datetime], Sequence[Movement]]
) -> Level:
    """Move a level on by `new` movements of its SKU.

    `ledger_since(t)` gives the movements that are already in the ledger with event time at or after t; it is asked
    only when a count comes that is not older than the one that the level stands on.
    """
    since = level.counted_at
    counted: datetime | None = None
    on_hand = level.on_hand
    for movement in new:  # one walk: this is done for every line that is sold
        if movement.kind == "count":
            counted = movement.at if counted is None else max(counted, movement.at)
        elif since is None or movement.at > since:
            on_hand += movement.delta
    if counted is not None and (since is None or counted >= since):
        return level_of((*ledger_since(counted), *new), reserved=level.reserved)
    return Level(on_hand, level.reserved, since)
