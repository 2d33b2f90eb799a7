"""What a cashier reads as a figure is what the till counts, in both languages and in every currency."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.pages import figures
from edge_agent.pages.port import Language
from protocol.money import decimals, parse_amount
from protocol.quantity import parse_quantity

languages = st.sampled_from(["vi", "en"])
currencies = st.sampled_from(["VND", "USD", "JPY", "EUR", "CHF", "KWD"])
amounts = st.integers(-(10**12), 10**12)


@given(amounts, currencies, languages)
def test_what_is_shown_can_be_typed_back(minor: int, currency: str, language: Language) -> None:
    """A cashier may type an amount exactly as the page writes it, marks and minus sign included."""
    shown = figures.amount(minor, currency, language)
    assert parse_amount(figures.typed_amount(shown, currency), currency) == minor


@given(amounts, currencies)
def test_plain_amounts_are_what_the_protocol_reads(minor: int, currency: str) -> None:
    """Forms carry amounts that the counter reads without loss."""
    assert parse_amount(figures.plain_amount(minor, currency), currency) == minor


@given(st.text(max_size=30), currencies)
def test_typed_nonsense_never_raises(text: str, currency: str) -> None:
    """Whatever is typed goes on to the counter, which says what is wrong with it."""
    figures.typed_amount(text, currency)


@pytest.mark.parametrize(
    ("typed", "currency", "expected"),
    [
        ("500.000", "VND", "500000"),
        ("500,000", "VND", "500000"),
        ("1 250 000", "VND", "1250000"),
        ("500000 ₫", "VND", "500000"),
        ("12,5", "VND", "12,5"),
        ("12.50", "USD", "12.50"),
        ("12,5", "USD", "12.5"),
        ("1,250.75", "USD", "1250.75"),
        ("1.250", "USD", "1250"),
        ("abc", "VND", "abc"),
    ],
)
def test_typed_amounts_by_example(typed: str, currency: str, expected: str) -> None:
    """Three digits behind a mark are thousands; what is no amount stays as it was typed."""
    assert figures.typed_amount(typed, currency) == expected


def test_money_by_example() -> None:
    """Vietnamese and English write the same money their own way; the minus is as wide as a digit."""
    assert figures.money(12_500, "VND", "vi") == "12.500\N{NO-BREAK SPACE}₫"
    assert figures.money(12_500, "VND", "en") == "₫12,500"
    assert figures.money(-1_250, "USD", "en") == "\N{MINUS SIGN}$12.50"
    assert figures.money(1_250, "CHF", "en") == "12.50\N{NO-BREAK SPACE}CHF"


@given(st.integers(-(10**10), 10**10), languages)
def test_quantities_can_be_typed_back(thousandths: int, language: Language) -> None:
    """A quantity below the first grouping mark reads back as it is shown."""
    shown = figures.quantity(thousandths, language)
    if abs(thousandths) < 10_000_000:
        assert parse_quantity(shown) == thousandths
    assert parse_quantity(figures.plain_quantity(thousandths)) == thousandths


@given(st.integers(1, 10**13), currencies)
def test_quick_amounts_pay_the_total_and_grow(total: int, currency: str) -> None:
    """Every offered amount is enough, the exact one first, no two alike, never more than fit the panel."""
    offered = figures.quick_amounts(total, currency)
    assert offered[0] == total
    assert list(offered) == sorted(set(offered))
    assert 1 <= len(offered) <= figures.QUICK_AMOUNTS_MAX


def test_quick_amounts_by_example() -> None:
    """For 289.516 ₫ people hold out 290, 300 or 500 thousand; nothing is offered for what is paid back."""
    assert figures.quick_amounts(289_516, "VND") == (289_516, 290_000, 300_000, 500_000)
    assert figures.quick_amounts(500_000, "VND") == (500_000,)
    assert figures.quick_amounts(1_730, "USD") == (1_730, 1_800, 2_000, 5_000, 10_000)
    assert figures.quick_amounts(-5_000, "VND") == (-5_000,)


@given(st.text(max_size=200))
def test_shown_text_is_calm(text: str) -> None:
    """Foreign text is composed, on one line, and cannot turn the direction of what stands beside it."""
    shown = figures.shown_text(text)
    assert shown == unicodedata.normalize("NFC", shown) or "\u2029" in text
    assert not [sign for sign in shown if unicodedata.category(sign) == "Cc" or sign in "\u202e\u2066\u200f"]
    assert shown == " ".join(shown.split())


def test_decomposed_vietnamese_is_composed() -> None:
    """A name that came as letters and marks apart is shown as whole letters."""
    assert figures.shown_text(unicodedata.normalize("NFD", "Nước mắm")) == "Nước mắm"


@given(st.integers(-(10**6), 10**6))
def test_time_never_runs_backwards(seconds: int) -> None:
    """A clock that was set back shows no negative minutes."""
    since = datetime(2026, 11, 22)  # noqa: DTZ001 - only the difference counts
    assert figures.minutes_between(since, since + timedelta(seconds=seconds)) == max(0, seconds // 60)


@given(st.integers(0, 10**15), currencies, languages)
def test_huge_figures_have_a_size(minor: int, currency: str, language: Language) -> None:
    """Each length of a figure has one of the style sheet's five sizes, the longer the smaller."""
    text = figures.money(minor, currency, language)
    assert figures.width_class(text) in {"w0", "w1", "w2", "w3", "w4"}
    assert figures.width_class(text) <= figures.width_class(text + "000")
    assert decimals(currency) in {0, 2, 3}
