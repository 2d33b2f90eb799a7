"""The pure machines under a channel's work: backoff, budget, breaker."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hub.channels.backoff import Backoff, delay_s
from hub.channels.breaker import OPENS_AFTER, circuit, rest_s
from hub.channels.budget import Budget
from hub.storage.channel_records import PartState

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
chances = st.floats(0, 1)


@given(st.integers(1, 10_000), chances, st.none() | st.floats(-5, 1e7))
def test_a_wait_is_bounded_and_never_shorter_than_asked(failures: int, chance: float, asked: float | None) -> None:
    """However often it fails and whatever it asks for, a wait ends; what it asks for within reason is kept."""
    backoff = Backoff()
    wait_s = delay_s(backoff, failures, chance, asked)
    assert 0.5 * backoff.first_s <= wait_s <= max(backoff.most_s, 1.1 * backoff.asked_most_s)
    if asked is not None:
        assert wait_s >= min(asked, backoff.asked_most_s)


@given(st.integers(1, 8), chances, chances)
def test_waits_grow(failures: int, one: float, other: float) -> None:
    """The shortest wait after one more failure is as long as the longest before it, until the bound."""
    backoff = Backoff(first_s=1, most_s=1e9)
    assert delay_s(backoff, failures, one) <= delay_s(backoff, failures + 1, other) * (1 + 1e-9)


def test_those_who_failed_together_do_not_come_again_together() -> None:
    """Chance spreads waits over half of their length, and those that were asked for by a tenth."""
    assert delay_s(Backoff(), 4, 0.0) == 4.0
    assert delay_s(Backoff(), 4, 1.0) == 8.0
    assert delay_s(Backoff(), 1, 1.0, 30) == 33.0


@given(
    st.floats(0.5, 50), st.integers(1, 40),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 3)), min_size=1, max_size=200),
)  # fmt: skip
def test_a_budget_is_never_exceeded(per_second: float, burst: int, calls: list[tuple[int, float]]) -> None:
    """In any span of time no more calls go through than the burst and what has come since; and waits are finite."""
    budget, now_s, passed = Budget(per_second, burst), 0.0, list[float]()
    for urgency, step_s in calls:
        now_s += step_s
        wait_s = budget.take(urgency, now_s)
        if wait_s == 0:
            passed.append(now_s)
        assert 0 <= wait_s < 10
    for first in range(len(passed)):
        for last in range(first, len(passed)):
            assert last - first + 1 <= burst + (passed[last] - passed[first]) * per_second + 1e-6


def test_the_urgent_go_first() -> None:
    """While stock waits for a call, sales take none, though they ask all the time; once it has gone, they go on."""
    budget = Budget(per_second=1.0, burst=1)
    assert budget.take(2, 0.0) == 0
    assert budget.take(0, 0.1) > 0
    assert [budget.take(2, 0.2 + step / 10) > 0 for step in range(15)] == [True] * 15
    assert budget.take(0, 1.8) == 0
    assert budget.take(2, 2.9) == 0


def test_who_went_away_blocks_nobody() -> None:
    """A part that was told to wait and never came again is forgotten after a while."""
    budget = Budget(per_second=1.0, burst=1)
    budget.take(2, 0.0)
    assert budget.take(0, 0.0) > 0
    assert budget.take(2, 5.0) == 0


@given(st.integers(0, 20), st.integers(-600, 600))
def test_a_breaker_opens_after_failures_and_lets_one_through_in_the_end(failures: int, seconds: int) -> None:
    """Closed below the limit; beyond it open until `not_before`, then half open; success closes it."""
    state = PartState(failures=failures, not_before=NOW + timedelta(seconds=seconds))
    found = circuit(state, NOW)
    if failures < OPENS_AFTER:
        assert found == "closed"
    else:
        assert found == ("open" if seconds > 0 else "half_open")
    assert rest_s(state, NOW) == (max(0, seconds) if failures else 0)
    assert circuit(PartState(), NOW) == "closed"
