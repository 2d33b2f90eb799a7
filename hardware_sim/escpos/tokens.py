"""The commands that the printer knows: how many bytes each takes, so that the lexer can cut the stream.

A measure looks at what follows the prefix and says how many bytes belong to the command, `None` if it must see more
first, or `MALFORMED` if no printer would accept it. Every measure is bounded by `MAX_COMMAND_BYTES`.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

MAX_COMMAND_BYTES: Final = 1 << 20
"""Longest command body held in memory. A 576-dot raster of this size is 14,000 rows, 1.8 m of paper."""
MALFORMED: Final = -1

Measure = Callable[[bytearray, int], int | None]


@dataclass(frozen=True, slots=True)
class Text:
    """Printable bytes, still in the printer's code page."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Command:
    """A command by its name in Epson's reference, for example `ESC a`, with the bytes that follow its prefix."""

    name: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class RasterRows:
    """Whole rows of the `GS v 0` that was announced before, `row_bytes` bytes each."""

    data: bytes
    row_bytes: int


@dataclass(frozen=True, slots=True)
class Unknown:
    """Bytes that are no command of this printer, or are broken; recorded, never silently eaten."""

    data: bytes


Token = Text | Command | RasterRows | Unknown


def _u16(buffer: bytearray, at: int) -> int:
    return buffer[at] | buffer[at + 1] << 8


def fixed(count: int) -> Measure:
    """`count` bytes follow."""
    return lambda _buffer, _at: count


def _sized(buffer: bytearray, at: int) -> int | None:
    """`fn pL pH` and then that many bytes: the family `GS (`, `ESC (`, `FS (`."""
    if len(buffer) - at < 3:
        return None
    return 3 + _u16(buffer, at + 1)


def _sized_32(buffer: bytearray, at: int) -> int | None:
    """`L p1 p2 p3 p4` and then that many bytes: GS 8 L."""
    if len(buffer) - at < 5:
        return None
    size = 5 + (_u16(buffer, at + 1) | _u16(buffer, at + 3) << 16)
    return size if size <= MAX_COMMAND_BYTES else MALFORMED


def _selected(long: bytes, long_count: int, short_count: int = 1) -> Measure:
    """The first byte chooses: `long_count` bytes if it is one of `long`, else `short_count`."""

    def measure(buffer: bytearray, at: int) -> int | None:
        if len(buffer) == at:
            return None
        return long_count if buffer[at] in long else short_count

    return measure


def _only(first: bytes, count: int) -> Measure:
    """`count` bytes, of which the first must be one of `first`."""

    def measure(buffer: bytearray, at: int) -> int | None:
        if len(buffer) == at:
            return None
        return count if buffer[at] in first else MALFORMED

    return measure


def _barcode(buffer: bytearray, at: int) -> int | None:
    """GS k: form A (m 0-6) ends with NUL, form B (m 65-79) says its length."""
    have = len(buffer) - at
    if have < 1:
        return None
    if buffer[at] <= 6:
        end = buffer.find(0, at + 1, at + 257)
        if end >= 0:
            return end - at + 1
        return None if have < 257 else MALFORMED
    if not 65 <= buffer[at] <= 79:
        return MALFORMED
    return None if have < 2 else 2 + buffer[at + 1]


def _columns(buffer: bytearray, at: int) -> int | None:
    """ESC *: one byte a column at 8 dots, three at 24."""
    have = len(buffer) - at
    if have < 1:
        return None
    if buffer[at] not in (0, 1, 32, 33):
        return MALFORMED
    if have < 3:
        return None
    return 3 + _u16(buffer, at + 1) * (3 if buffer[at] >= 32 else 1)


def _tabs(buffer: bytearray, at: int) -> int | None:
    """ESC D: up to 32 rising stops; NUL ends the set, and so does a stop that does not rise (it is data again)."""
    last = 0
    for index in range(33):
        if len(buffer) <= at + index:
            return None
        stop = buffer[at + index]
        if stop == 0:
            return index + 1
        if stop <= last or index == 32:
            return index
        last = stop
    return 32


