"""What a cashier reads while goods and customers come, and while a long backlog goes out."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge_agent.pages.environment import speech_of
from edge_agent.pages.loading_words import loading_pill, progress_percent
from edge_agent.pages.words import link_pill
from edge_agent.till.view import LinkView
from protocol.messages import Loading

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
QUIET = LinkView(online=True, backlog=0)


@pytest.mark.parametrize(
    ("loading", "tone", "words"),
    [
        (Loading(way="snapshot", percent=43), "good", "as one file"),
        (Loading(way="link", percent=43), "good", "over the link"),
        (Loading(way="link", percent=43, problem="web_unreachable"), "look", "web is not reachable"),
        (Loading(way="link", percent=43, problem="no_address"), "look", "web is not reachable"),
        (Loading(way="link", percent=43, problem="damaged"), "look", "cannot be used"),
        (Loading(way="link", percent=43, problem="a newer word"), "look", "cannot be used"),
        (Loading(way="snapshot", percent=43, problem="no_room"), "look", "no room"),
    ],
)
def test_a_load_says_how_far_it_is_and_what_can_be_done(loading: Loading, tone: str, words: str) -> None:
    """Green while nobody is needed; each trouble with its own words, in both languages."""
    pill = loading_pill(loading, speech_of("en"))
    assert pill is not None
    assert (pill.tone, pill.label) == (tone, "Loading 43\N{NO-BREAK SPACE}%")
    assert words in pill.happened
    assert pill.remedy[0].startswith("Go on selling")
    vietnamese = loading_pill(loading, speech_of("vi"))
    assert vietnamese is not None
    assert vietnamese.happened != pill.happened
    assert vietnamese.label.startswith("Đang tải 43")


def test_a_long_backlog_is_told_as_so_much_of_so_much() -> None:
    """And the bar follows it; a load comes first; with neither there is no bar."""
    sending = replace(QUIET, backlog=98_800, to_send_in_all=100_000)
    assert link_pill(sending, NOON, speech_of("en")).label == "1,200 of 100,000 sent"
    assert link_pill(sending, NOON, speech_of("vi")).label == "Đã gửi 1.200/100.000"
    assert progress_percent(sending) == 1
    assert progress_percent(replace(sending, loading=Loading(way="link", percent=7))) == 7
    assert progress_percent(QUIET) is None
    assert loading_pill(None, speech_of("en")) is None
