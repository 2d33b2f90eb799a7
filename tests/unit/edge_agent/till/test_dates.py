"""Dates that people type off goods: the day first, and never a guess."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.dates import read_date

days = st.dates(date(2000, 1, 1), date(2099, 12, 31))


@given(days, st.sampled_from(["%d/%m/%Y", "%d.%m.%y", "%d-%m-%Y", "%d %m %y", "%d%m%y", "%d%m%Y", "%Y-%m-%d"]))
def test_a_date_is_read_however_it_is_written(day: date, how: str) -> None:
    """With any mark between, with two or four digits of the year, run together, or as computers write it."""
    assert read_date(f" {day.strftime(how)} ") == day


@given(days)
def test_a_month_is_good_until_its_last_day(day: date) -> None:
    """As the law says of goods that bear no day."""
    found = read_date(day.strftime("%m/%Y"))
    assert found is not None
    assert (found.year, found.month) == (day.year, day.month)
    assert found >= day


@pytest.mark.parametrize(
    "text", ["", "soon", "32/1/2026", "29/2/2026", "13/2026", "0/2026", "1/2/3/4", "1/0000", "\u0669/1/2026"]
)
def test_what_is_no_date_is_refused(text: str) -> None:
    """Nothing is made of it."""
    assert read_date(text) is None


@given(st.text(max_size=20))
def test_any_text_is_answered(text: str) -> None:
    """With a date or with none."""
    read_date(text)
