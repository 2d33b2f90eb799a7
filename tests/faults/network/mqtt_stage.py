"""Loses, doubles and reorders MQTT messages on one connection, as a broker that acknowledged them may.

Neither side notices: a message that is lost was acknowledged, and the second or late copy of one comes as a message of
its own with QoS 0. Acknowledgements leave in the order of their messages, for rumqttd stops at any other. Without I/O.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random

from hub.ingest.mqtt_packets import PUBACK, PUBLISH, Message, PacketReader, puback, publish
from tests.faults.network.fate import Way

PACKET_BYTES_MAX = 8 * 1024 * 1024
HELD_MAX = 1_000
_OTHER: dict[Way, Way] = {"up": "down", "down": "up"}


@dataclass(frozen=True)
class Odds:
    """How likely each is, a message. What is held back comes within `late_s` seconds."""

    lose: float = 0.0
    double: float = 0.0
    reorder: float = 0.0
    late_s: float = 1.0


@dataclass
class Mood:
    """The odds of now, for all stages that share it, and what became of their messages so far."""

    odds: Odds = field(default_factory=Odds)
    counts: Counter[str] = field(default_factory=Counter)


class MqttStage:
    """One connection's."""

    def __init__(self, mood: Mood, rng: Random) -> None:
        self._mood = mood
        self._rng = rng
        self._buffers: dict[Way, bytearray] = {"up": bytearray(), "down": bytearray()}
        self._acks: dict[Way, _Acks] = {"up": _Acks(), "down": _Acks()}
        self._held: list[tuple[float, Way, bytes]] = []

    def feed(self, way: Way, data: bytes, now_s: float) -> list[tuple[Way, bytes]]:
        """Take bytes that came on a way; returns what goes on which way instead, in order."""
        buffer = self._buffers[way]
        buffer += data
        out: list[tuple[Way, bytes]] = []
        for packet in _packets(buffer):
            kind = packet[0] >> 4
            if kind == PUBLISH:
                out += self._message(way, packet, now_s)
            elif kind == PUBACK and self._acks[_OTHER[way]].done(int.from_bytes(packet[-2:])):
                out += self._answer(_OTHER[way])
            else:
                out.append((way, packet))
        return out

    def poll(self, now_s: float) -> list[tuple[Way, bytes]]:
        """Give the late ones whose time has come."""
        due = [(way, packet) for at_s, way, packet in self._held if at_s <= now_s]
        self._held = [held for held in self._held if held[0] > now_s]
        return due

    def _message(self, way: Way, packet: bytes, now_s: float) -> list[tuple[Way, bytes]]:
        [message] = PacketReader(PACKET_BYTES_MAX).feed(packet)
        assert isinstance(message, Message)
        assert message.payload is not None
        acks = self._acks[way]
        if message.packet_id:
            acks.expect(message.packet_id)
        fate = self._fate()
        self._mood.counts[fate] += 1
        copy = publish(message.topic, message.payload, retain=message.retained)
        if fate in ("double", "reorder"):
            at_s = now_s + self._rng.uniform(0.0, self._mood.odds.late_s)
            if len(self._held) < HELD_MAX:
                self._held.append((at_s, way, copy))
        if fate in ("passed", "double"):
            return [(way, packet)]
        acks.done(message.packet_id)
        return self._answer(way)

    def _answer(self, way: Way) -> list[tuple[Way, bytes]]:
        return [(_OTHER[way], puback(packet_id)) for packet_id in self._acks[way].ready()]

    def _fate(self) -> str:
        chance, odds = self._rng.random(), self._mood.odds
        for name, share in (("lose", odds.lose), ("double", odds.double), ("reorder", odds.reorder)):
            if chance < share:
                return name
            chance -= share
        return "passed"


class _Acks:
    """Acknowledgements to the sender of one way, let out in the order of its messages."""

    def __init__(self) -> None:
        self._order: deque[int] = deque()
        self._done: set[int] = set()

    def expect(self, packet_id: int) -> None:
        """A message with this id came."""
        if packet_id not in self._order:
            self._order.append(packet_id)

    def done(self, packet_id: int) -> bool:
        """It may be acknowledged; False for an id that nobody has sent."""
        if packet_id not in self._order:
            return False
        self._done.add(packet_id)
        return True

    def ready(self) -> Iterator[int]:
        """Those that may go out now."""
        while self._order and self._order[0] in self._done:
            packet_id = self._order.popleft()
            self._done.discard(packet_id)
            yield packet_id


def _packets(buffer: bytearray) -> Iterator[bytes]:
    """Cut whole packets off a stream: the fixed header of MQTT 3.1.1, section 2.2."""
    while (length := _length(buffer)) is not None and len(buffer) >= length:
        packet = bytes(buffer[:length])
        del buffer[:length]
        yield packet


def _length(buffer: bytearray) -> int | None:
    body = 0
    for index, byte in enumerate(buffer[1:5]):
        body |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return 2 + index + body
    assert len(buffer) < 5, "no MQTT"
    return None
