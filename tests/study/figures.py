"""From outcomes to figures: shares with 95 % confidence intervals over the repetitions.

Every figure is a ratio of sums over repetitions (oversold orders to all orders, and so on), so its interval comes from
the jackknife: each repetition is left out once. The trade at the counters is the same in all of them, so the
intervals tell of the chance of outages and web orders, not of other shops.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from tests.study.shops import Outcome

STUDENT_975 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145,
               2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045,
               2.042)  # fmt: skip
"""Student's t at 97.5 % for 1 to 30 degrees of freedom, from any table."""


@dataclass(frozen=True)
class Ratio:
    """A ratio of sums and the half width of its interval; none with fewer than two repetitions."""

    value: float
    half: float | None

    def as_report(self) -> dict[str, float | None]:
        """Value and bounds, rounded to what is known of them."""
        low = None if self.half is None else round(max(0.0, self.value - self.half), 8)
        high = None if self.half is None else round(self.value + self.half, 8)
        return {"value": round(self.value, 8), "low": low, "high": high}


def ratio(tops: Sequence[float], bottoms: Sequence[float]) -> Ratio:
    """Return sum of tops to sum of bottoms with its jackknife interval; 0 where there is nothing to divide by."""
    top, bottom = sum(tops), sum(bottoms)
    value = top / bottom if bottom else 0.0
    count = len(tops)
    if count < 2:
        return Ratio(value, None)
    without = [(top - mine) / (bottom - of) if bottom - of else 0.0 for mine, of in zip(tops, bottoms, strict=True)]
    middle = sum(without) / count
    error = sqrt((count - 1) / count * sum((one - middle) ** 2 for one in without))
    return Ratio(value, STUDENT_975[min(count - 1, len(STUDENT_975)) - 1] * error)


@dataclass(frozen=True)
class Repetition:
    """One policy's outcome in one repetition, and how much of the shelves' time their stores were silent."""

    outcome: Outcome
    silent_share: float

    def weighed(self, counts: Sequence[int]) -> float:
        """Weigh the probes of heard and of silent shelves by the time that they stand for."""
        return (1 - self.silent_share) * counts[0] + self.silent_share * counts[1]


@dataclass(frozen=True)
class Figures:
    """What a policy is judged by, over all repetitions of one regime."""

    oversold: Ratio
    withheld: Ratio
    withheld_while_silent: Ratio
    lost_web_sales: Ratio
    fewer_oversold: Ratio
    """Oversold orders to those of the naive policy in the same repetitions."""

    oversold_orders: int
    lost_orders: int
    orders: int

    def as_report(self) -> dict[str, Any]:
        """All of it for JSON."""
        return {
            "oversold": self.oversold.as_report(),
            "withheld": self.withheld.as_report(),
            "withheld_while_silent": self.withheld_while_silent.as_report(),
            "lost_web_sales": self.lost_web_sales.as_report(),
            "oversold_to_naive": self.fewer_oversold.as_report(),
            "oversold_orders": self.oversold_orders,
            "lost_orders": self.lost_orders,
            "orders": self.orders,
        }


def figures(repetitions: Sequence[Repetition], naive: Sequence[Repetition]) -> Figures:
    """Judge one policy against the naive one, repetition by repetition."""
    outcomes = [repetition.outcome for repetition in repetitions]
    orders = [float(outcome.orders) for outcome in outcomes]
    oversold = [float(outcome.oversold) for outcome in outcomes]
    return Figures(
        ratio(oversold, orders),
        ratio(
            [repetition.weighed(repetition.outcome.held) for repetition in repetitions],
            [repetition.weighed(repetition.outcome.available) for repetition in repetitions],
        ),
        ratio([float(outcome.held[1]) for outcome in outcomes], [float(outcome.available[1]) for outcome in outcomes]),
        ratio([float(outcome.lost) for outcome in outcomes], orders),
        ratio(oversold, [float(repetition.outcome.oversold) for repetition in naive]),
        sum(outcome.oversold for outcome in outcomes),
        sum(outcome.lost for outcome in outcomes),
        sum(outcome.orders for outcome in outcomes),
    )
