"""The desk of returns: goods that come back, with their receipt or without, alone or in exchange for others.

What comes back is lines of negative quantity in the cart, worth what the old receipt says. The promise: never more than
is known to be returnable; where nothing is known (no receipt, another till's while the hub is away) somebody with the
right to it decides, and the hub finds what was given back twice.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, short
from edge_agent.counter.cart_keeping import changeable
from edge_agent.counter.desk import Desk, Fields, OrderKind, QuestionKind
from edge_agent.counter.permission import allow
from edge_agent.counter.pricing import priced
from edge_agent.counter.receipt_views import AskReceipt, show_receipt, show_return
from edge_agent.counter.refund_limits import is_within
from edge_agent.journal import receipts_kept, till_state
from edge_agent.journal.receipts_kept import KeptReceipt
from edge_agent.till.cart import Cart, add_item
from edge_agent.till.moments import at_store
from edge_agent.till.payment import clean_reference
from edge_agent.till.pricing.totals import tax_of
from edge_agent.till.returns import (
    add_loose_return,
    add_return,
    in_cart,
    is_too_old,
    returnables,
    sold_on,
    value_of,
)
from edge_agent.till.rights import may
from protocol.documents import Item
from protocol.errors import InvalidQuantity
from protocol.events import SaleCompleted
from protocol.money import line_amount
from protocol.quantity import SCALE, parse_quantity

LINES_ASKED_MAX = 500


class ReturnLines(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take goods of an old receipt back: `lines` has quantities by line number; `whole` is all that is left of it."""

    sale_id: str
    receipt: str
    lines: dict[str, str] = msgspec.field(default_factory=dict)
    whole: bool = False
    restock: Literal["yes", "no"] = "yes"
    reason: str = ""


