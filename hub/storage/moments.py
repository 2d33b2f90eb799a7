"""Times in the database: microseconds since 1970 UTC as a 64-bit integer.

One form for every database: exact to the microsecond of an event's time, sorted by plain comparison, and without the
zone and rounding rules in which drivers differ.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_START = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


def to_us(at: datetime) -> int:
    """An aware time as microseconds."""
    return (at - _START) // _STEP


def from_us(microseconds: int) -> datetime:
    """Microseconds as an aware UTC time."""
    return _START + timedelta(microseconds=microseconds)


def maybe_us(at: datetime | None) -> int | None:
    """As `to_us`, and None stays None."""
    return None if at is None else to_us(at)


def maybe_from_us(microseconds: int | None) -> datetime | None:
    """As `from_us`, and None stays None."""
    return None if microseconds is None else from_us(microseconds)


def zone_of(name: str) -> tzinfo:
    """A store's time zone by its IANA name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # "Asia" is a folder of the zones' files
        return UTC
