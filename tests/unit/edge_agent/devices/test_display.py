"""Pole displays: always two lines of twenty columns, amounts whole, and no byte that the pole takes for an order."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.devices.display.framing import encode, show, start
from edge_agent.devices.display.layout import BLANK, COLUMNS, Picture, both_sides, change, item, total, welcome

AMOUNTS = st.integers(0, 10**12).map(lambda number: f"{number:,}".replace(",", ".") + " ₫")


@given(st.text(max_size=60), AMOUNTS, st.text(max_size=30))
def test_a_picture_fits_and_shows_the_whole_amount(text: str, amount: str, more: str) -> None:
    """Whatever the name: 20 columns, and the customer reads all of what she pays."""
    for picture in (item(text, amount, more), total(text, amount, more[:5]), change(text, amount, more, amount)):
        assert (len(picture.top), len(picture.bottom)) == (COLUMNS, COLUMNS)
        assert picture.bottom.endswith(amount)
    greeting = welcome(text, more)
    assert (len(greeting.top), len(greeting.bottom)) == (COLUMNS, COLUMNS)


@given(st.text(max_size=40), st.sampled_from(["ascii", "cp437", "cp1252", "cp866"]))
def test_every_character_is_one_printable_byte(text: str, encoding: str) -> None:
    """Two lines of twenty bytes each, so that the second never runs into the first; no order hides in a name."""
    data = show(Picture(both_sides(text, ""), both_sides("", "1")), encoding)
    first, second, rest = data.split(b"\r")
    assert (first[:3], second[:3], rest) == (b"\x1bQA", b"\x1bQB", b"")
    assert (len(first), len(second)) == (23, 23)
    assert all(byte >= 0x20 and byte != 0x7F for line in (first, second) for byte in line[3:])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Sữa tươi Vinamilk", b"Sua tuoi Vinamilk"),
        ("Đường 12.500 ₫", b"Duong 12.500 d"),
        ("Trả \N{MINUS SIGN}5 \N{MULTIPLICATION SIGN} 3…", b"Tra -5 x 3."),
        ("牛奶", b"??"),
    ],
)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_vietnamese_is_readable_without_its_marks(text: str, plain: bytes, form: str) -> None:
    """On a pole with ASCII only, in either form of Unicode."""
    assert encode(unicodedata.normalize(form, text), "ascii") == plain  # type: ignore[arg-type]


def test_a_code_page_keeps_what_it_has() -> None:
    """Letter by letter: é has a byte there, ữ has none."""
    assert encode("Café sữa", "cp1252") == b"Caf\xe9 sua"


def test_a_long_name_loses_its_end_and_not_its_neighbour() -> None:
    """The amount stays, a blank is between."""
    assert item("Nước mắm Phú Quốc 40 độ đạm", "125.000 ₫", "2 x 62.500 ₫").top == "Nước mắm Phú Quốc 40"
    assert both_sides("2 x 62.500.000 ₫ more", "125.000.000 ₫") == "2 x 62 125.000.000 ₫"
    assert both_sides("left", "") == "left" + " " * 16


def test_nothing_is_shown_by_clearing() -> None:
    """And the first bytes reset, hide the cursor, choose a code page."""
    assert show(BLANK, "ascii") == b"\x0c"
    assert start(16) == b"\x1b@\x1b_\x00\x1bt\x10\x0c"
    assert start(None) == b"\x1b@\x1b_\x00\x0c"
