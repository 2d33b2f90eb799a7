"""Scales: no bytes, however split or spoilt, become a weight that the scale did not give."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.scale.framing import Cas, Event, Garbled, ProtocolName, Send, Toledo8217, Weighed, protocol_of
from edge_agent.devices.scale.reading import ScaleReading, ScaleState

GRAMS = st.integers(0, 99_999)
NAMES: tuple[ProtocolName, ...] = ("toledo_8217", "cas")


def toledo(grams: int) -> bytes:
    """The answer with a weight."""
    return f"\x02{grams // 1000:02}.{grams % 1000:03}\r".encode("ascii")


def cas(text: str) -> bytes:
    """A block around ten characters, with its check."""
    body = text.encode("ascii")
    return b"\x01\x02" + body + bytes((reduce(xor, body),)) + b"\x03\x04"


def told(name: ProtocolName, chunks: list[bytes]) -> list[Event]:
    """What a fresh speaker makes of bytes that come in these pieces."""
    protocol = protocol_of(name)
    protocol.ask()
    return [event for chunk in chunks for event in protocol.feed(chunk)]


@given(GRAMS)
def test_a_weight_comes_through_exactly(grams: int) -> None:
    """Kilograms with three places are grams, no rounding on the way."""
    assert told("toledo_8217", [toledo(grams)]) == [Weighed(grams, "STABLE")]
    assert told("cas", [cas(f"S {grams // 1000:02}.{grams % 1000:03}kg")]) == [Weighed(grams, "STABLE")]


@given(st.data(), st.sampled_from(NAMES), st.lists(GRAMS, min_size=1, max_size=4))
def test_splitting_an_answer_changes_nothing(data: st.DataObject, name: ProtocolName, weights: list[int]) -> None:
    """A slow line, a busy PC: the pieces do not matter."""
    make = toledo if name == "toledo_8217" else lambda grams: cas(f"S {grams // 1000:02}.{grams % 1000:03}kg")
    whole = b"".join(make(grams) for grams in weights)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=6)))
    pieces = [whole[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert told(name, pieces) == told(name, [whole])


@given(st.sampled_from(NAMES), st.lists(st.binary(max_size=40), max_size=10), GRAMS)
def test_no_noise_stops_it(name: ProtocolName, noise: list[bytes], grams: int) -> None:
    """After any noise the next question is answered as if nothing had been."""
    protocol = protocol_of(name)
    for piece in noise:
        protocol.feed(piece)
    protocol.ask()
    answer = toledo(grams) if name == "toledo_8217" else cas(f"S {grams // 1000:02}.{grams % 1000:03}kg")
    assert protocol.feed(answer) == [Weighed(grams, "STABLE")]


@given(GRAMS, st.integers(0, 14), st.integers(1, 255))
def test_a_changed_byte_of_a_cas_block_is_no_weight(grams: int, at: int, change: int) -> None:
    """One byte changed on the line: never another weight."""
    block = bytearray(cas(f"S {grams // 1000:02}.{grams % 1000:03}kg"))
    block[at] ^= change
    assert not any(isinstance(event, Weighed) and event.state == "STABLE" for event in told("cas", [bytes(block)]))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (0b110_0001, Weighed(None, "MOTION")),
        (0b110_0010, Weighed(None, "OVER")),
        (0b110_0011, Weighed(None, "OVER")),
        (0b110_0100, Weighed(None, "UNDER")),
        (0b110_1000, Weighed(None, "UNDER")),
        (0b111_0000, Weighed(0, "STABLE")),
        (0b110_0000, Weighed(None, "MOTION")),
    ],
)
def test_a_toledo_says_why_it_has_no_weight(status: int, expected: Weighed) -> None:
    """Moving, too heavy, below zero; bits that are always on mean nothing."""
    assert told("toledo_8217", [b"\x02?" + bytes((status,)) + b"\r"]) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("S 01.250kg", Weighed(1250, "STABLE")),
        ("U 01.250kg", Weighed(1250, "MOTION")),
        ("S-00.015kg", Weighed(None, "UNDER")),
        ("S 001250kg", Weighed(1250, "STABLE")),
        ("S 001250 g", Weighed(1250, "STABLE")),
        ("S FFFFFFkg", Weighed(None, "OVER")),
        ("SF00.000kg", Weighed(None, "OVER")),
    ],
)
def test_a_cas_says_how_it_stands(text: str, expected: Weighed) -> None:
    """Stable or not, its sign, its units of kilograms and grams."""
    assert told("cas", [cas(text)]) == [expected]


@pytest.mark.parametrize("text", ["S 01.250lb", "X 01.250kg", "S 0125.0 g"])
def test_pounds_and_riddles_are_no_grams(text: str) -> None:
    """What cannot be grams is not sold as grams."""
    assert not any(isinstance(event, Weighed) and event.grams is not None for event in told("cas", [cas(text)]))


def test_a_cas_wants_its_second_question() -> None:
    """ENQ, ACK, DC1; a NAK says that there is no weight yet."""
    assert Cas().ask() == b"\x05"
    assert Cas().feed(b"\x06") == [Send(b"\x11")]
    assert Cas().feed(b"\x15") == [Weighed(None, "MOTION")]


def test_a_tare_weight_is_a_weight() -> None:
    """N behind the digits: net. Without three places it is still kilograms."""
    assert Toledo8217().feed(b"\x02 01.25N\r") == [Weighed(1250, "STABLE")]
    assert Toledo8217().feed(b"\x02012500\r") == [Garbled(b"012500")]


@given(st.integers(0, 20_000), st.floats(0, 100), st.floats(0, 100))
def test_an_old_weight_is_no_weight(grams: int, at_s: float, later_s: float) -> None:
    """Older than its time, or from a scale in motion: not to be sold."""
    reading = ScaleReading(grams, "STABLE", at_s)
    seen = reading.aged(at_s + later_s, 1.0)
    assert seen.may_be_sold == (grams > 0 and at_s + later_s - at_s <= 1.0)


@pytest.mark.parametrize("state", ["MOTION", "OVER", "UNDER", "STALE", "ABSENT"])
def test_only_a_weight_at_rest_is_sold(state: ScaleState) -> None:
    """Whatever it says besides."""
    assert not ScaleReading(1250, state, 0.0).may_be_sold
