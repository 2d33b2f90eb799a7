"""Figures as a cashier reads them: amounts, quantities, durations, and the notes that a customer may hold out.

Pure. Grouping and decimal mark follow the language of the page, not the currency: a Vietnamese cashier reads
12.500 ₫, an English one ₫12,500. The minus is U+2212, as wide as a digit, so that columns stay straight.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from itertools import count, takewhile

from edge_agent.pages.port import Language
from protocol.money import decimals
from protocol.quantity import SCALE, format_quantity

MINUS = "\N{MINUS SIGN}"
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
QUICK_AMOUNTS_MAX = 5

_SYMBOLS = {"VND": "₫", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "KRW": "₩", "THB": "฿", "INR": "₹"}
# What customers hold out, in whole units of the currency: the next full multiple of each is offered. The dong's
# notes run from 10.000 to 500.000; currencies with cents start at 1; yen and won have notes from 1.000 on.
_NOTES_BY_CURRENCY = {
    "VND": (10_000, 50_000, 100_000, 500_000),
    "JPY": (1_000, 5_000, 10_000),
    "KRW": (1_000, 5_000, 10_000, 50_000),
}
_NOTES = (1, 5, 10, 20, 50, 100)
_DIRECTION_MARKS = dict.fromkeys([0x061C, *range(0x200E, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_GROUPED = re.compile(r"-?\d{1,3}(?:[ .,\u00a0\u202f]\d{3})+")


def grouping_mark(language: Language) -> str:
    """What stands between thousands."""
    return "." if language == "vi" else ","


def decimal_mark(language: Language) -> str:
    """What stands before decimals."""
    return "," if language == "vi" else "."


def amount(minor: int, currency: str, language: Language) -> str:
    """Write minor units without the currency: 12500 VND -> "12.500", 1250 USD -> "12.50"."""
    places = decimals(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    text = f"{whole:,}".replace(",", grouping_mark(language))
    if places:
        text += f"{decimal_mark(language)}{fraction:0{places}d}"
    return f"{MINUS}{text}" if minor < 0 else text


def money(minor: int, currency: str, language: Language) -> str:
    """Write minor units with the currency: "12.500 ₫" in Vietnamese, "₫12,500" in English."""
    text = amount(abs(minor), currency, language)
    sign = MINUS if minor < 0 else ""
    symbol = _SYMBOLS.get(currency)
    if language == "vi" or symbol is None:
        return f"{sign}{text}{NO_BREAK_SPACE}{symbol or currency}"
    return f"{sign}{symbol}{text}"


def plain_amount(minor: int, currency: str) -> str:
    """Write minor units as `protocol.money` reads them: 1250 USD -> "12.50". For forms, never for eyes."""
    places = decimals(currency)
    whole, fraction = divmod(abs(minor), 10**places)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{fraction:0{places}d}" if places else f"{sign}{whole}"


def typed_amount(text: str, currency: str) -> str:
    """Turn what a cashier typed into what `protocol.money` reads; text that is no amount comes back as it was.

    Three digits behind a mark are a group, in any currency with fewer than three decimals: "500.000" is half a
    million. A last mark with at most as many digits as the currency has decimals is the decimal mark.
    """
    cleaned = text.strip().replace(MINUS, "-").removesuffix(_SYMBOLS.get(currency, currency)).strip()
    places = decimals(currency)
    head, mark, tail = _split_decimals(cleaned, places)
    if _GROUPED.fullmatch(head):
        head = re.sub(r"[^-\d]", "", head)
    return f"{head}.{tail}" if mark else head


def quantity(thousandths: int, language: Language) -> str:
    """Write a quantity: 642 -> "0,642" in Vietnamese; whole numbers without decimals; grouped from ten thousand on."""
    text = format_quantity(abs(thousandths), decimal_mark=decimal_mark(language))
    if abs(thousandths) >= 10_000 * SCALE:
        whole, mark, fraction = text.partition(decimal_mark(language))
        text = f"{int(whole):,}".replace(",", grouping_mark(language)) + mark + fraction
    return f"{MINUS}{text}" if thousandths < 0 else text


def quick_amounts(total: int, currency: str) -> tuple[int, ...]:
    """Return what a customer is likely to hold out: the exact total first, then rounder sums, ascending, all different.

    A total of nothing, or one that is paid back, offers only itself.
    """
    if total <= 0:
        return (total,)
    unit = 10 ** decimals(currency)
    found = {total}
    for note in _NOTES_BY_CURRENCY.get(currency, _NOTES):
        step = note * unit
        found.add(-(-total // step) * step)
    return tuple(sorted(found)[:QUICK_AMOUNTS_MAX])


def minutes_between(since: datetime, now: datetime) -> int:
    """Whole minutes from `since` to `now`; none if a clock was set back in between."""
    return max(0, int((now - since).total_seconds() // 60))


def percent(basis_points: int, language: Language) -> str:
    """Write a rate: 800 -> "8 %", 750 -> "7,5 %" in Vietnamese."""
    whole, rest = divmod(abs(basis_points), 100)
    text = str(whole) + (f"{decimal_mark(language)}{rest:02d}".rstrip("0") if rest else "")
    return f"{MINUS if basis_points < 0 else ''}{text}{NO_BREAK_SPACE}%"


def initials(name: str) -> str:
    """Two letters for a person: of the first and the last word, or "?" for a name without letters."""
    words = [word for word in shown_text(name).split() if word[0].isalpha()]
    return ((words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper()) if words else "?"


def width_class(text: str) -> str:
    """Name how much room a huge figure needs, so that the style sheet picks the largest size that fits."""
    limits = takewhile(lambda limit: limit < len(text), count(8, 3))
    return f"w{min(4, sum(1 for _ in limits))}"


def shown_text(text: str) -> str:
    """Make foreign text fit to be shown in a line: composed (NFC), without control and direction marks, single spaces.

    Direction marks would let a name turn the figures beside it around.
    """
    composed = unicodedata.normalize("NFC", text)
    kept = "".join(" " if unicodedata.category(sign) in {"Cc", "Zl", "Zp"} else sign for sign in composed)
    return " ".join(kept.translate(_DIRECTION_MARKS).split())


def plain_quantity(thousandths: int) -> str:
    """Write a quantity as `protocol.quantity` reads it. For forms, never for eyes."""
    return format_quantity(thousandths)


def _split_decimals(text: str, places: int) -> tuple[str, str, str]:
    """Cut at the decimal mark, if the text has one that this currency can have."""
    if not places:
        return text, "", ""
    match = re.fullmatch(rf"(.*\d)[.,](\d{{1,{places}}})", text)
    if match is None:
        return text, "", ""
    return match.group(1), ".", match.group(2)
