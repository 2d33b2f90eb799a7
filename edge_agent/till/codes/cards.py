"""Telling payment card numbers from everything else, so that none is ever kept, shown or sent."""

from __future__ import annotations

import re

from edge_agent.till.codes.gtin import is_gtin

_CARD_DIGITS = range(13, 20)  # ISO/IEC 7812-1: a primary account number has at most 19 digits
_RUN = re.compile(r"[0-9]{13,}")
_IMEI = re.compile(r"[0-9]{15}")
_FIFTEEN_DIGIT_CARDS = ("34", "37", "2131", "1800")  # American Express; JCB's first ones
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # twice a digit, the digits of that added up


def holds_card_number(text: str) -> bool:
    """Say whether a run of digits in `text` (spaces and dashes aside) may be a card number.

    13 to 19 digits that pass Luhn (ISO/IEC 7812-1, annex B) and are no GTIN. Track data of a card reader counts too.
    """
    return any(
        len(run) in _CARD_DIGITS and passes_luhn(run) and not is_gtin(run)
        for run in _RUN.findall(text.replace(" ", "").replace("-", ""))
    )


def is_imei(text: str) -> bool:
    """Say whether `text` may be a phone's IMEI: 15 digits that pass Luhn like a card's, begun as no card begins."""
    return _IMEI.fullmatch(text) is not None and passes_luhn(text) and not text.startswith(_FIFTEEN_DIGIT_CARDS)


def passes_luhn(digits: str) -> bool:
    """Say whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0
