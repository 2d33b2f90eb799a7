"""The offline buffer: how much of a shelf the hub holds back while it cannot hear the shop.

The promise: the smallest number of sale units that the shop sells meanwhile with at most the accepted risk of selling
more. Arrivals at a counter are taken for a Poisson process, so the number is a quantile of that distribution: exact,
from sums, and bounded. The trap: the rate must be what was known when it is used, and a rate of zero holds back
nothing, so who estimates the rate must not call the unknown zero.
"""

from __future__ import annotations

from math import exp, floor, isfinite, lgamma, log, sqrt

MEAN_MAX = 1_000_000.0
"""More expected units than this count as this: no shelf holds them, and the sum stays bounded (some 2 ms)."""

RISK_MIN = 1e-6
"""The finest risk asked for: at the largest mean, a sum of doubles is right to some 1e-8."""

SIGMAS_LEFT_OUT = 10
"""The sum starts this many standard deviations below the mean; what lies before is less than 1e-20."""


def offline_buffer(rate_per_minute: float, minutes: float, risk: float) -> int:
    """Return the smallest n with P(Poisson(rate * minutes) <= n) >= 1 - risk, in whole sale units.

    Args:
        rate_per_minute: expected sale units of one SKU at one store in a minute, not negative.
        minutes: since the store was last heard; less than zero (a clock was set back) counts as zero.
        risk: the accepted probability that the store sold more, from `RISK_MIN` to less than 1.

    Raises:
        ValueError: a rate or a time that is no finite number, a negative rate, a risk outside its range.
    """
    if not (isfinite(rate_per_minute) and rate_per_minute >= 0):
        raise ValueError(f"offline buffer: a sales rate of {rate_per_minute} per minute; give a number from 0 up")
    if not isfinite(minutes):
        raise ValueError(f"offline buffer: {minutes} minutes since the last contact; give a finite number")
    return poisson_quantile(min(rate_per_minute * max(minutes, 0.0), MEAN_MAX), risk)


def poisson_quantile(mean: float, risk: float) -> int:
    """Return the smallest n with P(Poisson(mean) <= n) >= 1 - risk, for a mean from 0 to `MEAN_MAX`."""
    if not RISK_MIN <= risk < 1:
        raise ValueError(f"offline buffer: a risk of {risk}; give one from {RISK_MIN} to less than 1, such as 0.01")
    if mean == 0:
        return 0
    spread = sqrt(mean)
    units = max(0, floor(mean - SIGMAS_LEFT_OUT * spread))
    likely = exp(units * log(mean) - mean - lgamma(units + 1))
    reached = likely
    # The terms fall off faster than a normal curve's, so this ends; the bound is for our own mistakes.
    last = units + int(4 * SIGMAS_LEFT_OUT * spread) + 4 * SIGMAS_LEFT_OUT
    while reached < 1 - risk and units < last:
        units += 1
        likely *= mean / units
        reached += likely
    return units
