"""Frames: what was sent arrives as it was, and nothing else arrives at all."""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime

import msgspec
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from protocol import frame
from protocol.documents import Document
from protocol.errors import BadFrame, ForgedFrame, OversizedFrame
from protocol.event import Digest
from protocol.frame import Key
from protocol.messages import Ack, Cursor, EpochGrant, FeedUpdate, Message, Pull, Status
from tests.unit.protocol.strategies import AT, KEY, drawer_chain

TOPIC = "tillwire/v1/b07/S01/T1/journal"
OTHER_KEY = Key(bytes(32))
digests = st.binary(min_size=32, max_size=32)
messages = st.one_of(
    st.builds(
        Ack, epoch=st.integers(1, 9), sequence=st.integers(0, 9), digest=digests.map(bytes.hex), hub_time=st.just(AT)
    ),
    st.builds(EpochGrant, epoch=st.integers(1, 9), nonce=st.text(max_size=40)),
    st.builds(Pull, feed=st.just("global"), lineage=st.text(max_size=9), revision=st.just(3), request=st.just("r")),
    st.builds(Status, online=st.booleans(), backlog=st.integers(0, 9), at=st.just(AT), problem=st.text(max_size=20)),
    st.builds(
        FeedUpdate,
        feed=st.just("store-S01"),
        lineage=st.text(max_size=9),
        from_rev=st.integers(0, 9),
        to_rev=st.integers(9, 99),
        documents=st.lists(
            st.builds(
                Document, kind=st.just("stock"), key=st.text(min_size=1, max_size=9), revision=st.integers(0, 9),
                deleted=st.booleans(),
            ),
            max_size=3,
        ).map(tuple),
        cursors=st.lists(
            st.builds(Cursor, terminal=st.just("T1"), epoch=st.just(1), sequence=st.integers(0, 9)), max_size=2
        ).map(tuple),
    ),
)  # fmt: skip


@given(st.binary(max_size=6_000))
def test_a_payload_arrives_as_it_was(payload: bytes) -> None:
    """Packing and unpacking gives the same bytes, small or large enough to be compressed."""
    assert frame.unpack(frame.pack(payload, topic=TOPIC, key=KEY), topic=TOPIC, key=KEY) == payload


@given(messages)
def test_a_message_arrives_as_it_was(message: Message) -> None:
    """Every message of the link survives its frame, Vietnamese and empty texts included."""
    framed = frame.encode(message, topic=TOPIC, key=KEY)
    assert frame.decode(framed, type(message), topic=TOPIC, key=KEY) == message


@given(messages)
def test_a_payload_grown_past_the_threshold_is_still_the_same_message(message: Message) -> None:
    """Whether a message was compressed is nothing that its reader can tell."""
    payload = msgspec.json.encode(message) + b" " * frame.COMPRESS_FROM_BYTES
    framed = frame.pack(payload, topic=TOPIC, key=KEY)
    assert len(framed) < len(payload)
    assert frame.decode(framed, type(message), topic=TOPIC, key=KEY) == message


