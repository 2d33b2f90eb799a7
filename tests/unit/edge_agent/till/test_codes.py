"""Scans are taken apart without surprises, and a card number goes nowhere."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from edge_agent.till.codes import GTIN_LENGTHS, barcode_key, check_digit, holds_card_number, is_gtin, read_scan
from edge_agent.till.codes.gtin import expand_upc_e

BODIES = st.sampled_from(sorted(GTIN_LENGTHS)).flatmap(
    lambda length: st.text("0123456789", min_size=length - 1, max_size=length - 1)
)


@given(st.text())
def test_no_scan_raises_and_no_card_number_gets_out_with_other_text(raw: str) -> None:
    """Whatever a scanner sends, it is read or refused; refused text is empty unless it is nothing but digits."""
    reading = read_scan(raw)
    if reading.suspicion not in ("", "bad_check_digit"):
        assert reading.text == "" or reading.text.isdigit()
    assert len(reading.text) <= 64


@given(BODIES)
def test_a_gtin_with_its_check_digit_is_taken(body: str) -> None:
    """Each GTIN length is known, even if it looks like a card number too."""
    code = body + str(check_digit(body))
    assert is_gtin(code)
    reading = read_scan(code)
    assert (reading.text, reading.suspicion) == (code, "")


@given(BODIES, st.integers(1, 9))
def test_a_wrong_check_digit_is_told(body: str, off: int) -> None:
    """A damaged label is not sold as something else; what is wrong as an EAN-8 may be a right UPC-E."""
    code = body + str((check_digit(body) + off) % 10)
    assume(not expand_upc_e(code))
    assert read_scan(code).suspicion in ("bad_check_digit", "card_number_refused")


@given(BODIES, st.data())
def test_one_misread_digit_is_found(body: str, data: st.DataObject) -> None:
    """Weights 1 and 3 are coprime to 10, so no single wrong digit can pass."""
    code = body + str(check_digit(body))
    place = data.draw(st.integers(0, len(code) - 1))
    digit = data.draw(st.sampled_from([d for d in "0123456789" if d != code[place]]))
    assert not is_gtin(code[:place] + digit + code[place + 1 :])


@given(BODIES)
def test_zero_padding_does_not_matter(body: str) -> None:
    """UPC-A is EAN-13 with a zero in front, and both are GTIN-14 with more of them."""
    code = body + str(check_digit(body))
    for length in GTIN_LENGTHS:
        if length >= len(code):
            assert barcode_key(code.zfill(length)) == barcode_key(code)


@pytest.mark.parametrize(
    "raw",
    [
        "4111111111111111", "4111 1111 1111 1111", "5500-0055-5555-5559", "340000000000009", "]C04111111111111111",
        "%B4111111111111111^NGUYEN/LAN^2512101000000000000?", ";4111111111111111=25121010000000000000?",
        "3*4111111111111111",
    ],
)  # fmt: skip
def test_card_numbers_are_refused(raw: str) -> None:
    """Typed, scanned or swiped, with blanks or in a track: a test card's number is recognised."""
    reading = read_scan(raw)
    assert reading.suspicion == "card_number_refused"
    assert reading.text in ("", "4111111111111111", "340000000000009")


@given(st.integers(10**12, 10**19 - 1))
def test_a_long_number_that_fails_luhn_is_no_card(number: int) -> None:
    """A shop's own long codes are not refused without need."""
    text = str(number)
    luhn = sum(sum(divmod(int(d) * (1 + i % 2), 10)) for i, d in enumerate(reversed(text)))
    assume(luhn % 10)
    assert not holds_card_number(text)


@pytest.mark.parametrize(
    ("raw", "text", "quantity", "suspicion"),
    [
        ("8934602100016", "8934602100016", None, ""),
        ("8934602100016\r\n", "8934602100016", None, ""),
        ("\x028934602100016\x03", "8934602100016", None, ""),
        ("]E08934602100016", "8934602100016", None, ""),
        ("3*8934602100016", "8934602100016", 3000, ""),
        ("0,642*SKU-1", "SKU-1", 642, ""),
        ("3*", "", 3000, ""),
        (" 12 * ", "", 12_000, ""),
        ("0*", "", None, "bad_quantity"),
        ("8934602100017", "8934602100017", None, "bad_check_digit"),
        ("", "", None, "unreadable_scan"),
        ("   ", "", None, "unreadable_scan"),
        ("893\x1d460", "", None, "unreadable_scan"),
        ("x" * 65, "", None, "unreadable_scan"),
        ("SKU 1", "SKU 1", None, ""),
        ("\N{ARABIC-INDIC DIGIT ONE}" * 13, "\N{ARABIC-INDIC DIGIT ONE}" * 13, None, ""),
    ],
)
def test_scans_by_example(raw: str, text: str, quantity: int | None, suspicion: str) -> None:
    """The forms that scanners and cashiers really send."""
    reading = read_scan(raw)
    assert (reading.text, reading.quantity, reading.suspicion) == (text, quantity, suspicion)
