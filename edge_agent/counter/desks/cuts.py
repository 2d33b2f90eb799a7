"""The discount desk: cuts by hand, prices by hand, coupons. Who gave what is in the sale's own fact.

How much a role may take off alone is measured on what each line really loses (`till/cuts.py`), by `cart_keeping`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short
from edge_agent.counter.cart_keeping import allow_noted, allowed_by, changeable, keep
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.pricing import price_rules, priced
from edge_agent.till.cart import AMOUNT_MAX, Cart, CartLine, Cut, line_of, put_line
from edge_agent.till.cuts import read_cut
from edge_agent.till.pricing import Message
from edge_agent.till.pricing.rules import code_key
from protocol.errors import InvalidMoney
from protocol.money import parse_amount
from protocol.quantity import format_quantity

COUPONS_MAX = 20
_REASON_MAX = 120
_CODE_MAX = 64


class CutLine(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take something off a line: `percent` as typed ("10", "7,5"), or `amount` as `protocol.money` reads it."""

    sale_id: str
    number: int
    percent: str = ""
    amount: str = ""
    reason: str = ""


class CutReceipt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take something off the whole receipt."""

    sale_id: str
    percent: str = ""
    amount: str = ""
    reason: str = ""


class SetPrice(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sell a line at another price for one unit, as `protocol.money` reads it."""

    sale_id: str
    number: int
    price: str
    reason: str = ""


