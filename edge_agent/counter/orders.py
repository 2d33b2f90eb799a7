"""What a cashier's order does to the books: each function is the inside of one transaction.

The promise: a confirmed sale is one transaction: the event, its movements, its print jobs, the cleared cart, the
answer for whoever pays it again. There is no moment at which a crash could leave one without the others.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from edge_agent.devices.errors import IllegalStep, UnknownJob
from edge_agent.devices.printer import receipt, spool
from edge_agent.journal import till_state
from edge_agent.journal.clock import Stamp, TillClock
from edge_agent.journal.record import record
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.till.cart import Cart, CartRefusal, add_item, set_quantity, void_line
from edge_agent.till.codes import ScanReading, read_scan
from edge_agent.till.sale import business_day, cash_given, complete_sale, receipt_number
from edge_agent.till.view import NoticeCode
from protocol.documents import Item, Settings
from protocol.errors import InvalidQuantity
from protocol.events import SaleCompleted
from protocol.ids import StoreId, TerminalId
from protocol.quantity import SCALE, parse_quantity

CURRENCY_UNTIL_TOLD = "VND"
_DETAIL_MAX = 120


@dataclass(frozen=True)
class Till:
    """Who sells here. `new_id` makes unique, time-ordered ids.

    `kick` opens the drawer, in the printer's bytes; None: there is no printer, so nothing is queued for one.
    """

    store: StoreId
    terminal: TerminalId
    cashier: str
    clock: TillClock
    new_id: Callable[[], str]
    kick: bytes | None


@dataclass(frozen=True)
class Books:
    """Journal, replica and the till's own state, over one connection inside one transaction."""

    connection: sqlite3.Connection
    journal: SqliteJournal
    replica: SqliteReplica

    @staticmethod
    def of(connection: sqlite3.Connection, till: Till) -> Books:
        """Open the books on a connection."""
        return Books(connection, SqliteJournal(connection), SqliteReplica(connection, till.store, till.terminal))


@dataclass(frozen=True)
class Outcome:
    """What to tell the cashier, and whom to wake: `sold` is (epoch, sequence) of a new sale."""

    notice: NoticeCode | None = None
    good: bool = False
    detail: str = ""
    sold: tuple[int, int] | None = None
    print_changed: bool = False


def open_cart(books: Books, till: Till) -> Cart:
    """The cart; a new one if there is none."""
    cart = till_state.load_cart(books.connection)
    if cart is None:
        cart = Cart(sale_id=till.new_id())
        till_state.save_cart(books.connection, cart)
    return cart


def settings_of(books: Books, till: Till) -> Settings:
    """The store's settings; something to sell with before the hub was ever heard."""
    return books.replica.settings() or Settings(store_name=till.store)


def scan(books: Books, till: Till, raw_code: str) -> Outcome:
    """Take a code into the cart."""
    reading = read_scan(raw_code)
    cart = open_cart(books, till)
    if not reading.text and not reading.suspicion:
        till_state.save_cart(books.connection, _with_multiplier(cart, reading.quantity))
        return Outcome()
    item = _find(books, reading)
    if item is None:
        return _unknown(reading)
    quantity = reading.quantity or cart.multiplier or SCALE
    changed = add_item(cart, item, quantity, reading.text, _currency(books, cart, item))
    if isinstance(changed, Cart):
        till_state.dismiss_sale(books.connection)
    outcome = _keep(books, changed, "line_added", item.name)
    if outcome.good and _goes_below_zero(books, item.sku, cart, changed):
        return Outcome("stock_negative", good=True, detail=_short(item.name))
    return outcome


def change_quantity(books: Books, till: Till, sale_id: str, line_number: int, text: str) -> Outcome:
    """Give a line the quantity that was typed."""
    cart = open_cart(books, till)
    if cart.sale_id != sale_id:
        return Outcome("stale_page")
    try:
        quantity = parse_quantity(text)
    except InvalidQuantity:
        return Outcome("bad_quantity", detail=_short(text))
    name = _name_of(cart, line_number)
    after = set_quantity(cart, line_number, quantity)
    if after == "bad_quantity":
        return Outcome("bad_quantity", detail=_short(text))
    return _keep(books, after, "line_added" if quantity else "line_voided", name)


def take_off(books: Books, till: Till, sale_id: str, line_number: int) -> Outcome:
    """Take a line off the receipt."""
    cart = open_cart(books, till)
    if cart.sale_id != sale_id:
        return Outcome("stale_page")
    return _keep(books, void_line(cart, line_number), "line_voided", _name_of(cart, line_number))


