"""GS1 element strings and Digital Links: an item's number together with its lot, its dates, its weight or its price.

biip does the parsing. It is imported at the first such code: its tables of company prefixes cost 0.2 s and 20 MB, and
many a till never sees one. The trap: where a scanner drops the separator (GS, 0x1D), a lot and a serial number run
into one; so the caller lets a code in here only with a GS1 symbology's AIM id or a separator in it.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from edge_agent.till.codes.cards import holds_card_number, is_imei
from edge_agent.till.codes.gtin import without_padding

if TYPE_CHECKING:
    from biip.gs1_element_strings import GS1ElementString

SEPARATOR = "\x1d"
_CODE_MAX = 512
"""Far more than a symbol on goods can hold; a Digital Link with its shop's address included."""

_CENTURY = 100
_TEXT_MAX = 20
_LOT, _SERIAL, _EXPIRY, _BEST_BEFORE = "10", "21", "17", "15"


@dataclass(frozen=True)
class Gs1Reading:
    """What a GS1 code says. Weight in grams, count in pieces, price in major units of the store's money; "" is nothing.

    `gtin` is without padding, "" for one whose check digit is wrong.
    """

    gtin: str
    lot: str = ""
    serial: str = ""
    expiry: date | None = None
    best_before: date | None = None
    weight_g: int | None = None
    count: int | None = None
    price: Decimal | None = None


def warm_up() -> None:
    """Import the parser before the first code needs it: 0.2 s that nobody waits for, if called in the background."""
    _parse("0100000000000000", is_link=False)


def read_elements(text: str, this_year: int) -> Gs1Reading | None:
    """Read element strings with GS as separator, `010893460210001617260131...`; None if they name no item."""
    if len(text) > _CODE_MAX or not text.isascii():
        return None
    return _reading(_parse(text.strip(SEPARATOR), is_link=False), this_year)


def read_link(text: str, this_year: int) -> Gs1Reading | None:
    """Read a Digital Link, `https://example.com/01/08934602100016/10/LOT1?17=260131`; None if it names no item."""
    if len(text) > _CODE_MAX or not text.isascii():
        return None
    return _reading(_parse(text, is_link=True), this_year)


def gs1_date(digits: str, this_year: int) -> date | None:
    """Read YYMMDD; day 00 is the month's last; the year is the one from 49 years ago to 50 ahead (GS1, 7.12)."""
    if len(digits) < 6 or not (digits.isascii() and digits.isdigit()):  # noqa: PLR2004 - YYMMDD
        return None
    year, month, day = (int(digits[place : place + 2]) for place in (0, 2, 4))
    year += this_year - this_year % _CENTURY
    if year - this_year > 50:  # noqa: PLR2004 - see above
        year -= _CENTURY
    elif year - this_year < -49:  # noqa: PLR2004 - see above
        year += _CENTURY
    try:
        return date(year, month, day or calendar.monthrange(year, month)[1])
    except ValueError:
        return None


def _parse(text: str, *, is_link: bool) -> tuple[GS1ElementString, ...]:
    # At the first GS1 code, not before: see the module's own words.
    from biip import ParseConfig, ParseError  # noqa: PLC0415
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI  # noqa: PLC0415
    from biip.gs1_messages import GS1Message  # noqa: PLC0415

    # Dates are read here: biip takes the century from the PC's clock, and refuses the whole code for a bad one.
    config = ParseConfig(gs1_element_strings_verify_date=False, separator_chars=(SEPARATOR,))
    try:
        if is_link:
            return tuple(GS1DigitalLinkURI.parse(text, config=config).element_strings)
        return tuple(GS1Message.parse(text, config=config).element_strings)
    except (ParseError, ValueError, ArithmeticError, LookupError):
        return ()


def _reading(elements: tuple[GS1ElementString, ...], this_year: int) -> Gs1Reading | None:
    by_ai = {element.ai.ai: element for element in reversed(elements)}  # the first of a kind counts
    item = by_ai.get("01") or by_ai.get("02")
    if item is None:
        return None
    count = by_ai.get("30") or by_ai.get("37")
    return Gs1Reading(
        gtin=without_padding(item.value) if item.gtin is not None else "",
        lot=_text(by_ai.get(_LOT)),
        serial=_text(by_ai.get(_SERIAL)),
        expiry=_date(by_ai.get(_EXPIRY), this_year),
        best_before=_date(by_ai.get(_BEST_BEFORE), this_year),
        weight_g=_grams(_decimal(by_ai, "310")),
        count=int(count.value) if count is not None and count.value.isdigit() else None,
        price=_decimal(by_ai, "392"),
    )


def _text(element: GS1ElementString | None) -> str:
    # Nobody puts a card's number into a lot; should somebody try, it goes nowhere. A phone's IMEI passes Luhn too.
    value = element.value if element is not None else ""
    is_card = holds_card_number(value) and not is_imei(value)
    return "" if is_card or len(value) > _TEXT_MAX or not value.isprintable() else value


def _date(element: GS1ElementString | None, this_year: int) -> date | None:
    return gs1_date(element.value, this_year) if element is not None else None


def _decimal(by_ai: dict[str, GS1ElementString], ai: str) -> Decimal | None:
    return next((element.decimal for key, element in by_ai.items() if key.startswith(ai)), None)


def _grams(kilograms: Decimal | None) -> int | None:
    return None if kilograms is None else int((kilograms * 1000).to_integral_value())
