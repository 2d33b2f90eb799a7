"""What the pages say of shifts: who, what, how much is missing, and why."""

from __future__ import annotations

import csv

import pytest

from tests.unit.hub.admin.sample_hub import SampleHub
from tests.unit.hub.admin.test_pages import ask, text_of


@pytest.fixture(scope="module")
def hub() -> SampleHub:
    """Three stores with an hour of sales and some trouble."""
    return SampleHub().fill(3, sales=120)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("open", "differs", "number of sales 41 / 40; amount sold ₫4,100,000 / ₫4,000,000")),
        ("vi", ("đang mở", "không khớp", "số hoá đơn bán 41 / 40; tiền bán 4.100.000 ₫ / 4.000.000 ₫")),
    ],
)
def test_shifts_say_who_what_and_how_much_is_missing(hub: SampleHub, language: str, words: tuple[str, ...]) -> None:
    """Open ones too; short is red, and a report that does not add up is marked."""
    answer = ask(hub, "/shifts", accept_language=language)
    text = text_of(answer.text)
    assert all(word in text for word in (*words, "Hoa"))
    assert 'class="r bad"' in answer.text
    other = text_of(ask(hub, "/shifts?store=st02", accept_language=language).text)
    assert "41 / 40" not in other


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Drawer opened without a receipt", "Allowed by", "within the own limit")),
        ("vi", ("Mở ngăn tiền không kèm hoá đơn", "Ai duyệt", "trong hạn mức")),
    ],
)
def test_a_shift_says_why_the_drawer_was_opened_and_who_allowed_refunds(
    hub: SampleHub, language: str, words: tuple[str, ...]
) -> None:
    """From the list to the shift; one without either says so; one that nobody knows is a page in words."""
    listed = ask(hub, "/shifts?store=st01", accept_language=language).text
    assert 'href="/shifts/st01/T1/st01-1"' in listed
    text = text_of(ask(hub, "/shifts/st01/T1/st01-1", accept_language=language).text)
    assert all(word in text for word in (*words, "Đổi tiền lẻ &lt;5k&gt;", "Mai", "st01-T1-1-000017"))
    assert ("Never" if language == "en" else "Chưa lần nào") in ask(
        hub, "/shifts/st01/T1/st01-2", accept_language=language
    ).text
    missing = ask(hub, "/shifts/st01/T1/none", accept_language=language)
    assert missing.status_code == 404


def test_the_shifts_csv_has_plain_numbers(hub: SampleHub) -> None:
    """As a spreadsheet adds them up."""
    answer = ask(hub, "/shifts.csv?store=st01", accept_language="en")
    rows = list(csv.reader(answer.content.decode("utf-8-sig").splitlines()))
    assert rows[0][:4] == ["Store", "Till", "Number", "Day"]
    assert rows[2][8:16] == ["41", "1", "4200000", "0", "3600000", "3590000", "-10000", "VND"]
    assert len(rows) == 3
