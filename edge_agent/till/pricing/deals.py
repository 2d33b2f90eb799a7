"""Each kind of deal, as offers on the goods of one basket, and what a plain reduction saves.

A new kind of deal is a struct in `protocol.promotions` and a case here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_agent.till.pricing.offers import Offer, Reward, Slot
from edge_agent.till.pricing.pool import PoolLine
from protocol.money import BASIS_POINTS, line_amount, percent_of
from protocol.promotions import Bundle, BuyPay, CheapestOff, Deal, Off, Spend

Members = Mapping[int, Sequence[int]]
"""By part of a deal: the lines (indexes in the pool) whose goods belong to it."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The lines of a pool, with the price of a piece of each, and what it would save without any offer."""

    lines: Sequence[PoolLine]
    prices: Sequence[int]
    otherwise: Sequence[int]
    gains: Sequence[int]
    """`prices` less `otherwise`: what a piece gives to a group that has one price."""

    def countable(self, indexes: Sequence[int]) -> list[int]:
        """Those of these lines that are whole pieces."""
        return [index for index in indexes if self.lines[index].line.is_countable]

    def dearest_first(self, indexes: Sequence[int], worth: Sequence[int]) -> tuple[int, ...]:
        """These lines by what they are worth; of equals the one that stands first."""
        return tuple(sorted(indexes, key=lambda index: -worth[index]))


def offers_of(rank: int, deal: Deal, max_uses: int | None, members: Members, shelf: Shelf) -> list[Offer]:
    """Set a deal on the goods of a basket: none for a plain reduction without a limit, or if goods are missing."""
    match deal:
        case Spend():
            return []
        case Off():
            return _limited(rank, deal, members, shelf) if max_uses is not None else []
        case Bundle():
            return _bundle(rank, deal, members, shelf)
        case BuyPay():
            shape = _Shape("cheapest", deal.buy, deal.buy - deal.pay, BASIS_POINTS)
        case CheapestOff():
            shape = _Shape("cheapest", deal.count, deal.cheapest, deal.percent_bp)
        case _:
            shape = _Shape("price", deal.count, deal.price, 0)
    return _groups(rank, shape, deal.mixed, shelf.countable(members.get(0, ())), shelf)


def off_saving(deal: Off, line: PoolLine, worth: int, pieces: int) -> int:
    """What a plain reduction takes off `pieces` of a line that cost `worth` together: never more than that."""
    quantity = line.piece_quantity * pieces
    if deal.percent_bp is not None:
        return percent_of(worth, deal.percent_bp)
    if deal.amount is not None:
        return min(worth, line_amount(deal.amount, quantity))
    return max(0, worth - line_amount(deal.price or 0, quantity))


@dataclass(frozen=True, slots=True)
class _Shape:
    """A group of pieces: how many, and what for."""

    reward: Reward
    count: int
    value: int
    percent_bp: int


def _groups(rank: int, shape: _Shape, mixed: bool, countable: Sequence[int], shelf: Shelf) -> list[Offer]:
    # Of a price for the group the customer gains most with the pieces that cost most beyond what they would save
    # otherwise; where the cheapest are free, groups of neighbours in price give most.
    worth = shelf.gains if shape.reward == "price" else shelf.prices
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for index in countable:
        groups["" if mixed else shelf.lines[index].line.sku].append(index)
    return [
        Offer(
            rank, (Slot(shelf.dearest_first(group, worth), shape.count),), shape.reward, shape.value, shape.percent_bp
        )
        for group in groups.values()
    ]


def _limited(rank: int, deal: Off, members: Members, shelf: Shelf) -> list[Offer]:
    if not members.get(0):
        return []
    savings = [0] * len(shelf.lines)
    for index in members[0]:
        savings[index] = off_saving(deal, shelf.lines[index], shelf.prices[index], 1)
    more = [saving - other for saving, other in zip(savings, shelf.otherwise, strict=True)]
    slot = Slot(shelf.dearest_first(members[0], more), 1)
    return [Offer(rank, (slot,), "table", savings=tuple(savings))]


def _bundle(rank: int, deal: Bundle, members: Members, shelf: Shelf) -> list[Offer]:
    reward: Reward = "price" if deal.price is not None else "amount" if deal.amount is not None else "parts"
    worth = shelf.gains if reward == "price" else shelf.prices
    slots = []
    for number, part in enumerate(deal.parts):
        tried = shelf.dearest_first(shelf.countable(members.get(number, ())), worth)
        if not tried:
            return []
        # What is only there to open the bundle may as well be the cheapest: dearer goods have other offers.
        slots.append(Slot(tried[::-1] if reward == "parts" and not part.off_bp else tried, part.count, part.off_bp))
    # The part that has least choice chooses first.
    slots.sort(key=lambda slot: len(slot.lines))
    return [Offer(rank, tuple(slots), reward, deal.price if deal.price is not None else deal.amount or 0)]
