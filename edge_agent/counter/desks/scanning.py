"""The scanning desk: what a code is, and what it does.

A code is looked up as goods first. What is no item may be the answer that the till waits for, a receipt, a customer's
card, a voucher or a coupon. Nothing that was scanned stops the cart: at worst it is answered with a notice.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from urllib.parse import urlencode

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short
from edge_agent.counter.cart_keeping import allow_noted, changeable, save
from edge_agent.counter.desk import Desk, Fields, OrderKind
from edge_agent.counter.desks.asks import scanned_answer, serial_on_label
from edge_agent.counter.desks.customers import attach_by_card
from edge_agent.counter.desks.cuts import known_coupon, take_coupon
from edge_agent.counter.selling import expiry_of, is_expired, sell
from edge_agent.counter.working import take, work_under_way
from edge_agent.journal import receipts_kept
from edge_agent.replica import lookup
from edge_agent.till.cart import Cart
from edge_agent.till.codes import ScanReading, ScanRules, is_gtin, read_scan
from edge_agent.till.codes.embedded import readable_layouts
from edge_agent.till.moments import at_store
from edge_agent.till.work import Work
from protocol.barcodes import BarcodeLayout
from protocol.documents import Item
from protocol.errors import InvalidQuantity
from protocol.events import SaleCompleted
from protocol.quantity import QUANTITY_MAX, parse_quantity

_RECEIPTS_LOOKED_AT = 20


class Scan(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A code, scanned or typed; `N*code` means N of it, `N*` alone N of whatever comes next."""

    code: str


