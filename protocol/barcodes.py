"""Layouts of barcodes that a shop prints itself: an item and a weight, a price or a count in one EAN-13.

A layout is one word, position by position: `21IIIIIWW.WWWC` is prefix 21, five digits of the item's number, five of
the weight with the point before the last three, the EAN's own check digit. Pure; the hub checks what a shop types
with the same function by which a till reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from protocol.errors import InvalidBarcodeLayout

EmbeddedKind = Literal["weight", "price", "quantity"]

_DIGITS = 13
_KINDS: dict[str, EmbeddedKind] = {"W": "weight", "P": "price", "Q": "quantity"}
# GS1 leaves EAN-13 02 and 20 to 29 to the shops (General Specifications, 1.4); 02 is a UPC-A that begins with 2.
_LAYOUT = re.compile(r"(02|2)([0-9]{0,6})(I{1,8})(K?)(([WPQ])\6{0,7})(?:\.(\6{1,3}))?C(?:\*(10{1,3}))?")


@dataclass(frozen=True)
class BarcodeLayout:
    """One layout, taken apart. The value's digits count 10 ** `exponent`: kilograms, major units of money or pieces.

    `has_value_check`: one digit before the value checks it (price verifier, GS1 General Specifications, 7.9).
    """

    text: str
    prefix: str
    item_digits: int
    value_digits: int
    kind: EmbeddedKind
    exponent: int = 0
    has_value_check: bool = False


@lru_cache(maxsize=64)
def parse_layout(text: str) -> BarcodeLayout:
    """Read a layout such as `21IIIIIWW.WWWC`, `2IIIIIPPPPPPC`, `28IIIIKPPPPPC*100`. Raises InvalidBarcodeLayout.

    Digits are the prefix, I the item's number, W a weight, P a price, Q a count, K the value's check digit, C the
    EAN's; `*100` at the end multiplies the value. Thirteen positions without the point.
    """
    match = _LAYOUT.fullmatch(text.strip())
    if match is None:
        raise InvalidBarcodeLayout(
            f"barcode layout {text!r}: write it as 21IIIIIWW.WWWC: a prefix from 20 to 29 or 02, I for each digit of "
            f"the item, then K for a check digit of the value if there is one, W (weight), P (price) or Q (count) "
            f"for each digit of the value, C at the end"
        )
    start, rest, item, check, whole, letter, fraction, factor = match.groups()
    length = sum(len(part or "") for part in (start, rest, item, check, whole, fraction)) + 1
    if length != _DIGITS:
        raise InvalidBarcodeLayout(f"barcode layout {text!r}: has {length} positions, an EAN-13 has {_DIGITS}")
    value_digits = len(whole) + len(fraction or "")
    if check and value_digits not in (4, 5):
        raise InvalidBarcodeLayout(f"barcode layout {text!r}: GS1 has a check digit for values of 4 or 5 digits only")
    exponent = len(factor or "1") - 1 - len(fraction or "")
    return BarcodeLayout(
        text.strip(), start + rest, len(item), value_digits, _KINDS[letter], exponent, has_value_check=bool(check)
    )
