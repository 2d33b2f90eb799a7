"""Lots: which batches a store's stock is made of, and which of them goes first. Pure.

The promise: the lots and the rest without a lot add up to the level, whatever the ledger's order.

A count that looked at lots is where lots start anew: those that it does not name have gone. One that did not says how
much there is, not of which lot, and a sale seldom names one; so what the named lots are too many by is taken off those
that expire first, because that is what a shop sells first, and what they lack is a rest without a lot. The trap: this
is a good guess, never a reason to refuse a sale; only picking goes by it, and it takes nothing that has expired.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple


class Lot(NamedTuple):
    """A batch of one SKU. `expires` is the last day on which it may be sold; None is never, or nobody said it.

    Goods with a day but no name are the lot of that day.
    """

    name: str
    expires: date | None = None


NO_LOT = Lot("")


class LotLevel(NamedTuple):
    """How much of a lot there is, in thousandths."""

    lot: Lot
    quantity: int


def first_expired(lot: Lot) -> tuple[bool, date, str]:
    """What to sort lots by: first expired first out, those that never expire last."""
    return lot.expires is None, lot.expires or date.max, lot.name


class LotMovement(NamedTuple):
    """What the ledger says of a lot: a difference, or with `counted` what the count of `event` found of it."""

    lot: Lot
    delta: int
    at: datetime
    counted: bool = False
    event: str = ""


def named_lots(movements: Iterable[LotMovement]) -> Mapping[Lot, int]:
    """What there should be of each lot: the newest count that looked at lots, and what came and left since.

    Of two such counts at one moment the one that found less holds, as for levels.
    """
    everything = tuple(movements)
    started = max((movement.at for movement in everything if movement.counted), default=None)
    found: defaultdict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    days: defaultdict[str, set[date]] = defaultdict(set)
    counts: defaultdict[str, list[LotMovement]] = defaultdict(list)
    for movement in everything:
        if movement.counted and movement.at == started:
            counts[movement.event].append(movement)
    counted = min(counts.items(), key=lambda pair: (sum(m.delta for m in pair[1]), pair[0]), default=("", []))[1]
    since = [m for m in everything if not m.counted and (started is None or m.at > started)]
    for movement in (*counted, *since):
        lot = movement.lot
        if lot.expires is not None:
            days[lot.name].add(lot.expires)
        if lot != NO_LOT:
            found[lot.name]["" if lot.name else str(lot.expires)] += movement.delta
    return {
        Lot(name, min(days[name], default=None) if name else date.fromisoformat(day)): quantity
        for name, by_day in found.items()
        for day, quantity in by_day.items()
    }


def lots_of(named: Mapping[Lot, int], on_hand: int) -> Sequence[LotLevel]:
    """Fit the lots to the level: first to expire first, and last what has no lot; they add up to `on_hand`.

    `named` is, for each lot, what came less what left under its name, in thousandths; counts have no part in it.
    """
    there = {lot: quantity for lot, quantity in named.items() if lot != NO_LOT and quantity > 0}
    gone = sum(there.values()) - max(0, on_hand)
    found: list[LotLevel] = []
    for lot in sorted(there, key=first_expired):
        taken = min(max(0, gone), there[lot])
        gone -= taken
        if there[lot] > taken:
            found.append(LotLevel(lot, there[lot] - taken))
    rest = on_hand - sum(level.quantity for level in found)
    return [*found, LotLevel(NO_LOT, rest)] if rest else found


def pick_lots(levels: Iterable[LotLevel], quantity: int, day: date) -> Sequence[LotLevel]:
    """Choose lots for `quantity` on `day`: first expired first out, expired ones never, the rest without a lot."""
    chosen: list[LotLevel] = []
    left = quantity
    for level in sorted(levels, key=lambda level: first_expired(level.lot)):
        if level.lot == NO_LOT or (level.lot.expires is not None and level.lot.expires < day):
            continue
        taken = min(left, max(0, level.quantity))
        if taken:
            chosen.append(LotLevel(level.lot, taken))
            left -= taken
    return [*chosen, LotLevel(NO_LOT, left)] if left else chosen


def expired(levels: Iterable[LotLevel], day: date) -> Sequence[LotLevel]:
    """The lots that may not be sold any more on `day`."""
    return [level for level in levels if level.lot.expires is not None and level.lot.expires < day]
