"""What Medusa's levels are to be set to. Pure.

Medusa offers `stocked - reserved`. It reserves for every open order; the hub's target has been lessened only by those
orders that it has counted. So `stocked` is the target and what Medusa keeps for counted orders: they cancel out, and
what it keeps for orders that the hub has not heard of stays subtracted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from hub.channels.medusa.answers import Level, Reservation
from hub.channels.medusa.mapping import pieces
from hub.channels.ports import CountedOrders, StockTarget


class Spot(NamedTuple):
    """An inventory item at a location."""

    item: str
    location: str


class Read(NamedTuple):
    """What was read of a spot before it is set: None where it has no level. `counted` is kept for counted orders."""

    stocked: Decimal | None
    reserved: Decimal
    counted: Decimal
    revision: int = 0


def reads(
    spots: Collection[Spot],
    levels: Mapping[Spot, Level],
    reservations: Iterable[Reservation],
    counted: CountedOrders,
    revisions: Mapping[Spot, int],
) -> dict[Spot, Read]:
    """Put together what was read of each spot."""
    kept = kept_for_counted(reservations, counted)
    found = {}
    for spot in spots:
        level = levels.get(spot)
        found[spot] = Read(
            level.stocked_quantity if level else None,
            level.reserved_quantity if level else Decimal(0),
            kept.get(spot, Decimal(0)),
            revisions.get(spot, 0),
        )
    return found


def kept_for_counted(reservations: Iterable[Reservation], counted: CountedOrders) -> Mapping[Spot, Decimal]:
    """How much Medusa keeps at each spot for orders that the hub has counted."""
    kept: defaultdict[Spot, Decimal] = defaultdict(Decimal)
    for one in reservations:
        if one.line_item_id in counted.lines:
            kept[Spot(one.inventory_item_id, one.location_id)] += one.quantity
    return kept


def wanted(target: StockTarget, read: Read) -> Decimal:
    """What `stocked_quantity` has to be for Medusa to offer the target."""
    return pieces(max(target.available, 0)) + read.counted


def is_untouched(read: Read, after: Read) -> bool:
    """Whether nothing was reserved, released or taken out between reading a spot and setting it.

    A parcel that left in between has taken its quantity out of `stocked` and of its reservation; setting `stocked` to
    what it should have been before gives the customers what has gone. So such a spot is set anew at once.
    """
    return read.reserved == after.reserved and read.counted == after.counted
