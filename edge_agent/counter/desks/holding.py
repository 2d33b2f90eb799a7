"""The holding desk: receipts that wait while another customer is served. They wait at this till and no other.

Decided: to recall one while another is open swaps the two, the open one waits under its own name. Nothing that a
customer has put on the counter is lost to a key, and nobody has to hold first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, find_person, is_training, open_cart, short, start_cart
from edge_agent.counter.cart_keeping import changeable, save
from edge_agent.counter.customer_records import customer_of
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.pricing import priced
from edge_agent.journal import held_carts, till_state
from edge_agent.journal.held_carts import HeldCart
from edge_agent.till.cart import Cart
from edge_agent.till.holding import HELD_MAX, held_name, waits_long
from edge_agent.till.moments import at_store


class Hold(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put the receipt aside; "" names it after the customer, or the time."""

    sale_id: str
    name: str = ""


class Recall(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring a receipt back; the open one, if it has anything on it, waits instead."""

    sale_id: str


@dataclass(frozen=True)
class HoldView:
    """What would be put aside, and what it would be called."""

    sale_id: str
    name: str
    item_count: int


@dataclass(frozen=True)
class HeldView:
    """One receipt that waits. `total` is what it costs now; `is_old`: somebody should ask after that customer."""

    sale_id: str
    name: str
    at: datetime
    by: str
    item_count: int
    total: int
    first_names: tuple[str, ...]
    is_old: bool
    training: bool


def hold(books: Books, till: Till, order: Hold) -> Outcome:
    """Put the receipt aside and start an empty one."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    if not cart.lines:
        return Outcome("nothing_to_pay")
    name = _put_aside(books, till, cart, order.name)
    if name is None:
        return Outcome("held_full")
    start_cart(books, till)
    return Outcome("held", good=True, detail=short(name))


def recall(books: Books, till: Till, order: Recall) -> Outcome:
    """Bring a receipt back, once."""
    cart = changeable(books, till, None)
    if isinstance(cart, Outcome):
        return cart
    waiting = next((one for one in held_carts.listed(books.connection) if one.cart.sale_id == order.sale_id), None)
    if waiting is not None and waiting.cart.training != is_training(books):
        # A sale is not finished while the till plays, nor a played one when everything counts.
        return Outcome("training_on" if is_training(books) else "training_off", detail=short(waiting.name))
    held = held_carts.recall(books.connection, order.sale_id)
    if held is None:
        return Outcome("nothing_held")
    if cart.lines:
        # There is room: one has just been taken out.
        _put_aside(books, till, cart, "")
    save(books, held.cart)
    till_state.dismiss_sale(books.connection)
    return Outcome("recalled", good=True, detail=short(held.name))


def ask_hold(books: Books, till: Till, _question: NoFields) -> HoldView:
    """What the hold panel shows."""
    cart = open_cart(books, till)
    return HoldView(cart.sale_id, _name(books, till, cart, ""), cart.item_count)


def ask_held(books: Books, till: Till, _question: NoFields) -> tuple[HeldView, ...]:
    """All receipts that wait, the oldest first."""
    now = till.clock.now()
    views = []
    for held in held_carts.listed(books.connection):
        person = find_person(books.connection, till, held.by)
        views.append(
            HeldView(
                sale_id=held.cart.sale_id,
                name=held.name,
                at=at_store(held.at, books.settings.time_zone),
                by=person.name if person is not None else held.by,
                item_count=held.cart.item_count,
                total=priced(books, till, held.cart).total,
                first_names=tuple(line.name for line in held.cart.lines[:3]),
                is_old=waits_long(held.at, now),
                training=held.cart.training,
            )
        )
    return tuple(views)


DESK = Desk(
    "holding",
    orders=(OrderKind("hold", Hold, hold), OrderKind("recall", Recall, recall)),
    questions=(QuestionKind("hold", NoFields, ask_hold), QuestionKind("held", NoFields, ask_held)),
)


def _put_aside(books: Books, till: Till, cart: Cart, typed: str) -> str | None:
    if held_carts.count(books.connection) >= HELD_MAX:
        return None
    name = _name(books, till, cart, typed)
    waiting = msgspec.structs.replace(cart, multiplier=None)
    held_carts.hold(books.connection, HeldCart(name, books.by, till.clock.now(), waiting))
    return name


def _name(books: Books, till: Till, cart: Cart, typed: str) -> str:
    customer = customer_of(books, cart)
    now = at_store(till.clock.now(), books.settings.time_zone)
    return held_name(typed, customer.name if customer is not None else "", now)
