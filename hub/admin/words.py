"""The viewer's language: texts by gettext, numbers, money and times by CLDR (Babel).

Translations are read from the .po file where no .mo was compiled, so a checkout speaks Vietnamese without a build.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from protocol.money import decimals
from protocol.quantity import SCALE

LANGUAGES: Mapping[str, str] = {"vi": "Tiếng Việt", "en": "English"}
DOMAIN = "admin"
FOLDER = Path(__file__).parent / "locale"
MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"
COMPACT_FROM = 100_000_000
"""From this many minor units on a card shows money shortened; the full amount stands beside it."""


@cache
def translations(language: str) -> Translations:
    """The catalogue of a language, compiled or not."""
    folder = FOLDER / language / "LC_MESSAGES"
    compiled = folder / f"{DOMAIN}.mo"
    source = folder / f"{DOMAIN}.po"
    if compiled.is_file() and compiled.stat().st_mtime >= source.stat().st_mtime:
        with compiled.open("rb") as file:
            return Translations(file, DOMAIN)
    buffer = io.BytesIO()
    with source.open("rb") as file:
        write_mo(buffer, read_po(file, locale=language))
    buffer.seek(0)
    return Translations(buffer, DOMAIN)


def choose_language(cookie: str | None, accept_language: str | None, default: str) -> str:
    """The viewer's own choice, else the first language of the browser that we have, else the default."""
    if cookie is not None and cookie in LANGUAGES:
        return cookie
    for part in (accept_language or "")[:200].split(","):
        tag = part.partition(";")[0].strip().lower().partition("-")[0]
        if tag in LANGUAGES:
            return tag
    return default


@cache
def zone(name: str) -> ZoneInfo:
    """A time zone by its IANA name; UTC for a name that this machine does not know."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


@dataclass(frozen=True)
class Words:
    """How one viewer reads. Quantities are thousandths, amounts minor units, times aware."""

    language: str

    @property
    def locale(self) -> Locale:
        """The CLDR locale: Vietnamese of Vietnam, English with a 24-hour clock and day before month."""
        return Locale.parse("vi_VN" if self.language == "vi" else "en_GB")

    def say(self, message: str, **values: object) -> str:
        """The message in the viewer's language, with %(name)s filled in."""
        text: str = translations(self.language).gettext(message)
        return text % values if values else text

    def say_many(self, one: str, many: str, count: int, **values: object) -> str:
        """The message for `count` things; the texts may use %(count)s, which is written as a number."""
        text: str = translations(self.language).ngettext(one, many, count)
        return text % {"count": self.number(count), **values}

    def number(self, value: float | Decimal) -> str:
        """A number with the language's separators and a real minus."""
        return numbers.format_decimal(value, locale=self.locale).replace("-", MINUS)

    def quantity(self, thousandths: int) -> str:
        """A quantity in units: 642 -> 0,642 in Vietnamese."""
        return self.number(Decimal(thousandths) / SCALE)

    def money(self, amount: int, currency: str) -> str:
        """An amount in full, with its sign and symbol as the language puts them."""
        value = Decimal(amount).scaleb(-decimals(currency))
        return numbers.format_currency(value, currency, locale=self.locale).replace("-", MINUS)

    def short_money(self, amount: int, currency: str) -> str:
        """An amount for a card: in full, or from a hundred million minor units on in millions."""
        if abs(amount) < COMPACT_FROM:
            return self.money(amount, currency)
        value = Decimal(amount).scaleb(-decimals(currency))
        text = numbers.format_compact_currency(value, currency, locale=self.locale, fraction_digits=1)
        return text.replace("-", MINUS)

    def duration_ms(self, value_ms: float | None) -> str:
        """A latency: 84 ms, 2.3 s, 4 min, 7 h; a dash for none."""
        if value_ms is None:
            return NONE
        if value_ms < 1000:  # noqa: PLR2004 - a second
            return f"{self.number(round(value_ms))} ms"
        seconds = value_ms / 1000
        if seconds < 100:  # noqa: PLR2004 - below, tenths of a second still mean something
            return f"{self.number(round(seconds, 1))} s"
        return self.span(timedelta(seconds=seconds))

    def span(self, length: timedelta) -> str:
        """A length of time in its largest unit: 12 min, 3 h, 2 days."""
        clipped = max(length, timedelta(seconds=1))
        return dates.format_timedelta(clipped, format="short", threshold=1, locale=self.locale)

    def ago(self, at: datetime | None, now: datetime) -> str:
        """How long ago: "12 min ago"; "just now" below five seconds; a dash for never."""
        if at is None:
            return NONE
        if now - at < timedelta(seconds=5):
            return self.say("just now")
        return self.say("%(span)s ago", span=self.span(now - at))

    def clock_time(self, at: datetime, zone_name: str) -> str:
        """The time of day in a store's zone, with seconds."""
        return f"{at.astimezone(zone(zone_name)):%H:%M:%S}"

    def day_time(self, at: datetime, zone_name: str) -> str:
        """Day and time in a store's zone."""
        order = "dd/MM/y HH:mm" if self.language == "vi" else "d MMM y HH:mm"
        return dates.format_datetime(at.astimezone(UTC), order, tzinfo=zone(zone_name), locale=self.locale)

    def day(self, day: date) -> str:
        """A calendar day."""
        return dates.format_date(day, "dd/MM/y" if self.language == "vi" else "d MMM y", locale=self.locale)
