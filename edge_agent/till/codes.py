"""What a scanner or a keyboard said, as a code to look up: the one place that parses scans.

The promise: a card number is recognised before anything else can see it. Whether a code is known is asked first by
the caller: shops do print codes of their own that have no check digit, or a wrong one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from protocol.errors import InvalidQuantity
from protocol.quantity import parse_quantity

Suspicion = Literal["", "bad_check_digit", "card_number_refused", "unreadable_scan", "bad_quantity"]

CODE_LENGTH_MAX = 64
"""The length of a SKU or barcode in the catalogue; what is longer was read wrong, or is two scans in one."""

GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_CARD_DIGITS = range(13, 20)  # ISO/IEC 7812-1: a primary account number has at most 19 digits

_AIM_ID = re.compile(r"\][A-Za-z][0-9A-Za-z]")
_MULTIPLIER = re.compile(r"([0-9]{1,6}(?:[.,][0-9]{1,3})?)\s*\*\s*(.*)", re.DOTALL)
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True)
class ScanReading:
    """A scan taken apart. `quantity` is in thousandths, None without a multiplier; `text` is "" for a bare `N*`.

    `suspicion` says what to tell the cashier if nothing in the catalogue has this code. With "card_number_refused"
    a `text` may be looked up, and must be forgotten, unlogged, when it is not found.
    """

    text: str
    quantity: int | None = None
    suspicion: Suspicion = ""


def read_scan(raw: str) -> ScanReading:
    """Take apart what was scanned or typed: `8934602100016`, `]E08934602100016`, `3*8934602100016`, `3*`.

    Never raises.
    """
    text = raw.strip(" \t\r\n\x00\x02\x03")
    quantity: int | None = None
    match = _MULTIPLIER.fullmatch(text)
    if match is not None:
        quantity = _multiplier(match.group(1))
        if quantity is None:
            return ScanReading("", None, "bad_quantity")
        text = match.group(2)
    text = _without_aim_id(text)
    if not text and quantity is not None:
        return ScanReading("", quantity)
    suspicion = _suspicion(text)
    # A card number keeps its text only when it is nothing but digits, like a shop's own code may be: the caller
    # looks that up and then forgets it. Track data never gets past here.
    is_usable = suspicion in ("", "bad_check_digit") or (suspicion == "card_number_refused" and _is_digits(text))
    return ScanReading(text if is_usable else "", quantity, suspicion)


def is_gtin(text: str) -> bool:
    """Say whether `text` is an EAN-8, UPC-A, EAN-13 or GTIN-14 with the right check digit."""
    if len(text) not in GTIN_LENGTHS or not _is_digits(text):
        return False
    return int(text[-1]) == check_digit(text[:-1])


def check_digit(body: str) -> int:
    """The GS1 check digit behind `body`: weights 3 and 1 from the right (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (3 if index % 2 == 0 else 1) for index, digit in enumerate(reversed(body)))
    return -total % 10


def barcode_key(code: str) -> str:
    """The key under which a barcode is found: a GTIN in 14 digits (UPC-A 0123 is EAN-13 00123), else as it is."""
    return code.zfill(14) if is_gtin(code) else code


def holds_card_number(text: str) -> bool:
    """Say whether a run of digits in `text` (spaces and dashes aside) may be a card number.

    13 to 19 digits that pass Luhn (ISO/IEC 7812-1, annex B) and are no GTIN. Track data of a card reader counts too.
    """
    return any(
        len(run) in _CARD_DIGITS and _passes_luhn(run) and not is_gtin(run)
        for run in _DIGITS.findall(text.replace(" ", "").replace("-", ""))
    )


def _passes_luhn(digits: str) -> bool:
    total = 0
    for index, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + index % 2)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - the digit sum of a two-digit number
    return total % 10 == 0


def _suspicion(text: str) -> Suspicion:
    if holds_card_number(text):
        return "card_number_refused"
    if not text or len(text) > CODE_LENGTH_MAX or not text.isprintable():
        return "unreadable_scan"
    if _is_digits(text) and len(text) in GTIN_LENGTHS and not is_gtin(text):
        return "bad_check_digit"
    return ""


def _multiplier(text: str) -> int | None:
    try:
        return parse_quantity(text) or None
    except InvalidQuantity:
        return None


def _is_digits(text: str) -> bool:
    return _DIGITS.fullmatch(text) is not None


def _without_aim_id(text: str) -> str:
    # ISO/IEC 15424: "]", a symbology letter, a modifier. No code of a shop starts with a closing bracket.
    match = _AIM_ID.match(text)
    return text[match.end() :] if match is not None else text
