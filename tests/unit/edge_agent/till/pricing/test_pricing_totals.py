"""Taxes and cash at the foot of a receipt, and the price that a list gives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge_agent.till.pricing import (
    Basket,
    BasketLine,
    HandCut,
    RateTax,
    cash_due,
    compile_rules,
    price,
    price_cuts,
    unit_price_of,
)
from protocol.documents import Item
from protocol.promotions import Off, Selection
from protocol.sale_events import PriceCut
from tests.unit.edge_agent.till.pricing.baskets import NOW, promote

FOUR_RATES = Basket(
    lines=tuple(
        BasketLine(number=number, sku=f"S{rate_bp}", quantity=1_000, unit_price=unit_price, tax_rate_bp=rate_bp)
        for number, (rate_bp, unit_price) in enumerate(
            [(0, 30_000), (500, 21_000), (800, 56_000), (1_000, 110_000), (800, 9_999)], 1
        )
    ),
    local_now=NOW,
)


def test_four_rates_with_tax_included() -> None:
    """Vietnam's 0, 5, 8 and 10 %: a rate's tax is its lines', and what is taxed and its tax make the price."""
    receipt = price(FOUR_RATES, compile_rules([]))
    assert receipt.taxes == (
        RateTax(0, 30_000, 0), RateTax(500, 20_000, 1_000),
        RateTax(800, 61_110, 4_889), RateTax(1_000, 100_000, 10_000),
    )  # fmt: skip
    assert [line.tax for line in receipt.lines] == [0, 1_000, 4_148, 10_000, 741]
    assert (receipt.total, receipt.tax_total) == (226_999, 15_889)


def test_four_rates_with_tax_added() -> None:
    """The same shelf prices without tax: the tax comes on top."""
    receipt = price(FOUR_RATES, compile_rules([], prices_include_tax=False))
    assert receipt.taxes == (
        RateTax(0, 30_000, 0), RateTax(500, 21_000, 1_050),
        RateTax(800, 65_999, 5_280), RateTax(1_000, 110_000, 11_000),
    )  # fmt: skip
    assert (receipt.total, receipt.tax_total) == (226_999 + 17_330, 17_330)


def test_tax_is_that_of_what_is_paid() -> None:
    """A cut of the whole receipt lowers each rate's tax by its own share."""
    half = price(replace(FOUR_RATES, receipt_cut=HandCut("percent", 5_000)), compile_rules([]))
    assert [(rate.rate_bp, rate.taxed + rate.tax) for rate in half.taxes] == [
        (0, 15_000), (500, 10_500), (800, 32_999), (1_000, 55_000),
    ]  # fmt: skip
    assert half.total == 113_499  # half of 226.999 off, rounded up


@pytest.mark.parametrize(
    ("total", "step", "cash", "rounding"),
    [
        (226_999, 500, 227_000, 1),
        (226_700, 500, 226_500, -200),
        (226_700, 1_000, 227_000, 300),
        (226_999, 1, 226_999, 0),
    ],
)
def test_all_in_cash(total: int, step: int, cash: int, rounding: int) -> None:
    """The receipt says the total, the rounding and what is due in notes."""
    line = BasketLine(number=1, sku="A", quantity=1_000, unit_price=total)
    receipt = price(Basket(lines=(line,), local_now=NOW), compile_rules([], cash_step=step))
    assert (receipt.total, receipt.cash_total, receipt.rounding) == (total, cash, rounding)


def test_only_what_is_paid_in_cash_is_rounded() -> None:
    """CHF 20.02 with 15.00 on a card: 5.02 are left, 5.00 are paid, and 2 Rappen are rounded away."""
    assert cash_due(2_002 - 1_500, 5) == (500, -2)


def test_a_price_list_goes_before_the_plain_price() -> None:
    """Where the list has the article; else, and without a list, its plain price."""
    item = Item(sku="SUA", name="Sữa", price=7_000, currency="VND", prices={"si": 6_200})
    assert [unit_price_of(item, name) for name in ("si", "le", "")] == [6_200, 7_000, 7_000]


def test_cuts_are_written_as_the_event_wants_them() -> None:
    """One for each source, positive, in the receipt's language, with the coupon or the promotion and who allowed it."""
    sale = promote(
        Off(goods=Selection(everything=True), percent_bp=1_000), name="Giảm 10 %", name_en="10 % off", coupons=("TET",)
    )
    line = BasketLine(
        number=1, sku="SUA", quantity=1_000, unit_price=7_000, cut=HandCut("amount", 300, reason="hộp móp", by="minh")
    )
    (priced,) = price(Basket(lines=(line,), local_now=NOW, coupons=("tet",)), compile_rules([sale])).lines
    by_hand = PriceCut(kind="line", amount=300, label="hộp móp", by="minh")
    assert price_cuts(priced, "vi") == (PriceCut(kind="coupon", amount=700, label="Giảm 10 %", source="tet"), by_hand)
    assert price_cuts(priced, "en") == (PriceCut(kind="coupon", amount=700, label="10 % off", source="tet"), by_hand)


def test_an_exchange_is_one_sum() -> None:
    """A shirt for 199.000 back, another one for 249.000 less 10 %: 25.100 to pay, and the taxes' difference."""
    back = BasketLine(
        number=1,
        sku="AO",
        quantity=-1_000,
        unit_price=199_000,
        fixed_amount=-199_000,
        fixed_tax=-18_091,
        tax_rate_bp=1_000,
    )
    new = BasketLine(number=2, sku="AO2", quantity=1_000, unit_price=249_000, tax_rate_bp=1_000)
    deal = promote(Off(goods=Selection(everything=True), percent_bp=1_000))
    receipt = price(Basket(lines=(back, new), local_now=NOW), compile_rules([deal], cash_step=500))
    assert (receipt.total, receipt.tax_total, receipt.cash_total) == (25_100, 20_373 - 18_091, 25_000)
