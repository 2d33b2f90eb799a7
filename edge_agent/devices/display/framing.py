"""Pictures into the bytes of a CD5220 pole display, without I/O.

Most poles have no Vietnamese letters. What the display's code page lacks is written without its marks ("Sữa" is "Sua"),
each letter by itself; what has no such form is "?". Source: the command set CD5220 (ESC @, ESC _, ESC t, ESC Q, CLR).
"""

from __future__ import annotations

import unicodedata

from edge_agent.devices.display.layout import BLANK, Picture

ESC, CLR, CR = b"\x1b", b"\x0c", b"\r"

# Letters and signs that are no letter with a mark.
_WITHOUT_FORM = {
    "đ": "d", "Đ": "D", "₫": "d", "\N{MINUS SIGN}": "-", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "…": ".",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'", "\N{LEFT SINGLE QUOTATION MARK}": "'", "“": '"', "”": '"',
    "\N{MULTIPLICATION SIGN}": "x", "•": "*", "€": "E", "\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ",
}  # fmt: skip


def start(code_page: int | None) -> bytes:
    """What a display is sent first: reset, no cursor, its code page if one is given, nothing shown."""
    page = b"" if code_page is None else ESC + b"t" + bytes((code_page,))
    return ESC + b"@" + ESC + b"_\x00" + page + CLR


def show(picture: Picture, encoding: str) -> bytes:
    """What shows a picture; `encoding` is a Python codec of one byte per character."""
    if picture == BLANK:
        return CLR
    lines = ((b"A", picture.top), (b"B", picture.bottom))
    return b"".join(ESC + b"Q" + which + encode(text, encoding) + CR for which, text in lines)


def encode(text: str, encoding: str) -> bytes:
    """One printable byte for each character, whatever the text."""
    return b"".join(_one(sign, encoding) for sign in unicodedata.normalize("NFC", text))


def _one(sign: str, encoding: str) -> bytes:
    for form in (sign, _WITHOUT_FORM.get(sign, unicodedata.normalize("NFD", sign)[:1])):
        try:
            byte = form.encode(encoding)
        except UnicodeEncodeError:
            continue
        if len(byte) == 1 and byte >= b" " and byte != b"\x7f":
            return byte
    return b"?"
