"""Addresses and numbers in one form."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.customers.normal import email_of, phone_of, region_of


@pytest.mark.parametrize(
    ("text", "region", "phone"),
    [
        ("0901 234 567", "VN", "+84901234567"),
        ("+84 (0)901-234-567", "VN", "+84901234567"),
        ("0084901234567", "VN", "+84901234567"),
        ("0\uff11\uff16\uff134567890", "VN", "+84334567890"),
        ("0123 456 7890", "VN", "+84834567890"),
        ("+84 199 345 6789", "", "+84593456789"),
        ("024 3825 1234", "VN", "+842438251234"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("+1 415 555 2671", "VN", "+14155552671"),
        ("113", "VN", ""),
        ("000000000", "VN", ""),
        ("090123456", "VN", ""),
        ("0901234567", "", ""),
        ("call me", "VN", ""),
        ("", "VN", ""),
    ],
)
def test_numbers_as_people_write_them(text: str, region: str, phone: str) -> None:
    """One E.164 for each number, old Vietnamese prefixes made new; nothing for what is no number of anybody."""
    assert phone_of(text, region) == phone


@pytest.mark.parametrize(
    ("text", "email"),
    [
        (" Lan.Nguyen+shop@Example.COM ", "lan.nguyen+shop@example.com"),
        ("hu\u00ea@x.vn", "hu\u00ea@x.vn"),
        (unicodedata.normalize("NFD", "hu\u00ea@x.vn"), "hu\u00ea@x.vn"),
        ("no address", ""),
        ("a b@x.vn", ""),
        ("a@b@c", ""),
        ("@x.vn", ""),
        ("a" * 300 + "@x.vn", ""),
    ],
)
def test_addresses_as_people_write_them(text: str, email: str) -> None:
    """Lower case, trimmed, composed; dots and plus signs stay."""
    assert email_of(text) == email


@given(st.text(max_size=40))
def test_what_is_normal_stays_as_it_is(text: str) -> None:
    """Normalising twice is normalising once, and never fails."""
    assert email_of(email_of(text)) == email_of(text)
    assert phone_of(phone_of(text, "VN"), "US") == phone_of(text, "VN")


@pytest.mark.parametrize(("currency", "region"), [("VND", "VN"), ("USD", "US"), ("EUR", ""), ("XOF", ""), ("", "")])
def test_the_country_of_a_currency(currency: str, region: str) -> None:
    """Of one country's money only."""
    assert region_of(currency) == region