class Coupon(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A coupon's code, to be counted or not."""

    sale_id: str
    code: str


class AskDiscount(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The line that is meant (0 is the newest one), and what is to get cheaper."""

    number: int = 0
    target: Literal["line", "receipt", "price"] = "line"


@dataclass(frozen=True)
class DiscountView:
    """What could be cut: a line (None on an empty receipt) and the receipt, with what is cut by hand already."""

    sale_id: str
    target: Literal["line", "receipt", "price"]
    line: CartLine | None
    line_amount: int
    receipt_cut: Cut | None
    receipt_amount: int
    limit_bp: int


@dataclass(frozen=True)
class CouponsView:
    """The codes of this receipt, each with what became of it."""

    sale_id: str
    coupons: tuple[tuple[str, Message | None], ...]


def cut_line(books: Books, till: Till, order: CutLine) -> Outcome:
    """Take something off one line, or take such a cut back."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    line = line_of(cart, order.number)
    if line is None:
        return Outcome("stale_page")
    if line.origin is not None:
        return Outcome("line_is_fixed")
    cut = read_cut(order.amount, order.percent, cart.currency, reason=_reason(order.reason), by=allowed_by(books))
    if isinstance(cut, str):
        return Outcome(cut, detail=short(order.percent or order.amount))
    if cut is not None and cut.kind == "amount" and cut.value > line.gross:
        return Outcome("cut_too_much")
    after = put_line(cart, msgspec.structs.replace(line, cut=cut))
    return keep(books, till, cart, after, notice="cut_set", detail=_told(cut, order.percent or order.amount, line.name))


def cut_receipt(books: Books, till: Till, order: CutReceipt) -> Outcome:
    """Take something off the whole receipt, or take such a cut back."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    cut = read_cut(
        order.amount, order.percent, cart.currency or books.settings.currency, reason=_reason(order.reason),
        by=allowed_by(books),
    )  # fmt: skip
    if isinstance(cut, str):
        return Outcome(cut, detail=short(order.percent or order.amount))
    uncut = priced(books, till, msgspec.structs.replace(cart, cut=None))
    if cut is not None and (not cart.lines or (cut.kind == "amount" and cut.value > max(0, uncut.total))):
        return Outcome("cut_too_much")
    after = msgspec.structs.replace(cart, cut=cut)
    return keep(books, till, cart, after, notice="cut_set", detail=_told(cut, order.percent or order.amount, ""))


def set_price(books: Books, till: Till, order: SetPrice) -> Outcome:
    """Sell a line at another price; that is always written down."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    line = line_of(cart, order.number)
    if line is None:
        return Outcome("stale_page")
    if line.origin is not None or line.fixed_amount is not None:
        return Outcome("line_is_fixed")
    try:
        price = parse_amount(order.price, cart.currency)
    except InvalidMoney:
        price = -1
    if not 0 <= price <= AMOUNT_MAX:
        return Outcome("bad_amount", detail=short(order.price))
    pieces = format_quantity(line.quantity)
    allow_noted(
        books, till, "price", amount=price,
        detail=f"{pieces} x {line.sku} {line.name}: {line.unit_price} -> {price} {order.reason}".strip(),
    )  # fmt: skip
    asks = tuple(ask for ask in line.asks if ask != "price")
    changed = msgspec.structs.replace(line, unit_price=price, price_by=allowed_by(books), asks=asks)
    return keep(books, till, cart, put_line(cart, changed), notice="price_set", detail=line.name)


def add_coupon(books: Books, till: Till, order: Coupon) -> Outcome:
    """Count a coupon."""
    cart = changeable(books, till, order.sale_id)
    return cart if isinstance(cart, Outcome) else take_coupon(books, till, cart, order.code)


def drop_coupon(books: Books, till: Till, order: Coupon) -> Outcome:
    """Count a coupon no more."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    left = tuple(code for code in cart.coupons if code_key(code) != code_key(order.code))
    after = msgspec.structs.replace(cart, coupons=left)
    return keep(books, till, cart, after, notice="line_voided", detail=order.code)


def known_coupon(books: Books, till: Till, cart: Cart, code: str) -> bool:
    """Whether some promotion, of today or not, asks for this code."""
    return code_key(code) in price_rules(books, till, cart).by_code


def take_coupon(books: Books, till: Till, cart: Cart, code: str) -> Outcome:
    """Put a coupon's code on the receipt. Whether it takes something off is for the pricing core, at each change."""
    code = code.strip()[:_CODE_MAX]
    if not code or not known_coupon(books, till, cart, code):
        return Outcome("coupon_unknown", detail=short(code))
    if any(code_key(code) == code_key(other) for other in cart.coupons):
        return Outcome("coupon_taken", good=True, detail=short(code))
    if len(cart.coupons) >= COUPONS_MAX:
        return Outcome("bad_input", detail=short(code))
    after = msgspec.structs.replace(cart, coupons=(*cart.coupons, code))
    return keep(books, till, cart, after, notice="coupon_taken", detail=code)


def ask_discount(books: Books, till: Till, question: AskDiscount) -> DiscountView:
    """What the discount panel shows."""
    cart = open_cart(books, till)
    sums = priced(books, till, cart)
    line = line_of(cart, question.number) or (cart.lines[-1] if cart.lines else None)
    amounts = {each.number: each.amount for each in sums.lines}
    role = books.person.role if books.person is not None else ""
    return DiscountView(
        sale_id=cart.sale_id,
        target=question.target,
        line=line,
        line_amount=amounts[line.number] if line is not None else 0,
        receipt_cut=cart.cut,
        receipt_amount=sums.total,
        limit_bp=books.settings.cut_limits_bp.get(role, 0),
    )


def ask_coupons(books: Books, till: Till, _question: NoFields) -> CouponsView:
    """The coupons of this receipt."""
    cart = open_cart(books, till)
    messages = {message.coupon: message for message in priced(books, till, cart).messages if message.coupon}
    return CouponsView(cart.sale_id, tuple((code, messages.get(code)) for code in cart.coupons))


DESK = Desk(
    "cuts",
    orders=(
        OrderKind("cut_line", CutLine, cut_line),
        OrderKind("cut_receipt", CutReceipt, cut_receipt),
        OrderKind("set_price", SetPrice, set_price),
        OrderKind("add_coupon", Coupon, add_coupon),
        OrderKind("drop_coupon", Coupon, drop_coupon),
    ),
    questions=(QuestionKind("discount", AskDiscount, ask_discount), QuestionKind("coupon", NoFields, ask_coupons)),
)


def _reason(text: str) -> str:
    return text.strip()[:_REASON_MAX]


def _told(cut: Cut | None, typed: str, name: str) -> str:
    if cut is None:
        return "0"
    size = f"{cut.value / 100:g} %" if cut.kind == "percent" else typed.strip()
    return f"{size} · {name}" if name else size
