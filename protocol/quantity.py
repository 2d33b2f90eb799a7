"""Quantities: integers in thousandths of the item's unit (1 piece = 1000, 0.642 kg = 642).

Integers only, so that stock adds up to the last gram on every machine and in every database.
"""

from __future__ import annotations

import re

from protocol.errors import InvalidQuantity

SCALE = 1000
"""How many of our units make one piece, kilogram or metre."""

QUANTITY_MAX = 10**12
"""A thousand million pieces: past that it is a typing error or a number scanned into the quantity field."""

_DECIMAL = re.compile(r"([+-]?)(\d{1,12})(?:[.,](\d{1,3}))?")


def parse_quantity(text: str) -> int:
    """Read "2", "0.642" or "0,642" as thousandths. Raises InvalidQuantity."""
    match = _DECIMAL.fullmatch(text.strip().replace("\N{MINUS SIGN}", "-"))
    if match is None:
        raise InvalidQuantity(f"quantity {text!r}: write a number with at most three decimals, such as 2 or 0.642")
    sign, whole, fraction = match.groups()
    value = int(whole) * SCALE + int((fraction or "").ljust(3, "0"))
    if value > QUANTITY_MAX:
        raise InvalidQuantity(
            f"quantity {text!r}: larger than {QUANTITY_MAX // SCALE}, check what was typed or scanned"
        )
    return -value if sign == "-" else value


def stepped(quantity: int, step: int) -> int:
    """The quantity `step` pieces further from zero, or nearer to it; as it was where that would lead through zero.

    Raises InvalidQuantity for more than there can be.
    """
    sign = -1 if quantity < 0 else 1
    after = quantity * sign + step * SCALE
    if after > QUANTITY_MAX:
        raise InvalidQuantity(f"quantity {after / SCALE}: larger than {QUANTITY_MAX // SCALE}")
    return sign * after if after >= 0 else quantity


def format_quantity(quantity: int, *, decimal_mark: str = ".") -> str:
    """Write thousandths as the shortest decimal text: 2000 -> "2", 642 -> "0.642"."""
    sign = "-" if quantity < 0 else ""
    whole, fraction = divmod(abs(quantity), SCALE)
    text = f"{fraction:03d}".rstrip("0")
    return f"{sign}{whole}{decimal_mark}{text}" if text else f"{sign}{whole}"