class ReturnItem(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take goods back whose receipt is not known here. `receipt` is the number on the paper, if there is any."""

    sale_id: str
    code: str
    quantity: str = "1"
    receipt: str = ""
    restock: Literal["yes", "no"] = "yes"
    reason: str


def return_lines(books: Books, till: Till, order: ReturnLines) -> Outcome:
    """Put old lines into the cart as coming back, for what was paid for them."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    kept = receipts_kept.find(books.connection, order.receipt.strip())
    if kept is None or not isinstance(kept.fact, SaleCompleted):
        return Outcome("receipt_unknown", detail=short(order.receipt))
    after = _with_lines(books, cart, kept.fact, order)
    if isinstance(after, Outcome):
        return after
    who = _allow(books, till, cart, after, kept)
    till_state.save_cart(books.connection, msgspec.structs.replace(after, refund_by=who))
    till_state.dismiss_sale(books.connection)
    return Outcome("return_added", good=True, detail=short(after.lines[-1].name))


def return_item(books: Books, till: Till, order: ReturnItem) -> Outcome:
    """Take goods back without a receipt that is known here, at the lowest price that is known: somebody allows it."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    receipt = clean_reference(order.receipt)
    problem = _unfit(books, order, receipt)
    if problem is not None or receipt is None:
        return problem or Outcome("card_number_refused")
    item = books.replica.by_barcode(order.code.strip()) or books.replica.item(order.code.strip())
    if item is None:
        return Outcome("unknown_code", detail=short(order.code) if clean_reference(order.code) else "")
    quantity = _quantity(order.quantity)
    price = _lowest_price(books, till, item)
    tax = tax_of(line_amount(price, quantity), item.tax_rate_bp, included=books.settings.prices_include_tax)
    after = add_loose_return(
        cart, item, quantity, price, tax, receipt=receipt, restock=order.restock == "yes", reason=order.reason.strip()
    )
    if not isinstance(after, Cart):
        return Outcome(after, detail=short(item.name))
    value = value_of(after, tax_included=books.settings.prices_include_tax)
    who = ""
    if not cart.training:
        who = allow(
            books, till, "refund_unknown", detail=item.name, amount=value,
            within=lambda role: is_within(books, till, role, value),
        )  # fmt: skip
    till_state.save_cart(books.connection, msgspec.structs.replace(after, refund_by=who))
    till_state.dismiss_sale(books.connection)
    return Outcome("return_added", good=True, detail=short(item.name))


DESK = Desk(
    "returns",
    orders=(OrderKind("return_lines", ReturnLines, return_lines), OrderKind("return_item", ReturnItem, return_item)),
    questions=(
        QuestionKind("return", AskReceipt, show_return),
        QuestionKind("return_item", AskReceipt, show_receipt),
    ),
)


def _unfit(books: Books, order: ReturnItem, receipt: str | None) -> Outcome | None:
    if receipt is None:
        return Outcome("card_number_refused")
    if not order.reason.strip():
        return Outcome("bad_input", detail="reason")
    if receipt and receipts_kept.find(books.connection, receipt) is not None:
        # What is known is not guessed.
        return Outcome("receipt_scanned", detail=short(receipt), panel=f"receipt?number={receipt}")
    return None


def _quantity(text: str) -> int:
    """Thousandths; 0, which nothing takes, for what is no quantity."""
    try:
        return parse_quantity(text.strip())
    except InvalidQuantity:
        return 0


def _with_lines(books: Books, cart: Cart, sale: SaleCompleted, order: ReturnLines) -> Cart | Outcome:
    known = receipts_kept.returned(books.connection, sale.receipt_number)
    found = {line.number: line for line in returnables(sale, known)}
    wanted = _wanted(order, cart, sale, {number: line.left for number, line in found.items()})
    if isinstance(wanted, Outcome):
        return wanted
    if not wanted:
        return Outcome("already_returned" if order.whole else "bad_quantity", detail=short(order.receipt))
    after = cart
    rounded = receipts_kept.rounded(books.connection, sale.receipt_number)
    for number, quantity in wanted.items():
        changed = add_return(
            after, sale, found[number], quantity, restock=order.restock == "yes", reason=order.reason.strip(),
            tax_included=books.settings.prices_include_tax, rounded=rounded,
        )  # fmt: skip
        if not isinstance(changed, Cart):
            refusal = "already_returned" if changed == "bad_quantity" else changed
            return Outcome(refusal, detail=short(found[number].line.name))
        after = changed
    return after


def _wanted(order: ReturnLines, cart: Cart, sale: SaleCompleted, left: dict[int, int]) -> dict[int, int] | Outcome:
    """Line numbers with quantities, as they were asked for."""
    if order.whole:
        rest = {number: most - in_cart(cart, sale.receipt_number, number) for number, most in left.items()}
        return {number: quantity for number, quantity in rest.items() if quantity > 0}
    wanted: dict[int, int] = {}
    for number, text in list(order.lines.items())[:LINES_ASKED_MAX]:
        try:
            quantity = parse_quantity(text.strip())
        except InvalidQuantity:
            return Outcome("bad_quantity", detail=short(text))
        if not number.isdigit() or int(number) not in left or quantity < 0:
            return Outcome("bad_quantity", detail=short(text))
        if quantity:
            wanted[int(number)] = quantity
    return wanted


def _allow(books: Books, till: Till, before: Cart, after: Cart, kept: KeptReceipt) -> str:
    """A role gives back up to its limit; old receipts are a supervisor's. Raises ApprovalNeeded.

    Returns who allowed it; "" where nobody had to.
    """
    settings = books.settings
    assert isinstance(kept.fact, SaleCompleted)
    value = value_of(after, tax_included=settings.prices_include_tax)
    today = at_store(till.clock.now(), settings.time_zone).date()
    is_old = is_too_old(sold_on(kept.fact, kept.at), today, settings.refund_days)
    if before.training:
        return ""
    return allow(
        books, till, "refund", detail=kept.fact.receipt_number, amount=value,
        within=lambda role: is_within(books, till, role, value) and (not is_old or may(role, "refund_unknown")),
    )  # fmt: skip


def _lowest_price(books: Books, till: Till, item: Item) -> int:
    """The least that anybody pays for one of it today: in the cheapest list, or after promotions."""
    alone = add_item(Cart(sale_id=""), item, SCALE, None, item.currency)
    sums = priced(books, till, alone) if isinstance(alone, Cart) else None
    return min(item.price, *item.prices.values(), *((sums.lines[0].amount,) if sums is not None else ()))
