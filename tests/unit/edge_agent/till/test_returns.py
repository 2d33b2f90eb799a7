"""What comes back is worth what was paid for it, however it is divided; exchanges add up on both sides."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.cart import Cart, CartLine, Origin, Taken
from edge_agent.till.charging import basket_of
from edge_agent.till.payment import back_to, due_of, is_enough, next_take, put, rounding_of, take_cash, take_other
from edge_agent.till.pricing import PricedBasket, compile_rules, price
from edge_agent.till.returns import add_return, returnables, worth
from edge_agent.till.sale import Occasion, facts_of, receipts_of
from protocol.events import SaleCompleted, SaleLine, SaleRefunded, Tender

NOW = datetime(2026, 11, 22, tzinfo=UTC)
AMOUNTS = st.integers(0, 10**9)


def occasion(*, included: bool = True) -> Occasion:
    """Any day."""
    return Occasion(day=date(2026, 11, 22), cashier="lan", language="vi", tax_included=included)


@given(AMOUNTS, st.lists(st.integers(1, 5_000), min_size=1, max_size=8))
def test_parts_of_a_line_add_up_to_what_was_paid(amount: int, parts: list[int]) -> None:
    """In any order and any sizes, all parts of a line together are worth the line; no part is worth less than 0."""
    whole, before, total = sum(parts), 0, 0
    for part in parts:
        each = worth(amount, whole, before, part)
        assert each >= 0
        total += each
        before += part
    assert total == amount


@given(
    st.lists(st.tuples(st.integers(1, 9_000), AMOUNTS, st.sampled_from([0, 500, 800])), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
    st.data(),
)
def test_a_whole_receipt_given_back_in_pieces_gives_back_what_was_paid(
    lines: list[tuple[int, int, int]], was_included: bool, is_included: bool, data: st.DataObject
) -> None:
    """Also when the store has changed meanwhile whether its prices hold their tax."""
    sold = tuple(
        SaleLine(sku=f"s{n}", name="x", quantity=quantity, unit_price=1, amount=amount, tax_rate_bp=rate,
                 tax=amount * rate // 10_800)
        for n, (quantity, amount, rate) in enumerate(lines)
    )  # fmt: skip
    tax = sum(line.tax for line in sold)
    total = sum(line.amount for line in sold) + (0 if was_included else tax)
    sale = SaleCompleted(
        receipt_number="r1", business_day=date(2026, 11, 20), currency="VND", cashier="a", lines=sold,
        tenders=(Tender(kind="cash", amount=total),), total=total, tax_total=tax, tax_included=was_included,
    )  # fmt: skip
    rules = compile_rules((), prices_include_tax=is_included)
    returned: dict[int, int] = {}
    back = 0
    while any(line.left for line in returnables(sale, returned)):
        cart = Cart(sale_id="s")
        for line in returnables(sale, returned):
            if line.left:
                part = data.draw(st.sampled_from(sorted({line.left, max(1, line.left // 2)})))
                after = add_return(cart, sale, line, part, restock=True, reason="", tax_included=is_included)
                assert isinstance(after, Cart)
                cart = after
                returned[line.number] = returned.get(line.number, 0) + part
        sums = price(basket_of(cart, NOW), rules)
        paid = msgspec.structs.replace(cart, taken=(Taken(id="t", kind="cash", amount=sums.total),))
        [fact] = facts_of(paid, sums, rounding=0, numbers=["f"], occasion=occasion(included=is_included))
        assert isinstance(fact, SaleRefunded)
        assert fact.original_receipt == "r1"
        assert all(each.quantity > 0 for each in fact.lines)
        back += fact.total
    assert back == total


def paid_somehow(cart: Cart, sums: PricedBasket, step: int, data: st.DataObject) -> tuple[Cart, int]:
    """Pay by cards and cash, in parts; returns the paid cart and what the last tender rounds by."""
    while True:
        due = due_of(cart, sums, step)
        if data.draw(st.booleans()) and abs(due.left) > 1:
            taken = take_other(due, "card", data.draw(st.integers(1, abs(due.left))), take=next_take(cart))
        else:
            taken = take_cash(due, None, take=next_take(cart), cash_step=step, is_part=False)
        assert isinstance(taken, Taken)
        cart = put(cart, taken, sums)
        if is_enough(due, taken):
            return cart, rounding_of(due, taken)


LINES = st.lists(st.tuples(st.integers(1, 5_000), st.integers(0, 10**6)), max_size=4)


@given(LINES, st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 10**6)), max_size=5), st.data())
def test_every_fact_of_a_paid_cart_balances(
    sold: list[tuple[int, int]], back: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Sales, returns, exchanges of several receipts, paid in any mixture: tenders are total and rounding, on each."""
    if not sold and not back:
        return
    step = data.draw(st.sampled_from([1, 100, 500, 1000]))
    lines = [
        CartLine(number=n, sku="s", name="x", quantity=quantity, unit_price=unit, tax_rate_bp=800)
        for n, (quantity, unit) in enumerate(sold)
    ] + [
        CartLine(number=100 + n, sku="s", name="x", quantity=-1_000, unit_price=amount, fixed_amount=-amount,
                 fixed_tax=-(amount // 20), origin=Origin(receipt=receipt, line=n + 1))
        for n, (receipt, amount) in enumerate(back)
    ]  # fmt: skip
    cart = Cart(sale_id="s", currency="VND", lines=tuple(lines))
    sums = price(basket_of(cart, NOW), compile_rules((), cash_step=step))
    cart, rounding = paid_somehow(cart, sums, step, data)
    numbers = [str(n) for n in range(receipts_of(cart))]
    facts = facts_of(cart, sums, rounding=rounding, numbers=numbers, occasion=occasion())
    assert [fact.receipt_number for fact in facts] == numbers
    for fact in facts:
        assert sum(tender.amount for tender in fact.tenders) == fact.total + fact.rounding
        assert all(tender.amount >= 0 for tender in fact.tenders)
        assert fact.total == sum(line.amount for line in fact.lines)
    signs = [1 if isinstance(fact, SaleCompleted) else -1 for fact in facts]
    real = sum(
        sign * tender.amount
        for sign, fact in zip(signs, facts, strict=True)
        for tender in fact.tenders
        if tender.kind != "exchange"
    )
    assert real == sums.total + rounding == sum(taken.amount for taken in cart.taken)
    exchanged = [
        sign * tender.amount
        for sign, fact in zip(signs, facts, strict=True)
        for tender in fact.tenders
        if tender.kind == "exchange"
    ]
    assert sum(exchanged) == 0


@given(st.lists(st.tuples(st.sampled_from(["cash", "card", "vietqr", "voucher", "exchange"]), AMOUNTS)), AMOUNTS)
def test_money_goes_back_in_the_proportions_in_which_it_came(tenders: list[tuple[str, int]], amount: int) -> None:
    """All of it, nothing negative, and only in ways that there are."""
    parts = back_to([Tender(kind=kind, amount=each, reference="v") for kind, each in tenders], amount)
    assert sum(part.amount for part in parts) == amount
    assert all(part.amount > 0 for part in parts)
    assert {part.kind for part in parts} <= {"cash", "card", "voucher", "account"}
