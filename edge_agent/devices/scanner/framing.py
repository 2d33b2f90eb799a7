"""A scanner's bytes into codes, without I/O and without a clock; never raises.

The suffix ends a code: CR, LF, CRLF, TAB, ETX (after STX), or silence. However the bytes are split on their way, the
same codes come out. What is no code is reported (`Unreadable`), never dropped in silence: the cashier heard a beep.

The trap is "auto": silence must end a code of a scanner without a suffix, but must not turn half a code of a scanner
with one into a code of its own. So "auto" takes silence only until the scanner has shown its suffix once.

A port is sometimes opened in the middle of a scan. So the first reading after the opening is a code only if it is whole
by itself (a GTIN, an AIM identifier, a frame); else it is reported as cut off, for its tail might be another's code.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from edge_agent.till.codes import is_gtin

Suffix = Literal["auto", "cr", "lf", "crlf", "tab", "stx_etx", "none"]
Why = Literal["not_ascii", "too_long", "cut_off", "outside_frame"]

STX, ETX, TAB, LF, CR = 0x02, 0x03, 0x09, 0x0A, 0x0D

_ENDS: dict[Suffix, frozenset[int]] = {
    "auto": frozenset((CR, LF, TAB, ETX)),
    "cr": frozenset((CR,)),
    "lf": frozenset((LF,)),
    "crlf": frozenset((LF,)),
    "tab": frozenset((TAB,)),
    "stx_etx": frozenset((ETX,)),
    "none": frozenset(),
}
_TRIM = bytes((CR, LF, TAB))
# Printable ASCII, and the separators inside GS1 and ISO 15434 codes: FS, GS, RS, EOT.
_ALLOWED = frozenset(range(0x20, 0x7F)) | {0x1C, 0x1D, 0x1E, 0x04}
_SAMPLE_BYTES = 64
_AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z]")
# The tail of an EAN-13 passes as an EAN-8 once in ten times, as a UPC-A only where it is the same product.
_WHOLE_GTIN_MIN = 12


@dataclass(frozen=True)
class Code:
    """A code as the scanner sent it, without its frame."""

    text: str


@dataclass(frozen=True)
class Unreadable:
    """Bytes that are no code: why, and the first of them."""

    why: Why
    sample: bytes


Reading = Code | Unreadable


@dataclass(frozen=True, kw_only=True)
class Framing:
    """How a scanner marks its codes.

    Attributes:
        suffix: what ends a code.
        idle_gap_s: silence that ends a code without a suffix.
        cut_off_s: silence after which a code whose suffix never came is given up.
        code_bytes_max: a longer one is noise.
    """

    suffix: Suffix = "auto"
    idle_gap_s: float = 0.05
    cut_off_s: float = 0.5
    code_bytes_max: int = 512


class Framer:
    """Collects bytes until they are a code. Times are seconds of any steady clock."""

    def __init__(self, framing: Framing) -> None:
        self._framing = framing
        self._ends = _ENDS[framing.suffix]
        self._buffer = bytearray()
        self._overflowed = False
        self._inside = False
        self._suffix_seen = False
        self._last_s = 0.0
        self._sure_from_s = float("-inf")
        self._doubtful = False

    @property
    def wake_at_s(self) -> float | None:
        """When `poll` has something to say if nothing comes before; None: never."""
        return self._last_s + self._silence_s if self._buffer or self._overflowed else None

    def opened(self, now_s: float, settle_s: float) -> None:
        """The line was opened: a first reading that begins within `settle_s` may have begun before, unheard."""
        self._sure_from_s = now_s + settle_s

    def feed(self, data: bytes, now_s: float) -> list[Reading]:
        """Take bytes that arrived at `now_s`; returns what they complete, in order."""
        readings = self.poll(now_s)
        for byte in data:
            if not self._buffer:
                self._doubtful = now_s < self._sure_from_s and not self._inside
            completed = self._take(byte)
            if completed:
                self._sure_from_s = float("-inf")
            readings += completed
        if data:
            self._last_s = now_s
        return readings

    def poll(self, now_s: float) -> list[Reading]:
        """What silence up to now completes or gives up; at most one."""
        wake_at_s = self.wake_at_s
        if wake_at_s is None or now_s < wake_at_s:
            return []
        return self._end() if self._silence_ends else self._drop("cut_off")

    def reset(self) -> list[Reading]:
        """The line was interrupted: what was begun will not be finished."""
        self._inside = False
        return self._drop("cut_off")

    @property
    def _silence_ends(self) -> bool:
        suffix = self._framing.suffix
        return suffix == "none" or (suffix == "auto" and not self._suffix_seen and not self._inside)

    @property
    def _silence_s(self) -> float:
        return self._framing.idle_gap_s if self._silence_ends else self._framing.cut_off_s

    def _take(self, byte: int) -> list[Reading]:
        if byte == STX and self._framing.suffix in {"auto", "stx_etx"}:
            readings = self._drop("cut_off" if self._inside else "outside_frame")
            self._inside = True
            return readings
        if byte in self._ends:
            self._suffix_seen = True
            outside = self._framing.suffix == "stx_etx" and not self._inside
            self._inside = False
            return self._drop("outside_frame") if outside else self._end()
        if len(self._buffer) >= self._framing.code_bytes_max:
            # Keep what there is as a sample, swallow the rest until a suffix or silence.
            self._overflowed = True
        else:
            self._buffer.append(byte)
        return []

    def _end(self) -> list[Reading]:
        if self._overflowed:
            return self._drop("too_long")
        data = bytes(self._buffer).strip(_TRIM)
        if not all(byte in _ALLOWED for byte in data):
            return self._drop("not_ascii")
        text = data.decode("ascii")
        if self._doubtful and not _is_whole(text):
            return self._drop("cut_off")
        self._buffer.clear()
        return [Code(text)] if data else []

    def _drop(self, why: Why) -> list[Reading]:
        data = bytes(self._buffer).strip(_TRIM)
        if self._overflowed:
            why = "too_long"
        self._buffer.clear()
        self._overflowed = False
        return [Unreadable(why, data[:_SAMPLE_BYTES])] if data else []


def _is_whole(text: str) -> bool:
    return _AIM_ID.match(text) is not None or (len(text) >= _WHOLE_GTIN_MIN and is_gtin(text))
