"""The sale desk: quantities, lines off, notes, receipts given up, the next customer.

Whatever leaves a receipt before it is paid is a fact of its own (see `cart_keeping.keep`).
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, start_cart, write_down
from edge_agent.counter.cart_keeping import allow_noted, allowed_by, changeable, keep, save
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.permission import allow
from edge_agent.counter.pricing import priced
from edge_agent.journal import till_state
from edge_agent.till.asking import open_question
from edge_agent.till.cart import CartLine, line_of, put_line, set_quantity, void_line
from edge_agent.till.sale import sale_line
from protocol.errors import InvalidQuantity
from protocol.events import CartVoided
from protocol.quantity import format_quantity, parse_quantity, stepped

NOTE_MAX = 300
REASON_MAX = 200


class SetQuantity(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give a line the quantity that was typed, such as "2" or "0,642"; 0 takes it off. Or change it by `step` pieces.

    The keys + and - step from what the till has and not from what the page shows: a scan may be on its way to the page.
    """

    sale_id: str
    number: int
    quantity: str = ""
    step: int = 0


class VoidLine(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take a line off the receipt."""

    sale_id: str
    number: int
    reason: str = ""


class NoteLine(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write something below a line; "" takes it away."""

    sale_id: str
    number: int
    note: str = ""


class NoteReceipt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write something on the receipt; "" takes it away."""

    sale_id: str
    note: str = ""


class VoidReceipt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Give the whole receipt up, for a reason."""

    sale_id: str
    reason: str


class AskNote(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The line that is meant; 0 is the newest one."""

    number: int = 0


@dataclass(frozen=True)
class NoteView:
    """What could be written on: a line (None on an empty receipt) and the receipt."""

    sale_id: str
    line: CartLine | None
    receipt_note: str


@dataclass(frozen=True)
class VoidView:
    """What would be given up."""

    sale_id: str
    is_empty: bool


def change_quantity(books: Books, till: Till, order: SetQuantity) -> Outcome:
    """Give a line the quantity that was typed, or that a step leads to: one piece is the least that steps lead to."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    line = line_of(cart, order.number)
    if line is None:
        return Outcome("stale_page")
    try:
        quantity = stepped(line.quantity, order.step) if order.step else parse_quantity(order.quantity)
    except InvalidQuantity:
        return Outcome("bad_quantity", detail=short(order.quantity))
    if order.step and not quantity:
        return Outcome()  # the last one is taken off with its own key
    after = set_quantity(cart, order.number, quantity)
    if after == "bad_quantity":
        return Outcome("bad_quantity", detail=short(order.quantity))
    if line.price_by and "weight" not in line.asks and quantity > line.quantity:
        # A price by hand was allowed for as many as there were.
        allow_noted(
            books, till, "price", amount=line.unit_price,
            detail=f"{line.sku} {line.name}: {line.unit_price} x {format_quantity(quantity)}",
        )  # fmt: skip
    asks = not isinstance(after, str) and open_question(after) is not None
    return keep(
        books, till, cart, after, notice="line_added" if quantity else "line_voided", detail=line.name,
        panel="ask" if asks else "",
    )  # fmt: skip


def take_off(books: Books, till: Till, order: VoidLine) -> Outcome:
    """Take a line off the receipt."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    line = line_of(cart, order.number)
    return keep(
        books, till, cart, void_line(cart, order.number), notice="line_voided", detail=line.name if line else "",
        reason=order.reason,
    )  # fmt: skip


def note_line(books: Books, till: Till, order: NoteLine) -> Outcome:
    """Write something below a line."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    line = line_of(cart, order.number)
    if line is None:
        return Outcome("stale_page")
    after = put_line(cart, msgspec.structs.replace(line, note=order.note.strip()[:NOTE_MAX]))
    return keep(books, till, cart, after, notice="note_set")


def note_receipt(books: Books, till: Till, order: NoteReceipt) -> Outcome:
    """Write something on the receipt."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    save(books, msgspec.structs.replace(cart, note=order.note.strip()[:NOTE_MAX]))
    return Outcome("note_set", good=True)


def void_receipt(books: Books, till: Till, order: VoidReceipt) -> Outcome:
    """Give the whole receipt up; the next one starts empty. Whoever allows it is told how much it is."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    reason = order.reason.strip()[:REASON_MAX]
    if cart.lines and not reason:
        return Outcome("bad_input", detail="reason")
    sums = priced(books, till, cart)
    if cart.lines:
        allow(books, till, "void_receipt", detail=reason, amount=sums.total)
    if cart.lines and not cart.training:
        fact = CartVoided(
            cart=cart.sale_id,
            by=allowed_by(books),
            reason=reason,
            lines=tuple(
                sale_line(line, line_sums, books.settings.language)
                for line, line_sums in zip(cart.lines, sums.lines, strict=True)
            ),
            total=sums.total,
            currency=cart.currency,
        )
        write_down(books, till, fact)
    start_cart(books, till)
    return Outcome("cart_voided", good=True, journalled=True)


def dismiss(books: Books, _till: Till, _order: NoFields) -> Outcome:
    """The cashier has seen the change; the screen is free."""
    till_state.dismiss_sale(books.connection)
    return Outcome()


def ask_note(books: Books, till: Till, question: AskNote) -> NoteView:
    """What the note panel shows."""
    cart = open_cart(books, till)
    line = line_of(cart, question.number) or (cart.lines[-1] if cart.lines else None)
    return NoteView(cart.sale_id, line, cart.note)


def ask_void(books: Books, till: Till, _question: NoFields) -> VoidView:
    """What the panel that gives a receipt up shows."""
    cart = open_cart(books, till)
    return VoidView(cart.sale_id, not cart.lines)


DESK = Desk(
    "sale",
    orders=(
        OrderKind("set_quantity", SetQuantity, change_quantity),
        OrderKind("void_line", VoidLine, take_off),
        OrderKind("note_line", NoteLine, note_line),
        OrderKind("note_receipt", NoteReceipt, note_receipt),
        OrderKind("void_receipt", VoidReceipt, void_receipt),
        OrderKind("new_sale", NoFields, dismiss),
    ),
    questions=(QuestionKind("note", AskNote, ask_note), QuestionKind("void", NoFields, ask_void)),
)
