"""A grabbed keyboard's events: the text that the scanner meant, whatever it is, however the bytes are split."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.scanner.keyboard import EVENT, KeyReader
from hardware_sim.keyboard import keys_of, press

TEXTS = st.text(alphabet="".join(map(chr, range(0x20, 0x7F))), max_size=30)


def events(text: str, *, suffix: str = "enter", alt_mode: bool = False) -> bytes:
    """The bytes of one scan."""
    strokes = keys_of(text, suffix=suffix, alt_mode=alt_mode)
    return b"".join(press(key, down=down, moment_s=1.5) for key, down in strokes)


@given(TEXTS, st.booleans())
def test_every_character_comes_through(text: str, alt_mode: bool) -> None:
    """All of ASCII, with Shift or by its number, with Enter as CR."""
    assert KeyReader().feed(events(text, alt_mode=alt_mode)) == text.encode("ascii") + b"\r"


@given(st.data(), TEXTS)
def test_splitting_the_events_changes_nothing(data: st.DataObject, text: str) -> None:
    """A read may end anywhere, even in the middle of an event."""
    stream = events(text)
    cut = data.draw(st.integers(0, len(stream)))
    reader = KeyReader()
    assert reader.feed(stream[:cut]) + reader.feed(stream[cut:]) == text.encode("ascii") + b"\r"


def test_the_separators_of_gs1_come_through() -> None:
    """GS is Ctrl and ], or Alt and 0029; Tab is a suffix like Enter."""
    assert KeyReader().feed(events("]d201089\x1d10A", suffix="tab")) == b"]d201089\x1d10A\t"
    assert KeyReader().feed(events("01\x1d10", suffix="none", alt_mode=True)) == b"01\x1d10"


def test_caps_lock_of_the_scanner_itself_is_followed() -> None:
    """Some press it around each code; a PC's own Caps Lock does not come from this device and does not count."""
    lock = press(58, down=True, moment_s=0.0) + press(58, down=False, moment_s=0.0)
    letters = string.ascii_letters
    assert KeyReader().feed(lock + events(letters) + lock + events("a1")) == (letters.swapcase() + "\ra1\r").encode()


@given(st.lists(st.tuples(st.integers(0, 31), st.integers(0, 0x2FF), st.integers(-2, 3)), max_size=60))
def test_no_event_stops_it(noise: list[tuple[int, int, int]]) -> None:
    """Mice, lights, keys that no scanner has: nothing raises, and all keys let go the next code is read."""
    reader = KeyReader()
    reader.feed(b"".join(EVENT.pack(0, 0, *event) for event in noise))
    reader.feed(b"".join(EVENT.pack(0, 0, 1, key, 0) for key in range(0x300)))
    assert reader.feed(events("12")) == b"12\r"


def test_a_code_with_a_hole_is_no_code() -> None:
    """Events that the kernel lost, and keys without a character, leave a byte that no code may hold."""
    lost = EVENT.pack(0, 0, 0, 3, 0)
    assert KeyReader().feed(events("12", suffix="none") + lost + events("34")) == b"12\xff34\r"
    assert KeyReader().feed(press(59, down=True, moment_s=0.0)) == b"\xff"
