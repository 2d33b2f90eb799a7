"""Packing: which pieces go into which offers, so that each is used once and the customer pays least.

The best packing is a hard problem (set packing), so the work is bounded, and the answer is always the same. Offers that
share no goods are packed apart, of each such knot at most OFFERS_MAX offers. Where more than one offer wants the same
goods, uses are taken by gain per piece until at most PIECES_EXACT pieces are left, and these are searched through until
WORK_MAX tries (shared among the knots of one packing, at least WORK_MIN each) are used up. From then on each step takes
the best gain per piece. So small knots, which is what shops have, are packed best; large ones well.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge_agent.till.pricing.offers import MERIT_SCALE, Offer, Use, best_use

PIECES_EXACT = 40
"""Pieces of one knot that are searched through; the recursion is at most this deep."""

OFFERS_MAX = 32
"""Offers of one knot: those whose best use gains most per piece. Shops do not have so many on the same goods."""

WORK_MAX = 400
"""Tries to fill an offer, over all knots of a packing, before the search becomes greedy: about a millisecond."""

WORK_MIN = 24

_Plan = tuple[int, tuple["Use", "_Plan"] | None]
"""What a rest of the pieces gains at best, and how: the first use and the plan behind it."""


@dataclass(frozen=True, slots=True)
class Goods:
    """What packing needs to know of each line: free pieces, price of a piece, what a piece saves without offers."""

    free: list[int]
    prices: Sequence[int]
    otherwise: Sequence[int]


def pack(offers: Sequence[Offer], goods: Goods, uses_left: Mapping[int, int]) -> list[tuple[Use, int]]:
    """Choose uses, each with how often; `goods.free` is what is left afterwards. `uses_left` is by promotion's rank."""
    within_reach = [offer for offer in offers if not offer.lacks(goods.free)]
    knots = _knots(within_reach, uses_left)
    tangled = sum(len(knot) > 1 for knot in knots)
    chosen: list[tuple[Use, int]] = []
    for knot in knots:
        limits = {offer.promotion: uses_left[offer.promotion] for offer in knot if offer.promotion in uses_left}
        chosen.extend(_Knot(knot, goods, limits, max(WORK_MIN, WORK_MAX // max(tangled, 1))).untie())
    return chosen


@dataclass(slots=True)
class _Knot:
    """Offers that want the same goods, or share a limit on their uses."""

    offers: Sequence[Offer]
    goods: Goods
    limits: dict[int, int]
    work_left: int
    _seen: dict[tuple[tuple[int, ...], tuple[int, ...]], _Plan] = field(default_factory=dict)

    def untie(self) -> list[tuple[Use, int]]:
        """Greedily down to the pieces that can be searched through, then the best for these."""
        if len(self.offers) > OFFERS_MAX:
            uses = [(offer, self._use(offer, self.goods.free, self.limits)) for offer in self.offers]
            ranked = sorted(uses, key=lambda entry: -entry[1].merit if entry[1] else 0)
            self.offers = [offer for offer, _ in ranked[:OFFERS_MAX]]
        chosen = self._greedy(PIECES_EXACT if len(self.offers) > 1 else 0)
        if len(self.offers) == 1:
            return chosen
        lines = sorted(set().union(*(offer.lines for offer in self.offers)))
        _, rest = self._search(list(self.goods.free), dict(self.limits), lines)
        while rest is not None:
            use, (_, following) = rest
            self._take(use, 1)
            chosen.append((use, 1))
            rest = following
        return chosen

    def _greedy(self, pieces_kept: int) -> list[tuple[Use, int]]:
        free = self.goods.free
        lines = set().union(*(offer.lines for offer in self.offers))
        pieces = sum(free[index] for index in lines)
        uses: list[Use | None] = [self._use(offer, free, self.limits) for offer in self.offers]
        chosen = []
        while pieces > pieces_kept:
            use = max((use for use in uses if use is not None), key=lambda use: use.merit, default=None)
            if use is None:
                break
            times = min(use.times(free), max(1, (pieces - pieces_kept) // use.offer.pieces))
            times = min(times, self.limits.get(use.offer.promotion, times))
            self._take(use, times)
            chosen.append((use, times))
            pieces -= times * use.offer.pieces
            # What was the best use stays it until a piece of it is gone: only those are looked for again.
            uses = [
                old if old is not None and old.times(free) and self.limits.get(offer.promotion, 1)
                else old and self._use(offer, free, self.limits)
                for offer, old in zip(self.offers, uses, strict=True)
            ]  # fmt: skip
        return chosen

    def _search(self, free: list[int], limits: dict[int, int], lines: Sequence[int]) -> _Plan:
        key = (tuple(free[index] for index in lines), tuple(limits.values()))
        if key in self._seen:
            return self._seen[key]
        found = [use for offer in self.offers if (use := self._use(offer, free, limits)) is not None]
        found.sort(key=lambda use: -use.merit)
        self.work_left -= len(self.offers)
        best: _Plan = (0, None)
        pieces = sum(key[0])
        for use in found:
            # A rest cannot gain more per piece than the best use now, so what cannot catch up is left out.
            rest_max = -(-(pieces - use.offer.pieces) * (found[0].merit + 1) // MERIT_SCALE)
            if best[1] is not None and (self.work_left <= 0 or use.gain + rest_max <= best[0]):
                continue
            after = list(free)
            for index, count in use.takes:
                after[index] -= count
            rank = use.offer.promotion
            plan = self._search(after, {**limits, rank: limits[rank] - 1} if rank in limits else limits, lines)
            if use.gain + plan[0] > best[0]:
                best = (use.gain + plan[0], (use, plan))
        self._seen[key] = best
        return best

    def _use(self, offer: Offer, free: Sequence[int], limits: Mapping[int, int]) -> Use | None:
        if limits.get(offer.promotion, 1) <= 0:
            return None
        return best_use(offer, free, self.goods.prices, self.goods.otherwise)

    def _take(self, use: Use, times: int) -> None:
        for index, count in use.takes:
            self.goods.free[index] -= count * times
        if use.offer.promotion in self.limits:
            self.limits[use.offer.promotion] -= times


def _knots(offers: Sequence[Offer], limited: Iterable[int]) -> list[list[Offer]]:
    """Sets of offers that touch each other's goods or limits, in the order of their first offers."""
    limited = set(limited)
    owner: dict[tuple[str, int], int] = {}
    parent = list(range(len(offers)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = number = parent[parent[number]]
        return number

    for number, offer in enumerate(offers):
        marks = [("line", index) for index in offer.lines]
        if offer.promotion in limited:
            marks.append(("promotion", offer.promotion))
        for mark in marks:
            first, second = sorted((root(owner.setdefault(mark, number)), root(number)))
            parent[second] = first
    knots: dict[int, list[Offer]] = {}
    for number, offer in enumerate(offers):
        knots.setdefault(root(number), []).append(offer)
    return list(knots.values())
