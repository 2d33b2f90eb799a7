"""The lean MQTT reader's parser: any split of bytes gives the same packets, and no bytes crash it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import BadPacket
from hub.ingest.mqtt_packets import (
    Connack,
    Message,
    Packet,
    PacketReader,
    Pingresp,
    Puback,
    Suback,
    connect,
    puback,
    publish,
    subscribe,
)

topics = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=20)
messages = st.builds(Message, topics, st.binary(max_size=300), packet_id=st.integers(0, 65535), retained=st.booleans())
packets = messages | st.sampled_from([Pingresp(), Connack(session_present=True, code=0), Suback(7, b"\x01"), Puback(9)])


def encoded(packet: Packet) -> bytes:
    """A packet as a broker would send it."""
    match packet:
        case Message(topic, payload, packet_id, retained):
            assert payload is not None
            return publish(topic, payload, packet_id=packet_id, retain=retained)
        case Connack(present, code):
            return bytes([0x20, 2, present, code])
        case Suback(packet_id, codes):
            return bytes([0x90, 2 + len(codes)]) + packet_id.to_bytes(2) + codes
        case Puback(packet_id):
            return puback(packet_id)
        case _:
            return bytes([0xD0, 0])


@given(st.lists(packets, max_size=8), st.data())
def test_any_split_of_the_bytes_gives_the_same_packets(sent: list[Packet], data: st.DataObject) -> None:
    """TCP cuts where it likes."""
    stream = b"".join(encoded(packet) for packet in sent)
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=10).map(sorted))
    reader = PacketReader(10_000)
    got = [
        packet
        for start, end in itertools.pairwise([0, *cuts, len(stream)])
        for packet in reader.feed(stream[start:end])
    ]
    assert got == sent


@given(st.lists(st.binary(max_size=50), max_size=10))
def test_no_bytes_do_more_than_drop_the_connection(parts: list[bytes]) -> None:
    """Noise is BadPacket or packets; nothing else is raised."""
    reader = PacketReader(100)
    try:
        for part in parts:
            list(reader.feed(part))
    except BadPacket:
        pass


@given(st.integers(1, 400), st.integers(0, 3))
def test_a_message_that_is_too_large_is_skipped_and_named(cut: int, step: int) -> None:
    """Its topic and id are known, so it can be acknowledged and counted; what follows is read."""
    stream = publish("big", b"x" * 300, packet_id=5) + publish("small", b"y", packet_id=6)
    reader = PacketReader(100)
    got = [*reader.feed(stream[:cut]), *reader.feed(stream[cut : cut + step]), *reader.feed(stream[cut + step :])]
    assert got == [Message("big", None, 5, retained=False), Message("small", b"y", 6, retained=False)]
    assert len(reader._buffer) == 0  # noqa: SLF001 - the promise is that nothing is held


def test_connect_and_subscribe_are_what_the_standard_says() -> None:
    """Bytes by hand, from MQTT 3.1.1 sections 3.1 and 3.8."""
    assert connect("hub", keep_alive_s=30, clean_session=False, user="u", password="p") == (  # noqa: S106 - a test
        b"\x10\x15\x00\x04MQTT\x04\xc0\x00\x1e\x00\x03hub\x00\x01u\x00\x01p"
    )
    assert subscribe(1, ["a/+"]) == b"\x82\x08\x00\x01\x00\x03a/+\x01"


@pytest.mark.parametrize(
    "stream", [b"\x30\xff\xff\xff\xff\x01", b"\x34\x05\x00\x01a\x00\x01", b"\x10\x00", b"\x20\x00"]
)
def test_what_is_no_packet_is_said_so(stream: bytes) -> None:
    """An endless length, QoS 2, a packet for a broker, an empty answer."""
    with pytest.raises(BadPacket):
        list(PacketReader(100).feed(stream))
