"""The hub's time is believed only where believing it can do no harm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from edge_agent.journal.clock import Checked, TillClock
from edge_agent.sync.hub_clock import HubClock

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def test_a_quick_answer_is_a_sample() -> None:
    """Half the round trip is the error."""
    clock = HubClock(0)
    clock.sent(1, 10.0, NOON)
    sample = clock.acked(1, NOON + timedelta(hours=1), 10.2)
    assert sample is not None
    assert (round(sample.error_s, 3), sample.wall) == (0.1, NOON + timedelta(milliseconds=100))


@pytest.mark.parametrize(
    "nonsense",
    [
        datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC),
        datetime.max.replace(tzinfo=timezone(timedelta(hours=-14))),
        datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    ],
)  # fmt: skip
def test_a_hub_without_a_clock_teaches_nothing(nonsense: datetime) -> None:
    """A hub whose own clock is flat, or that says anything, moves no till's clock and stops no sale."""
    hub, till = HubClock(0), TillClock(lambda: NOON, lambda: 20.0)
    hub.sent(1, 10.0, NOON)
    hub.asked("r", 10.0, NOON)
    for sample in (hub.acked(1, nonsense, 10.1), hub.answered("r", nonsense, 10.1)):
        if sample is not None:
            till.learn(Checked(sample.hub_time, sample.wall, sample.at_s))
        assert till.stamp(NOON - timedelta(days=1)).time == NOON
