"""What the till's questions promise: an answer helps, its absence costs a wait, and nothing else can harm."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sync.asking import OPEN_MAX, OPEN_S, Asking
from protocol.messages import Answer, Ask, Elsewhere
from tests.unit.edge_agent.sync.scripted_hub import Till, said

STOCK = msgspec.Raw(msgspec.json.encode(Elsewhere(sku="tea")))


def test_a_question_goes_out_once_and_its_answer_comes_back_once() -> None:
    """The second copy of an answer, as brokers may send it, changes nothing."""
    till = Till()
    till.connect()
    request = till.session.ask("availability", "tea", till.now_s)
    assert request is not None
    assert till.session.wake_at_s() == 0.0
    assert said(till.poll(), "ask", Ask) == [Ask(id=request, kind="availability", key="tea")]
    assert said(till.poll(after_s=20), "ask", Ask) == []
    answer = Answer(id=request, kind="availability", key="tea", body=STOCK)
    assert till.hear("told", answer).answer == answer
    assert till.hear("told", answer).answer is None


def test_nothing_is_asked_without_a_link() -> None:
    """The cashier is told so at once; and what was asked on a link that is gone is not asked on the next."""
    till = Till()
    assert till.session.ask("receipt", "R1", till.now_s) is None
    till.connect()
    request = till.session.ask("receipt", "R1", till.now_s)
    assert request is not None
    till.session.disconnect()
    assert said(till.connect(), "ask", Ask) == []
    assert till.hear("told", Answer(id=request, kind="receipt", key="R1", problem="not_found")).answer is None


def test_a_former_starts_answer_is_none_of_ours() -> None:
    """Ids carry the start's nonce."""
    till = Till()
    till.connect()
    old = till.session.ask("receipt", "R1", till.now_s)
    till.restart("nonce-of-next-start")
    till.connect()
    new = till.session.ask("receipt", "R1", till.now_s)
    assert old is not None
    assert new is not None
    assert old != new
    assert till.hear("told", Answer(id=old, kind="receipt", key="R1")).answer is None


def test_open_questions_are_bounded_and_forgotten() -> None:
    """A hub that never answers, as an old one, cannot stop the till from asking later."""
    asking = Asking("n" * 16)
    assert all(asking.ask("receipt", str(number), 0.0) for number in range(OPEN_MAX))
    assert asking.ask("receipt", "one more", OPEN_S - 0.1) is None
    assert asking.ask("receipt", "one more", OPEN_S) is not None


@given(st.text(max_size=140), st.text(max_size=40))
def test_whatever_is_asked_fits_the_frame_or_is_not_asked(key: str, kind: str) -> None:
    """A scanned code of any length makes no message that the hub could not read."""
    asking = Asking("n" * 40)
    request = asking.ask(kind, key, 0.0)
    question = asking.next()
    assert (request is None) == (question is None)
    if question is not None:
        assert msgspec.json.decode(msgspec.json.encode(question), type=Ask) == question


@given(st.lists(st.tuples(st.sampled_from(["ask", "answer", "wrong", "down"]), st.integers(0, 5)), max_size=40))
def test_no_answer_is_taken_twice_or_for_another_question(steps: list[tuple[str, int]]) -> None:
    """Whatever comes in whatever order."""
    asking = Asking("n" * 16)
    open_: dict[str, str] = {}
    asked: list[tuple[str, str]] = []
    for what, number in steps:
        if what == "ask":
            request = asking.ask("receipt", f"R{number}", 0.0)
            assert request is not None
            open_[request] = f"R{number}"
            asked.append((request, f"R{number}"))
        elif what == "down":
            asking.disconnect()
            open_.clear()
        elif asked:
            request, key = asked[number % len(asked)]
            answer = Answer(id=request, kind="receipt", key=key if what == "answer" else f"{key}x")
            taken = asking.receive(answer)
            assert (taken is not None) == (what == "answer" and open_.pop(request, None) == key)