class SellItem(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sell an item that was found by name or has a key. `quantity` as typed, "" for one, or for a typed `N*`."""

    sku: str
    quantity: str = ""


class SellFound(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sell the best of what a text finds: Enter in the search, whether or not its answer has been drawn yet."""

    text: str


class RepeatLine(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more of what was scanned last."""

    sale_id: str


class RepeatReceipt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The same again as on this till's last receipt."""

    sale_id: str


def scan(books: Books, till: Till, order: Scan) -> Outcome:
    """Do what a code says: while a store work is open, goods go to its list."""
    if (work := work_under_way(books)) is not None:
        return _scan_into(books, till, work, order.code)
    cart = changeable(books, till, None)
    if isinstance(cart, Outcome):
        return cart
    reading = read_scan(order.code, scan_rules(books, till, cart))
    if reading.kind == "multiplier":
        save(books, msgspec.structs.replace(cart, multiplier=reading.quantity))
        return Outcome()
    item = _find(books, reading)
    if item is None:
        return _no_item(books, till, cart, reading)
    if is_expired(books, till, reading):
        day = expiry_of(reading)
        return Outcome("expired", detail=short(f"{item.name} ({day})"), panel=_panel("expired", code=order.code))
    answered = serial_on_label(books, till, cart, item.sku, reading.serial)
    return answered if answered is not None else sell(books, till, cart, item, reading)


def sell_expired(books: Books, till: Till, order: Scan) -> Outcome:
    """Sell goods whose date is over all the same; that is always written down."""
    cart = changeable(books, till, None)
    if isinstance(cart, Outcome):
        return cart
    reading = read_scan(order.code, scan_rules(books, till, cart))
    item = _find(books, reading)
    if item is None:
        return _no_item(books, till, cart, reading)
    allow_noted(books, till, "expired_lot", detail=f"{item.name} {reading.lot} {expiry_of(reading) or ''}".strip())
    return sell(books, till, cart, item, reading)


def sell_item(books: Books, till: Till, order: SellItem) -> Outcome:
    """Sell an item by its SKU."""
    cart = changeable(books, till, None)
    if isinstance(cart, Outcome):
        return cart
    item = books.replica.item(order.sku)
    if item is None:
        return Outcome("unknown_code", detail=short(order.sku))
    quantity: int | None = None
    if order.quantity.strip():
        try:
            quantity = parse_quantity(order.quantity)
        except InvalidQuantity:
            return Outcome("bad_quantity", detail=short(order.quantity))
        if not 0 < quantity <= QUANTITY_MAX:
            return Outcome("bad_quantity", detail=short(order.quantity))
    if (work := work_under_way(books)) is not None:
        return _take(books, till, work, item, ScanReading(item.sku, quantity))
    return sell(books, till, cart, item, ScanReading(item.sku, quantity))


def sell_found(books: Books, till: Till, order: SellFound) -> Outcome:
    """Sell what the search shows first."""
    found = books.replica.search(order.text, 1)
    if not found:
        return Outcome("unknown_code", detail=short(order.text))
    return sell_item(books, till, SellItem(sku=found[0].item.sku))


def repeat_line(books: Books, till: Till, order: RepeatLine) -> Outcome:
    """Sell one more of the newest line's item."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    newest = next((line for line in reversed(cart.lines) if line.origin is None), None)
    item = books.replica.item(newest.sku) if newest is not None else None
    if newest is None or item is None:
        return Outcome("nothing_to_repeat")
    return sell(books, till, cart, item, ScanReading(newest.barcode or item.sku))


def repeat_receipt(books: Books, till: Till, order: RepeatReceipt) -> Outcome:
    """Sell what the last receipt of this till sold, at today's prices; what is weighed or numbered is asked anew.

    Items that are gone meanwhile, or that the cart has no room for, are named.
    """
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    kept = receipts_kept.search(books.connection, count=_RECEIPTS_LOOKED_AT)
    last = next((each.fact for each in kept if each.is_own and isinstance(each.fact, SaleCompleted)), None)
    if last is None:
        return Outcome("nothing_to_repeat")
    missing: list[str] = []
    asks = False
    for line in last.lines:
        item = books.replica.item(line.sku)
        again = open_cart(books, till)
        quantity = None if item is not None and item.weighed else line.quantity
        outcome = sell(books, till, again, item, ScanReading(line.sku, quantity)) if item is not None else None
        if outcome is None or not outcome.good:
            missing.append(line.name)
        asks = asks or (outcome is not None and outcome.panel == "ask")
    if missing:
        return Outcome("unknown_code", detail=short(", ".join(missing)), panel="ask" if asks else "")
    return Outcome("line_added", good=True, detail=short(last.receipt_number), panel="ask" if asks else "")


def scan_rules(books: Books, till: Till, cart: Cart) -> ScanRules:
    """What this store has settled about its codes."""
    settings = books.settings
    return ScanRules(
        layouts=_layouts(settings.barcode_layouts),
        customer_prefix=settings.customer_card_prefix,
        voucher_prefix=settings.voucher_prefix,
        currency=cart.currency or settings.currency,
        this_year=at_store(till.clock.now(), settings.time_zone).year,
    )


def find_item(books: Books, till: Till, cart: Cart, code: str) -> tuple[Item | None, ScanReading]:
    """The item of a code as a cashier types it, and the code taken apart: for panels that look and do not sell."""
    reading = read_scan(code, scan_rules(books, till, cart))
    return _find(books, reading), reading


@lru_cache(maxsize=8)
def _layouts(texts: tuple[str, ...]) -> tuple[BarcodeLayout, ...]:
    return readable_layouts(texts)


def _find(books: Books, reading: ScanReading) -> Item | None:
    if reading.kind in {"customer", "voucher"}:
        return None
    return lookup.find_item(books.replica, reading)


def _no_item(books: Books, till: Till, cart: Cart, reading: ScanReading) -> Outcome:
    if reading.kind == "customer":
        return attach_by_card(books, till, cart, reading.text)
    if reading.kind == "voucher":
        return Outcome(
            "voucher_scanned", good=True, detail=short(reading.text), panel=_panel("voucher", code=reading.text)
        )
    if (answered := scanned_answer(books, till, cart, reading)) is not None:
        return answered
    # What was refused as a card number is in no notice, no log and no table.
    if reading.suspicion in ("card_number_refused", "unreadable_scan", "bad_quantity"):
        return Outcome(reading.suspicion)
    return _unknown(books, till, cart, reading)


def _unknown(books: Books, till: Till, cart: Cart, reading: ScanReading) -> Outcome:
    text = short(reading.text)
    if reading.kind == "receipt":
        return Outcome("receipt_scanned", good=True, detail=text, panel=_panel("receipt", number=reading.text))
    if known_coupon(books, till, cart, reading.text):
        return take_coupon(books, till, cart, reading.text)
    return Outcome(reading.suspicion or "unknown_code", detail=text, panel=_search_panel(books, reading))


def _panel(name: str, **fields: str) -> str:
    return f"{name}?{urlencode(fields)}"


def _scan_into(books: Books, till: Till, work: Work, code: str) -> Outcome:
    """Do what a code says in store work: only goods mean anything there, and what is refused is not repeated."""
    cart = open_cart(books, till)
    item, reading = find_item(books, till, cart, code)
    if reading.kind == "multiplier":
        save(books, msgspec.structs.replace(cart, multiplier=reading.quantity))
        return Outcome()
    if item is not None:
        return _take(books, till, work, item, reading)
    hidden = reading.suspicion in ("card_number_refused", "unreadable_scan", "bad_quantity")
    return Outcome(reading.suspicion or "unknown_code", detail="" if hidden else short(reading.text))


def _take(books: Books, till: Till, work: Work, item: Item, reading: ScanReading) -> Outcome:
    """Put goods on a work's list; an `N*` that was typed before counts for them."""
    cart = open_cart(books, till)
    if cart.multiplier is None:
        return take(books, till, work, item, reading)
    save(books, msgspec.structs.replace(cart, multiplier=None))
    return take(books, till, work, item, replace(reading, quantity=reading.quantity or cart.multiplier))


def _search_panel(books: Books, reading: ScanReading) -> str:
    """What was typed may be a name: then the search opens, with what it finds."""
    looks_typed = any(letter.isalpha() for letter in reading.text) and not is_gtin(reading.text)
    if looks_typed and books.replica.search(reading.text, 1):
        return _panel("search", text=reading.text)
    return ""


DESK = Desk(
    "scanning",
    orders=(
        OrderKind("scan", Scan, scan),
        OrderKind("sell_expired", Scan, sell_expired),
        OrderKind("sell_item", SellItem, sell_item),
        OrderKind("sell_found", SellFound, sell_found),
        OrderKind("repeat_line", RepeatLine, repeat_line),
        OrderKind("repeat_receipt", RepeatReceipt, repeat_receipt),
    ),
)
