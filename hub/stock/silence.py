"""Tills that cannot be heard, and what their shelves may have sold meanwhile. Pure.

A till is silent from its last sign of life on: while it is offline, and after that until what it sold meanwhile has
come in. What it is expected to sell is what that very till sold in the weeks before at the same hours of the day, on
days of the week on which it sold at all: a shop that has closed for the night holds nothing back for the night, and a
store whose other tills are heard holds back for the silent one only. Quantities are thousandths.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from hub.stock.offline_buffer import offline_buffer
from protocol.quantity import SCALE

GRACE = timedelta(minutes=2)
"""A till says once a minute that it is there; one that is gone for less than this may just be restarting."""

SILENCE_MAX = timedelta(days=7)
"""Longer than this is not believed to go on selling at its old rate: more is not held back."""

RATE_WINDOW = timedelta(days=28)
HOUR = timedelta(hours=1)
CLOSED_AFTER = 2
"""A day of the week on which nothing was sold so many times in the window is one on which the shop is closed."""


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
    """What a till sold before it fell silent: by SKU, and its receipts by the hour, in the store's own time."""

    sold: Mapping[str, int] = field(default_factory=dict)
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


def held_back(silent: Iterable[tuple[datetime, TillSales]], now: datetime, risk: float) -> dict[str, int]:
    """What to hold back in a store with these silent tills, by SKU; what is 0 is left out."""
    expected: defaultdict[str, float] = defaultdict(float)
    for since, sales in silent:
        share = expected_share(sales.receipts, since, now)
        for sku, sold in sales.sold.items():
            if sold > 0 and share > 0:
                expected[sku] += sold / SCALE * share
    found = {sku: offline_buffer(units, 1.0, risk) for sku, units in sorted(expected.items())}
    return {sku: units * SCALE for sku, units in found.items() if units > 0}


def expected_share(receipts: Mapping[datetime, int], since: datetime, now: datetime) -> float:
    """How many of the window's receipts, as a share, are expected between `since` and `now`; from 0 up."""
    total = sum(receipts.values())
    if not total:
        return 0.0
    zone = next(iter(receipts)).tzinfo
    days = {hour.date() for hour in receipts}
    by_hour: Counter[int] = Counter()
    for hour, count in receipts.items():
        by_hour[hour.hour] += count
    closed = _closed_weekdays(days, since.astimezone(zone).date())
    moment, end = since, min(now, since + SILENCE_MAX)
    expected = 0.0
    while moment < end:  # at most one step an hour of SILENCE_MAX, and two more
        local = moment.astimezone(zone)
        next_hour = local.replace(minute=0, second=0, microsecond=0) + HOUR
        until = min(end, moment + max(next_hour - local, timedelta(microseconds=1)))
        if local.weekday() not in closed:
            expected += by_hour[local.hour] / len(days) * ((until - moment) / HOUR)
        moment = until
    return expected / total


def _closed_weekdays(sold_on: Collection[date], today: date) -> frozenset[int]:
    first = max(min(sold_on), today - RATE_WINDOW)
    passed = Counter((first + timedelta(days=number)).weekday() for number in range((today - first).days))
    open_on = {day.weekday() for day in sold_on}
    return frozenset(day for day in range(7) if passed[day] >= CLOSED_AFTER and day not in open_on)
