"""Answers to a scanner: the same article twice is two sales, the same message twice is one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.scanner.feedback import ACK, NAK, PRESETS, Handshake
from edge_agent.devices.scanner.framing import Code, Unreadable

CODES = st.sampled_from(["8934602100016", "8934563138165", "X1"])


@given(st.lists(st.tuples(CODES, st.floats(0.5, 5.0))))
def test_every_scan_by_hand_is_news(scans: list[tuple[str, float]]) -> None:
    """Half a second apart or more, and answered: each counts, the same article again too."""
    handshake = Handshake(resend_s=0.4)
    now_s = 100.0
    for code, pause_s in scans:
        now_s += pause_s
        assert handshake.take(Code(code), now_s) == (ACK, True)
        handshake.answered(delivered=True)


@given(CODES, st.lists(st.floats(0.0, 0.39), min_size=1, max_size=5))
def test_a_repetition_by_the_scanner_is_answered_and_forgotten(code: str, pauses: list[float]) -> None:
    """It missed our ACK: it gets another, and the article is sold once."""
    handshake = Handshake(resend_s=0.4)
    now_s = 0.0
    news = []
    for pause_s in [0.0, *pauses]:
        now_s += pause_s
        answer, is_news = handshake.take(Code(code), now_s)
        assert answer == ACK
        handshake.answered(delivered=True)
        news.append(is_news)
    assert news == [True] + [False] * len(pauses)


def test_an_answer_that_could_not_be_written_makes_the_next_a_repetition() -> None:
    """However late it comes."""
    handshake = Handshake(resend_s=0.4)
    handshake.take(Code("A1"), 0.0)
    handshake.answered(delivered=False)
    assert handshake.take(Code("A1"), 3.0) == (ACK, False)
    handshake.answered(delivered=True)
    assert handshake.take(Code("A1"), 6.0) == (ACK, True)


def test_what_was_unreadable_is_asked_for_again() -> None:
    """NAK, and the code that follows is news."""
    handshake = Handshake(resend_s=0.4)
    assert handshake.take(Unreadable("not_ascii", b"\xff"), 0.0) == (NAK, True)
    handshake.answered(delivered=True)
    assert handshake.take(Code("A1"), 0.1) == (ACK, True)


def test_a_datalogic_has_its_letters() -> None:
    """As its manuals have them: good, not on file, on, off."""
    preset = PRESETS["datalogic"]
    assert (preset.good, preset.bad, preset.enable, preset.disable) == (b"B", b"F", b"E", b"D")
