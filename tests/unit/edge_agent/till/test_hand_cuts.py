"""What a person takes off is measured by what the line really loses."""

from __future__ import annotations

from datetime import datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.cart import Cart, CartLine, Cut
from edge_agent.till.charging import basket_of
from edge_agent.till.cuts import bounded, depths_bp, grown_bp, read_cut
from edge_agent.till.pricing import PricedBasket, compile_rules, price

NOW = datetime(2026, 11, 23, 10, 0)  # noqa: DTZ001 - the store's wall clock
percents = st.integers(1, 10_000).map(lambda bp: Cut(kind="percent", value=bp))
maybe = st.none() | percents
lines = st.builds(
    CartLine, number=st.just(1), sku=st.just("A"), name=st.just("A"),
    quantity=st.integers(1, 9).map(lambda pieces: pieces * 1_000), unit_price=st.integers(1, 10**7), cut=maybe,
)  # fmt: skip


def priced(cart: Cart) -> PricedBasket:
    """Price a cart, without promotions."""
    return price(basket_of(cart, NOW), compile_rules(()))


def depths(cart: Cart) -> dict[int, int]:
    """Price a cart and measure it."""
    return depths_bp(cart, priced(cart))


@given(st.lists(lines, min_size=1, max_size=5), maybe)
def test_a_line_is_as_deep_as_its_two_cuts_together(drawn: list[CartLine], whole: Cut | None) -> None:
    """Never less than either, never more than everything, and 0 only where nobody cut."""
    numbered = tuple(msgspec.structs.replace(line, number=number) for number, line in enumerate(drawn, 1))
    cart = Cart(sale_id="s", lines=numbered, cut=whole, currency="VND")
    measured = depths(cart)
    for line in numbered:
        wanted = max(cut.value if cut is not None else 0 for cut in (line.cut, whole))
        assert wanted <= measured.get(line.number, 0) <= 10_000 or measured.get(line.number) is None
        if line.cut is not None and whole is None and line.number in measured:
            assert measured[line.number] == line.cut.value


@given(st.integers(1, 99), st.integers(1, 10))
def test_an_amount_grows_deeper_when_goods_go(percent: int, left: int) -> None:
    """The same amount off fewer goods is a deeper cut of each."""
    many = CartLine(number=1, sku="A", name="A", quantity=20_000, unit_price=1_000)
    few = msgspec.structs.replace(many, quantity=left * 1_000)
    cut = Cut(kind="amount", value=percent * left * 10)
    before, after = (Cart(sale_id="s", lines=(line,), cut=cut, currency="VND") for line in (many, few))
    assert grown_bp((before, priced(before)), (after, priced(after))) == depths(after)[1] > depths(before)[1]
    assert grown_bp((after, priced(after)), (before, priced(before))) == 0


@given(st.integers(1, 10_000), st.integers(1, 9), st.integers(1, 9), st.booleans())
def test_a_percentage_of_more_goods_is_more(cut_bp: int, pieces: int, more: int, on_line: bool) -> None:
    """Half off one is not half off a hundred; kept to the money that it was, it takes off no more than that."""
    cut = Cut(kind="percent", value=cut_bp)
    few = CartLine(
        number=1, sku="A", name="A", quantity=pieces * 1_000, unit_price=10_000, cut=cut if on_line else None
    )  # fmt: skip
    many = msgspec.structs.replace(few, quantity=(pieces + more) * 1_000)
    before, after = (
        Cart(sale_id="s", lines=(line,), cut=None if on_line else cut, currency="VND") for line in (few, many)
    )  # fmt: skip
    assert grown_bp((before, priced(before)), (after, priced(after))) == cut_bp
    assert grown_bp((after, priced(after)), (before, priced(before))) == 0
    kept = bounded(after, priced(before), priced(after))
    if not on_line:
        assert priced(kept).total == priced(after).gross_total - (before.gross - priced(before).total)


@pytest.mark.parametrize(
    ("percent", "amount", "result"),
    [
        ("10", "", Cut(kind="percent", value=1_000)),
        ("7,5", "", Cut(kind="percent", value=750)),
        ("7.55 %", "", Cut(kind="percent", value=755)),
        ("100", "", Cut(kind="percent", value=10_000)),
        ("", "5000", Cut(kind="amount", value=5_000)),
        ("10", "5000", Cut(kind="percent", value=1_000)),
        ("0", "", None),
        ("", "0", None),
        ("", "", None),
        ("100,01", "", "cut_too_much"),
        ("7,555", "", "bad_amount"),
        ("-1", "", "bad_amount"),
        ("", "-1", "bad_amount"),
        ("", "1.5", "bad_amount"),
        ("x", "", "bad_amount"),
    ],
)
def test_what_was_typed(percent: str, amount: str, result: Cut | str | None) -> None:
    """Percent wins over an amount; 0 takes a cut back; the rest is refused by name."""
    assert read_cut(amount, percent, "VND", reason="", by="") == result
