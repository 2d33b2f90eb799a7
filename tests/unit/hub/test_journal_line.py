"""The lean connection to the journals, against a broker's side of ours on a real socket."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from hub.broker.link import KEEP_ALIVE_S, BrokerLink
from hub.ingest.journal_line import PACKET_BYTES_MAX, JournalLine, JournalLines, forget_session
from hub.ingest.mqtt_packets import Message, puback, publish

WELCOME, REFUSED = b"\x20\x02\x00\x00", b"\x20\x02\x00\x05"
GRANTED, NOT_GRANTED = b"\x90\x03\x00\x01\x01", b"\x90\x03\x00\x01\x80"
CONNECT, SUBSCRIBE, PINGREQ, DISCONNECT = 0x10, 0x82, 0xC0, 0xE0


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        """Now."""
        return self.now_s


class Peer:
    """The broker's end of one connection at a time; closes the lines to it when it is closed."""

    def __init__(self) -> None:
        self.lines: list[JournalLines] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._wire: socket.socket | None = None

    def accept(self) -> None:
        """Take the next connection."""
        self._wire, _ = self._server.accept()
        self._wire.settimeout(5)

    def said(self) -> tuple[int, bytes]:
        """The next packet that came: its first byte, and its body."""
        first, length = self._bytes(2)
        if length >= 0x80:
            length = length & 0x7F | self._bytes(1)[0] << 7
        return first, self._bytes(length)

    def say(self, data: bytes) -> None:
        """Send bytes."""
        assert self._wire is not None
        self._wire.sendall(data)

    def hang_up(self) -> None:
        """Close the connection."""
        if self._wire is not None:
            self._wire.close()
            self._wire = None

    def close(self) -> None:
        """Be gone."""
        for line in self.lines:
            line.close()
        self.hang_up()
        self._server.close()

    def _bytes(self, count: int) -> bytes:
        assert self._wire is not None
        found = b""
        while len(found) < count:
            more = self._wire.recv(count - len(found))
            assert more, "the line hung up"
            found += more
        return found


@contextmanager
def during(play: Callable[[], None]) -> Iterator[None]:
    """Let the peer do its part while the line is at work in this thread."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            play()
        except BaseException as error:  # noqa: BLE001 - told by the test's own thread
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join(10)
    assert not thread.is_alive()
    assert not failures, failures


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A broker's side."""
    found = Peer()
    yield found
    found.close()


def welcome(peer: Peer, *, early: bytes = b"") -> Callable[[], None]:
    """What a broker does with a new connection; `early` comes before it grants the subscription."""

    def play() -> None:
        peer.accept()
        first, body = peer.said()
        assert first == CONNECT
        assert b"hub-journal" in body
        peer.say(WELCOME)
        first, body = peer.said()
        assert first == SUBSCRIBE
        assert b"journals/+" in body
        peer.say(early + GRANTED)

    return play


def line_to(peer: Peer, clock: Clock, *, tls: bool = False) -> JournalLines:
    """A line that was not connected yet."""
    link = BrokerLink("127.0.0.1", peer.port, "hub", tls=tls)
    peer.lines.append(
        JournalLines(lambda ready: [JournalLine(link, "hub-journal", ["journals/+"], ready=ready, clock_s=clock)])
    )
    return peer.lines[-1]


def problem(line: JournalLines) -> str:
    """What the one line says."""
    return line.lines[0].problem


def connected(peer: Peer, clock: Clock, *, early: bytes = b"") -> JournalLines:
    """A line that is there."""
    line = line_to(peer, clock)
    with during(welcome(peer, early=early)):
        line.connect_if_due()
    assert line.connected
    return line


def test_messages_come_in_order_and_are_acknowledged_in_order(peer: Peer) -> None:
    """Those of a kept session that come before the subscription is granted, too."""
    line = connected(peer, Clock(), early=publish("journals/a", b"1", packet_id=7))
    assert line.connected
    assert problem(line) == ""
    assert line.receive(1) == [Message("journals/a", b"1", 7, retained=False)]
    peer.say(publish("journals/a", b"2", packet_id=8) + publish("journals/b", b"3", packet_id=9))
    found = line.receive(1)
    assert [(message.payload, message.packet_id) for message in found] == [(b"2", 8), (b"3", 9)]
    line.acknowledge()
    assert b"".join(bytes([first, len(body)]) + body for first, body in (peer.said() for _ in range(3))) == (
        puback(7) + puback(8) + puback(9)
    )
    assert line.receive(0) == []


def test_a_message_that_is_too_large_comes_empty_and_counts(peer: Peer) -> None:
    """It is refused in its turn and acknowledged, so the broker does not send it again for ever."""
    line = connected(peer, Clock())
    with during(lambda: peer.say(publish("journals/a", bytes(PACKET_BYTES_MAX + 1), packet_id=3))):
        found: list[Message] = []
        while not found:
            found = list(line.receive(5))
            assert line.connected
    assert found == [Message("journals/a", b"", 3, retained=False)]
    assert line.lines[0].oversized == 1


