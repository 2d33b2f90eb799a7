"""A scanner that types: the key events of a scan as a browser would see them, on any keyboard layout.

The scanner presses the keys of a US keyboard, whatever layout the PC has; so `code` (the place of the key) is right and
`key` (what the PC makes of it) is not. It lets go of each key before it presses the next.
"""

import string
from dataclasses import dataclass
from random import Random
from typing import Final, Literal

Layout = Literal["us", "azerty", "vietnamese", "input_method"]

_SHIFTED_DIGITS: Final = ")!@#$%^&*("
_PLACES: Final = {
    **{digit: (f"Digit{digit}", False) for digit in string.digits},
    **{sign: (f"Digit{index}", True) for index, sign in enumerate(_SHIFTED_DIGITS)},
    **{letter: (f"Key{letter.upper()}", False) for letter in string.ascii_lowercase},
    **{letter: (f"Key{letter}", True) for letter in string.ascii_uppercase},
    " ": ("Space", False),
    **{
        sign: (place, shifted)
        for place, signs in {
            "Minus": "-_", "Equal": "=+", "BracketLeft": "[{", "BracketRight": "]}", "Backslash": "\\|",
            "Semicolon": ";:", "Quote": "'\"", "Backquote": "`~", "Comma": ",<", "Period": ".>", "Slash": "/?",
        }.items()
        for shifted, sign in zip((False, True), signs, strict=True)
    },
}  # fmt: skip
_AZERTY: Final = {
    **dict(zip((f"Digit{index}" for index in range(10)), "à&é\"'(-è_ç", strict=True)),
    "KeyQ": "a", "KeyA": "q", "KeyW": "z", "KeyZ": "w", "KeyM": ",", "Semicolon": "m", "Minus": ")",
    "BracketRight": "$",
}  # fmt: skip
_AZERTY_SHIFTED: Final = {**{f"Digit{index}": str(index) for index in range(10)}, "Semicolon": "M", "KeyM": "?"}
# The digits' row of the Vietnamese xkb layout: letters, and the five tones as combining characters.
_VIETNAMESE: Final = dict(
    zip((f"Digit{index}" for index in range(10)), "đăâêô\u0300\u0309\u0303\u0301\u0323", strict=True)
)
_VIRTUAL_KEYS: Final = {"Enter": 13, "Tab": 9, "ShiftLeft": 16, "Space": 32, "BracketRight": 221, "Minus": 189}
PROCESS_KEY: Final = 229
"""The virtual key code of a key that an input method has taken."""


@dataclass(frozen=True, slots=True)
class KeyEvent:
    """A key going down or up.

    `key` is what the layout makes of it, `text` what it types ("" for none), `virtual_key` the Windows virtual key
    code, `time_ms` counts from the first key.
    """

    kind: Literal["down", "up"]
    code: str
    key: str
    text: str
    virtual_key: int
    shift: bool
    time_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WedgeScanner:
    """How a scanner types.

    Attributes:
        layout: what the PC takes its keyboard for.
        caps_lock: the PC's Caps Lock is on.
        gap_ms: least and greatest time from key to key.
        suffix: what ends a code: Enter, Tab, both, or nothing.
    """

    layout: Layout = "us"
    caps_lock: bool = False
    gap_ms: tuple[float, float] = (2.0, 55.0)
    suffix: tuple[str, ...] = ("Enter",)

    def scan(self, text: str, rng: Random) -> list[KeyEvent]:
        """The events of one scan. Raises KeyError for a character that is on no US keyboard."""
        events: list[KeyEvent] = []
        now_ms = 0.0
        for place, shift in [*(_PLACES[sign] for sign in text), *((name, False) for name in self.suffix)]:
            gap_ms = rng.uniform(*self.gap_ms)
            # Down for a half of the gap; Shift around it, as a keyboard report has it.
            if shift:
                events.append(self._event("down", "ShiftLeft", shift=True, time_ms=now_ms))
            events.append(self._event("down", place, shift=shift, time_ms=now_ms))
            events.append(self._event("up", place, shift=shift, time_ms=now_ms + gap_ms / 2))
            if shift:
                events.append(self._event("up", "ShiftLeft", shift=False, time_ms=now_ms + gap_ms / 2))
            now_ms += gap_ms
        return events

    def _event(self, kind: Literal["down", "up"], place: str, *, shift: bool, time_ms: float) -> KeyEvent:
        key = self._key(place, shift=shift)
        writes = len(key) == 1 and kind == "down"
        text = key if writes else "\r" if place == "Enter" and kind == "down" else ""
        return KeyEvent(kind, place, key, text, self._virtual_key(place, kind), shift, round(time_ms, 3))

    def _key(self, place: str, *, shift: bool) -> str:
        if place in {"Enter", "Tab"}:
            return place
        if place == "ShiftLeft":
            return "Shift"
        if self.layout == "input_method":
            return "Process"
        plain = next(sign for sign, (name, shifted) in _PLACES.items() if name == place and shifted == shift)
        if self.layout == "azerty":
            plain = (_AZERTY_SHIFTED if shift else _AZERTY).get(place, _shifted(_AZERTY, place, plain, shift=shift))
        elif self.layout == "vietnamese" and not shift:
            plain = _VIETNAMESE.get(place, plain)
        return plain.swapcase() if self.caps_lock and plain.isalpha() else plain

    def _virtual_key(self, place: str, kind: str) -> int:
        if place in _VIRTUAL_KEYS and place not in {"Space", "BracketRight", "Minus"}:
            return _VIRTUAL_KEYS[place]
        if self.layout == "input_method" and kind == "down":
            return PROCESS_KEY
        return _VIRTUAL_KEYS.get(place, ord(place[-1]) if place.startswith(("Digit", "Key")) else 0)


def _shifted(table: dict[str, str], place: str, plain: str, *, shift: bool) -> str:
    return table[place].upper() if shift and place in table else plain
