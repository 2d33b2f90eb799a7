"""The arithmetic of discounts: percentages, shares and cash, in whole minor units."""

from __future__ import annotations

import itertools
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import InvalidMoney
from protocol.money import BASIS_POINTS, added_tax, included_tax, percent_of, round_to_step, spread

amounts = st.integers(-(10**15), 10**15)
weights = st.lists(st.integers(0, 10**12), min_size=1, max_size=30)
rates = st.integers(0, BASIS_POINTS)


@given(amounts, weights)
def test_shares_add_up_exactly_and_keep_the_sign(amount: int, by: list[int]) -> None:
    """Not a dong is lost or invented, no share goes the other way, and who weighs nothing gets nothing."""
    if not sum(by):
        by = [*by, 1]
    shares = spread(amount, by)
    assert sum(shares) == amount
    assert all(share * amount >= 0 for share in shares)
    assert all(share == 0 for share, weight in zip(shares, by, strict=True) if weight == 0)


@given(st.data(), weights)
def test_a_share_is_within_one_unit_of_exact_and_never_more_than_its_weight(data: st.DataObject, by: list[int]) -> None:
    """A cut that is spread never makes a line cost less than nothing."""
    amount = data.draw(st.integers(0, sum(by)))
    for share, weight in zip(spread(amount, by), by, strict=True):
        assert share <= weight
        assert abs(share * sum(by) - amount * weight) < max(sum(by), 1)


@given(amounts, weights)
def test_the_larger_remainder_is_served_first(amount: int, by: list[int]) -> None:
    """Of two shares the heavier is never the smaller."""
    if not sum(by):
        return
    shares = sorted(zip(by, (abs(share) for share in spread(amount, by)), strict=True))
    assert all(before[1] <= after[1] for before, after in itertools.pairwise(shares) if before[0] < after[0])


@pytest.mark.parametrize("by", [[], [0, 0], [3, -1]])
def test_an_amount_needs_somebody_to_share_it(by: list[int]) -> None:
    """Nothing can be shared among nobody; an amount cannot."""
    assert spread(0, by) == [0] * len(by)
    with pytest.raises(InvalidMoney):
        spread(1, by)


@given(amounts, rates)
def test_a_percentage_is_rounded_half_away_from_zero(amount: int, rate_bp: int) -> None:
    """As a decimal calculation of the same says; tax on top is a percentage."""
    exact = Decimal(amount) * rate_bp / BASIS_POINTS
    assert percent_of(amount, rate_bp) == int(exact.quantize(Decimal(1), ROUND_HALF_UP)) == added_tax(amount, rate_bp)


@given(st.integers(0, 10**12), rates)
def test_what_is_left_after_a_percentage_grows_with_the_price(amount: int, rate_bp: int) -> None:
    """Dearer goods never end up cheaper: rounding is monotone."""
    assert amount - percent_of(amount, rate_bp) <= amount + 1 - percent_of(amount + 1, rate_bp)
    assert percent_of(amount, BASIS_POINTS) == amount


@given(st.integers(0, 10**12), rates)
def test_tax_added_and_tax_included_agree(net: int, rate_bp: int) -> None:
    """The tax inside a price with tax is the one that was added, to the unit."""
    gross = net + added_tax(net, rate_bp)
    assert abs(included_tax(gross, rate_bp) - added_tax(net, rate_bp)) <= 1


@given(amounts, st.integers(1, 100_000))
def test_cash_is_rounded_by_at_most_half_a_step(amount: int, step: int) -> None:
    """To a multiple of the smallest coin, and a refund like its sale."""
    rounded = round_to_step(amount, step)
    assert rounded % step == 0
    assert abs(rounded - amount) * 2 <= step
    assert round_to_step(-amount, step) == -rounded
    assert round_to_step(rounded, step) == rounded


@pytest.mark.parametrize(
    ("amount", "step", "cash"),
    [
        (1_002, 5, 1_000), (1_003, 5, 1_005), (1_007, 5, 1_005), (1_008, 5, 1_010),  # 5 Rappen
        (12_499, 500, 12_500), (12_249, 500, 12_000), (12_250, 500, 12_500), (12_500, 1_000, 13_000),  # dong
        (-12_250, 500, -12_500), (249, 500, 0), (17, 1, 17),
    ],
)  # fmt: skip
def test_coins_that_exist(amount: int, step: int, cash: int) -> None:
    """Swiss coins and Vietnamese notes."""
    assert round_to_step(amount, step) == cash
