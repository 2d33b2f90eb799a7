"""Promotions on goods: from the highest priority down, then those that count on top of what is left to pay.

Within one priority the customer gets the best that `packing` finds: pieces go into groups (n for m, bundles and so on)
where that saves more than the best plain reduction of each piece, and what no group wants gets that reduction.
What a group saves is spread over all of its pieces by their prices, free ones and paid ones alike, so that a piece that
comes back takes its own share with it, and each tax rate its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from edge_agent.till.pricing.deals import Members, Shelf, off_saving, offers_of
from edge_agent.till.pricing.offers import Offer
from edge_agent.till.pricing.packing import Goods, pack
from edge_agent.till.pricing.pool import Pool
from edge_agent.till.pricing.priced import Cut
from edge_agent.till.pricing.rules import PriceRules
from protocol.money import spread
from protocol.promotions import Off, Promotion, Spend


@dataclass(frozen=True, slots=True)
class Leftover:
    """For hints: an offer, and the pieces by line that were free when all offers of its priority had taken theirs."""

    offer: Offer
    free: Sequence[int]


@dataclass(slots=True)
class Promoter:
    """Applies promotions to one pool. `codes` tells by which coupon a promotion was opened; ranks are the rules'."""

    pool: Pool
    rules: PriceRules
    members: Mapping[int, Members]
    codes: Mapping[int, str]
    leftovers: list[Leftover] = field(default_factory=list)

    def apply(self, ranks: Iterable[int]) -> None:
        """Apply the promotions of these ranks (rising) that are about goods; those about sums are left for later."""
        ranked = [(rank, self.rules.promotions[rank]) for rank in ranks]
        goods = [(rank, promotion) for rank, promotion in ranked if not isinstance(self.rules.deals[rank], Spend)]
        once = [entry for entry in goods if entry[1].combining != "on_top"]
        free = [line.free for line in self.pool.lines]
        gross = [line.gross for line in self.pool.lines]
        for _, level in groupby(once, key=lambda entry: entry[1].priority):
            self._apply_level(list(level), free, gross)
        for rank, promotion in goods:
            if promotion.combining == "on_top":
                untouched = [line.pieces for line in self.pool.lines]
                payable = [line.payable for line in self.pool.lines]
                self._apply_level([(rank, promotion)], untouched, payable)

    def cut(self, rank: int, amount: int) -> Cut:
        """A cut in the name of this promotion."""
        promotion = self.rules.promotions[rank]
        code = self.codes.get(rank, "")
        return Cut(
            kind="coupon" if code else "promotion", amount=amount, label=promotion.name, label_en=promotion.name_en,
            promotion=promotion.promotion, coupon=code,
        )  # fmt: skip

    def _apply_level(self, level: list[tuple[int, Promotion]], free: list[int], amounts: Sequence[int]) -> None:
        lines = self.pool.lines
        prices = [amount // line.pieces for amount, line in zip(amounts, lines, strict=True)]
        plain = self._plain(level, prices)
        otherwise = [0] * len(lines)
        for index, (_, saving) in plain.items():
            otherwise[index] = saving
        gains = [price - other for price, other in zip(prices, otherwise, strict=True)]
        shelf = Shelf(lines, prices, otherwise, gains)
        offers: list[Offer] = []
        for rank, promotion in level:
            offers += offers_of(rank, self.rules.deals[rank], promotion.max_uses, self.members[rank], shelf)
        sums: defaultdict[tuple[int, int], int] = defaultdict(int)
        if offers:
            limits = {rank: promotion.max_uses for rank, promotion in level if promotion.max_uses is not None}
            for use, times in pack(offers, Goods(free, prices, otherwise), limits):
                weights = [prices[index] * count for index, count in use.takes]
                for (index, _), share in zip(use.takes, spread(use.saving * times, weights), strict=True):
                    sums[index, use.offer.promotion] += share
            left = tuple(free)
            self.leftovers.extend(Leftover(offer, left) for offer in offers)
        for index, (rank, _) in plain.items():
            pieces, free[index] = free[index], 0
            if pieces:
                worth = amounts[index] if pieces == lines[index].pieces else prices[index] * pieces
                deal = self.rules.deals[rank]
                assert isinstance(deal, Off)
                sums[index, rank] += off_saving(deal, lines[index], worth, pieces)
        for (index, rank), amount in sums.items():
            lines[index].take_off(self.cut(rank, amount))

    def _plain(self, level: list[tuple[int, Promotion]], prices: Sequence[int]) -> dict[int, tuple[int, int]]:
        """By line: the plain reduction that saves most on a piece, and how much. Those with a limit are offers."""
        best: dict[int, tuple[int, int]] = {}
        for rank, promotion in level:
            deal = self.rules.deals[rank]
            if not isinstance(deal, Off) or promotion.max_uses is not None:
                continue
            for index in self.members[rank].get(0, ()):
                saving = off_saving(deal, self.pool.lines[index], prices[index], 1)
                if saving > best.get(index, (0, 0))[1]:
                    best[index] = (rank, saving)
        return best
