"""Letters as bytes of a printer's own code page, for text mode. No letter is ever corrupted silently.

What a page lacks is replaced by the nearest letter that it has ("ậ" by "â", "a" at last), then by "?", and every such
loss is told. Numbers of pages (ESC t n) are those of Epson's list; other makers differ, so the number can be set.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

CodePage = Literal["tcvn3", "cp1258", "cp1252", "cp858", "cp850", "cp437"]

NUMBERS: dict[CodePage, int] = {"tcvn3": 30, "cp1258": 52, "cp1252": 16, "cp858": 19, "cp850": 2, "cp437": 0}
"""ESC t n. TCVN-3 takes two pages: small letters here, capitals on the next number."""

_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_TCVN3_RUNS = {
    0xA8: "ăâêôơưđ", 0xB5: "àảãáạ", 0xBB: "ằẳẵắ", 0xC6: "ặầẩẫấậè", 0xCE: "ẻẽéẹềểễếệìỉ", 0xDC: "ĩíịò",
    0xE1: "ỏõóọồổỗốộờởỡớợù", 0xF1: "ủũúụừửữứựỳỷỹýỵ",
}  # fmt: skip
"""TCVN 5712:1993, VN3."""
_TCVN3 = {letter: start + at for start, run in _TCVN3_RUNS.items() for at, letter in enumerate(run)}

_SAME = {
    "\N{NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x", "\N{EN DASH}": "-",
    "\N{EM DASH}": "-", "\N{LEFT SINGLE QUOTATION MARK}": "'", "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"', "\N{RIGHT DOUBLE QUOTATION MARK}": '"', "\N{BULLET}": "*",
    "\N{MIDDLE DOT}": ".", "\N{HORIZONTAL ELLIPSIS}": ".", "\N{DONG SIGN}": "đ",
}  # fmt: skip
"""Signs that may be written otherwise without a loss."""
_NEAREST = {"đ": "d", "Đ": "D", "ß": "s", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "æ": "a", "œ": "o", "€": "E"}


@dataclass(frozen=True)
class Encoded:
    """`runs` are (offset of the page from its number, bytes); `lost` the letters that others stand for."""

    runs: tuple[tuple[int, bytes], ...]
    lost: frozenset[str]


def encode(text: str, page: CodePage) -> Encoded:
    """The text in a code page, one column a letter. Control characters become spaces: text gives no orders."""
    runs: list[tuple[int, bytearray]] = []
    lost: set[str] = set()
    for letter in unicodedata.normalize("NFC", text):
        offset, data, whole = _bytes_of(letter, page)
        if not whole:
            lost.add(letter)
        if not runs or (runs[-1][0] != offset and data[0] >= 0x80):  # noqa: PLR2004  the lower half is ASCII in all pages
            runs.append((offset, bytearray()))
        runs[-1][1].extend(data)
    return Encoded(tuple((offset, bytes(data)) for offset, data in runs), frozenset(lost))


@lru_cache(maxsize=4096)
def _bytes_of(letter: str, page: CodePage) -> tuple[int, bytes, bool]:
    """(page offset, bytes, nothing was lost)."""
    if unicodedata.category(letter).startswith("C"):
        return 0, b" ", True
    exact = _exact(letter, page)
    if exact is not None:
        return *exact, True
    if letter in _SAME:
        offset, data, whole = _bytes_of(_SAME[letter], page)
        return offset, data, whole or letter == "\N{DONG SIGN}"
    for nearest in _nearest(letter):
        found = _exact(nearest, page)
        if found is not None:
            return *found, False
    return 0, b"?", False


def _exact(letter: str, page: CodePage) -> tuple[int, bytes] | None:
    if letter.isascii():
        return 0, letter.encode()
    if page == "tcvn3":
        if letter in _TCVN3:
            return 0, bytes((_TCVN3[letter],))
        return (1, bytes((_TCVN3[letter.lower()],))) if letter.lower() in _TCVN3 else None
    try:
        return 0, letter.encode(page)
    except UnicodeEncodeError:
        return _with_tone(letter) if page == "cp1258" else None


def _with_tone(letter: str) -> tuple[int, bytes] | None:
    """CP1258 writes most tones as a sign of their own behind the letter."""
    parts = unicodedata.normalize("NFD", letter)
    tones = [part for part in parts if part in _TONES]
    base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
    try:
        return 0, (base + "".join(tones)).encode("cp1258")
    except UnicodeEncodeError:
        return None


def _nearest(letter: str) -> list[str]:
    parts = unicodedata.normalize("NFD", letter)
    toneless = unicodedata.normalize("NFC", "".join(part for part in parts if part not in _TONES))
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return [each for each in (toneless, bare, _NEAREST.get(letter, ""), _NEAREST.get(bare, "")) if len(each) == 1]
