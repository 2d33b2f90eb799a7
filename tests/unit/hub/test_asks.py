"""What the hub's answerer promises to tills that ask, and to everybody when one asks without end."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import StorageUnavailable
from hub.feed.asks import AskLimits, AskSession
from hub.storage.memory import MemoryStore
from protocol.documents import Settings
from protocol.frame import Key, decode, encode
from protocol.ids import StoreId, TerminalId
from protocol.messages import Answer, Ask, Elsewhere, FoundReceipt, StoreStock
from protocol.topics import terminal_topic
from tests.unit.hub.journals import at, sale

HANOI, TILL = StoreId("hanoi"), TerminalId("till1")
KEY = Key(b"k" * 32)
ROOM = 1_000_000
TOPIC = terminal_topic(HANOI, TILL, "ask")


class Shelf:
    """A database that knows one receipt and one SKU, and may be away."""

    def __init__(self) -> None:
        self.away = False

    def find_receipt(self, number: str, nearest: StoreId) -> FoundReceipt | None:
        """See AnswerStore."""
        self._check()
        if number != "R000001":
            return None
        return FoundReceipt(sale=sale(1, ("tea", 1000)), store="hue", terminal=f"asked by {nearest}", at=at(0))

    def elsewhere(self, sku: str) -> Elsewhere | None:
        """See AnswerStore."""
        self._check()
        return Elsewhere(sku=sku, stores=(StoreStock(store="hue", store_name="Huế", available=2000),))

    def _check(self) -> None:
        if self.away:
            raise StorageUnavailable("away")


def answerer(limits: AskLimits | None = None) -> tuple[AskSession, Shelf]:
    """A session with one enrolled till."""
    keys, shelf = MemoryStore(), Shelf()
    keys.add_store(HANOI, Settings(store_name="Shop"), Key(b"f" * 32), at(0))
    keys.add_terminal(HANOI, TILL, "", KEY, at(0))
    return AskSession(shelf, keys, limits or AskLimits()), shelf


def ask(session: AskSession, kind: str, key: str, *, now_s: float = 0.0, request: str = "q1") -> None:
    """A till asks."""
    session.receive(TOPIC, encode(Ask(id=request, kind=kind, key=key), topic=TOPIC, key=KEY), now_s)


def answers(session: AskSession, *, now_s: float = 0.0, room_bytes: int = ROOM) -> list[Answer]:
    """What the till hears."""
    told = terminal_topic(HANOI, TILL, "told")
    publishes = session.poll(now_s, room_bytes=room_bytes)
    assert all(publish.topic == told and not publish.retain for publish in publishes)
    return [decode(publish.payload, Answer, topic=told, key=KEY) for publish in publishes]


def test_a_receipt_and_a_sku_are_found() -> None:
    """Each answer carries its question's id, and the body that its kind promises."""
    session, _ = answerer()
    ask(session, "receipt", "R000001")
    ask(session, "availability", "tea", request="q2")
    receipt, stock = answers(session)
    assert (receipt.id, receipt.problem, stock.id, stock.problem) == ("q1", "", "q2", "")
    assert msgspec.json.decode(receipt.body, type=FoundReceipt).terminal == "asked by hanoi"
    assert msgspec.json.decode(stock.body, type=Elsewhere).stores[0].available == 2000
    assert answers(session) == []


@pytest.mark.parametrize(("kind", "problem"), [("receipt", "not_found"), ("weather", "unknown")])
def test_what_cannot_be_answered_is_said(kind: str, problem: str) -> None:
    """A newer till's question is no reason to let it wait."""
    session, _ = answerer()
    ask(session, kind, "R999999")
    (answer,) = answers(session)
    assert (answer.problem, answer.kind, answer.key) == (problem, kind, "R999999")


def test_a_till_that_asks_without_end_is_let_wait_and_raises_no_alarm() -> None:
    """Ten at once, then five a second; refusals would tell people that somebody imitates the till."""
    session, _ = answerer()
    for number in range(30):
        ask(session, "availability", "tea", request=f"q{number}")
    assert len(answers(session)) == 10
    ask(session, "availability", "tea", now_s=0.3)
    ask(session, "availability", "tea", now_s=0.3)
    assert len(answers(session, now_s=0.3)) == 1
    assert session.let_go == 21
    assert not session.refused.counts


def test_nobody_is_answered_after_he_has_gone() -> None:
    """A database that was away for a minute must not send a minute of answers."""
    session, shelf = answerer()
    ask(session, "receipt", "R000001")
    shelf.away = True
    with pytest.raises(StorageUnavailable):
        session.poll(0.1, room_bytes=ROOM)
    assert session.waiting == 1
    shelf.away = False
    assert len(answers(session, now_s=1.0)) == 1
    ask(session, "receipt", "R000001", now_s=10.0)
    assert answers(session, now_s=20.0) == []
    assert session.waiting == 0


def test_a_full_link_makes_questions_wait() -> None:
    """Answers are small, but a link without room takes none."""
    session, _ = answerer()
    ask(session, "receipt", "R000001")
    assert answers(session, room_bytes=0) == []
    assert len(answers(session)) == 1


@given(st.binary(max_size=80) | st.just(b"x" * 65_536))
def test_noise_is_refused_and_counted(noise: bytes) -> None:
    """Never raises; nothing is answered."""
    session, _ = answerer()
    session.receive(TOPIC, noise, 0.0)
    session.receive(TOPIC, encode(Ask(id="q", kind="receipt", key="R"), topic=TOPIC, key=Key(b"x" * 32)), 0.0)
    session.receive(terminal_topic(HANOI, TerminalId("nobody"), "ask"), noise, 0.0)
    session.receive("no/topic", noise, 0.0)
    session.receive(TOPIC, encode(Ask(id="q", kind="receipt", key="R\x00"), topic=TOPIC, key=KEY), 0.0)
    assert session.refused.counts.total() == 5
    assert session.poll(0.0, room_bytes=ROOM) == []
