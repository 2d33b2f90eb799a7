"""A cart adds up, whatever is scanned into it, and so does the sale that is made from it."""

from __future__ import annotations

from datetime import UTC, date, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.cart import AMOUNT_MAX, Cart, Taken, add_item, set_quantity, void_line
from edge_agent.till.charging import basket_of
from edge_agent.till.payment import due_of, put, take_cash
from edge_agent.till.pricing import compile_rules, price
from edge_agent.till.sale import Occasion, business_day, facts_of, receipt_number
from protocol.documents import Item
from protocol.events import SaleCompleted, Word
from protocol.movements import movements_of
from protocol.quantity import QUANTITY_MAX

ITEMS = st.builds(
    Item,
    sku=st.sampled_from("abcde"),
    name=st.just("x"),
    price=st.integers(0, 10**6),
    currency=st.just("VND"),
    tax_rate_bp=st.sampled_from([0, 500, 800, 1000]),
)
QUANTITIES = st.integers(1, 10**7)
SCANS = st.lists(st.tuples(ITEMS, QUANTITIES), max_size=20)


def filled(scans: list[tuple[Item, int]]) -> Cart:
    """A cart after these scans."""
    cart = Cart(sale_id="s")
    for item, quantity in scans:
        after = add_item(cart, item, quantity, "code", "VND")
        assert isinstance(after, Cart)
        cart = after
    return cart


@given(SCANS)
def test_nothing_scanned_is_lost_or_doubled(scans: list[tuple[Item, int]]) -> None:
    """By SKU, the cart holds what was scanned; by line, one price; the newest is last."""
    cart = filled(scans)
    for sku in "abcde":
        assert cart.drawn().get(sku, 0) == sum(quantity for item, quantity in scans if item.sku == sku)
    assert len({(line.sku, line.unit_price) for line in cart.lines}) == len(cart.lines)
    assert len({line.number for line in cart.lines}) == len(cart.lines)
    if scans:
        assert (cart.lines[-1].sku, cart.lines[-1].unit_price) == (scans[-1][0].sku, scans[-1][0].price)


@given(SCANS)
def test_a_cart_survives_the_disk(scans: list[tuple[Item, int]]) -> None:
    """What is read after a crash is what was written."""
    cart = filled(scans)
    assert msgspec.json.decode(msgspec.json.encode(cart), type=Cart) == cart


@given(SCANS.filter(bool), st.integers(0, 10**6))
def test_a_sale_adds_up(scans: list[tuple[Item, int]], extra: int) -> None:
    """Lines make the total, tenders make the total, given less change makes the total, movements take the goods."""
    cart = filled(scans)
    sums = price(basket_of(cart, datetime(2026, 11, 22, tzinfo=UTC)), compile_rules(()))
    taken = take_cash(due_of(cart, sums, 1), sums.total + extra, take="t", cash_step=1, is_part=False)
    assert isinstance(taken, Taken)
    occasion = Occasion(day=date(2026, 11, 22), cashier="lan", language="vi", tax_included=True)
    [sale] = facts_of(put(cart, taken, sums), sums, rounding=0, numbers=["r"], occasion=occasion)
    assert isinstance(sale, SaleCompleted)
    assert sale.total == sum(line.amount for line in sale.lines) == sum(tender.amount for tender in sale.tenders)
    assert sale.tax_total == sum(line.tax for line in sale.lines)
    assert all(0 <= line.tax <= line.amount for line in sale.lines)
    [cash] = sale.tenders
    assert (cash.given, cash.change) == (cart.gross + extra, extra)
    moved = movements_of(sale, datetime(2026, 11, 22, tzinfo=UTC))
    assert -sum(movement.delta for movement in moved) == sum(quantity for _, quantity in scans)


@given(SCANS.filter(bool), st.integers(-(10**13), 10**16))
def test_a_quantity_is_taken_or_refused_whole(scans: list[tuple[Item, int]], quantity: int) -> None:
    """A refused quantity leaves the cart alone; zero takes the line off."""
    cart = filled(scans)
    number = cart.lines[0].number
    after = set_quantity(cart, number, quantity)
    if quantity == 0:
        assert after == void_line(cart, number)
    elif isinstance(after, Cart):
        assert 0 < after.lines[0].quantity <= QUANTITY_MAX
        assert after.gross <= AMOUNT_MAX
    else:
        assert after == "bad_quantity"


def test_amounts_beyond_all_reason_are_refused() -> None:
    """A barcode scanned into the quantity makes no sale of quadrillions."""
    dear = Item(sku="a", name="a", price=10**14, currency="VND")
    assert add_item(Cart(sale_id="s"), dear, 11_000, None, "VND") == "bad_quantity"


@pytest.mark.parametrize(
    ("zone", "day"),
    [("Asia/Ho_Chi_Minh", date(2026, 11, 23)), ("UTC", date(2026, 11, 22)), ("No/Such", date(2026, 11, 22))],
)
def test_the_business_day_is_the_stores(zone: str, day: date) -> None:
    """At 18:30 UTC it is tomorrow in Saigon; an unknown zone counts as UTC."""
    assert business_day(datetime(2026, 11, 22, 18, 30, tzinfo=UTC), zone) == day


def test_receipt_numbers_sort_and_name_their_epoch() -> None:
    """A person can read where and in which epoch a receipt was made."""
    assert receipt_number("hn01", "t1", 3, 42) == "hn01-t1-3-000042"


def test_the_longest_names_make_receipt_numbers_that_an_event_can_carry() -> None:
    """A number that is too long for the event would have the hub park every sale; shortened ones still differ."""
    store, numbers = "s" * 32, set()
    for terminal in ("t" * 32, "t" * 31 + "u", "t" * 20):
        for number in (1, 999_999, 10**9):
            made = receipt_number(store, terminal, 123_456, number)
            assert msgspec.convert(made, Word) == made
            assert made.endswith(f"-123456-{number:06d}")
            numbers.add(made)
    assert len(numbers) == 9
