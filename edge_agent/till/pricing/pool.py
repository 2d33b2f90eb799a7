"""The goods of a basket on their way through the promotions: how much of each line is left to pay, and to promote.

Lines stand in an order of their own, made of everything that can change a sum, so that the order of scanning cannot.
Only lines that are equal in all of it keep the order in which they came, and changing equal ones changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_agent.till.pricing.basket import Basket, BasketLine
from edge_agent.till.pricing.priced import Cut
from protocol.money import spread
from protocol.quantity import SCALE


@dataclass(slots=True)
class PoolLine:
    """A line under work. `pieces` is 1 for what is not counted (weighed goods, a label's price): it goes whole.

    `payable` falls with every cut; `free` is how many pieces no promotion has used.
    """

    line: BasketLine
    gross: int
    pieces: int
    payable: int
    free: int
    cuts: list[Cut] = field(default_factory=list)

    @property
    def piece_quantity(self) -> int:
        """Thousandths in one piece: those of the whole line where it goes whole."""
        return SCALE if self.line.is_countable else self.line.quantity

    def take_off(self, cut: Cut) -> None:
        """Lower what is to pay; a cut of 0 leaves no trace."""
        if cut.amount:
            assert 0 < cut.amount <= self.payable
            self.payable -= cut.amount
            self.cuts.append(cut)


@dataclass(slots=True)
class Pool:
    """All lines of a basket in their own order, those that cannot be cut too."""

    lines: list[PoolLine]

    def take_off_spread(self, indexes: Sequence[int], cut: Cut) -> None:
        """Spread a cut over lines by what they still cost, largest remainder first."""
        if not cut.amount:
            return
        shares = spread(cut.amount, [self.lines[index].payable for index in indexes])
        for index, share in zip(indexes, shares, strict=True):
            self.lines[index].take_off(_with_amount(cut, share))


def in_order(basket: Basket) -> list[BasketLine]:
    """The lines of a basket in the order of its pools, whichever way they were scanned."""
    return sorted(basket.lines, key=_order)


def pool_of(ordered: Sequence[BasketLine]) -> Pool:
    """Begin: nothing is taken off yet."""
    lines = []
    for line in ordered:
        gross = line.gross
        pieces = line.quantity // SCALE if line.is_countable and line.quantity > 0 else 1
        lines.append(PoolLine(line=line, gross=gross, pieces=pieces, payable=gross, free=pieces))
    return Pool(lines)


def _with_amount(cut: Cut, amount: int) -> Cut:
    return Cut(cut.kind, amount, cut.label, cut.label_en, cut.promotion, cut.coupon, cut.by)


def _order(line: BasketLine) -> tuple[object, ...]:
    cut = line.cut
    fixed = line.fixed_amount
    return (
        line.sku, -line.unit_price, line.tax_rate_bp, -line.quantity, line.category, line.brand, line.weighed,
        line.promotable, fixed is not None, fixed or 0, line.fixed_tax or 0,
        ("", 0) if cut is None else (cut.kind, cut.value), line.number,
    )  # fmt: skip
