"""How far a load is, how large its steps are, and which addresses a till asks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sync.fetching import NoWay, WebReach, address_of
from edge_agent.sync.loader import STEP_DOCUMENTS, STEP_S, next_step
from edge_agent.sync.loading import LoadingBoard
from protocol.ids import GLOBAL_FEED, FeedName
from protocol.messages import Loading

STORE_FEED = FeedName("store-hn01")


def percent(board: LoadingBoard) -> int:
    """What the bar shows."""
    view = board.view()
    assert view is not None
    return view.percent


def test_two_feeds_are_one_number_that_never_runs_backwards() -> None:
    """Each by its documents; a feed that is complete keeps its weight until the other is."""
    board = LoadingBoard()
    assert board.view() is None
    seen = []
    board.fetched(GLOBAL_FEED, 300, 0.0)
    board.fetched(STORE_FEED, 100, 0.0)
    for share in (0.5, 1.0):
        board.fetched(STORE_FEED, 100, share)
        seen.append(percent(board))
    board.staged(STORE_FEED, 100, 100)
    board.finished(STORE_FEED)
    seen.append(percent(board))
    for done in (0, 100, 300):
        board.staged(GLOBAL_FEED, 300, done)
        seen.append(percent(board))
    assert seen == sorted(seen)
    assert seen[-1] == 99, "complete is what was switched to, not what was staged"
    board.finished(GLOBAL_FEED)
    assert board.view() is None


def test_trouble_is_told_with_the_way_that_is_left() -> None:
    """A web that is not reached: parts come over the link, and why stays on the screen."""
    board = LoadingBoard()
    board.fetched(GLOBAL_FEED, 100, 0.0)
    board.trouble(GLOBAL_FEED, "web_unreachable", way="link")
    board.parts(GLOBAL_FEED, 50, 100)
    assert board.view() == Loading(way="link", percent=50, problem="web_unreachable")
    board.finished(GLOBAL_FEED)
    assert board.view() is None


@given(st.integers(STEP_DOCUMENTS.start, STEP_DOCUMENTS.stop - 1), st.floats(0.0, 10.0))
def test_a_step_stays_in_its_bounds_and_gets_smaller_when_it_took_too_long(step: int, took_s: float) -> None:
    """On a slow disk a scan waits no longer than on a fast one."""
    after = next_step(step, took_s)
    assert after in STEP_DOCUMENTS
    if took_s > STEP_S and step > STEP_DOCUMENTS.start:
        assert after < step or took_s < STEP_S * 1.1


def test_steps_settle_where_they_take_as_long_as_they_may() -> None:
    """A disk that takes a tenth of a millisecond for a document gets 150 at a time."""
    step = STEP_DOCUMENTS.start
    for _ in range(20):
        step = next_step(step, step * 0.0001)
    assert step == 150


@pytest.mark.parametrize(
    ("reach", "offered", "problem"),
    [
        (WebReach(), "", "no_address"),
        (WebReach(), "ftp://hub", "no_address"),
        (WebReach(), "https://user@hub", "no_address"),
        (WebReach(), "https://[hub", "no_address"),
        (WebReach(), "http://hub.example.com", "not_secure"),
        (WebReach(url="http://10.0.0.5:8080"), "https://hub.example.com", "not_secure"),
    ],
)
def test_an_address_that_is_none_or_not_safe_is_not_asked(reach: WebReach, offered: str, problem: str) -> None:
    """Plain http goes to this PC only, unless the configuration says so."""
    with pytest.raises(NoWay) as refused:
        address_of(reach, offered)
    assert refused.value.problem == problem


def test_the_tills_own_word_for_the_address_counts_more_than_the_hubs() -> None:
    """A store may reach the hub under another name."""
    assert address_of(WebReach(), "https://hub.example.com/") == "https://hub.example.com"
    assert address_of(WebReach(url="https://inside:8443"), "https://hub.example.com") == "https://inside:8443"
    assert address_of(WebReach(), "http://127.0.0.1:8080") == "http://127.0.0.1:8080"
    assert address_of(WebReach(plain=True), "http://hub.lan") == "http://hub.lan"