@given(st.binary(min_size=1, max_size=3_000), st.data())
def test_any_flipped_bit_is_noticed(payload: bytes, data: st.DataObject) -> None:
    """One bit changed anywhere makes a bad frame, never another message."""
    framed = bytearray(frame.pack(payload, topic=TOPIC, key=KEY))
    bit = data.draw(st.integers(0, len(framed) * 8 - 1))
    framed[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(BadFrame):
        frame.unpack(bytes(framed), topic=TOPIC, key=KEY)


@given(st.binary(max_size=200), st.integers(0, 250))
def test_a_frame_cut_short_is_noticed(payload: bytes, length: int) -> None:
    """A truncated frame is a bad frame."""
    framed = frame.pack(payload, topic=TOPIC, key=KEY)
    if length < len(framed):
        with pytest.raises(BadFrame):
            frame.unpack(framed[:length], topic=TOPIC, key=KEY)


@given(st.binary(max_size=300))
def test_noise_is_a_bad_frame(noise: bytes) -> None:
    """Bytes that anybody may publish raise BadFrame and nothing else."""
    with pytest.raises(BadFrame):
        frame.decode_batch(noise, topic=TOPIC, key=KEY)


@given(st.binary(max_size=3_000))
def test_a_frame_counts_on_its_own_topic_and_with_its_own_key_only(payload: bytes) -> None:
    """A frame replayed on another terminal's topic, or made with another key, is forged."""
    framed = frame.pack(payload, topic=TOPIC, key=KEY)
    with pytest.raises(ForgedFrame):
        frame.unpack(framed, topic=TOPIC.replace("T1", "T2"), key=KEY)
    with pytest.raises(ForgedFrame):
        frame.unpack(framed, topic=TOPIC, key=OTHER_KEY)


@pytest.mark.parametrize("announce", [True, False])
def test_a_compressed_bomb_is_refused_before_it_is_unpacked(*, announce: bool) -> None:
    """Authentic bytes that would unpack past the bound are refused, whether they say their size or hide it."""
    bomb = zstandard.ZstdCompressor(level=3, write_content_size=announce).compress(bytes(frame.PAYLOAD_BYTES_MAX + 1))
    framed = _framed(b"\x01", bomb)
    with pytest.raises(OversizedFrame):
        frame.unpack(framed, topic=TOPIC, key=KEY)


def test_bytes_that_only_claim_to_be_compressed_are_a_bad_frame() -> None:
    """An authentic frame with a broken zstd payload, or with an unknown flag, is told from a forged one."""
    for flag, payload in ((b"\x01", b"no zstd"), (b"\x02", b"{}")):
        with pytest.raises(BadFrame) as caught:
            frame.unpack(_framed(flag, payload), topic=TOPIC, key=KEY)
        assert not isinstance(caught.value, ForgedFrame)


def test_a_sender_is_told_when_it_sends_too_much() -> None:
    """More than a peer would take is refused where it is made."""
    with pytest.raises(OversizedFrame):
        frame.pack(bytes(frame.PAYLOAD_BYTES_MAX + 1), topic=TOPIC, key=KEY)


@given(st.integers(1, 30), st.integers(1, 30))
def test_a_batch_arrives_as_it_was(count: int, skip: int) -> None:
    """Header and raw events come back in order, byte for byte, compressed or not."""
    chain = drawer_chain(count + skip)
    events = tuple(event.raw for event in chain[skip:])
    framed = frame.encode_batch(
        events, epoch=3, first=skip + 1, previous=chain[skip - 1].digest, sent_at=AT, topic=TOPIC, key=KEY
    )
    batch = frame.decode_batch(framed, topic=TOPIC, key=KEY)
    assert (batch.epoch, batch.first, batch.previous, batch.sent_at) == (3, skip + 1, chain[skip - 1].digest, AT)
    assert batch.events == events
    assert batch.last == count + skip


def test_damage_that_looks_like_a_newline_stays_inside_its_event() -> None:
    """A newline in an event (damage on disk: we write none) neither shifts its neighbours nor hides the batch."""
    first, second = (event.raw for event in drawer_chain(2))
    damaged = first.replace(b"T1", b"T\n", 1)
    framed = frame.encode_batch(
        [damaged, second], epoch=1, first=1, previous=Digest(bytes(32)), sent_at=AT, topic=TOPIC, key=KEY
    )
    batch = frame.decode_batch(framed, topic=TOPIC, key=KEY)
    assert len(batch.events) == 2
    assert batch.events[1] == second
    assert batch.events[0] != first


def test_a_batch_that_miscounts_itself_is_refused() -> None:
    """A header whose count is not the number of events is nothing to guess about."""
    header = b'{"epoch":1,"first":1,"count":2,"previous":"' + b"0" * 64 + b'","sent_at":"2026-11-22T11:04:00Z"}'
    with pytest.raises(BadFrame, match="2 events and carries 1"):
        frame.decode_batch(frame.pack(header + b"\n{}", topic=TOPIC, key=KEY), topic=TOPIC, key=KEY)


def test_a_message_of_another_kind_is_refused() -> None:
    """An authentic frame with the wrong message in it does not become a half-read one."""
    framed = frame.encode(EpochGrant(epoch=2, nonce="n" * 16), topic=TOPIC, key=KEY)
    with pytest.raises(BadFrame, match="not a Ack"):
        frame.decode(framed, Ack, topic=TOPIC, key=KEY)


def test_a_newer_peer_may_say_more() -> None:
    """A field that we do not know is ignored: tills and hub are never upgraded at the same moment."""
    said = {"epoch": 1, "sequence": 5, "digest": "0" * 64, "hub_time": datetime(2026, 1, 1, tzinfo=UTC), "mood": "good"}
    framed = frame.pack(msgspec.json.encode(said), topic=TOPIC, key=KEY)
    assert frame.decode(framed, Ack, topic=TOPIC, key=KEY).sequence == 5


def _framed(flag: bytes, payload: bytes) -> bytes:
    # By hand from the description of the format, so that the test does not lean on `pack`.

    mac = hmac.new(KEY, TOPIC.encode() + b"\x00" + flag + payload, hashlib.sha256).digest()
    return b"TW1" + flag + mac + payload
