"""Asking by time of change: whatever changes, and when it can be seen, nothing is left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.channels.medusa import polling
from hub.errors import ChannelRefused

BEGIN = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
LIMIT = 3


def walk(rows: dict[str, datetime], text: str, now: datetime) -> tuple[set[str], str]:
    """Ask page by page, as a connector does; which were found, and the cursor after it."""
    found: set[str] = set()
    for _ in range(len(rows) + 50):
        cursor = polling.read_cursor(text, BEGIN)
        fitting = sorted((at, key) for key, at in rows.items() if at >= cursor.since)
        page = fitting[cursor.offset : cursor.offset + LIMIT]
        found |= {key for _, key in page}
        step = polling.after(cursor, [at for at, _ in page], LIMIT, now)
        text = polling.write_cursor(step.cursor)
        if not step.more:
            return found, text
    raise AssertionError("it goes on for ever")


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 40)), max_size=40), st.lists(st.integers(0, 900)))
def test_every_change_is_heard_of(changes: list[tuple[int, int]], asked: list[int]) -> None:
    """Stamped at one second, to be seen up to 40 seconds later, many at one time, in pages of three."""
    rows = {str(number): (BEGIN + timedelta(seconds=at), at + late) for number, (at, late) in enumerate(changes)}
    heard: set[str] = set()
    text = ""
    for second in sorted({*asked, 1000}):
        seen = {key: at for key, (at, from_second) in rows.items() if from_second <= second}
        found, text = walk(seen, text, BEGIN + timedelta(seconds=second))
        heard |= found
    assert heard == set(rows)


def test_a_settled_past_is_not_asked_for_again_and_again() -> None:
    """An import of thousands at one time is gone through once more at most, not with each question."""
    rows = {str(number): BEGIN for number in range(30)} | {"last": BEGIN + timedelta(seconds=1)}
    _, text = walk(rows, "", BEGIN + timedelta(minutes=30))
    found, _ = walk(rows, text, BEGIN + timedelta(minutes=31))
    assert found == {"last"}


def test_a_cursor_that_is_none_is_refused_with_a_remedy() -> None:
    """Somebody edited it, or it is of another version."""
    with pytest.raises(ChannelRefused, match="start this part afresh"):
        polling.read_cursor("{nonsense", BEGIN)


def test_times_are_written_as_medusa_reads_them() -> None:
    """One that it cannot read it answers with 500, for ever."""
    assert polling.iso(BEGIN) == "2026-11-28T12:00:00.000Z"