def _user_glyphs(buffer: bytearray, at: int) -> int | None:
    """ESC & y c1 c2, then for each character its width x and x*y bytes."""
    have = len(buffer) - at
    if have < 3:
        return None
    height, first, last = buffer[at], buffer[at + 1], buffer[at + 2]
    if not 1 <= height <= 3 or not 32 <= first <= last <= 126:
        return MALFORMED
    size = 3
    for _ in range(last - first + 1):
        if have <= size:
            return None
        size += 1 + buffer[at + size] * height
    return size


def _downloaded_image(buffer: bytearray, at: int) -> int | None:
    """GS * x y, then x*y*8 bytes."""
    if len(buffer) - at < 2:
        return None
    return 2 + buffer[at] * buffer[at + 1] * 8


_FIXED: Final[dict[bytes, dict[str, int]]] = {
    b"\x1b": {
        "@": 0, "!": 1, " ": 1, "$": 2, "%": 1, "+": 1, "-": 1, "2": 0, "3": 1, "=": 1, "?": 1, "A": 1, "B": 2, "E": 1,
        "G": 1, "J": 1, "K": 1, "L": 0, "M": 1, "R": 1, "S": 0, "T": 1, "U": 1, "V": 1, "W": 8, "\\": 2, "a": 1, "d": 1,
        "e": 1, "i": 0, "m": 0, "p": 3, "r": 1, "t": 1, "u": 1, "v": 0, "{": 1, "<": 0, "f": 2, "\x0c": 0,
    },
    b"\x1d": {
        "!": 1, "$": 2, "/": 1, ":": 0, "B": 1, "E": 1, "H": 1, "I": 1, "L": 2, "P": 2, "T": 1, "W": 2, "\\": 2, "^": 3,
        "a": 1, "b": 1, "c": 0, "f": 1, "h": 1, "j": 1, "r": 1, "w": 1, "|": 1,
    },
    b"\x1c": {"!": 1, "&": 0, "-": 1, ".": 0, "2": 74, "?": 2, "C": 1, "S": 2, "W": 1, "p": 2},
    b"\x10": {"\x05": 1},
}  # fmt: skip

_MEASURED: Final[dict[bytes, Measure]] = {
    b"\x1b(": _sized,
    b"\x1b*": _columns,
    b"\x1bD": _tabs,
    b"\x1b&": _user_glyphs,
    b"\x1bc": _only(b"01345", 2),
    b"\x1d(": _sized,
    b"\x1d8": _sized_32,
    b"\x1d*": _downloaded_image,
    b"\x1dV": _selected(b"ABabgh", 2),
    b"\x1dg": _only(b"02", 4),
    b"\x1dk": _barcode,
    b"\x1dv": _only(b"0", 6),
    b"\x1dz": _only(b"0", 3),
    b"\x1c(": _sized,
    b"\x1cg": _only(b"12", 7),
    b"\x10\x04": _selected(b"\x07\x08\x12", 2),
    b"\x10\x14": lambda buffer, at: None if len(buffer) == at else {1: 3, 2: 3, 3: 6, 7: 2, 8: 8}.get(buffer[at], 1),
}

_LEADS: Final = {b"\x1b": "ESC", b"\x1d": "GS", b"\x1c": "FS", b"\x10": "DLE"}
_SPELLED: Final = {"\x04": "EOT", "\x05": "ENQ", "\x14": "DC4", "\x0c": "FF", " ": "SP"}

LEADS: Final = frozenset(lead[0] for lead in _LEADS)
"""First bytes of commands of two and more bytes."""

SINGLE: Final = {
    0x00: "NUL", 0x07: "BEL", 0x09: "HT", 0x0A: "LF", 0x0B: "VT", 0x0C: "FF", 0x0D: "CR", 0x18: "CAN",
}  # fmt: skip
"""Commands of one byte."""


def _shapes() -> dict[bytes, tuple[str, Measure]]:
    shapes: dict[bytes, tuple[str, Measure]] = {}
    for lead, commands in _FIXED.items():
        for letter, count in commands.items():
            name = f"{_LEADS[lead]} {_SPELLED.get(letter, letter)}"
            shapes[lead + letter.encode("ascii")] = (name, fixed(count))
    for prefix, measure in _MEASURED.items():
        letter = prefix[1:].decode("ascii")
        shapes[prefix] = (f"{_LEADS[prefix[:1]]} {_SPELLED.get(letter, letter)}", measure)
    return shapes


SHAPES: Final = _shapes()
"""Two-byte prefix -> (name, measure)."""
