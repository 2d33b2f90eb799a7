"""What stands on a pole display: two lines of 20 columns, from texts that are ready to be read.

Amounts are never cut: of a name too long, the name's end goes. Words and figures come from the caller, who knows the
language; here is only where they stand.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

COLUMNS = 20


@dataclass(frozen=True)
class Picture:
    """Two lines; each has exactly 20 characters, in NFC."""

    top: str
    bottom: str


BLANK = Picture(" " * COLUMNS, " " * COLUMNS)


def item(name: str, amount: str, quantity: str = "") -> Picture:
    """A line of the receipt: its name above, quantity and amount below."""
    return Picture(_left(name), both_sides(quantity, amount))


def total(label: str, amount: str, note: str = "") -> Picture:
    """What is to be paid: label and note above, the amount below, at the right."""
    return Picture(both_sides(label, note), both_sides("", amount))


def change(given_label: str, given: str, change_label: str, amount: str) -> Picture:
    """What was given, and what comes back."""
    return Picture(both_sides(given_label, given), both_sides(change_label, amount))


def welcome(top: str, bottom: str = "") -> Picture:
    """Two texts in the middle: a greeting, a farewell, "closed"."""
    return Picture(_middle(top), _middle(bottom))


def both_sides(left: str, right: str) -> str:
    """One line: `right` whole at the right, as much of `left` as leaves a blank between."""
    right = _clean(right)[-COLUMNS:]
    room = COLUMNS - len(right)
    left = _clean(left)[: max(0, room - 1) if right else room].rstrip()
    return left + " " * (room - len(left)) + right


def _left(text: str) -> str:
    return _clean(text)[:COLUMNS].ljust(COLUMNS)


def _middle(text: str) -> str:
    return _clean(text)[:COLUMNS].rstrip().center(COLUMNS)


def _clean(text: str) -> str:
    # NFC first, so that a letter with its marks is one column; a control character would be an order to the display.
    return "".join(sign if sign.isprintable() else " " for sign in unicodedata.normalize("NFC", text)).strip()
