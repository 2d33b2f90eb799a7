"""Lots: which batches a store's stock is made of, and which of them goes first. Pure.

The promise: the lots and the rest without a lot add up to the level, whatever the ledger's order. A count says how
much there is, not of which lot, and a sale seldom names one; so what the named lots are too many by is taken off those
that expire first, because that is what a shop sells first, and what they lack is a rest without a lot. The trap: this
is a good guess, never a reason to refuse a sale; only picking goes by it, and it takes nothing that has expired.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import NamedTuple


class Lot(NamedTuple):
    """A batch of one SKU. `expires` is the last day on which it may be sold; None is never."""

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


def lots_of(named: Mapping[Lot, int], on_hand: int) -> Sequence[LotLevel]:
    """Fit the lots to the level: first to expire first, and last what has no lot; they add up to `on_hand`.

    `named` is, for each lot, what came less what left under its name, in thousandths; counts have no part in it.
    """
    there = {lot: quantity for lot, quantity in named.items() if lot.name and quantity > 0}
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
        if not level.lot.name or (level.lot.expires is not None and level.lot.expires < day):
            continue
        taken = min(left, max(0, level.quantity))
        if taken:
            chosen.append(LotLevel(level.lot, taken))
            left -= taken
    return [*chosen, LotLevel(NO_LOT, left)] if left else chosen


def expired(levels: Iterable[LotLevel], day: date) -> Sequence[LotLevel]:
    """The lots that may not be sold any more on `day`."""
    return [level for level in levels if level.lot.expires is not None and level.lot.expires < day]
