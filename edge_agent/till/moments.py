"""Moments as whole microseconds since 1970 in UTC, which is how the till's database keeps them.

Integers compare and index exactly; a float of seconds would lose the last digits that the clock gives.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_us(moment: datetime) -> int:
    """Microseconds of an aware moment."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def from_us(microseconds: int) -> datetime:
    """The moment, in UTC."""
    return _EPOCH + timedelta(microseconds=microseconds)


def start_of_day(day: date, time_zone: str) -> datetime:
    """Midnight by the store's clock."""
    try:
        return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return datetime(day.year, day.month, day.day, tzinfo=UTC)


def at_store(moment: datetime, time_zone: str) -> datetime:
    """The store's wall clock. A zone that this PC does not know counts as UTC: selling must not stop for it."""
    try:
        return moment.astimezone(ZoneInfo(time_zone))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment.astimezone(UTC)
