"""The events of a Linux input device into the characters that a scanner meant, without I/O; never raises.

A scanner presses the keys of a US keyboard; so does this table read them, whatever layout the PC has. Enter is CR, Tab
is TAB, and the framer does the rest. Ctrl makes control characters (GS is Ctrl and ]), Alt with digits of the numeric
pad the character of that number, as scanners in "ALT mode" send it. What was lost, or is no character, is a byte that
no code may hold: the code is then told as unreadable, and not sold with a hole in it.
"""

from __future__ import annotations

import struct
from typing import Final

# struct input_event of the kernel: seconds and microseconds (of the machine's word), type, code, value.
EVENT: Final = struct.Struct("@llHHi")

_EV_SYN, _EV_KEY = 0, 1
_SYN_DROPPED = 3
_UP, _DOWN = 0, 1
_LOST = 0xFF

_SHIFT: Final = frozenset({42, 54})
_CTRL: Final = frozenset({29, 97})
_ALT: Final = frozenset({56, 100})
_CAPS_LOCK: Final = 58
_SILENT: Final = frozenset({69, 70, 125, 126})  # Num Lock, Scroll Lock, the two with a logo

# linux/input-event-codes.h: what stands on the keys of a US keyboard, row by row, from the first key's code on.
_ROWS: Final = ((2, "1234567890-=", "!@#$%^&*()_+"), (16, "qwertyuiop[]", "QWERTYUIOP{}"),
                (30, "asdfghjkl;'`", 'ASDFGHJKL:"~'), (43, "\\zxcvbnm,./", "|ZXCVBNM<>?"))  # fmt: skip
_PAD: Final = {
    71: "7", 72: "8", 73: "9", 75: "4", 76: "5", 77: "6", 79: "1", 80: "2", 81: "3", 82: "0", 83: ".",
    55: "*", 74: "-", 78: "+", 98: "/",
}  # fmt: skip
_KEYS: Final[dict[int, tuple[str, str]]] = {
    **{
        code: pair
        for first, plain, shifted in _ROWS
        for code, pair in enumerate(zip(plain, shifted, strict=True), first)
    },
    **{code: (sign, sign) for code, sign in _PAD.items()},
    15: ("\t", "\t"), 28: ("\r", "\r"), 57: (" ", " "), 86: ("\\", "|"), 96: ("\r", "\r"),
}  # fmt: skip


class KeyReader:
    """Follows which keys are down."""

    def __init__(self) -> None:
        self._rest = b""
        self._down: set[int] = set()
        self._caps = False
        self._number = ""

    def feed(self, data: bytes) -> bytes:
        """Take bytes of the device; returns what was typed, in order."""
        data = self._rest + data
        whole = len(data) - len(data) % EVENT.size
        self._rest = data[whole:]
        typed = bytearray()
        for _seconds, _micros, kind, code, value in EVENT.iter_unpack(data[:whole]):
            typed += self._take(kind, code, value)
        return bytes(typed)

    def _take(self, kind: int, code: int, value: int) -> bytes:
        if kind == _EV_SYN and code == _SYN_DROPPED:
            # The kernel's buffer ran over: keys are missing, and nobody knows which ones are down.
            self._down.clear()
            return bytes((_LOST,))
        if kind != _EV_KEY or value not in {_UP, _DOWN}:
            return b""  # also a key that repeats: no scanner holds one
        if value == _UP:
            self._down.discard(code)
            return self._number_typed() if code in _ALT else b""
        self._down.add(code)
        if code == _CAPS_LOCK:
            self._caps = not self._caps
        if code in _SHIFT | _CTRL | _ALT | _SILENT or code == _CAPS_LOCK:
            return b""
        return self._character(code)

    def _character(self, code: int) -> bytes:
        if self._down & _ALT and _PAD.get(code, "").isdigit():
            self._number += _PAD[code]
            return b""
        pair = _KEYS.get(code)
        if pair is None or self._down & _ALT:
            return bytes((_LOST,))
        if self._down & _CTRL:
            return (
                bytes((ord(pair[0]) & 0x1F,)) if "[" <= pair[0].upper() <= "_" or pair[0].isalpha() else bytes((_LOST,))
            )
        shifted = bool(self._down & _SHIFT) ^ (self._caps and pair[0].isalpha())
        return pair[shifted].encode("ascii")

    def _number_typed(self) -> bytes:
        number, self._number = self._number, ""
        if not number:
            return b""
        return bytes((int(number),)) if len(number) <= 4 and int(number) < 0x80 else bytes((_LOST,))  # noqa: PLR2004  ASCII, with a leading zero
