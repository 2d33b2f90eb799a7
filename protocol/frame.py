"""Frames: messages as authenticated, possibly compressed bytes.

    "TW1" | flag (0 plain, 1 zstd) | HMAC-SHA256 (32 bytes) | payload

The HMAC covers topic, flag and payload with the key that belongs to the topic, because not every broker has topic
rights; a frame replayed on another topic is a forgery. A replay on the same topic is harmless by design: sequences
and revisions only move forward. Payloads are JSON; a journal batch is JSON lines, so that one event that nobody can
read leaves its neighbours readable.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import NewType, TypeVar

import msgspec
import zstandard

from protocol.errors import BadFrame, ForgedFrame, OversizedFrame
from protocol.event import Digest
from protocol.messages import Batch, BatchHeader, Message

Key = NewType("Key", bytes)
"""32 random bytes from enrolment: a terminal's, or a feed's."""

FRAME_BYTES_MAX = 4 * 1024 * 1024
PAYLOAD_BYTES_MAX = 16 * 1024 * 1024
COMPRESS_FROM_BYTES = 2048
"""One sale (about 700 bytes) gains little from zstd; a hundred of them shrink to about 100 bytes each."""

_MAGIC = b"TW1"
_PLAIN, _ZSTD = b"\x00", b"\x01"
_HEAD = len(_MAGIC) + 1 + 32

M = TypeVar("M", bound=Message)
_encoder = msgspec.json.Encoder()
_batch_header = msgspec.json.Decoder(BatchHeader)
_decoders: dict[type, msgspec.json.Decoder[Message]] = {}


def pack(payload: bytes, *, topic: str, key: Key) -> bytes:
    """Make a frame. Raises OversizedFrame when the payload is beyond what a peer would take."""
    if len(payload) > PAYLOAD_BYTES_MAX:
        raise OversizedFrame(
            f"{topic}: payload of {len(payload)} bytes, at most {PAYLOAD_BYTES_MAX}: send less at once"
        )
    flag = _PLAIN
    if len(payload) >= COMPRESS_FROM_BYTES:
        # A fresh compressor per call: zstandard's objects are not safe to share between threads.
        flag, payload = _ZSTD, zstandard.ZstdCompressor(level=3).compress(payload)
    if len(payload) + _HEAD > FRAME_BYTES_MAX:
        raise OversizedFrame(f"{topic}: frame of {len(payload)} bytes, at most {FRAME_BYTES_MAX}: send less at once")
    return _MAGIC + flag + _mac(topic, flag, payload, key) + payload


def unpack(frame: bytes, *, topic: str, key: Key) -> bytes:
    """Check a frame and return its payload. Raises BadFrame, ForgedFrame, OversizedFrame."""
    if len(frame) > FRAME_BYTES_MAX:
        raise OversizedFrame(f"{topic}: frame of {len(frame)} bytes, at most {FRAME_BYTES_MAX}")
    if len(frame) < _HEAD or frame[:3] != _MAGIC:
        raise BadFrame(f"{topic}: {len(frame)} bytes that are no Tillwire frame (starts with {frame[:4]!r})")
    flag, mac, payload = frame[3:4], frame[4:_HEAD], frame[_HEAD:]
    if not hmac.compare_digest(mac, _mac(topic, flag, payload, key)):
        raise ForgedFrame(f"{topic}: the HMAC does not match; the sender has another key, or this is not its topic")
    if flag == _PLAIN:
        return payload
    if flag != _ZSTD:
        raise BadFrame(f"{topic}: unknown frame flag {flag!r}: the sender is newer than we are")
    return _inflate(payload, topic)


def encode(message: Message, *, topic: str, key: Key) -> bytes:
    """Frame one message."""
    return pack(_encoder.encode(message), topic=topic, key=key)


def decode(frame: bytes, kind: type[M], *, topic: str, key: Key) -> M:
    """Read one message of a known kind. Raises BadFrame and its children."""
    decoder = _decoders.get(kind)
    if decoder is None:
        decoder = _decoders[kind] = msgspec.json.Decoder(kind)
    try:
        message = decoder.decode(unpack(frame, topic=topic, key=key))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"{topic}: not a {kind.__name__}: {error}") from error
    if not isinstance(message, kind):  # the decoder checks; this tells the type checker
        raise BadFrame(f"{topic}: not a {kind.__name__}")
    return message


def encode_batch(  # noqa: PLR0913 - the header's attributes, plus where and with which key
    events: Sequence[bytes],
    *,
    epoch: int,
    first: int,
    previous: Digest,
    sent_at: datetime,
    topic: str,
    key: Key,
) -> bytes:
    """Frame a journal batch: a header line, then one sealed event a line."""
    header = BatchHeader(epoch=epoch, first=first, count=len(events), previous=previous.hex(), sent_at=sent_at)
    # `seal` writes no newline, so one inside an event is damage on disk. As a blank it breaks the chain at that event,
    # which the hub answers; as a newline it would make the whole batch unreadable, for ever.
    lines = (raw.replace(b"\n", b" ") for raw in events)
    return pack(b"\n".join([_encoder.encode(header), *lines]), topic=topic, key=key)


def decode_batch(frame: bytes, *, topic: str, key: Key) -> Batch:
    """Read a journal batch; its events stay raw. Raises BadFrame and its children."""
    lines = unpack(frame, topic=topic, key=key).split(b"\n")
    try:
        header = _batch_header.decode(lines[0])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadFrame(f"{topic}: the batch's header line cannot be read: {error}") from error
    events = tuple(lines[1:])
    if len(events) != header.count:
        raise BadFrame(f"{topic}: the batch says {header.count} events and carries {len(events)}")
    return Batch(header.epoch, header.first, Digest(bytes.fromhex(header.previous)), header.sent_at, events)


def _mac(topic: str, flag: bytes, payload: bytes, key: Key) -> bytes:
    # In one go: an hmac object costs ten times as much as what it computes of a sale.
    return hmac.digest(key, b"".join((topic.encode(), b"\x00", flag, payload)), "sha256")


def _inflate(payload: bytes, topic: str) -> bytes:
    # The frame's own size field is checked before anything is unpacked: 4 MB of zstd can hold gigabytes.
    try:
        size = zstandard.frame_content_size(payload)
        if not 0 <= size <= PAYLOAD_BYTES_MAX:
            raise OversizedFrame(f"{topic}: unpacks to {size} bytes, at most {PAYLOAD_BYTES_MAX}")
        return zstandard.ZstdDecompressor().decompress(payload, max_output_size=PAYLOAD_BYTES_MAX)
    except zstandard.ZstdError as error:
        raise BadFrame(f"{topic}: cannot be unpacked: {error}") from error
