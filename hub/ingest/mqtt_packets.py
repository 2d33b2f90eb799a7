"""The little of MQTT 3.1.1 that a lean reader needs, without I/O: bytes in, packets out; and packets into bytes.

It exists because general clients cost 20 to 100 us a message and this 3 to 9: the consumer, not the broker, is the
limit of ingest. The trap it avoids: a message that is too large is not an error of the connection (the broker would
deliver it again after every reconnect, for ever) but a packet of its own, skipped without being held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hub.errors import BadPacket

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 13, 14
_REMAINING_BYTES_MAX = 4
_SMALL_PACKET_MAX = 4096  # what the broker says beside messages is a few bytes


class Connack(NamedTuple):
    """The broker's answer to CONNECT; `code` 0 is welcome."""

    session_present: bool
    code: int


class Suback(NamedTuple):
    """The broker's answer to SUBSCRIBE; a code of 128 is a refusal."""

    packet_id: int
    codes: bytes


class Message(NamedTuple):
    """A delivered message; `packet_id` is 0 with QoS 0. `payload` is None when it was too large and was skipped."""

    topic: str
    payload: bytes | None
    packet_id: int
    retained: bool


class Puback(NamedTuple):
    """A message of ours was taken by the broker."""

    packet_id: int


class Pingresp(NamedTuple):
    """The broker is there."""


Packet = Connack | Suback | Message | Puback | Pingresp


class PacketReader:
    """Cuts a stream of bytes into packets. `packet_bytes_max` bounds what one may hold in memory."""

    def __init__(self, packet_bytes_max: int) -> None:
        self._max = packet_bytes_max
        self._buffer = bytearray()
        self._needed = 0
        self._skip = 0
        self._skipped: Message | None = None

    def feed(self, data: bytes) -> Iterator[Packet]:
        """Take bytes and yield the packets that are complete. Raises BadPacket; then the connection is of no use."""
        buffer = self._buffer
        buffer += data
        if len(buffer) < self._needed:  # still the same packet: not looked at again with each of its pieces
            return
        data = bytes(buffer)
        start, end, self._needed = 0, len(data), 0
        while True:
            if self._skip:
                step = min(self._skip, end - start)
                start += step
                self._skip -= step
                if self._skip:
                    break
                assert self._skipped is not None
                yield self._skipped
                self._skipped = None
            head = _head(data, start)
            if head is None:
                break
            first, body, length = head
            if length > self._max:
                known = self._oversized(data, first, body, length)
                if known is None:
                    break
                start = known
                continue
            if end - body < length:
                self._needed = body + length - start
                break
            start = body + length
            yield _packet(first, data[body:start])
        del buffer[:start]

    def _oversized(self, data: bytes, first: int, body: int, length: int) -> int | None:
        """Read topic and id of a message that is too large, and start to skip the rest; None: not all here yet."""
        if first >> 4 != PUBLISH:
            raise BadPacket(f"a packet of type {first >> 4} with {length} bytes")
        if len(data) - body < 2:  # noqa: PLR2004 - a length is two bytes
            return None
        after_topic = body + 2 + int.from_bytes(data[body : body + 2])
        needed = after_topic + (2 if first & 0x06 else 0)
        if needed - body > length:
            raise BadPacket("a topic that is longer than its packet")
        if len(data) < needed:
            return None
        header = _packet(first, bytes(data[body:needed]))
        assert isinstance(header, Message)
        self._skipped = header._replace(payload=None)
        self._skip = length - (needed - body)
        if not self._skip:
            raise BadPacket("a message of nothing but a topic, larger than the bound")
        return needed


def connect(client_id: str, *, keep_alive_s: int, clean_session: bool, user: str = "", password: str = "") -> bytes:
    """CONNECT."""
    flags = (0x02 if clean_session else 0) | (0x80 if user else 0) | (0x40 if password else 0)
    body = _text("MQTT") + bytes([4, flags]) + keep_alive_s.to_bytes(2) + _text(client_id)
    if user:
        body += _text(user)
    if password:
        body += _text(password)
    return _frame(CONNECT << 4, body)


def subscribe(packet_id: int, filters: Sequence[str], qos: int = 1) -> bytes:
    """SUBSCRIBE."""
    body = packet_id.to_bytes(2) + b"".join(_text(name) + bytes([qos]) for name in filters)
    return _frame(SUBSCRIBE << 4 | 0x02, body)


def publish(topic: str, payload: bytes, *, packet_id: int = 0, retain: bool = False) -> bytes:
    """PUBLISH, with QoS 1 if it has a packet id, else 0."""
    flags = (0x02 if packet_id else 0) | (0x01 if retain else 0)
    return _frame(PUBLISH << 4 | flags, _text(topic) + (packet_id.to_bytes(2) if packet_id else b"") + payload)


def puback(packet_id: int) -> bytes:
    """PUBACK."""
    return bytes([PUBACK << 4, 2]) + packet_id.to_bytes(2)


PINGREQ_BYTES = bytes([PINGREQ << 4, 0])
DISCONNECT_BYTES = bytes([DISCONNECT << 4, 0])


def _head(buffer: bytes, start: int) -> tuple[int, int, int] | None:
    """The first byte, where the body starts, and its length; None while the header is not complete."""
    length = 0
    for index in range(_REMAINING_BYTES_MAX):
        place = start + 1 + index
        if place >= len(buffer):
            return None
        byte = buffer[place]
        length |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:  # noqa: PLR2004 - the top bit says that more follows
            if buffer[start] >> 4 != PUBLISH and length > _SMALL_PACKET_MAX:
                raise BadPacket(f"a packet of type {buffer[start] >> 4} with {length} bytes")
            return buffer[start], place + 1, length
    raise BadPacket("a packet length of more than four bytes")


def _packet(first: int, body: bytes) -> Packet:
    kind = first >> 4
    try:
        match kind:
            case 3:  # PUBLISH
                return _message(first, body)
            case 2:
                return Connack(bool(body[0] & 1), body[1])
            case 9:
                return Suback(int.from_bytes(body[:2]), body[2:])
            case 4:
                return Puback(int.from_bytes(body[:2]))
            case 13:
                return Pingresp()
            case _:
                raise BadPacket(f"a packet of type {kind}, which no broker sends to a client like this")
    except (IndexError, UnicodeDecodeError) as error:
        raise BadPacket(f"a packet of type {kind} that ends too early or has a topic that is no text") from error


def _message(first: int, body: bytes) -> Message:
    end = 2 + int.from_bytes(body[:2])
    if end > len(body) or len(body) < 2:  # noqa: PLR2004 - a length is two bytes
        raise BadPacket("a topic that is longer than its packet")
    topic = body[2:end].decode()
    qos = first >> 1 & 0x03
    if qos == 0:
        return Message(topic, body[end:], 0, bool(first & 1))
    packet_id = int.from_bytes(body[end : end + 2])
    if qos > 1 or packet_id == 0:
        raise BadPacket(f"a message with QoS {qos} and packet id {packet_id}")
    return Message(topic, body[end + 2 :], packet_id, bool(first & 1))


def _frame(first: int, body: bytes) -> bytes:
    length = len(body)
    head = bytearray([first])
    while True:
        length, low = length >> 7, length & 0x7F
        head.append(low | (0x80 if length else 0))
        if not length:
            return bytes(head) + body


def _text(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(2) + data
