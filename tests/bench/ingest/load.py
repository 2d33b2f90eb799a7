"""Publishes prepared messages over MQTT as fast as the broker takes them, or at a given pace; costs next to nothing.

QoS 1 with a window, as tills do it; packets are made before the clock starts. Runs in a process of its own, so that its
work is not the hub's: `python -m tests.bench.ingest.load` is not a command, `Load` starts it.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import selectors
import socket
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from hub.ingest.mqtt_packets import CONNACK, Message, PacketReader, connect, puback, publish, subscribe
from tests.bench.ingest import sales

CONNECTIONS = 4
_RECEIVE = 65_536
_PACKET_MAX = 8 * 1024 * 1024
_SILENCE_S_MAX = 60.0


@dataclass
class Told:
    """What the load says in the end, in wall-clock seconds: its first publish, and when each (topic, last) left."""

    began_s: float
    ended_s: float
    sent_s: dict[tuple[str, int], float] = field(default_factory=dict)


@dataclass
class _Line:
    """One connection: what is still to send, each with its turn among all, and how many are not acknowledged."""

    sock: socket.socket
    waiting: deque[tuple[sales.Message, bytes, int]]
    pending: bytearray = field(default_factory=bytearray)
    received: int = 0
    in_flight: int = 0


class Load:
    """A process that publishes. `begin` when everything is ready; `told` waits for its end."""

    def __init__(self, port: int, messages: Sequence[sales.Message], *, window: int, per_second: float | None) -> None:
        context = multiprocessing.get_context("spawn")
        self._mine, theirs = context.Pipe()
        self._process = context.Process(
            target=_run, args=(port, list(messages), window, per_second, theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        self._mine.recv()  # connected, packets made

    def begin(self) -> None:
        """Publish now."""
        self._mine.send("go")

    def told(self) -> Told:
        """When it is over: the broker has acknowledged all."""
        said = self._mine.recv()
        self._process.join(10)
        assert isinstance(said, Told)
        return said


def _run(port: int, messages: list[sales.Message], window: int, per_second: float | None, pipe: Connection) -> None:
    lines = [_Line(connected(port, f"bench-{number}"), deque()) for number in range(CONNECTIONS)]
    place = {till: number % CONNECTIONS for number, till in enumerate(dict.fromkeys(m.till for m in messages))}
    counts = [0] * CONNECTIONS
    for turn, message in enumerate(messages):
        number = place[message.till]
        packet_id = counts[number] % 65_535 + 1
        counts[number] += 1
        lines[number].waiting.append((message, publish(message.till.topic, message.frame, packet_id=packet_id), turn))
    pipe.send("ready")
    pipe.recv()
    began_s = time.time()  # noqa: TID251 - wall clock: compared with another process
    told = Told(began_s, began_s)
    _pump(lines, window, per_second, told)
    told.ended_s = time.time()  # noqa: TID251 - as above
    for line in lines:
        line.sock.close()
    pipe.send(told)


def _pump(lines: list[_Line], window: int, per_second: float | None, told: Told) -> None:
    selector = selectors.DefaultSelector()
    for line in lines:
        line.sock.setblocking(False)  # noqa: FBT003 - the socket's own word
        selector.register(line.sock, selectors.EVENT_READ, line)
    heard_s = time.monotonic()
    while any(line.waiting or line.pending or line.in_flight for line in lines):
        for line in lines:
            while line.waiting and line.in_flight < window:
                now_s = time.time()  # noqa: TID251 - as above
                # By its turn, or the first connection would have sent all of its own before any other's came.
                if per_second is not None and now_s < told.began_s + line.waiting[0][2] / per_second:
                    break
                message, packet, _ = line.waiting.popleft()
                line.pending += packet
                line.in_flight += 1
                if per_second is not None:
                    told.sent_s[message.till.topic, message.last] = now_s
            if line.pending:
                with contextlib.suppress(BlockingIOError):
                    del line.pending[: line.sock.send(line.pending)]
        for key, _ in selector.select(0.0005 if per_second is not None else 0.002):
            line = key.data
            data = line.sock.recv(_RECEIVE)
            assert data, "the broker hung up"
            heard_s = time.monotonic()
            # Nothing but PUBACKs of four bytes comes here.
            line.received += len(data)
            done, line.received = divmod(line.received, 4)
            line.in_flight -= done
        assert time.monotonic() - heard_s < _SILENCE_S_MAX, "the broker takes nothing more"


def connected(port: int, client_id: str) -> socket.socket:
    """A connection that the broker has welcomed, clean and without keep-alive."""
    sock = socket.create_connection(("127.0.0.1", port), 10)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.sendall(connect(client_id, keep_alive_s=600, clean_session=True))
    answer = sock.recv(4)
    assert answer[0] >> 4 == CONNACK, "the broker does not welcome us"
    assert answer[3] == 0, f"the broker refuses us: {answer[3]}"
    return sock


class Listener:
    """Hears a topic filter and notes when each message came; QoS 1, acknowledged."""

    def __init__(self, port: int, topic_filter: str, name: str, *, qos: int = 1) -> None:
        self._sock = connected(port, name)
        self._sock.sendall(subscribe(1, [topic_filter], qos))
        self._packets = PacketReader(_PACKET_MAX)
        self._sock.settimeout(_SILENCE_S_MAX)
        for _ in self._packets.feed(self._sock.recv(_RECEIVE)):
            break

    def heard(self) -> list[tuple[Message, float]]:
        """The next messages, with the wall-clock second at which they came. Raises TimeoutError."""
        data = self._sock.recv(_RECEIVE)
        now_s = time.time()  # noqa: TID251 - compared with another process
        found = [(packet, now_s) for packet in self._packets.feed(data) if isinstance(packet, Message)]
        answers = b"".join(puback(message.packet_id) for message, _ in found if message.packet_id)
        if answers:
            self._sock.sendall(answers)
        return found

    def close(self) -> None:
        """Hang up."""
        self._sock.close()
