"""From a cart and some cash to the fact that goes into the journal."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Literal

from edge_agent.till.cart import AMOUNT_MAX, Cart, CartLine
from edge_agent.till.codes import is_gtin
from edge_agent.till.moments import at_store
from edge_agent.till.pricing import PricedBasket, PricedLine, price_cuts
from protocol.errors import InvalidMoney
from protocol.events import SaleCompleted, SaleLine, Tender
from protocol.money import parse_amount

_RECEIPT_NUMBER_MAX = 64  # what `protocol.events.Word` can carry
_DIGEST_LETTERS = 12

PaymentRefusal = Literal["nothing_to_pay", "not_enough_cash", "bad_amount"]


def cash_given(text: str | None, *, due: int, currency: str) -> int | PaymentRefusal:
    """What the customer gave, in minor units: `text` as typed, or exactly what is due for None.

    A barcode that was scanned into the amount field is no amount, however rich it would make the customer.
    """
    if text is None:
        return due
    try:
        given = parse_amount(text, currency)
    except InvalidMoney:
        return "bad_amount"
    if is_gtin(text.strip()) or given > AMOUNT_MAX:
        return "bad_amount"
    return given if given >= due else "not_enough_cash"


def sale_line(line: CartLine, sums: PricedLine, language: Literal["vi", "en"]) -> SaleLine:
    """A line as the receipt and the event have it, with its own signs: what comes back is negative here."""
    return SaleLine(
        sku=line.sku, name=line.name, quantity=line.quantity, unit_price=line.unit_price, amount=sums.amount,
        tax_rate_bp=line.tax_rate_bp, tax=sums.tax, barcode=line.barcode, note=line.note or None, unit=line.unit,
        cuts=price_cuts(sums, language), serials=line.serials, lot=line.lot or None, expires=line.expires,
        original_line=line.origin.line or None if line.origin is not None else None,
    )  # fmt: skip


def complete_sale(  # noqa: PLR0913 - everything that a receipt says
    cart: Cart,
    sums: PricedBasket,
    *,
    tenders: tuple[Tender, ...],
    rounding: int,
    tax_included: bool,
    receipt_number: str,
    day: date,
    cashier: str,
    language: Literal["vi", "en"],
    shift: str = "",
    exchange: str = "",
) -> SaleCompleted:
    """The fact: everything that the receipt says. `tenders` pay the total and `rounding`; no line comes back."""
    assert cart.lines
    assert all(line.quantity > 0 for line in cart.lines)
    assert sum(tender.amount for tender in tenders) == sums.total + rounding
    return SaleCompleted(
        receipt_number=receipt_number,
        business_day=day,
        currency=cart.currency,
        cashier=cashier,
        lines=tuple(
            sale_line(line, line_sums, language) for line, line_sums in zip(cart.lines, sums.lines, strict=True)
        ),
        tenders=tenders,
        total=sums.total,
        tax_total=sums.tax_total,
        tax_included=tax_included,
        rounding=rounding,
        shift=shift,
        customer=cart.customer,
        note=cart.note,
        exchange=exchange,
    )


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
    """The store's calendar day."""
    return at_store(moment, time_zone).date()
