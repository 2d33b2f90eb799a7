"""What Medusa's levels are to be set to. Pure.

Medusa offers `stocked - reserved`. It reserves for every open order; the hub's target has been lessened only by what it
has counted of those. So `stocked` is the target and what Medusa keeps of what is counted: they cancel out, and what it
keeps for orders that the hub has not heard of, or by which a known one has grown, stays subtracted.

Who is right where the two differ about a line? Medusa keeps more: it was ordered since, and the hub's target is too
high by that. Medusa keeps less: a part has left, or the order was lessened, and the hub cannot know yet which. If it
left, the hub's target is right and Medusa's stock has fallen by itself; if it was lessened, the target is too low. So
Medusa's number is given back, which is right for the one and careful for the other, and what changed there is heard of
and pushed. A part may leave and more be ordered between two looks, and the sum be the same: that is why it is asked
what has left of a line, and only what is counted beyond that is given back.
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
    spots: Collection[Spot], levels: Mapping[Spot, Level], kept: Mapping[Spot, Decimal], revisions: Mapping[Spot, int]
) -> dict[Spot, Read]:
    """Put together what was read of each spot; `kept` is `kept_for_counted`."""
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


def kept_for_counted(
    reservations: Iterable[Reservation], counted: CountedOrders, skus: Mapping[str, str], left: Mapping[str, int]
) -> Mapping[Spot, Decimal]:
    """How much Medusa keeps at each spot of what the hub has counted. `skus` are the targets' by inventory item.

    `left` is how many thousandths have left by Medusa's word, of counted lines; what is not in it is not counted.
    The hub counts a line wherever its stores are: it is given back where Medusa keeps it, the oldest first.
    """
    kept: defaultdict[Spot, Decimal] = defaultdict(Decimal)
    rest: dict[tuple[str, str], Decimal] = {}
    for one in sorted(reservations, key=lambda one: one.id):
        name, sku = one.line_item_id or "", skus.get(one.inventory_item_id)
        if sku is None or name not in left:
            continue
        still = rest.get((name, sku))
        if still is None:
            still = pieces(counted.lines[name].still(sku, left[name]))
        part = min(one.quantity, still)
        kept[Spot(one.inventory_item_id, one.location_id)] += part
        rest[name, sku] = still - part
    return kept


def wanted(target: StockTarget, read: Read) -> Decimal:
    """What `stocked_quantity` has to be for Medusa to offer the target."""
    return max(Decimal(0), pieces(max(target.available, 0)) + read.counted)


def is_untouched(read: Read, after: Read) -> bool:
    """Whether nothing was reserved, released or taken out between reading a spot and setting it.

    A parcel that left in between has taken its quantity out of `stocked` and of its reservation; setting `stocked` to
    what it should have been before gives the customers what has gone. So such a spot is set anew at once.
    """
    return read.reserved == after.reserved and read.counted == after.counted
