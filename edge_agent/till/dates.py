"""Dates as they are printed on goods and typed by people: the day first, as everywhere that this till is sold.

A browser's own date field would ask for the month first on a PC that was set up in American English, and nobody would
see that the ninth of December became the twelfth of September.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_DAY_FIRST = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4}|\d{2})", re.ASCII)
_RUN_TOGETHER = re.compile(r"(\d{2})(\d{2})(\d{4}|\d{2})", re.ASCII)
_MONTH = re.compile(r"(\d{1,2})[./ -](\d{4})", re.ASCII)
_CENTURY = 2_000


def read_date(text: str) -> date | None:
    """Read "9/12/2026", "09.12.26", "091226", "2026-12-09", or "12/2026" (its last day); None for no date."""
    typed = text.strip()
    if match := _ISO.fullmatch(typed):
        year, month, day = (int(part) for part in match.groups())
    elif match := _DAY_FIRST.fullmatch(typed) or _RUN_TOGETHER.fullmatch(typed):
        day, month, year = (int(part) for part in match.groups())
    elif match := _MONTH.fullmatch(typed):
        month, year = (int(part) for part in match.groups())
        day = monthrange(year, month)[1] if 1 <= month <= 12 and year else 0  # noqa: PLR2004 - months
    else:
        return None
    try:
        return date(year if year >= 100 else _CENTURY + year, month, day)  # noqa: PLR2004 - two digits
    except ValueError:
        return None
