"""The sale desk: codes into lines, quantities, lines off, the next customer."""

from __future__ import annotations

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind
from edge_agent.journal import till_state
from edge_agent.till.cart import Cart, CartRefusal, add_item, set_quantity, void_line
from edge_agent.till.codes import ScanReading, read_scan
from edge_agent.till.view import NoticeCode
from protocol.documents import Item
from protocol.errors import InvalidQuantity
from protocol.quantity import SCALE, parse_quantity


class Scan(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code, scanned or typed; `N*code` means N of it, `N*` alone N of whatever comes next."""

    code: str


class SetQuantity(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a line the quantity that was typed, such as "2" or "0,642"; 0 takes it off."""

    sale_id: str
    number: int
    quantity: str


class VoidLine(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a line off the receipt."""

    sale_id: str
    number: int


def scan(books: Books, till: Till, order: Scan) -> Outcome:
    """Take a code into the cart."""
    reading = read_scan(order.code)
    cart = open_cart(books, till)
    if not reading.text and not reading.suspicion:
        till_state.save_cart(books.connection, msgspec.structs.replace(cart, multiplier=reading.quantity))
        return Outcome()
    item = _find(books, reading)
    if item is None:
        return _unknown(reading)
    quantity = reading.quantity or cart.multiplier or SCALE
    changed = add_item(cart, item, quantity, reading.text, _currency(books, cart, item))
    if isinstance(changed, Cart):
        till_state.dismiss_sale(books.connection)
    outcome = keep_cart(books, changed, "line_added", item.name)
    if outcome.good and _goes_below_zero(books, item.sku, cart, changed):
        return Outcome("stock_negative", good=True, detail=short(item.name))
    return outcome


def change_quantity(books: Books, till: Till, order: SetQuantity) -> Outcome:
    """Give a line the quantity that was typed."""
    cart = open_cart(books, till)
    if cart.sale_id != order.sale_id:
        return Outcome("stale_page")
    try:
        quantity = parse_quantity(order.quantity.strip())
    except InvalidQuantity:
        return Outcome("bad_quantity", detail=short(order.quantity))
    name = _name_of(cart, order.number)
    after = set_quantity(cart, order.number, quantity)
    if after == "bad_quantity":
        return Outcome("bad_quantity", detail=short(order.quantity))
    return keep_cart(books, after, "line_added" if quantity else "line_voided", name)


def take_off(books: Books, till: Till, order: VoidLine) -> Outcome:
    """Take a line off the receipt."""
    cart = open_cart(books, till)
    if cart.sale_id != order.sale_id:
        return Outcome("stale_page")
    return keep_cart(books, void_line(cart, order.number), "line_voided", _name_of(cart, order.number))


def dismiss(books: Books, _till: Till, _order: NoFields) -> Outcome:
    """The cashier has seen the change; the screen is free."""
    till_state.dismiss_sale(books.connection)
    return Outcome()


def keep_cart(books: Books, after: Cart | CartRefusal, notice: NoticeCode, detail: str) -> Outcome:
    """Save a changed cart and say so, or say why it was not changed."""
    if not isinstance(after, Cart):
        return Outcome(after, detail=short(detail))
    till_state.save_cart(books.connection, after)
    return Outcome(notice, good=True, detail=short(detail))


DESK = Desk(
    "sale",
    orders=(
        OrderKind("scan", Scan, scan),
        OrderKind("set_quantity", SetQuantity, change_quantity),
        OrderKind("void_line", VoidLine, take_off),
        OrderKind("new_sale", NoFields, dismiss),
    ),
)


def _find(books: Books, reading: ScanReading) -> Item | None:
    if not reading.text:
        return None
    return books.replica.by_barcode(reading.text) or books.replica.item(reading.text)


def _unknown(reading: ScanReading) -> Outcome:
    # What was refused as a card number is in no notice, no log and no table.
    if reading.suspicion in ("card_number_refused", "unreadable_scan", "bad_quantity"):
        return Outcome(reading.suspicion)
    return Outcome(reading.suspicion or "unknown_code", detail=short(reading.text))


def _currency(books: Books, cart: Cart, item: Item) -> str:
    told = books.replica.settings()
    return cart.currency or (told.currency if told is not None else item.currency)


def _goes_below_zero(books: Books, sku: str, before: Cart, after: Cart | CartRefusal) -> bool:
    stock = books.replica.stock_view(sku)
    if stock is None or not isinstance(after, Cart):
        return False
    return stock - before.quantity_of(sku) >= 0 > stock - after.quantity_of(sku)


def _name_of(cart: Cart, line_number: int) -> str:
    return next((line.name for line in cart.lines if line.number == line_number), "")
