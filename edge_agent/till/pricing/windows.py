"""When a promotion holds: its days, weekdays and hours, on the store's own clock.

The trap: hours over midnight. From 22:00 to 02:00 on Friday ends on Saturday at 2; the night belongs to the day on
which it began, for weekdays and for first and last days alike.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Literal

from protocol.promotions import Hours, Promotion

Holding = Literal["open", "not_yet", "over", "closed"]
"""`closed`: it has begun and is not over, but not on this weekday or at this hour."""


def holding_at(promotion: Promotion, local_now: datetime) -> Holding:
    """Say whether a promotion holds at a moment of the store's wall clock."""
    today = local_now.date()
    by_day = _holding_on(promotion, today)
    if not promotion.hours:
        return by_day
    clock = local_now.time().replace(tzinfo=None)
    began = [day for hours in promotion.hours if (day := _began_on(hours, clock, today)) is not None]
    if any(_holding_on(promotion, day) == "open" for day in began):
        return "open"
    return "closed" if by_day == "open" else by_day


def _began_on(hours: Hours, clock: time, today: date) -> date | None:
    """The day on which the hours began that hold at this time; None if they do not hold."""
    if hours.start < hours.end:
        return today if hours.start <= clock < hours.end else None
    if clock >= hours.start:
        return today
    return today - timedelta(days=1) if clock < hours.end else None


def _holding_on(promotion: Promotion, day: date) -> Holding:
    if promotion.first_day is not None and day < promotion.first_day:
        return "not_yet"
    if promotion.last_day is not None and day > promotion.last_day:
        return "over"
    return "open" if not promotion.weekdays or day.isoweekday() in promotion.weekdays else "closed"
