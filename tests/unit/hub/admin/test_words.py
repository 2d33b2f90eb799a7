"""Two languages from the first screen on: nothing untranslated, numbers as people there write them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from hub.admin import words as words_module
from hub.admin.words import LANGUAGES, Words, choose_language

ROOM = Path(words_module.__file__).parent
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None, "gettext": None, "ngettext": (1, 2), "say": None, "say_many": (1, 2),
}  # fmt: skip
PLACEHOLDER = re.compile(r"%\((\w+)\)s")
VI, EN = Words("vi"), Words("en")
NOW = datetime(2026, 11, 22, 11, 4, 30, tzinfo=UTC)


def asked() -> dict[str, str | tuple[str, ...]]:
    """Every text that pages and code ask a translation for, by its first form."""
    options = {"templates/**.html": {"trim_blocks": "true", "lstrip_blocks": "true"}}
    methods = [("**.py", "python"), ("templates/**.html", "jinja2.ext:babel_extract")]
    found: dict[str, str | tuple[str, ...]] = {}
    for _, _, message, _, _ in extract_from_dir(str(ROOM), methods, options, keywords=KEYWORDS):
        found[message if isinstance(message, str) else message[0]] = message
    return found


def catalogue(language: str) -> dict[str, Message]:
    """The messages of a language's file, by their first form."""
    with (ROOM / "locale" / language / "LC_MESSAGES" / "admin.po").open("rb") as file:
        read = read_po(file, locale=language)
    return {message.id if isinstance(message.id, str) else message.id[0]: message for message in read if message.id}


def forms_of(message: Message) -> list[str]:
    """What a message is translated to: one text, or one for each plural form."""
    return [message.string] if isinstance(message.string, str) else list(message.string or ())


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated_and_none_is_left_over(language: str) -> None:
    """A new text without its Vietnamese fails here, and so does a translation that nobody asks for."""
    messages = catalogue(language)
    wanted = asked()
    assert len(wanted) > 150
    assert set(messages) == set(wanted)
    for key, message in messages.items():
        assert all(form.strip() for form in forms_of(message)), key
        assert not message.fuzzy, key


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_fills_in_the_same_things(language: str) -> None:
    """A lost %(name)s would hide a number, an invented one would break the page."""
    for key, message in catalogue(language).items():
        wanted = set(PLACEHOLDER.findall(key))
        for form in forms_of(message):
            assert set(PLACEHOLDER.findall(form)) == wanted, key


def test_numbers_are_written_as_in_the_language() -> None:
    """Separators, currency and a real minus."""
    assert VI.number(1234567) == "1.234.567"
    assert EN.number(1234567) == "1,234,567"
    assert VI.quantity(642) == "0,642"
    assert VI.quantity(-2_000) == "\N{MINUS SIGN}2"
    assert VI.money(12_500, "VND") == "12.500\xa0₫"
    assert EN.money(-1_250, "USD").startswith("\N{MINUS SIGN}")
    assert VI.short_money(412_600_000, "VND") == "412,6\xa0Tr\xa0₫"
    assert VI.short_money(99_999_999, "VND") == "99.999.999\xa0₫"


def test_latencies_and_spans_are_short() -> None:
    """The unit changes with the size."""
    assert [EN.duration_ms(value) for value in (None, 84.4, 2_345, 600_000)] == [
        "\N{EN DASH}",
        "84 ms",
        "2.3 s",
        "10 mins",
    ]
    assert VI.ago(NOW - timedelta(minutes=12), NOW) == "12 phút trước"
    assert EN.ago(NOW - timedelta(seconds=2), NOW) == "just now"
    assert EN.ago(NOW + timedelta(seconds=30), NOW) == "just now"  # a till's clock that is a little ahead
    assert EN.ago(None, NOW) == "\N{EN DASH}"


def test_times_are_those_of_the_store() -> None:
    """Paid at 18:04 in Hà Nội, whatever the hub's own zone."""
    assert VI.clock_time(NOW, "Asia/Ho_Chi_Minh") == "18:04:30"
    assert VI.clock_time(NOW, "No/Where") == "11:04:30"
    assert VI.day_time(NOW, "Asia/Ho_Chi_Minh") == "22/11/2026 18:04"
    assert EN.day_time(NOW, "Asia/Ho_Chi_Minh") == "22 Nov 2026 18:04"


@pytest.mark.parametrize(
    ("cookie", "accept", "language"),
    [
        (None, "vi-VN,vi;q=0.9,en;q=0.8", "vi"),
        (None, "fr-FR, en-GB;q=0.7", "en"),
        ("vi", "en", "vi"),
        ("xx", "vi", "vi"),
        (None, None, "en"),
        (None, "zz" * 1000, "en"),
    ],
)
def test_the_viewers_choice_comes_first(cookie: str | None, accept: str | None, language: str) -> None:
    """Then the browser's languages, then the hub's default."""
    assert choose_language(cookie, accept, "en") == language
