"""GS1 codes: the item, its lot, its dates, its weight and its price; and nothing from a code that is none."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.codes import ScanReading, ScanRules, check_digit, read_scan
from edge_agent.till.codes.gs1 import gs1_date

GS = "\x1d"
MILK = "8934602100016"
AI_TEXT = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-./", min_size=1, max_size=20)
DATES = st.dates(date(1980, 1, 1), date(2075, 12, 31))


@given(AI_TEXT, AI_TEXT, DATES, st.sampled_from(["]d2", "]C1", "]Q3", "]e0"]))
def test_what_a_code_was_made_of_is_read_back(lot: str, serial: str, expiry: date, aim: str) -> None:
    """GTIN, expiry, lot and serial survive, in whatever symbology of GS1 they were printed."""
    reading = read_scan(f"{aim}010{MILK}17{expiry:%y%m%d}10{lot}{GS}21{serial}")
    assert (reading.text, reading.lot, reading.serial, reading.expiry) == (MILK, lot, serial, expiry)
    assert (reading.kind, reading.suspicion) == ("item", "")


@given(st.integers(1980, 2075), st.integers(1, 12))
def test_day_00_is_the_last_day_of_the_month(year: int, month: int) -> None:
    """GS1 lets a maker name the month only: good until its end, leap years included."""
    found = gs1_date(f"{year % 100:02d}{month:02d}00", 2026)
    assert found is not None
    assert (found.year, found.month) == (year if year >= 1977 else year + 100, month)
    assert found.day >= 28
    assert found.toordinal() + 1 == date(year + month // 12, month % 12 + 1, 1).toordinal()


@given(st.integers(2000, 2199), st.integers(0, 99))
def test_the_century_is_the_nearest_one(this_year: int, two_digits: int) -> None:
    """From 49 years ago to 50 years ahead, whenever the till runs."""
    found = gs1_date(f"{two_digits:02d}0101", this_year)
    assert found is not None
    assert found.year % 100 == two_digits
    assert this_year - 49 <= found.year <= this_year + 50


@pytest.mark.parametrize("digits", ["261301", "260231", "26", "2601ab", "\N{ARABIC-INDIC DIGIT ONE}" * 6, ""])
def test_an_impossible_date_is_no_date(digits: str) -> None:
    """The item still sells; nothing is made up."""
    assert gs1_date(digits, 2026) is None


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (f"]C1010{MILK}3103000642", ScanReading(MILK, weight=642, symbology="code128")),
        (f"]C1010{MILK}3102000642", ScanReading(MILK, weight=6420, symbology="code128")),
        (f"]C1010{MILK}30144", ScanReading(MILK, count=144_000, symbology="code128")),
        (f"]e0010{MILK}3920125000", ScanReading(MILK, price=125_000, symbology="databar")),
        (f"]e0010{MILK}392212500000", ScanReading(MILK, price=125_000, symbology="databar")),
        (f"]d2010{MILK}15261200", ScanReading(MILK, best_before=date(2026, 12, 31), symbology="datamatrix")),
        (f"2*]d2010{MILK}10A", ScanReading(MILK, 2000, lot="A", symbology="datamatrix")),
        (f"010{MILK}10A{GS}21B", ScanReading(MILK, lot="A", serial="B")),
        (f"{GS}010{MILK}", ScanReading(MILK)),
        (f"]d201{18934602100013}10A", ScanReading("18934602100013", lot="A", symbology="datamatrix")),
        (f"https://id.gs1.org/01/0{MILK}/10/L%2F1/21/S?17=261231",
         ScanReading(MILK, lot="L/1", serial="S", expiry=date(2026, 12, 31))),
        (f"]Q3https://shop.example/vn/01/0{MILK}?15=261231",
         ScanReading(MILK, best_before=date(2026, 12, 31), symbology="qr")),
        (f"(01)0{MILK}(17)261231(10)AB-1", ScanReading(MILK, lot="AB-1", expiry=date(2026, 12, 31))),
        (f"]d2010{MILK[:-1]}710A", ScanReading("", None, "bad_check_digit", "nothing", symbology="datamatrix")),
        (f"]e0010{MILK}3922001250", ScanReading("", None, "unreadable_scan", "nothing", symbology="databar")),
    ],
)  # fmt: skip
def test_gs1_codes_by_example(raw: str, expected: ScanReading) -> None:
    """The forms that goods, scales and phones really have; a price that dong cannot pay is not guessed at."""
    assert read_scan(raw) == expected


def test_without_a_gs1_symbology_nothing_is_read_as_element_strings() -> None:
    """A lost separator would merge a lot and a serial number; an own code may begin with 01 by chance."""
    reading = read_scan(f"010{MILK}10LOT1")
    assert (reading.text, reading.lot) == (f"010{MILK}10LOT1", "")


def test_a_store_whose_scanners_send_another_separator_says_so() -> None:
    """Keyboards cannot type GS, so many scanners are set to send a sign in its place."""
    rules = ScanRules(separator="~")
    assert read_scan(f"010{MILK}10A~21B", rules) == ScanReading(MILK, lot="A", serial="B")


def test_a_price_is_in_the_stores_own_minor_units() -> None:
    """1,250 with two decimals is 12.50 dollars."""
    assert read_scan(f"]e0010{MILK}3922001250", ScanRules(currency="USD")).price == 1250


@pytest.mark.parametrize("field", ["10", "21"])
def test_a_card_number_gets_out_of_no_field(field: str) -> None:
    """Neither as a lot nor as a serial number; a phone's IMEI, which passes the same check, does."""
    reading = read_scan(f"]d2010{MILK}{field}4111111111111111")
    assert (reading.text, reading.lot, reading.serial) == (MILK, "", "")
    assert read_scan(f"]d2010{MILK}21490154203237518").serial == "490154203237518"
    assert read_scan(f"]d2010{MILK}21340000000000009").serial == ""


@given(
    st.sampled_from(["]d2", "]C1", "]e0", "]Q3", "http://", "https://id.gs1.org/01/", "(01)", ""]),
    st.text(st.sampled_from("0123456789()]/%?=&AZ\x1d\x00\u0663é "), max_size=60),
)
def test_no_garbage_raises(start: str, rest: str) -> None:
    """Whatever stands behind a GS1 mark is read or refused."""
    reading = read_scan(start + rest)
    assert len(reading.lot) <= 20
    assert len(reading.serial) <= 20
    assert reading.text.isprintable()


@given(st.binary(max_size=80))
def test_no_bytes_raise(noise: bytes) -> None:
    """Neither do bytes that were never a code, however they are decoded."""
    for raw in (noise.decode("latin-1"), noise.decode(errors="replace"), "]d2" + noise.decode("ascii", "replace")):
        assert read_scan(raw).text.isprintable()


@given(st.text("0123456789", min_size=13, max_size=13))
def test_a_gtin_14_keeps_its_indicator(body: str) -> None:
    """A carton is another item than the piece in it; only the padding zeros go."""
    gtin = body + str(check_digit(body))
    assert read_scan(f"]C101{gtin}").text.zfill(14) == gtin
