"""Trade item numbers: check digits, zero padding, and UPC-E, which is a UPC-A with its zeros left out."""

from __future__ import annotations

import re

GTIN_LENGTHS = frozenset({8, 12, 13, 14})
_KEY_LENGTH = 14
_UPC_E = re.compile(r"[01][0-9]{7}")
_DIGITS = re.compile(r"[0-9]+")


def is_digits(text: str) -> bool:
    """Say whether `text` is nothing but the digits 0 to 9."""
    return _DIGITS.fullmatch(text) is not None


def is_gtin(text: str) -> bool:
    """Say whether `text` is an EAN-8, UPC-A, EAN-13 or GTIN-14 with the right check digit."""
    if len(text) not in GTIN_LENGTHS or not is_digits(text):
        return False
    return int(text[-1]) == check_digit(text[:-1])


def check_digit(body: str) -> int:
    """The GS1 check digit behind `body`: weights 3 and 1 from the right (GS1 General Specifications, 7.9)."""
    digits = [int(digit) for digit in reversed(body)]
    return -(3 * sum(digits[::2]) + sum(digits[1::2])) % 10


def barcode_key(code: str) -> str:
    """The key under which a barcode is found: a GTIN in 14 digits (UPC-A 0123 is EAN-13 00123), else as it is."""
    return code.zfill(_KEY_LENGTH) if is_gtin(code) else code


def without_padding(gtin: str) -> str:
    """The number as it stands under the bars: a GTIN-14 of a single piece is its EAN-13, EAN-8 or UPC-A."""
    if gtin.startswith("000000"):
        return gtin[6:]
    return gtin[1:] if len(gtin) == _KEY_LENGTH and gtin.startswith("0") else gtin


def expand_upc_e(code: str) -> str:
    """The UPC-A of a UPC-E of eight digits; "" if it is none (GS1 General Specifications, 5.2.2.4.2)."""
    if _UPC_E.fullmatch(code) is None:
        return ""
    system, digits, check = code[0], code[1:7], code[7]
    last = digits[5]
    if last in "012":
        body = f"{digits[:2]}{last}0000{digits[2:5]}"
    elif last == "3":
        body = f"{digits[:3]}00000{digits[3:5]}"
    elif last == "4":
        body = f"{digits[:4]}00000{digits[4]}"
    else:
        body = f"{digits[:5]}0000{last}"
    expanded = f"{system}{body}{check}"
    return expanded if is_gtin(expanded) else ""
