"""Tills that cannot be heard, and what their shelves may have sold meanwhile. Pure.

A till is silent from its last sign of life on: while it is offline, and after that until what it sold meanwhile has
come in. What it is expected to sell follows from what that very till sold in the weeks before (`sales_rate.py`), so a
store whose other tills are heard holds back for the silent one only. A web order is picked when the till is heard
again, so as much trade again is reckoned with as has fallen into the silence already. Trade, not time: the till of a
shop that has closed for the night is silent for ten hours and sells next to nothing. Quantities are thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from hub.stock.offline_buffer import units_quantile
from hub.stock.sales_rate import HOURS_PER_WEEK, Expected, RecentSales, StoreHabit, WeekProfile, expected_sales
from protocol.quantity import SCALE

GRACE = timedelta(minutes=2)
"""A till says once a minute that it is there; one that is gone for less than this may just be restarting."""

SILENCE_MAX = timedelta(days=7)
"""Longer than this is not believed to go on selling at its old rate: more is not held back."""

RATE_WINDOW = timedelta(days=28)
TRADE_AGAIN = 2.0
"""The trade of the silence by now, and as much again until the till is heard."""

WEEK = timedelta(weeks=1)
_MONDAY = datetime(1970, 1, 5)  # noqa: DTZ001 - the beginning of a week by the clock on the shop's wall


@dataclass(frozen=True)
class TillContact:
    """What is known of a till: `last_contact` is its last status or its last journal batch, None for never."""

    store: str
    terminal: str
    online: bool
    backlog: int
    oldest_unsent_at: datetime | None
    last_contact: datetime | None


@dataclass(frozen=True)
class TillSales:
    """What a till sold before it fell silent: of each SKU its store has left, and when, in the store's own time."""

    sold: Mapping[str, RecentSales] = field(default_factory=dict)
    receipts: Mapping[datetime, int] = field(default_factory=dict)


def silent_since(till: TillContact, now: datetime) -> datetime | None:
    """From when on a till's sales are unknown; None while they are known, or when it never was there."""
    if till.last_contact is None:
        return None
    since = till.last_contact
    if till.online:
        if not till.backlog or till.oldest_unsent_at is None:
            return None
        since = till.oldest_unsent_at
    return since if now - since >= GRACE else None


@dataclass(frozen=True)
class SilentTill:
    """What is reckoned of a till when it falls silent; `profile` is its usual week by the clock of `zone`."""

    since: datetime
    weeks: float
    habit: StoreHabit
    profile: WeekProfile
    zone: tzinfo | None

    @classmethod
    def of(cls, since: datetime, sales: TillSales) -> SilentTill:
        """From what it sold before `since`; needs a receipt."""
        return cls(since, *_habit(sales, since), _profile(sales.receipts), _zone(sales.receipts))

    def part(self, now: datetime) -> float:
        """Which part of its usual week to reckon with: what fell into the silence by now, and as much again."""
        end = min(now, self.since + SILENCE_MAX)
        start_min, end_min = (_week_minutes(moment, self.zone) for moment in (self.since, end))
        return TRADE_AGAIN * self.profile.weeks(start_min, end_min)

    def expects(self, recent: RecentSales, part: float) -> Expected:
        """What it sells of an article with these sales in a part of its week."""
        return expected_sales(recent, self.weeks, self.habit, part)


def held_back(silent: Iterable[tuple[datetime, TillSales]], now: datetime, risk: float) -> dict[str, int]:
    """What to hold back in a store with these silent tills, by SKU; what is 0 is left out."""
    expected: defaultdict[str, list[Expected]] = defaultdict(list)
    for since, sales in silent:
        if not sales.receipts:
            continue  # a till that has not sold for weeks is not in use
        till = SilentTill.of(since, sales)
        part = till.part(now)
        for sku, recent in sales.sold.items():
            expected[sku].append(till.expects(recent, part))
    found = {sku: units_held_back(expected[sku], risk) for sku in sorted(expected)}
    return {sku: units * SCALE for sku, units in found.items() if units > 0}


def units_held_back(expected: Iterable[Expected], risk: float) -> int:
    """How many units of an article to hold back, by what each of the store's silent tills is expected to sell of it."""
    mean = variance = 0.0
    for one in expected:
        mean += one.mean
        variance += one.variance
    return units_quantile(mean, variance, risk)


def _profile(receipts: Mapping[datetime, int]) -> WeekProfile:
    hours = [0.0] * HOURS_PER_WEEK
    for hour, count in receipts.items():
        hours[hour.weekday() * 24 + hour.hour] += count
    return WeekProfile.from_hours(hours)


def _zone(receipts: Mapping[datetime, int]) -> tzinfo | None:
    return next(iter(receipts)).tzinfo


def _week_minutes(moment: datetime, zone: tzinfo | None) -> float:
    return (moment.astimezone(zone).replace(tzinfo=None) - _MONDAY) / timedelta(minutes=1)


def _habit(sales: TillSales, since: datetime) -> tuple[float, StoreHabit]:
    # A till that is new has less to look back on; less than a week would make much of a day.
    weeks = max(1.0, min(RATE_WINDOW, since - min(sales.receipts)) / WEEK)
    everything = RecentSales(
        purchases=sum(one.purchases for one in sales.sold.values()),
        units=sum(one.units for one in sales.sold.values()),
        squares=sum(one.squares for one in sales.sold.values()),
    )
    squared = sum(one.purchases**2 for one in sales.sold.values())
    return weeks, StoreHabit.from_sums(len(sales.sold), everything, squared, weeks)
