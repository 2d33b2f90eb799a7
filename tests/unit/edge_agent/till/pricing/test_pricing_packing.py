"""Pieces are packed into offers once each, best where that can be searched through, and always within bounds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.pricing.offers import Offer, Reward, Slot, Use, best_use
from edge_agent.till.pricing.packing import Goods, pack

PRICES = st.lists(st.sampled_from([0, 3, 10, 25, 40, 99]), min_size=1, max_size=4)
REWARDS: st.SearchStrategy[Reward] = st.sampled_from(["price", "amount", "cheapest", "parts"])


@st.composite
def shelves(draw: st.DrawFn, pieces_max: int = 6, slots_max: int = 2) -> tuple[Goods, list[Offer], dict[int, int]]:
    """A few lines, some offers on them, and limits for some of these."""
    prices = draw(PRICES)
    lines = range(len(prices))
    free = [draw(st.integers(0, pieces_max)) for _ in lines]
    otherwise = [draw(st.integers(0, price)) if draw(st.booleans()) else 0 for price in prices]
    offers = []
    for number in range(draw(st.integers(1, 4))):
        slots = draw(
            st.lists(st.lists(st.sampled_from(lines), min_size=1, unique=True), min_size=1, max_size=slots_max)
        )
        dearest = [tuple(sorted(slot, key=lambda index: -prices[index])) for slot in slots]
        offers.append(
            Offer(
                promotion=number,
                slots=tuple(Slot(slot, draw(st.integers(1, 3)), off_bp=5_000) for slot in dearest),
                reward=draw(REWARDS), value=draw(st.sampled_from([1, 2, 30])), percent_bp=10_000,
            )
        )  # fmt: skip
    limits = {number: draw(st.integers(1, 2)) for number in range(len(offers)) if draw(st.booleans())}
    return Goods(free, prices, otherwise), offers, limits


@given(shelves())
def test_every_piece_is_used_once(shelf: tuple[Goods, list[Offer], dict[int, int]]) -> None:
    """What was taken and what is left is what there was; nothing is used more often than allowed, or for no gain."""
    goods, offers, limits = shelf
    before = list(goods.free)
    chosen = pack(offers, goods, limits)
    assert min(goods.free) >= 0
    taken = [0] * len(before)
    for use, times in chosen:
        assert times > 0
        assert 0 < use.gain <= use.saving <= sum(goods.prices[index] * count for index, count in use.takes)
        assert sum(count for _, count in use.takes) == use.offer.pieces
        for index, count in use.takes:
            taken[index] += count * times
    assert [left + gone for left, gone in zip(goods.free, taken, strict=True)] == before
    for rank, limit in limits.items():
        assert sum(times for use, times in chosen if use.offer.promotion == rank) <= limit


@given(shelves())
def test_nothing_that_gains_is_left_lying(shelf: tuple[Goods, list[Offer], dict[int, int]]) -> None:
    """After packing there is no offer that could still be used for a gain."""
    goods, offers, limits = shelf
    chosen = pack(offers, goods, limits)
    for offer in offers:
        used = sum(times for use, times in chosen if use.offer.promotion == offer.promotion)
        if used < limits.get(offer.promotion, used + 1):
            assert best_use(offer, goods.free, goods.prices, goods.otherwise) is None


@given(st.integers(1, 30), st.integers(1, 50), st.lists(st.tuples(st.integers(1, 6), st.integers(0, 200)), max_size=4))
def test_tiers_of_one_article_are_packed_best(pieces: int, unit_price: int, tiers: list[tuple[int, int]]) -> None:
    """As a table over every number of pieces says: 2 for 15, 3 for 24 and whatever else a shop thinks of."""
    offers = [
        Offer(rank, (Slot((0,), count),), "price", total) for rank, (count, total) in enumerate(tiers)
    ]  # fmt: skip
    gained = sum(use.gain * times for use, times in pack(offers, Goods([pieces], [unit_price], [0]), {}))
    best = [0] * (pieces + 1)
    for number in range(1, pieces + 1):
        best[number] = max(
            best[number - 1],
            *(best[number - count] + unit_price * count - total for count, total in tiers if count <= number),
            0,
        )
    assert gained == best[pieces]


@given(st.lists(st.integers(1, 99), min_size=1, max_size=7), st.integers(2, 4), st.data())
def test_the_cheapest_of_a_group_are_given_as_the_customer_would_group_them(
    prices: list[int], count: int, data: st.DataObject
) -> None:
    """No other way to make groups of these pieces gives more away."""
    cheapest = data.draw(st.integers(1, count - 1))
    order = tuple(sorted(range(len(prices)), key=lambda index: -prices[index]))
    offer = Offer(0, (Slot(order, count),), "cheapest", cheapest, 10_000)
    chosen = pack([offer], Goods([1] * len(prices), prices, [0] * len(prices)), {})
    assert sum(use.saving * times for use, times in chosen) == _best_groups(sorted(prices), count, cheapest)


def test_a_million_pieces_are_packed_at_once() -> None:
    """A quantity that was typed wrong does not stop the till, and tiers still fit to the last piece."""
    pair, triple = Slot((0,), 2), Slot((0,), 3)
    tiers = [Offer(0, (pair,), "price", 15), Offer(1, (triple,), "price", 24)]
    goods = Goods([1_000_001], [10], [0])
    chosen = pack(tiers, goods, {})
    assert goods.free == [0]
    assert sum(use.gain * times for use, times in chosen) == 499_999 * 5 + 6
    assert len(chosen) < 50


def test_more_offers_than_any_shop_has_are_cut_down_to_the_best() -> None:
    """A hundred mixed offers on sixty articles: the best ones are kept, and the answer comes back."""
    lines = tuple(range(60))
    offers = [Offer(rank, (Slot(lines, 2 + rank % 5),), "amount", 10 + rank) for rank in range(100)]
    chosen = pack(offers, Goods([2] * 60, [1_000] * 60, [0] * 60), {})
    assert sum(use.offer.pieces * times for use, times in chosen) == 120
    assert min(use.offer.promotion for use, _ in chosen) >= 60


def _best_groups(prices: Sequence[int], count: int, cheapest: int) -> int:
    """Try every group that the first piece can be in, and leaving it out."""
    if len(prices) < count:
        return 0
    first, *others = prices
    best = _best_groups(others, count, cheapest)
    for rest in combinations(range(len(others)), count - 1):
        group = sorted([first, *(others[index] for index in rest)])
        left = [price for index, price in enumerate(others) if index not in rest]
        best = max(best, sum(group[:cheapest]) + _best_groups(left, count, cheapest))
    return best


def test_a_use_says_what_it_gains_beyond_what_its_pieces_had_anyway() -> None:
    """Three at 10 for 20 save 10; pieces that would be 2 cheaper alone make that a gain of 4."""
    offer = Offer(0, (Slot((0,), 3),), "price", 20)
    assert best_use(offer, [3], [10], [2]) == Use(offer, ((0, 3),), 10, 4, 1_333_333)
    assert best_use(offer, [2], [10], [2]) is None
    assert best_use(offer, [3], [10], [4]) is None
