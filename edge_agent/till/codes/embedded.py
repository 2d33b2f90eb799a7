"""Barcodes with a weight, a price or a count inside, as a shop's own scales print them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from edge_agent.till.codes.gtin import check_digit
from protocol.barcodes import BarcodeLayout, EmbeddedKind, parse_layout
from protocol.errors import InvalidBarcodeLayout

# Weighted products of a digit (GS1 General Specifications, 7.9.2): 2-, 3, 5+ and 5-.
_TWO_MINUS = (0, 2, 4, 6, 8, 9, 1, 3, 5, 7)
_THREE = (0, 3, 6, 9, 2, 5, 8, 1, 4, 7)
_FIVE_PLUS = (0, 5, 1, 6, 2, 7, 3, 8, 4, 9)
_FIVE_MINUS = (0, 5, 9, 4, 8, 3, 7, 2, 6, 1)
_WEIGHTS = {
    4: (_TWO_MINUS, _TWO_MINUS, _THREE, _FIVE_MINUS),
    5: (_FIVE_PLUS, _TWO_MINUS, _FIVE_MINUS, _FIVE_PLUS, _TWO_MINUS),
}


@dataclass(frozen=True)
class Embedded:
    """What a layout found. `item` are the item's digits; the value is `value` times 10 ** `exponent`.

    `zeroed`: the same code with a value of 0, under which some shops file the item. `is_sound`: the value's check
    digit, if there is one, is right.
    """

    item: str
    kind: EmbeddedKind
    value: int
    exponent: int
    zeroed: str
    is_sound: bool


def readable_layouts(texts: Iterable[str]) -> tuple[BarcodeLayout, ...]:
    """The layouts that can be read, longest prefix first; a bad one among them must not stop a till."""
    layouts = []
    for text in texts:
        try:
            layouts.append(parse_layout(text))
        except InvalidBarcodeLayout:
            continue
    return tuple(sorted(layouts, key=lambda layout: -len(layout.prefix)))


def read_embedded(code: str, layouts: Iterable[BarcodeLayout]) -> Embedded | None:
    """Take an EAN-13 (a UPC-A with a zero in front) apart by the first layout that fits. Its check digit is right."""
    code = code.zfill(13)
    layout = next((layout for layout in layouts if code.startswith(layout.prefix)), None)
    if layout is None:
        return None
    item_end = len(layout.prefix) + layout.item_digits
    value = code[item_end + layout.has_value_check : -1]
    is_sound = not layout.has_value_check or int(code[item_end]) == value_check_digit(value)
    body = f"{code[:item_end]}{'0' * (12 - item_end)}"
    return Embedded(
        item=code[len(layout.prefix) : item_end],
        kind=layout.kind,
        value=int(value),
        exponent=layout.exponent,
        zeroed=f"{body}{check_digit(body)}",
        is_sound=is_sound,
    )


def value_check_digit(value: str) -> int:
    """The check digit of a value of four or five digits (GS1 General Specifications, 7.9.3 and 7.9.4)."""
    total = sum(weights[int(digit)] for weights, digit in zip(_WEIGHTS[len(value)], value, strict=True))
    return total * 3 % 10 if len(value) == 4 else _FIVE_MINUS.index(-total % 10)  # noqa: PLR2004 - see _WEIGHTS


def scaled(value: int, exponent: int) -> int | None:
    """`value` times 10 ** `exponent` as a whole number; None if it is none."""
    if exponent >= 0:
        return int(value * 10**exponent)
    whole, rest = divmod(value, 10**-exponent)
    return None if rest else int(whole)
