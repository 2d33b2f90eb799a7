"""From a cart and some cash to the fact that goes into the journal."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge_agent.till.cart import AMOUNT_MAX, Cart
from edge_agent.till.codes import is_gtin
from protocol.errors import InvalidMoney
from protocol.events import SaleCompleted, SaleLine, Tender
from protocol.money import parse_amount

_RECEIPT_NUMBER_MAX = 64  # what `protocol.events.Word` can carry
_DIGEST_LETTERS = 12

PaymentRefusal = Literal["nothing_to_pay", "not_enough_cash", "bad_amount"]


def cash_given(cart: Cart, text: str | None) -> int | PaymentRefusal:
    """What the customer gave, in minor units: `text` as typed, or exactly the total for None.

    A barcode that was scanned into the amount field is no amount, however rich it would make the customer.
    """
    if not cart.lines:
        return "nothing_to_pay"
    if text is None:
        return cart.total
    try:
        given = parse_amount(text, cart.currency)
    except InvalidMoney:
        return "bad_amount"
    if is_gtin(text.strip()) or given > AMOUNT_MAX:
        return "bad_amount"
    return given if given >= cart.total else "not_enough_cash"


def complete_sale(cart: Cart, *, given: int, receipt_number: str, day: date, cashier: str) -> SaleCompleted:
    """The fact: everything that the receipt says. `given` is at least the total."""
    assert cart.lines
    assert given >= cart.total
    cash = Tender(kind="cash", amount=cart.total, given=given, change=given - cart.total)
    return SaleCompleted(
        receipt_number=receipt_number,
        business_day=day,
        currency=cart.currency,
        cashier=cashier,
        lines=tuple(
            SaleLine(
                sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price, amount=line.amount,
                tax_rate_bp=line.tax_rate_bp, tax=line.tax, barcode=line.barcode,
            )
            for line in cart.lines
        ),
        tenders=(cash,),
        total=cart.total,
        tax_total=cart.tax_total,
    )  # fmt: skip


def receipt_number(store: str, terminal: str, epoch: int, number: int) -> str:
    """Name a receipt: unique for good, because a till that lost its memory gets a new epoch before it goes on.

    Names so long that the number would not fit into an event (the hub would park each sale) are cut and told apart
    by a digest.
    """
    place, count = f"{store}-{terminal}", f"{epoch}-{number:06d}"
    room = _RECEIPT_NUMBER_MAX - len(count) - 1
    if len(place) > room:
        digest = hashlib.sha256(place.encode()).hexdigest()[:_DIGEST_LETTERS]
        place = f"{place[: room - _DIGEST_LETTERS - 1]}-{digest}"
    return f"{place}-{count}"


def business_day(moment: datetime, time_zone: str) -> date:
    """The store's calendar day. A zone that this PC does not know counts as UTC: selling must not stop for it."""
    try:
        return moment.astimezone(ZoneInfo(time_zone)).date()
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return moment.astimezone(UTC).date()
