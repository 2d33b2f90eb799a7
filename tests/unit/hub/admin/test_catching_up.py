"""Who is told to be catching up, and how long it will take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hub.admin.catching_up import LONG_BACKLOG, CatchUp, CatchUps
from hub.admin.stations import terminal_view
from hub.admin.words import Words
from hub.storage.reading import TerminalRow

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)


def row(backlog: int, seconds: float, *, online: bool = True) -> TerminalRow:
    """What a till said so many seconds after noon."""
    return TerminalRow("hn01", "t1", online, backlog, None, NOON + timedelta(seconds=seconds), {}, "1", 1)


def told(catch_ups: CatchUps, backlog: int, seconds: float, *, online: bool = True) -> CatchUp | None:
    """What is told of it then."""
    at = NOON + timedelta(seconds=seconds)
    return catch_ups.take([row(backlog, seconds, online=online)], at).get(("hn01", "t1"))


def test_a_long_backlog_is_told_with_a_time_as_soon_as_it_has_a_pace() -> None:
    """A thousand a second, of a hundred thousand: after five seconds 95 are left."""
    catch_ups = CatchUps()
    assert told(catch_ups, 100_000, 0) == CatchUp(100_000, None)
    assert told(catch_ups, 95_000, 5) == CatchUp(95_000, timedelta(seconds=95))
    assert told(catch_ups, 10, 100) is not None, "until the last entry"
    assert told(catch_ups, 0, 101) is None
    assert told(catch_ups, LONG_BACKLOG - 1, 102) is None, "a busy minute is no backlog"


def test_who_is_offline_or_gets_no_further_is_given_no_time() -> None:
    """A number that nobody can know is not told."""
    catch_ups = CatchUps()
    assert told(catch_ups, 1_000, 0, online=False) is None
    assert told(catch_ups, 1_000, 1) == CatchUp(1_000, None)
    assert told(catch_ups, 1_200, 20) == CatchUp(1_200, None)


def test_the_pace_is_that_of_the_last_minute() -> None:
    """A till that slowed down an hour ago is not told to be fast."""
    catch_ups = CatchUps()
    for second in range(0, 60, 5):
        told(catch_ups, 100_000 - 1_000 * second, second)
    late: CatchUp | None = None
    for second in range(60, 240, 5):
        late = told(catch_ups, 40_000 - 10 * (second - 60), second)
    assert late is not None
    assert late.left is not None
    assert late.left > timedelta(minutes=55)


def test_the_dashboard_says_it_in_both_languages() -> None:
    """As the till's state."""
    for language, wanted in (("en", "catching up, about 2 mins left"), ("vi", "đang gửi bù, còn khoảng 2 phút")):
        view = terminal_view(Words(language), row(9_000, 0), NOON, CatchUp(9_000, timedelta(minutes=2)))
        assert (view.state.replace("\N{NO-BREAK SPACE}", " "), view.tone) == (wanted, "info")
