"""Cuts of whole sums: a person's cut of a line, "spend so much, get so much", a person's cut of the receipt.

In this order, each on what is still to pay. A threshold looks at what the goods cost after promotions and before cuts
by hand, so that a cashier's kindness never costs the customer her gift.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edge_agent.till.pricing.basket import HandCut
from edge_agent.till.pricing.pool import Pool
from edge_agent.till.pricing.priced import Cut, CutKind
from edge_agent.till.pricing.promoting import Promoter
from protocol.money import percent_of
from protocol.promotions import Promotion, Spend


@dataclass(frozen=True, slots=True)
class Threshold:
    """A "spend" promotion, the lines of its goods, and what they came to after promotions and before cuts by hand."""

    rank: int
    promotion: Promotion
    deal: Spend
    indexes: Sequence[int]
    spent: int

    def saving(self, payable: int) -> int:
        """What it takes off `payable`, what is still to pay for its goods; 0 where the threshold is not reached."""
        if self.spent < self.deal.from_amount:
            return 0
        if self.deal.percent_bp is not None:
            saving = percent_of(payable, self.deal.percent_bp)
        else:
            times = self.spent // self.deal.from_amount if self.deal.each else 1
            saving = (self.deal.amount or 0) * min(times, self.promotion.max_uses or times)
        return min(saving, payable, saving if self.deal.max_amount is None else self.deal.max_amount)


def cut_sums(promoter: Promoter, ranks: Iterable[int], receipt_cut: HandCut | None) -> list[Threshold]:
    """Apply all cuts of sums to the promoter's pool; `ranks` are those of the promotions that hold, rising.

    Of the thresholds that combine "once", only one counts: of those that are reached, the highest priority's best.
    Those that come "on_top" follow, in their order.
    """
    pool = promoter.pool
    thresholds = list(_thresholds(promoter, ranks))
    for line in pool.lines:
        if line.line.cut is not None and line.line.is_sold:
            line.take_off(_by_hand("line", line.line.cut, line.payable))
    payable = _Payable(pool)
    once = [
        (threshold, threshold.saving(payable.of(threshold.indexes)))
        for threshold in thresholds
        if not _is_on_top(threshold)
    ]
    reached = [(threshold, saving) for threshold, saving in once if saving]
    if reached:
        best, saving = max(reached, key=lambda entry: (entry[0].promotion.priority, entry[1]))
        pool.take_off_spread(best.indexes, promoter.cut(best.rank, saving))
    for threshold in filter(_is_on_top, thresholds):
        saving = threshold.saving(_Payable(pool).of(threshold.indexes))
        pool.take_off_spread(threshold.indexes, promoter.cut(threshold.rank, saving))
    if receipt_cut is not None:
        _cut_receipt(pool, receipt_cut)
    return thresholds


@dataclass(slots=True)
class _Payable:
    """Sums of what is to pay for lists of lines, until something is taken off.

    Many thresholds are about everything, and share one list.
    """

    pool: Pool
    sums: dict[int, int] = field(default_factory=dict)

    def of(self, indexes: Sequence[int]) -> int:
        """What is to pay for these lines; the list must outlive this object."""
        if id(indexes) not in self.sums:
            self.sums[id(indexes)] = sum([self.pool.lines[index].payable for index in indexes])
        return self.sums[id(indexes)]


def _thresholds(promoter: Promoter, ranks: Iterable[int]) -> Iterator[Threshold]:
    payable = _Payable(promoter.pool)
    for rank in ranks:
        deal = promoter.rules.deals[rank]
        if isinstance(deal, Spend):
            indexes = promoter.members[rank].get(0, ())
            yield Threshold(rank, promoter.rules.promotions[rank], deal, indexes, payable.of(indexes))


def _is_on_top(threshold: Threshold) -> bool:
    return threshold.promotion.combining == "on_top"


def _cut_receipt(pool: Pool, receipt_cut: HandCut) -> None:
    indexes = [
        index
        for index, line in enumerate(pool.lines)
        if line.line.is_sold and line.line.promotable and line.payable > 0
    ]
    pool.take_off_spread(indexes, _by_hand("receipt", receipt_cut, _Payable(pool).of(indexes)))


def _by_hand(kind: CutKind, cut: HandCut, payable: int) -> Cut:
    amount = percent_of(payable, cut.value) if cut.kind == "percent" else min(cut.value, payable)
    return Cut(kind=kind, amount=amount, label=cut.reason, label_en=cut.reason, by=cut.by)