def pay_cash(books: Books, till: Till, sale_id: str, given_text: str | None) -> Outcome:
    """Turn the cart into a sale, once: paying the same cart again finds the first payment and changes nothing."""
    kept = till_state.find_sale(books.connection, sale_id)
    if kept is not None:
        return Outcome() if till_state.shown_sale(books.connection) == kept else Outcome("stale_page")
    cart = open_cart(books, till)
    if cart.sale_id != sale_id:
        return Outcome("stale_page")
    given = cash_given(cart, given_text)
    if isinstance(given, str):
        return Outcome(given, detail=_short(given_text or ""))
    moment = till.clock.stamp(books.journal.last_time)
    settings = settings_of(books, till)
    epoch = books.journal.epoch
    fact = complete_sale(
        cart,
        given=given,
        receipt_number=receipt_number(
            till.store, till.terminal, epoch, till_state.next_receipt(books.connection, epoch)
        ),
        day=business_day(moment.real, settings.time_zone),
        cashier=till.cashier,
    )
    sealed = record(
        books.journal, books.replica, fact,
        event_id=till.new_id(), time=moment.time, clock_unchecked=moment.unchecked,
    )  # fmt: skip
    job_id = (
        ""
        if till.kick is None
        else _queue_receipt(books, new_id=till.new_id, kick=till.kick, fact=fact, settings=settings, moment=moment)
    )
    till_state.keep_sale(
        books.connection,
        till_state.KeptSale(
            sale_id, fact.receipt_number, fact.total, given, given - fact.total, job_id, moment.time
        ),
    )  # fmt: skip
    till_state.save_cart(books.connection, Cart(sale_id=till.new_id()))
    return Outcome(
        "sale_done", good=True, detail=fact.receipt_number, sold=(epoch, sealed.sequence), print_changed=True
    )


def dismiss(books: Books) -> Outcome:
    """The cashier has seen the change; the screen is free."""
    till_state.dismiss_sale(books.connection)
    return Outcome()


def answer_print(books: Books, till: Till, job_id: str, *, printed: bool) -> Outcome:
    """A person says whether a receipt came out."""
    try:
        spool.answer(books.connection, job_id, till.clock.now(), printed=printed)
    except (UnknownJob, IllegalStep):
        return Outcome("stale_page")
    return Outcome(print_changed=True)


def choose_language(books: Books, language: str) -> Outcome:
    """Remember in which language this till speaks."""
    till_state.set_preference(books.connection, "language", language)
    return Outcome()


def _queue_receipt(  # noqa: PLR0913 - the sale, and what its two jobs are made of
    books: Books, *, new_id: Callable[[], str], kick: bytes, fact: SaleCompleted, settings: Settings, moment: Stamp
) -> str:
    job_id = new_id()
    picture = receipt.receipt_of_sale(fact, settings, moment.real, settings.language)
    spool.enqueue(
        books.connection, job_id=job_id, kind="receipt", receipt_number=fact.receipt_number,
        payload=receipt.encode(picture), created_at=moment.real,
    )  # fmt: skip
    spool.enqueue(
        books.connection, job_id=new_id(), kind="drawer", receipt_number=fact.receipt_number, payload=kick,
        created_at=moment.real,
    )  # fmt: skip
    return job_id


def _find(books: Books, reading: ScanReading) -> Item | None:
    if not reading.text:
        return None
    return books.replica.by_barcode(reading.text) or books.replica.item(reading.text)


def _unknown(reading: ScanReading) -> Outcome:
    # What was refused as a card number is in no notice, no log and no table.
    if reading.suspicion in ("card_number_refused", "unreadable_scan", "bad_quantity"):
        return Outcome(reading.suspicion)
    return Outcome(reading.suspicion or "unknown_code", detail=_short(reading.text))


def _keep(books: Books, after: Cart | CartRefusal, notice: NoticeCode, detail: str) -> Outcome:
    if not isinstance(after, Cart):
        return Outcome(after, detail=_short(detail))
    till_state.save_cart(books.connection, after)
    return Outcome(notice, good=True, detail=_short(detail))


def _currency(books: Books, cart: Cart, item: Item) -> str:
    settings = books.replica.settings()
    return cart.currency or (settings.currency if settings is not None else item.currency)


def _goes_below_zero(books: Books, sku: str, before: Cart, after: Cart | CartRefusal) -> bool:
    stock = books.replica.stock_view(sku)
    if stock is None or not isinstance(after, Cart):
        return False
    return stock - before.quantity_of(sku) >= 0 > stock - after.quantity_of(sku)


def _with_multiplier(cart: Cart, quantity: int | None) -> Cart:
    return msgspec.structs.replace(cart, multiplier=quantity)


def _name_of(cart: Cart, line_number: int) -> str:
    return next((line.name for line in cart.lines if line.number == line_number), "")


def _short(text: str) -> str:
    return text if len(text) <= _DETAIL_MAX else text[: _DETAIL_MAX - 1] + "…"
