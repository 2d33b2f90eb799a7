"""Whatever can happen has words: no code without a sentence, no trouble without a remedy, in both languages."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Literal, get_args

import pytest

from edge_agent.devices.supervision import Problem
from edge_agent.pages.device_words import device_pill, print_state
from edge_agent.pages.port import Language
from edge_agent.pages.speech import Speech
from edge_agent.pages.translations import translations
from edge_agent.pages.words import duration, link_pill, notice, unit
from edge_agent.till.view import DeviceView, LinkView, NoticeCode, NoticeView, PaperState, PrintState
from protocol.messages import DeviceState
from tests.unit.edge_agent.pages.fake_counter import FINE, NOW, FakeCounter

Kind = Literal["scanner", "printer", "drawer", "scale", "display", "terminal"]
KINDS: tuple[Kind, ...] = ("scanner", "printer", "drawer", "scale", "display", "terminal")
STATES: tuple[DeviceState, ...] = get_args(DeviceState)
SPEECHES = {language: Speech(language, translations(language)) for language in ("vi", "en")}
speeches = pytest.mark.parametrize("speech", SPEECHES.values(), ids=SPEECHES.keys())
LABEL_LENGTH_MAX = 30


@speeches
def test_every_notice_has_a_sentence(speech: Speech) -> None:
    """No code of the counter reaches a cashier as a code."""
    view = FakeCounter().view()
    for code in get_args(NoticeCode):
        said = notice(NoticeView(1, code, good=False, detail="89%s{x}"), view, speech)
        assert code not in said
        assert "%(" not in said
        assert len(said) > 10


@speeches
def test_a_notice_of_a_newer_counter_is_still_said(speech: Speech) -> None:
    """A code that this page does not know is shown as it is, inside a sentence."""
    newer = NoticeView(1, "moon_phase", good=False)  # type: ignore[arg-type]  # from the future
    assert "moon_phase" in notice(newer, FakeCounter().view(), speech)


@speeches
def test_every_device_trouble_has_words_and_a_remedy(speech: Speech) -> None:
    """Whatever a driver reports is told, and what is not fine says what to do."""
    for kind, state, problem in product(KINDS, STATES, (*get_args(Problem), "from_the_future")):
        pill = device_pill(DeviceView(kind, "x", state, problem=problem, since=NOW), NOW + timedelta(hours=1), speech)
        assert pill.label
        assert len(pill.label) <= LABEL_LENGTH_MAX
        assert pill.happened.endswith(".")
        if pill.tone in {"look", "act"}:
            assert pill.remedy, (kind, state, problem)
            assert all(step[-1] in ".?" for step in pill.remedy)


@speeches
def test_a_drawer_that_opens_with_a_sale_is_no_trouble(speech: Speech) -> None:
    """It opens with every cash sale: amber only if nobody closes it for a minute."""
    drawer = DeviceView("drawer", "d", "degraded", "drawer_open", since=NOW)
    assert device_pill(drawer, NOW + timedelta(seconds=59), speech).tone == "quiet"
    assert device_pill(drawer, NOW + timedelta(seconds=60), speech).tone == "look"


@speeches
def test_nothing_but_ready_is_green(speech: Speech) -> None:
    """Green means that nobody has to look."""
    for kind, state in product(KINDS, STATES):
        green = device_pill(DeviceView(kind, "x", state), NOW, speech).tone == "good"
        assert green == (state == "ready")


@pytest.mark.parametrize("paper", ["low", "out"])
def test_paper_is_told_even_by_a_ready_printer(paper: PaperState) -> None:
    """A driver that knows only the paper is believed."""
    pill = device_pill(DeviceView("printer", "p", "ready", paper=paper), NOW, SPEECHES["en"])
    assert pill.tone == {"low": "look", "out": "act"}[paper]


def test_waiting_receipts_are_counted_where_it_is_told() -> None:
    """Paper out says how many receipts wait, and that they come by themselves."""
    pill = device_pill(DeviceView("printer", "p", "fault", "paper_out", "out", waiting=2), NOW, SPEECHES["en"])
    assert pill.label == "Paper out · 2 waiting"
    assert "2 receipts wait." in pill.happened
    assert pill.remedy[-1] == "What waits is printed by itself afterwards."


@speeches
def test_offline_is_amber_and_tells_time_and_backlog(speech: Speech) -> None:
    """Selling offline is normal: never red, always with minutes and what waits."""
    pill = link_pill(LinkView(online=False, backlog=1_238, since=NOW - timedelta(minutes=12, seconds=40)), NOW, speech)
    assert pill.tone == "look"
    assert "12" in pill.label
    assert ("1.238" if speech.language == "vi" else "1,238") in pill.label
    assert pill.remedy


@speeches
def test_a_new_epoch_is_explained(speech: Speech) -> None:
    """While the till asks for a new journal the cashier reads that she may go on."""
    assert link_pill(LinkView(online=True, backlog=3, epoch_problem="fork"), NOW, speech).tone == "look"


@speeches
def test_every_print_state_has_words(speech: Speech) -> None:
    """Each state of a receipt is said; what waits for paper says why."""
    for state in get_args(PrintState):
        tone, text = print_state(state, FINE, speech)
        assert text
        assert (tone == "good") == (state == "printed")
    printer = replace(FINE[1], state="fault", problem="paper_out", paper="out")
    assert device_pill(printer, NOW, speech).label in print_state("held", (printer,), speech)[1]


@pytest.mark.parametrize(("minutes", "vi", "en"), [(0, "0 phút", "0 minutes"), (1, "1 phút", "1 minute"),
    (185, "3 giờ 05", "3 h 05"), (3_000, "2 ngày", "2 days")])  # fmt: skip
def test_durations(minutes: int, vi: str, en: str) -> None:
    """Minutes, then hours and minutes, then days."""
    assert (duration(minutes, SPEECHES["vi"]), duration(minutes, SPEECHES["en"])) == (vi, en)


def test_units_are_translated_and_unknown_ones_stay() -> None:
    """A piece is a cái; what no table knows is shown as the catalogue says it."""
    assert unit("piece", SPEECHES["vi"]) == "cái"
    assert unit("pallet", SPEECHES["vi"]) == "pallet"


def test_sentences_survive_any_detail() -> None:
    """Text from outside is data, whatever format signs it holds."""
    view = FakeCounter().view()
    languages: tuple[Language, ...] = ("vi", "en")
    for language in languages:
        said = notice(NoticeView(1, "unknown_code", good=False, detail=string.punctuation), view, SPEECHES[language])
        assert string.punctuation in said
