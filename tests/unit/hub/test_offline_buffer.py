"""The offline buffer: the quantile that it says it is, monotone, bounded, and clear about what it cannot use."""

from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import accumulate
from math import ceil, exp, inf, log, nan, sqrt
from statistics import NormalDist

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from hub.stock.offline_buffer import MEAN_MAX, RISK_MIN, UNITS_MAX, offline_buffer, units_quantile

rates = st.floats(0, 5, allow_subnormal=False)
minutes = st.floats(0, 60, allow_subnormal=False)
risks = st.floats(RISK_MIN, 0.999)
EDGE = Decimal("1e-9")
"""So close to a step of the distribution, doubles may fall to either side of it."""


def chances(mean: float, last: int) -> list[Decimal]:
    """P(Poisson(mean) <= n) for n from 0 to `last`, by its definition and in fifty digits."""
    with localcontext(prec=50):
        term = (-Decimal(mean)).exp()
        reached = [term]
        for units in range(1, last + 1):
            term = term * Decimal(mean) / units
            reached.append(reached[-1] + term)
        return reached


@given(rates, minutes, risks)
def test_the_buffer_is_the_smallest_number_that_keeps_the_risk(rate: float, time: float, risk: float) -> None:
    """With n held back the risk is kept, with one less it is not: checked in fifty digits, by the definition."""
    held = offline_buffer(rate, time, risk)
    reached = chances(rate * time, held)
    assert reached[held] >= 1 - Decimal(risk) - EDGE
    assert held == 0 or reached[held - 1] < 1 - Decimal(risk) + EDGE


@pytest.mark.parametrize(("mean", "risk"), [(700, 0.01), (2_000, 0.001), (10_000, RISK_MIN)])
def test_a_large_mean_is_as_exact(mean: float, risk: float) -> None:
    """Where e to the minus mean is no longer a double, the sum still gives the exact quantile."""
    held = offline_buffer(mean, 1, risk)
    reached = chances(mean, held)
    assert reached[held - 1] < 1 - Decimal(risk) <= reached[held]


@given(st.floats(MEAN_MAX, 1e300), st.floats(RISK_MIN, 0.5))
def test_it_is_bounded(rate: float, risk: float) -> None:
    """However much a broken rate expects, the answer is that of the largest mean, near its normal quantile."""
    held = offline_buffer(rate, 1, risk)
    assert held == offline_buffer(MEAN_MAX, 1, risk)
    normal = MEAN_MAX - NormalDist().inv_cdf(risk) * sqrt(MEAN_MAX)
    assert abs(held - normal) < 10


@given(rates, rates, minutes, minutes, risks, risks)
def test_it_grows_with_rate_and_time_and_falls_with_risk(  # noqa: PLR0913, PLR0917 - two of each argument
    rate: float, more: float, time: float, longer: float, risk: float, riskier: float
) -> None:
    """Monotone in each argument: a busier shelf, a longer silence, a smaller risk never hold back less."""
    (rate, more), (time, longer), (risk, riskier) = (
        sorted((rate, more)),
        sorted((time, longer)),
        sorted((risk, riskier)),
    )
    held = offline_buffer(rate, time, risk)
    assert held <= offline_buffer(more, time, risk)
    assert held <= offline_buffer(rate, longer, risk)
    assert held >= offline_buffer(rate, time, riskier)


@given(rates, minutes, risks)
def test_nothing_is_held_back_while_nothing_can_be_sold(rate: float, time: float, risk: float) -> None:
    """A store that is heard, a shelf that never sells, a clock that was set back: zero."""
    assert offline_buffer(rate, 0, risk) == 0
    assert offline_buffer(0, time, risk) == 0
    assert offline_buffer(rate, -time, risk) == 0


@given(rates, minutes, risks)
def test_the_risk_is_not_bought_with_more_than_the_spread(rate: float, time: float, risk: float) -> None:
    """Cantelli's inequality bounds every quantile: mean plus spread times sqrt((1 - risk) / risk)."""
    mean = rate * time
    assume(mean > 0)
    assert offline_buffer(rate, time, risk) <= ceil(mean + sqrt(mean * (1 - risk) / risk))


@pytest.mark.parametrize(
    ("rate", "time", "risk", "told"),
    [
        (-0.1, 5, 0.01, "sales rate of -0.1"),
        (nan, 5, 0.01, "sales rate of nan"),
        (inf, 5, 0.01, "sales rate of inf"),
        (1, nan, 0.01, "nan minutes"),
        (1, inf, 0.01, "inf minutes"),
        (1, 5, 0, "risk of 0"),
        (1, 5, 1, "risk of 1"),
        (1, 5, nan, "risk of nan"),
    ],
)
def test_what_is_no_rate_time_or_risk_is_named(rate: float, time: float, risk: float, told: str) -> None:
    """An argument that would hold back anything or everything is refused with its value and the remedy."""
    with pytest.raises(ValueError, match=told):
        offline_buffer(rate, time, risk)


def spread_chances(mean: float, variance: float, last: int) -> list[float]:
    """P(X <= n) of a negative binomial, mixed by hand: purchases are Poisson, their units logarithmic (Quenouille)."""
    size = mean * mean / (variance - mean)
    share = mean / (mean + size)
    purchases = -size * log(1 - share)
    units = [0.0] + [-(share**count) / (count * log(1 - share)) for count in range(1, last + 1)]
    likely = [exp(-purchases)]
    for total in range(1, last + 1):  # Panjer's recursion for a compound Poisson distribution
        likely.append(
            purchases / total * sum(count * units[count] * likely[total - count] for count in range(1, total + 1))
        )
    return list(accumulate(likely))


@given(st.floats(0.01, 20), st.floats(1.05, 6), st.floats(1e-4, 0.9))
def test_a_spread_that_is_larger_than_poisson_is_reckoned_with(mean: float, spread: float, risk: float) -> None:
    """Of purchases of several units at a time, the quantile is that of the compound distribution."""
    held = units_quantile(mean, mean * spread, risk)
    reached = spread_chances(mean, mean * spread, held)
    assert reached[held] >= 1 - risk - 1e-9
    assert held == 0 or reached[held - 1] < 1 - risk + 1e-9


@settings(max_examples=25)
@given(st.floats(0, 1e9), st.floats(0, 1e12), st.floats(RISK_MIN, 0.9))
def test_any_mean_and_spread_end(mean: float, variance: float, risk: float) -> None:
    """Whatever a rate estimate gives, the sum ends, and no more is held back than any shelf has."""
    assert 0 <= units_quantile(mean, variance, risk) <= UNITS_MAX
