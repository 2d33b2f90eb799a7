"""Offers: a deal of a promotion, set on the goods of one basket; and the best single use of an offer.

An offer is a group of slots to fill with free pieces. One use of it fills them with the pieces that save most.
Indexes are those of the pool's lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from protocol.money import percent_of

MERIT_SCALE = 1_000_000

Reward = Literal["price", "amount", "cheapest", "parts", "table"]


@dataclass(frozen=True, slots=True)
class Slot:
    """`count` pieces of `lines`, which stand in the order in which they are tried."""

    lines: tuple[int, ...]
    count: int
    off_bp: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """Slots, and what filling them saves.

    By `reward`: "price": all together for `value`; "amount": `value` less; "cheapest": the `value` cheapest pieces
    `percent_bp` less; "parts": each slot by its `off_bp`; "table": what `savings` says for a piece of that line.
    `promotion` is its rank in the rules.
    """

    promotion: int
    slots: tuple[Slot, ...]
    reward: Reward
    value: int = 0
    percent_bp: int = 0
    savings: tuple[int, ...] = ()
    pieces: int = field(init=False)
    """How many one use takes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "pieces", sum([slot.count for slot in self.slots]))

    def lacks(self, free: Sequence[int]) -> int:
        """How many pieces are missing to one use, at least: a piece that fits two slots counts for both."""
        return sum(max(0, slot.count - sum([free[index] for index in slot.lines])) for slot in self.slots)

    @property
    def lines(self) -> set[int]:
        """Every line that may take part."""
        return {index for slot in self.slots for index in slot.lines}


class Use(NamedTuple):
    """One use of an offer: pieces taken by line, what they save, and how much that is more than without it."""

    offer: Offer
    takes: tuple[tuple[int, int], ...]
    saving: int
    gain: int
    merit: int
    """Gain by piece, in whole numbers (MERIT_SCALE): with it two uses are compared without fractions."""

    def times(self, free: Sequence[int]) -> int:
        """How often the same pieces can be taken from what is free."""
        return min(free[index] // count for index, count in self.takes)


def best_use(offer: Offer, free: Sequence[int], prices: Sequence[int], otherwise: Sequence[int]) -> Use | None:
    """Fill the slots from what is free; None where a slot stays open or nothing is gained.

    `prices` are those of one piece by line; `otherwise` is what that piece would save without this offer.
    """
    picked: list[tuple[int, int, int]] = []  # line, pieces, basis points off
    taken: dict[int, int] = {}
    for slot in offer.slots:
        missing = slot.count
        for index in slot.lines:
            left = free[index]
            if not left:  # on a long receipt most of the dearest are gone
                continue
            count = min(left - taken.get(index, 0), missing)
            if count > 0:
                taken[index] = taken.get(index, 0) + count
                picked.append((index, count, slot.off_bp))
                missing -= count
                if not missing:
                    break
        if missing:
            return None
    saving = _saving(offer, picked, prices)
    gain = saving - sum(otherwise[index] * count for index, count in taken.items())
    if gain <= 0:
        return None
    return Use(offer, tuple(taken.items()), saving, gain, gain * MERIT_SCALE // offer.pieces)


def _saving(offer: Offer, picked: list[tuple[int, int, int]], prices: Sequence[int]) -> int:
    match offer.reward:
        case "price":
            return max(0, sum([prices[index] * count for index, count, _ in picked]) - offer.value)
        case "amount":
            return min(offer.value, sum([prices[index] * count for index, count, _ in picked]))
        case "cheapest":
            return _cheapest(offer, picked, prices)
        case "parts":
            return sum(percent_of(prices[index] * count, off_bp) for index, count, off_bp in picked)
        case "table":
            return sum(offer.savings[index] * count for index, count, _ in picked)


def _cheapest(offer: Offer, picked: list[tuple[int, int, int]], prices: Sequence[int]) -> int:
    worth, missing = 0, offer.value
    for index, count, _ in sorted(picked, key=lambda pick: prices[pick[0]]):
        used = min(count, missing)
        worth += prices[index] * used
        missing -= used
        if not missing:
            break
    return percent_of(worth, offer.percent_bp)
