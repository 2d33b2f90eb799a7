"""PINs: only the right one fits, wrong ones cost time, and no clock that somebody sets buys it back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.pins import Failures, after_wrong, as_seen, first_fitting, fits, locked_until, store_pin

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
# Cheap: what a PIN costs is no promise of these tests.
STORED = store_pin("4711", b"\x01" * 16, log2n=4)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - made aware


@given(st.text(max_size=70))
def test_only_the_right_pin_fits(pin: str) -> None:
    """Nothing but the very PIN is taken, be it empty, long or strange."""
    assert fits(pin, STORED) is (pin == "4711")


@pytest.mark.parametrize(
    "stored",
    [
        "", "4711", "scrypt$4$8$1$00", "scrypt$x$8$1$00$" + "00" * 32, "scrypt$4$8$1$zz$" + "00" * 32,
        "scrypt$30$8$1$00$" + "00" * 32, "scrypt$4$8$99$00$" + "00" * 32, "scrypt$4$8$1$00$00", "bcrypt$4$8$1$00$00",
    ],
)  # fmt: skip
def test_what_cannot_be_read_fits_nothing(stored: str) -> None:
    """A damaged document, or one that would make the till compute for minutes, lets nobody in and raises nothing."""
    assert not fits("4711", stored)
    assert not fits("", stored)


def test_a_pin_finds_the_person_that_it_belongs_to() -> None:
    """Among several stored PINs the one that fits is found; none is found as nothing."""
    other = store_pin("1234", b"\x02" * 16, log2n=4)
    assert first_fitting("1234", (STORED, other)) == other
    assert first_fitting("9999", (STORED, other)) == ""


@given(st.integers(1, 30), MOMENTS)
def test_each_wrong_pin_waits_at_least_as_long_as_the_one_before(wrong: int, start: datetime) -> None:
    """Four are free, the fifth waits half a minute, then 1, 5 and 15 minutes, and never more."""
    failures, now, waits = Failures(), start, []
    for _ in range(wrong):
        failures = after_wrong(failures, now, 5)
        until = locked_until(failures, now)
        waits.append(0 if until is None else round((until - now).total_seconds()))
        now = until or now + timedelta(seconds=1)
        assert locked_until(failures, now) is None
    assert waits == ([0, 0, 0, 0, 30, 60, 300, 900] + [900] * 30)[:wrong]


@given(st.integers(5, 12), st.integers(1, 10**8))
def test_a_clock_that_is_set_back_buys_nothing_and_costs_one_wait(wrong: int, back_s: int) -> None:
    """However far the clock goes back, the pad waits the whole time once more: no less, and no year longer."""
    failures = Failures()
    for _ in range(wrong):
        failures = after_wrong(failures, NOON, 5)
    earlier = NOON - timedelta(seconds=back_s)
    until = locked_until(failures, earlier)
    assert until == earlier + timedelta(seconds=failures.wait_s)
    kept = as_seen(failures, earlier)
    assert locked_until(kept, earlier + timedelta(seconds=failures.wait_s)) is None
