"""A phone number is one number, however a person writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.phones import e164, last_digits, masked


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0912345678", "+84912345678"),
        ("0912 345 678", "+84912345678"),
        ("0912.345.678", "+84912345678"),
        ("091-234-5678", "+84912345678"),
        ("+84 912 345 678", "+84912345678"),
        ("+84 (0) 912 345 678", "+84912345678"),
        ("84912345678", "+84912345678"),
        ("0084912345678", "+84912345678"),
        ("912345678", "+84912345678"),
        ("0912\u2011345\u2011678", "+84912345678"),
        ("\uff10\uff19\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18", "+84912345678"),
        ("0162 345 6789", "+84323456789"),
        ("+84 1262345678", "+84762345678"),
        ("024 3825 1234", "+842438251234"),
        ("+49 30 901820", "+4930901820"),
        ("", ""),
        ("abc", ""),
        ("123", ""),
        ("0912345678901234567", ""),
        ("+", ""),
        ("0912345678 Lan", ""),
    ],
)
def test_numbers_in_vietnam(text: str, number: str) -> None:
    """With spaces, points, the country's code, full-width digits, or from before 2018."""
    assert e164(text, "VND") == number


@pytest.mark.parametrize(
    ("text", "currency", "number"),
    [
        ("(212) 555-0100", "USD", "+12125550100"),
        ("1 212 555 0100", "USD", "+12125550100"),
        ("081 234 5678", "THB", "+66812345678"),
        ("6123 4567", "SGD", "+6561234567"),
        ("+84912345678", "EUR", "+84912345678"),
        ("06 12 34 56 78", "EUR", "+0612345678"),
    ],
)
def test_numbers_elsewhere(text: str, currency: str, number: str) -> None:
    """The store's money says the country; without one the digits are kept as they are."""
    assert e164(text, currency) == number


@given(st.text(max_size=40), st.sampled_from(["VND", "USD", "EUR", "???"]))
def test_nothing_raises_and_a_number_stays_itself(text: str, currency: str) -> None:
    """Whatever is typed gives a number or none; reading a number again changes nothing."""
    number = e164(text, currency)
    assert number == "" or (number.startswith("+") and number[1:].isdigit() and 8 <= len(number) <= 16)
    if currency == "VND" and number.startswith("+84"):
        assert e164(number, currency) == number
    assert isinstance(last_digits(text), str)


@given(st.integers(10**8, 10**13))
def test_a_masked_number_hides_all_but_the_end(number: int) -> None:
    """Enough to recognise, not enough to call."""
    shown = masked(f"+{number}")
    assert sum(letter.isdigit() for letter in shown) == 4
    assert shown.replace(" ", "").endswith(str(number)[-4:])