def test_a_lost_connection_is_made_again_after_a_while(peer: Peer) -> None:
    """Not at once, so that a thousand hubs do not storm a broker that starts; and acks of the old one go nowhere."""
    clock = Clock()
    line = connected(peer, clock)
    peer.hang_up()
    assert line.receive(5) == []
    assert not line.connected
    assert "closed" in problem(line)
    line.acknowledge()
    line.connect_if_due()
    assert not line.connected
    clock.now_s += 10
    with during(welcome(peer)):
        line.connect_if_due()
    assert line.connected
    assert line.lines[0].reconnects == 1
    assert problem(line) == ""


@pytest.mark.parametrize(
    ("answer", "words"),
    [(REFUSED, "user and password"), (WELCOME + NOT_GRANTED, "topic rights"), (b"\x34\x02aa", "topic")],
)
def test_what_a_broker_refuses_is_told_with_the_remedy(peer: Peer, answer: bytes, words: str) -> None:
    """A wrong password, missing rights, and what is no MQTT at all."""
    line = line_to(peer, Clock())

    def play() -> None:
        peer.accept()
        peer.said()
        peer.say(answer)

    with during(play):
        line.connect_if_due()
    assert not line.connected
    assert words in problem(line)


def test_no_broker_at_all_is_told(peer: Peer) -> None:
    """And tried again later."""
    line = line_to(peer, Clock())
    peer.close()
    line.connect_if_due()
    assert not line.connected
    assert problem(line)


def test_a_broker_whose_tls_cannot_be_agreed_on_is_told_and_tried_again(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    """An expired certificate, a plain port: the thread that asks outlives it, and the log says why, once."""
    clock = Clock()
    line = line_to(peer, clock, tls=True)

    def play() -> None:
        peer.accept()
        peer.say(b"this is no TLS\r\n")

    for _ in range(2):
        with during(play):
            line.connect_if_due()
        assert not line.connected
        assert "SSL" in problem(line)
        peer.hang_up()
        clock.now_s += 60
    [said] = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "SSL" in said.__dict__["problem"]


def test_a_silent_line_is_pinged_and_given_up(peer: Peer) -> None:
    """A dead cable says nothing; but while nothing is read for want of room, silence is our own doing."""
    clock = Clock()
    line = connected(peer, clock)
    clock.now_s += KEEP_ALIVE_S / 2
    line.receive(0)
    assert peer.said()[0] == PINGREQ
    clock.now_s += KEEP_ALIVE_S
    line.keep_alive()
    assert peer.said()[0] == PINGREQ
    assert line.connected
    clock.now_s += KEEP_ALIVE_S + 1
    line.receive(0)
    assert not line.connected
    assert "silent" in problem(line)


def test_a_stopping_hub_says_goodbye(peer: Peer) -> None:
    """So that the broker sends no will, and keeps the session."""
    line = connected(peer, Clock())
    line.close()
    assert peer.said()[0] == DISCONNECT
    assert not line.connected


def test_a_former_session_is_forgotten_by_a_clean_one(peer: Peer) -> None:
    """MQTT 3.1.1, section 3.1.2.4: a clean session discards what the broker had under that name."""

    def play() -> None:
        peer.accept()
        first, body = peer.said()
        assert first == CONNECT
        assert body[7] & 0x02
        peer.say(WELCOME)
        assert peer.said()[0] == DISCONNECT

    with during(play):
        forget_session(BrokerLink("127.0.0.1", peer.port, "hub"), "hub-journal")


def test_several_lines_are_read_as_one_and_each_gets_its_own_acks(peer: Peer) -> None:
    """Packet ids are a connection's own: both brokers' sides count from 1."""
    other, clock = Peer(), Clock()
    with contextlib.closing(other):
        links = [BrokerLink("127.0.0.1", each.port, "hub") for each in (peer, other)]
        both = JournalLines(
            lambda ready: [
                JournalLine(link, "hub-journal", ["journals/+"], ready=ready, clock_s=clock) for link in links
            ]
        )
        peer.lines.append(both)
        with during(welcome(peer)), during(welcome(other)):
            both.connect_if_due()
        peer.say(publish("journals/a", b"a", packet_id=1))
        other.say(publish("journals/b", b"b", packet_id=2))
        found: list[Message] = []
        while len(found) < 2:
            found += both.receive(5)
        assert {message.payload for message in found} == {b"a", b"b"}
        both.acknowledge()
        assert peer.said()[1] == b"\x00\x01"
        assert other.said()[1] == b"\x00\x02"
        other.hang_up()
        while all(line.connected for line in both.lines):
            both.receive(5)
        peer.say(publish("journals/a", b"c", packet_id=3))
        assert [message.payload for message in both.receive(5)] == [b"c"]
