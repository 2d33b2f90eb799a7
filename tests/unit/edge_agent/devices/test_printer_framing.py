"""A printer's answers."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.printer.framing import QUESTIONS, Answers, PrinterStatus, ask

FINE = (0x12, 0x12, 0x12)


def answered(*answers_1_2_4: int) -> PrinterStatus:
    """The status after one round of questions with these answers."""
    answers = Answers()
    for question, byte in zip(QUESTIONS, answers_1_2_4, strict=True):
        answers.question_sent(question)
        answers.feed(bytes((byte,)))
    return answers.status


@pytest.mark.parametrize(
    ("bytes_1_2_4", "obstacle", "paper"),
    [
        (FINE, "", "ok"),
        ((0x12, 0x12, 0x1E), "", "low"),
        ((0x1A, 0x32, 0x7E), "paper_out", "out"),
        ((0x1A, 0x16, 0x12), "cover_open", "ok"),
        ((0x1A, 0x52, 0x12), "printer_error", "ok"),
        ((0x1A, 0x12, 0x12), "offline", "ok"),
    ],
)
def test_the_reason_is_read_from_the_answers(bytes_1_2_4: tuple[int, int, int], obstacle: str, paper: str) -> None:
    """DLE EOT 1, 2 and 4 as Epson's reference has them."""
    status = answered(*bytes_1_2_4)
    assert (status.obstacle, status.paper) == (obstacle, paper)


def test_silence_is_not_paper() -> None:
    """A printer that said nothing has unknown paper, and no obstacle that we could name."""
    assert Answers().status == PrinterStatus()
    assert Answers().status.paper == "unknown"


@given(st.binary(max_size=200))
def test_bytes_that_nobody_asked_for_pass_no_fence(data: bytes) -> None:
    """Whatever a printer says unasked: no fence is passed and nothing raises."""
    answers = Answers()
    answers.feed(data)
    assert answers.fences_open == 0
    assert answers.questions_open == 0


@given(st.lists(st.integers(0, 255).filter(lambda byte: byte & 0x90 == 0x90), max_size=50))
def test_realtime_answers_pass_no_fence(data: list[int]) -> None:
    """A fence that stands out is passed by an in-order answer only."""
    answers = Answers()
    answers.fence_sent()
    answers.feed(bytes(data))
    assert answers.fences_open == 1
    answers.feed(b"\x03")
    assert answers.fences_open == 0


@given(st.lists(st.integers(0, 23), max_size=6))
def test_answers_split_anywhere_are_read_alike(cuts: list[int]) -> None:
    """Automatic status, a real-time answer and the fence, in any parcels."""
    data = b"\x14\x00\x0f\x0f" + b"\x12" + b"\x0f" + b"\x11\x13"
    whole, parts = Answers(), Answers()
    for answers in (whole, parts):
        answers.question_sent(1)
        answers.fence_sent()
    whole.feed(data)
    places = sorted({0, len(data), *(cut % len(data) for cut in cuts)})
    for start, end in pairwise(places):
        parts.feed(data[start:end])
    assert parts.status == whole.status
    assert parts.fences_open == whole.fences_open == 0
    assert whole.status.paper == "out"
    assert whole.tells_changes


def test_bytes_of_automatic_status_are_no_fence() -> None:
    """Its second to fourth byte look like an answer to GS r."""
    answers = Answers()
    answers.fence_sent()
    answers.feed(b"\x10\x00\x00\x0f")
    assert answers.fences_open == 1


def test_questions_are_bounded() -> None:
    """A printer that answers nothing is not asked for ever."""
    answers = Answers()
    assert sum(answers.question_sent(1) for _ in range(100)) == answers.questions_open < 10
    assert ask(4) == b"\x10\x04\x04"
