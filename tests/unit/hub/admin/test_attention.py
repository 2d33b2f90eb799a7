"""What a person should look at, in words that fit what happened."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.admin.attention import alarm_entry
from hub.admin.words import Words
from hub.storage.reading import AlarmRow

EN, VI = Words("en"), Words("vi")


@pytest.mark.parametrize(
    ("facts", "remedy"),
    [
        ("messages refused: 3 forged, 2 oversized", "Its key is old"),
        ("messages refused: 1 unknown_terminal", "Its key is old"),
        ("messages refused: 3 oversized, 20 unreadable", "who else can reach the broker"),
        ("", "Its key is old"),
    ],
)
def test_an_alarm_about_refused_messages_blames_a_key_only_where_one_was_wrong(facts: str, remedy: str) -> None:
    """Garbage and what is too large come from no till; a new key would not help."""
    row = AlarmRow("1", "bad_frames", "bad", datetime(2026, 11, 22, tzinfo=UTC), count=3, text=facts)
    assert remedy in alarm_entry(EN, row, {}).remedy
    assert alarm_entry(VI, row, {}).remedy != alarm_entry(EN, row, {}).remedy
