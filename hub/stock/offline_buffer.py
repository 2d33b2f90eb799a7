"""The offline buffer: how much of a shelf the hub holds back while it cannot hear the shop.

The promise: the smallest number of sale units that the shop sells meanwhile with at most the accepted risk of selling
more. Arrivals at a counter are taken for a Poisson process, so the number is a quantile of that distribution: exact,
from sums, and bounded. The trap: the rate must be what was known when it is used, and a rate of zero holds back
nothing, so who estimates the rate must not call the unknown zero.
"""

from __future__ import annotations

from math import exp, floor, inf, isfinite, lgamma, log, log1p, sqrt

MEAN_MAX = 100_000.0
UNITS_MAX = 200_000
"""More expected units, and more held back, count as these: no shelf holds so many, and the sum stays bounded."""

RISK_MIN = 1e-6
"""The finest risk asked for: at the largest mean, a sum of doubles is right to some 1e-8."""

SIGMAS_LEFT_OUT = 10
"""The sum starts this many standard deviations below the mean; what lies before is less than 1e-20."""

SIZE_OF_POISSON = 1e4
"""A variance that is larger than the mean by less than one in so many is no different from it."""


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
    mean = min(rate_per_minute, MEAN_MAX) * max(minutes, 0.0)
    return units_quantile(mean, mean, risk)


def units_quantile(mean: float, variance: float, risk: float) -> int:
    """Return the smallest n with P(X <= n) >= 1 - risk for X of this mean and variance, at most `UNITS_MAX`.

    X is Poisson where the variance is no larger than the mean; otherwise negative binomial, which is what purchases at
    an uncertain rate and of several units at a time come close to.

    Raises:
        ValueError: a mean that is no finite number, a risk outside its range.
    """
    if not isfinite(mean):
        raise ValueError(f"offline buffer: {mean} units expected; give a finite number")
    if not RISK_MIN <= risk < 1:
        raise ValueError(f"offline buffer: a risk of {risk}; give one from {RISK_MIN} to less than 1, such as 0.01")
    if mean <= risk:
        return 0  # by Markov's inequality: P(X >= 1) <= mean. So are most articles in most silences
    if mean > MEAN_MAX:
        mean, variance = MEAN_MAX, variance * (MEAN_MAX / mean)
    size = mean * mean / (variance - mean) if variance > mean else inf
    return _quantile(mean, size if size < SIZE_OF_POISSON * mean else inf, risk)


def _quantile(mean: float, size: float, risk: float) -> int:
    """Sum a negative binomial distribution from its lower end; a size without end makes it Poisson."""
    spread = sqrt(mean + mean * mean / size)
    units = max(0, floor(mean - SIGMAS_LEFT_OUT * spread))
    likely = exp(_log_likelihood(units, mean, size))
    reached = likely
    share = mean / (1 + mean / size)
    while reached < 1 - risk and units < UNITS_MAX:
        likely *= share * (1 + units / size) / (units + 1)
        units += 1
        reached += likely
    return units


def _log_likelihood(units: int, mean: float, size: float) -> float:
    log_factorial = lgamma(units + 1)
    if size == inf:
        return units * log(mean) - mean - log_factorial
    falling = units * log(mean / (size + mean)) - size * log1p(mean / size)
    return lgamma(size + units) - lgamma(size) - log_factorial + falling
