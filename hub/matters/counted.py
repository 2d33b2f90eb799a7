"""How much of each line of a channel's order the hub's availability has been lessened by. Pure.

A channel subtracts its own open orders from what it is told, so it is told more by what the hub has subtracted already,
line by line. That is what stores hold for the order, and what has left them. What nobody has, what a customer left at
the counter, and what the hub's office has given up lessens no availability, so it is not counted, whatever the channel
still wants of it. Where the hub holds less than the lines want, the first ones have it: the sum is never too high.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from hub.matters.channel_goods import Moves
from hub.matters.orders import Goods, OrderOutcome
from hub.matters.outcome import Told
from protocol.documents import Part
from protocol.events import OrderHandedOver
from protocol.quantity import SCALE

Recipes = Mapping[str, Sequence[Part]]
"""What packs and bundles consume, by SKU; a SKU that is not there consumes itself."""


@dataclass(frozen=True)
class CountedLine:
    """How much of a line of one of the channel's orders `available` has been lessened by.

    `order` and the line's name are the channel's own ids. `quantity` is in thousandths of what the line sells: all of
    it that is promised in the hub's stores or has left them, whether the channel has said so or not. What nobody has
    for it, or the hub has given up, is not in it. `each` says by SKU how many thousandths of a target are in one of
    what is sold: 1000 of the SKU itself, more of the pieces of a pack.
    """

    order: str
    quantity: int
    each: Mapping[str, int]

    def still(self, sku: str, left: int) -> int:
        """How many thousandths of `sku` are counted of what the channel keeps, once `left` of the line has left there.

        A channel that took goods out of its stock when they left subtracts the rest only. So what it keeps beyond this
        is unheard of: ordered since, perhaps in the same moment in which a part was sent. Below 0, so much has left
        that availability does not know of.
        """
        return (self.quantity - left) * self.each.get(sku, 0) // SCALE


class HeardLine(NamedTuple):
    """A line as the channel last told it, in thousandths of what it sells; `fulfilled` is what has left by its word."""

    line: str
    sku: str
    quantity: int
    fulfilled: int


def counted_of(
    lines: Iterable[HeardLine], made_of: Recipes, outcome: OrderOutcome, told: Iterable[Told], moves: Moves
) -> dict[str, int]:
    """By line: what of it has left by the channel's word, and as much of the rest as the hub has subtracted for it."""
    heard = sorted(lines)
    held = _held(heard, made_of, outcome, _gone(told, moves))
    counted = {}
    for one in heard:
        recipe = _recipe(one.sku, made_of)
        rest = max(0, one.quantity - one.fulfilled)
        most = min([rest, *(max(0, held[part.sku]) * SCALE // part.quantity for part in recipe)])
        for part in recipe:
            held[part.sku] -= _up(most * part.quantity)
        counted[one.line] = one.fulfilled + most
    return counted


def _held(heard: Sequence[HeardLine], made_of: Recipes, outcome: OrderOutcome, gone: Goods) -> Counter[str]:
    """What is subtracted for all that has not left by the channel's word, in pieces.

    That is what is reserved, and what tills handed over of which the channel has not been heard to know.
    """
    held = Counter(gone)
    for one in heard:
        for part in _recipe(one.sku, made_of):
            held[part.sku] -= _up(one.fulfilled * part.quantity)
    held = +held
    for parcel in outcome.parcels:
        held.update(parcel.reserved)
    return held


def _gone(told: Iterable[Told], moves: Moves) -> Counter[str]:
    """All that left: handed over by tills, or by the channel's word alone."""
    gone: Counter[str] = Counter()
    for event in told:
        if isinstance(event.data, OrderHandedOver):
            for line in event.data.lines:
                gone[line.sku] += line.quantity
    for goods, moved in moves.items():
        if goods.kind == "left":
            gone[goods.sku] -= moved
    return gone


def _recipe(sku: str, made_of: Recipes) -> Sequence[Part]:
    return made_of.get(sku) or (Part(sku=sku, quantity=SCALE),)


def _up(product: int) -> int:
    return -(-product // SCALE)
