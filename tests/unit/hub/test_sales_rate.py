"""What a silent shop is likely to sell: a week adds up, thin evidence borrows, more is never less."""

from __future__ import annotations

from itertools import pairwise
from math import isclose

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.stock.offline_buffer import units_quantile
from hub.stock.sales_rate import (
    FLAT_SHARE,
    HOURS_PER_WEEK,
    MINUTES_PER_WEEK,
    RecentSales,
    StoreHabit,
    WeekProfile,
    expected_sales,
    silence_minutes,
)

hours = st.lists(st.integers(0, 1000), min_size=HOURS_PER_WEEK, max_size=HOURS_PER_WEEK)
instants = st.floats(0, 20 * MINUTES_PER_WEEK)


@st.composite
def articles(draw: st.DrawFn) -> RecentSales:
    """An article's sales that could have happened: each purchase of one to twelve units."""
    units = draw(st.lists(st.integers(1, 12), max_size=50))
    return RecentSales(len(units), sum(units), sum(count * count for count in units))


def habit_of(sold: list[RecentSales], weeks: float = 4) -> StoreHabit:
    """The habit of a store with these articles, from sums as a query would give them."""
    everything = RecentSales(
        sum(one.purchases for one in sold), sum(one.units for one in sold), sum(one.squares for one in sold)
    )
    return StoreHabit.from_sums(len(sold), everything, sum(one.purchases**2 for one in sold), weeks)


@given(hours, instants)
def test_any_seven_days_are_one_week(units: list[int], start: float) -> None:
    """Wherever a week begins, its parts add up to one."""
    profile = WeekProfile.from_hours(units)
    assert isclose(profile.weeks(start, start + MINUTES_PER_WEEK), 1, rel_tol=1e-9)


@given(hours, instants, instants, instants)
def test_parts_of_a_silence_add_up(units: list[int], first: float, second: float, third: float) -> None:
    """A silence that is cut in two holds the same trade; none of it is negative."""
    start, middle, end = sorted((first, second, third))
    profile = WeekProfile.from_hours(units)
    assert profile.weeks(start, middle) >= 0
    assert isclose(profile.weeks(start, end), profile.weeks(start, middle) + profile.weeks(middle, end), abs_tol=1e-9)
    assert profile.weeks(end, start) <= 1e-9


def test_a_busy_hour_weighs_what_it_sells() -> None:
    """A store that trades in one hour of the week does nearly all of its trade there, and a little at any time."""
    profile = WeekProfile.from_hours([0.0] * 10 + [5.0] + [0.0] * 157)
    assert isclose(profile.weeks(600, 660), 1 - FLAT_SHARE + FLAT_SHARE / HOURS_PER_WEEK)
    assert isclose(profile.weeks(0, 60), FLAT_SHARE / HOURS_PER_WEEK)


def test_a_store_without_a_sale_trades_evenly() -> None:
    """Nothing known means nothing assumed: every hour the same."""
    assert isclose(WeekProfile.from_hours([0.0] * HOURS_PER_WEEK).weeks(0, MINUTES_PER_WEEK / 4), 0.25)


@given(st.lists(articles(), min_size=1, max_size=30), st.floats(0.001, 3), st.floats(0.001, 3))
def test_a_longer_silence_expects_more(sold: list[RecentSales], part: float, longer: float) -> None:
    """Mean, variance and buffer grow with the part of the week, and the variance is never below the mean."""
    part, longer = sorted((part, longer))
    habit = habit_of(sold)
    less, more = (expected_sales(sold[0], 4, habit, weeks) for weeks in (part, longer))
    assert less.mean <= more.mean
    assert less.variance <= more.variance
    assert less.variance >= less.mean * (1 - 1e-9)
    assert units_quantile(less.mean, less.variance, 0.01) <= units_quantile(more.mean, more.variance, 0.01)


@given(st.lists(st.integers(0, 200), min_size=2, max_size=30))
def test_who_sold_more_often_is_expected_to_sell_more_often(purchases: list[int]) -> None:
    """With one unit at a time, the order of the articles stays."""
    sold = [RecentSales(count, count, count) for count in sorted(purchases)]
    means = [expected_sales(one, 4, habit_of(sold), 0.1).mean for one in sold]
    assert all(low <= high * (1 + 1e-9) for low, high in pairwise(means))


def test_an_article_without_a_sale_is_not_taken_for_dead() -> None:
    """Among articles that sell, the one that did not for four weeks is expected to sell, less than the average."""
    sold = [RecentSales(n, n, n) for n in (0, 0, 1, 2, 5, 12)]
    nothing = expected_sales(sold[0], 4, habit_of(sold), 1)
    assert 0 < nothing.mean < sum(one.units for one in sold) / len(sold) / 4


def test_much_evidence_speaks_for_itself() -> None:
    """Of an article with many purchases, the store's average changes little."""
    busy = RecentSales(4000, 8000, 20_000)
    expected = expected_sales(busy, 4, habit_of([busy, *[RecentSales(1, 1, 1)] * 99]), 0.1)
    assert isclose(expected.mean, 200, rel_tol=0.02)
    assert isclose(expected.variance, 200 * 20_000 / 8000 + 200**2 / 4000, rel_tol=0.02)


@pytest.mark.parametrize("sold", [[], [RecentSales()], [RecentSales(3, 3, 3)] * 5])
def test_odd_stores_have_a_habit_too(sold: list[RecentSales]) -> None:
    """No article, no sale, all articles alike: finite figures, and a mean of no less than nothing."""
    expected = expected_sales(RecentSales(), 4, habit_of(sold), 0.5)
    assert 0 < expected.mean <= expected.variance < 10


def test_a_silence_is_taken_to_last_as_long_again() -> None:
    """After an hour we reckon with two; a clock that was set back gives a silence of nothing."""
    assert silence_minutes(100, 160) == (100, 220)
    assert silence_minutes(100, 90) == (100, 90)


def test_what_cannot_be_used_is_named() -> None:
    """A profile of the wrong length and a period of nothing are refused with the remedy."""
    with pytest.raises(ValueError, match="24 hours; give the units of each of 168"):
        WeekProfile.from_hours([1.0] * 24)
    with pytest.raises(ValueError, match="0 weeks; look back"):
        StoreHabit.from_sums(1, RecentSales(), 0, 0)
