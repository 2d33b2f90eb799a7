"""What a shop is likely to sell while the hub cannot hear it: a mean and a variance, from its recent sales alone.

In a shopkeeper's words: we look at how often this article went over your counter in the last four weeks, how many at
a time, and which part of a usual week's trade falls into the silence. We take the silence to last as long again as it
has lasted, for the shop knows nothing of a web order until it is heard again, and goes on selling.

The trap is the article without a sale in four weeks: its rate is not zero but little known, so each article borrows
from the store's other articles as much as its own sales leave open (a gamma prior, fitted by moments). The purchases
of a silence are then a Poisson number with an uncertain rate, each of some units, and the variance says so.
Source of the arithmetic: Gelman et al., Bayesian Data Analysis, 3rd ed., 2.6 (Poisson with gamma prior).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import floor

MINUTES_PER_HOUR = 60
HOURS_PER_WEEK = 168
MINUTES_PER_WEEK = HOURS_PER_WEEK * MINUTES_PER_HOUR

FLAT_SHARE = 0.05
"""So much of a week's trade is spread evenly over its hours, so that no hour counts as one in which nothing sells."""

QUANTITY_BORROWED = 4.0
"""Units per purchase: an article borrows so many purchases from its store's average."""

SHAPE_MIN = 0.05
SHAPE_MAX = 50.0
"""Bounds of the prior's shape, for stores in which all articles sell alike, or only one sells."""


@dataclass(frozen=True)
class WeekProfile:
    """How a store's trade spreads over the week: `reached[h]` is the share that is done before hour h, 0 to 168."""

    reached: tuple[float, ...]

    @classmethod
    def from_hours(cls, units: Sequence[float]) -> WeekProfile:
        """Make one from the units that the store sold in each hour of the week (168 numbers, any origin of the week).

        Raises:
            ValueError: not 168 numbers.
        """
        if len(units) != HOURS_PER_WEEK:
            raise ValueError(f"week profile: {len(units)} hours; give the units of each of {HOURS_PER_WEEK} hours")
        total = sum(units)
        flat = 1 / HOURS_PER_WEEK
        kept = 1 - FLAT_SHARE if total > 0 else 0.0
        shares = [kept * (count / total if total > 0 else 0.0) + (1 - kept) * flat for count in units]
        return cls((0.0, *accumulate(shares)))

    def weeks(self, start: float, end: float) -> float:
        """Return which part of a usual week's trade falls between two instants, in minutes of the profile's clock.

        More than one week gives more than 1; an end before its start gives 0.
        """
        return max(0.0, self._until(end) - self._until(start))

    def _until(self, minute: float) -> float:
        week, within = divmod(minute, MINUTES_PER_WEEK)
        hour = min(floor(within / MINUTES_PER_HOUR), HOURS_PER_WEEK - 1)
        part = within / MINUTES_PER_HOUR - hour
        return week + self.reached[hour] + part * (self.reached[hour + 1] - self.reached[hour])


@dataclass(frozen=True)
class RecentSales:
    """An article's sales in the period looked back on: purchases, their units, and the sum of their units squared."""

    purchases: int = 0
    units: float = 0.0
    squares: float = 0.0


@dataclass(frozen=True)
class StoreHabit:
    """What a store's articles have in common: a gamma distribution of purchases a week, and units per purchase."""

    shape: float
    weeks: float
    units: float
    squares: float

    @classmethod
    def from_sums(cls, articles: int, sold: RecentSales, purchases_squared: int, weeks: float) -> StoreHabit:
        """Fit by moments, from sums that one query gives.

        Args:
            articles: how many the store has, those without a sale among them.
            sold: purchases, units and squares of all of them together.
            purchases_squared: the sum over the articles of each one's purchases, squared.
            weeks: how long the period was that the sums are from.

        Raises:
            ValueError: a period that is not longer than nothing.
        """
        if not weeks > 0:
            raise ValueError(f"store habit: a period of {weeks} weeks; look back on more than nothing")
        if articles <= 0 or sold.purchases <= 0:
            return cls(SHAPE_MIN, weeks, 1.0, 1.0)
        mean = sold.purchases / articles
        variance = purchases_squared / articles - mean * mean
        shape = mean * mean / (variance - mean) if variance > mean else SHAPE_MAX
        shape = min(max(shape, SHAPE_MIN), SHAPE_MAX)
        return cls(shape, shape * weeks / mean, sold.units / sold.purchases, sold.squares / sold.purchases)


@dataclass(frozen=True)
class Expected:
    """Sale units that are expected in a silence."""

    mean: float
    variance: float


def expected_sales(recent: RecentSales, weeks: float, habit: StoreHabit, part: float) -> Expected:
    """Return what an article sells in a `part` of a usual week's trade.

    Args:
        recent: its sales in the last `weeks` weeks, as the hub knew them when the silence began.
        weeks: how long that period was.
        habit: of its store, over the same period.
        part: of a week's trade, from `WeekProfile.weeks`.
    """
    shape = habit.shape + recent.purchases
    purchases = part * shape / (habit.weeks + weeks)
    known = recent.purchases + QUANTITY_BORROWED
    units = (recent.units + QUANTITY_BORROWED * habit.units) / known
    squares = (recent.squares + QUANTITY_BORROWED * habit.squares) / known
    mean = purchases * units
    return Expected(mean, mean * squares / units + mean * mean / shape)


def silence_minutes(heard: float, now: float) -> tuple[float, float]:
    """Return the silence to reckon with, from its begin to its likely end: as long again as it has lasted by now."""
    return heard, now + max(0.0, now - heard)
