"""A scanner's bytes into codes."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.scanner.framing import Code, Framer, Framing, Reading, Suffix, Unreadable

SUFFIXES = st.sampled_from(get_args(Suffix))
CODES = st.text(alphabet=[chr(byte) for byte in range(0x21, 0x7F)] + ["\x1d"], min_size=1, max_size=60)
FRAMES: dict[Suffix, tuple[bytes, bytes]] = {
    "cr": (b"", b"\r"),
    "lf": (b"", b"\n"),
    "crlf": (b"", b"\r\n"),
    "tab": (b"", b"\t"),
    "stx_etx": (b"\x02", b"\x03"),
}
LATER_S = 60.0


def framed(codes: list[str], suffix: Suffix) -> bytes:
    """The codes as that scanner sends them."""
    head, tail = FRAMES[suffix]
    return b"".join(head + code.encode("ascii") + tail for code in codes)


def read(framing: Framing, parts: list[bytes]) -> list[Reading]:
    """All readings of a stream that arrives in these parts, 1 ms apart, and then falls silent."""
    framer = Framer(framing)
    readings: list[Reading] = []
    for index, part in enumerate(parts):
        readings += framer.feed(part, index * 0.001)
    return [*readings, *framer.poll(LATER_S)]


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    """The data, cut at these places."""
    places = sorted({cut % (len(data) + 1) for cut in cuts})
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=20), SUFFIXES)
def test_any_split_of_the_stream_reads_the_same(data: bytes, cuts: list[int], suffix: Suffix) -> None:
    """How bytes are parcelled on their way changes nothing, and nothing raises, whatever the bytes."""
    framing = Framing(suffix=suffix, code_bytes_max=32)
    assert read(framing, split(data, cuts)) == read(framing, [data])


@given(st.lists(CODES, max_size=10), st.sampled_from(sorted(FRAMES)), st.booleans())
def test_every_code_comes_out_as_it_was_printed(codes: list[str], suffix: Suffix, told: bool) -> None:
    """Joined or not, with the suffix configured or found out."""
    framing = Framing(suffix=suffix if told else "auto")
    assert read(framing, [framed(codes, suffix)]) == [Code(code) for code in codes]


@given(st.lists(st.binary(max_size=200), max_size=30), SUFFIXES)
def test_the_buffer_is_bounded(parts: list[bytes], suffix: Suffix) -> None:
    """No stream makes a reading longer than agreed."""
    for reading in read(Framing(suffix=suffix, code_bytes_max=40), parts):
        assert len(reading.text if isinstance(reading, Code) else reading.sample) <= 64


@given(CODES, st.sampled_from(sorted(FRAMES)))
def test_noise_that_is_too_long_is_named_and_then_over(code: str, suffix: Suffix) -> None:
    """An overflow is one "too_long"; the next code is read again."""
    head, tail = FRAMES[suffix]
    readings = read(Framing(suffix=suffix, code_bytes_max=100), [head + b"9" * 1000 + tail, framed([code], suffix)])
    assert readings == [Unreadable("too_long", b"9" * 64), Code(code)]


@pytest.mark.parametrize("suffix", ["auto", "none"])
def test_silence_ends_a_code_without_a_suffix(suffix: Suffix) -> None:
    """After the gap, not before."""
    framer = Framer(Framing(suffix=suffix, idle_gap_s=0.05))
    assert framer.feed(b"8934602100016", 1.0) == []
    assert framer.wake_at_s == pytest.approx(1.05)
    assert framer.poll(1.04) == []
    assert framer.poll(1.05) == [Code("8934602100016")]
    assert framer.wake_at_s is None


def test_two_codes_without_suffix_and_with_a_gap_are_two() -> None:
    """The gap ends the first also when nobody asked in between."""
    framer = Framer(Framing(suffix="none"))
    framer.feed(b"111", 0.0)
    assert framer.feed(b"222", 0.2) == [Code("111")]
    assert framer.poll(9.0) == [Code("222")]


def test_half_a_code_is_no_code_once_the_suffix_is_known() -> None:
    """A scanner that ends its codes with CR is not believed when one just stops."""
    framer = Framer(Framing())
    framer.feed(b"8934602100016\r", 0.0)
    framer.feed(b"89346", 1.0)
    assert framer.poll(1.1) == []
    assert framer.poll(2.0) == [Unreadable("cut_off", b"89346")]
    assert framer.feed(b"8934602100016\r", 3.0) == [Code("8934602100016")]


@pytest.mark.parametrize("noise", [b"\xff\x00\x81", b"89\x0034", "mã".encode()])
def test_what_is_not_ascii_is_reported(noise: bytes) -> None:
    """Never dropped in silence, never a wrong code."""
    assert read(Framing(), [noise + b"\r"]) == [Unreadable("not_ascii", noise)]


def test_a_frame_that_begins_anew_gives_up_the_first() -> None:
    """STX in the middle: the first was cut off, the second counts; bytes outside of frames are reported."""
    assert read(Framing(suffix="stx_etx"), [b"zz\x02123\x02456\x03"]) == [
        Unreadable("outside_frame", b"zz"),
        Unreadable("cut_off", b"123"),
        Code("456"),
    ]


def test_an_unplug_gives_up_what_was_begun() -> None:
    """The half is reported once, and does not stick to the next scan."""
    framer = Framer(Framing())
    framer.feed(b"8934", 0.0)
    assert framer.reset() == [Unreadable("cut_off", b"8934")]
    assert framer.reset() == []
    assert framer.feed(b"111\r", 0.1) == [Code("111")]
