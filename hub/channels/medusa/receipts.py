"""A till's receipt as an order of Medusa's that is a record and nothing more. Pure.

Its items are free text (no `variant_id`), so that Medusa neither reserves nor subtracts, and it has no shipping
address, so that Medusa adds no tax: its total is the till's total. It is made in steps, and Medusa does a step again if
it is told to again, so the next step is chosen by what the order is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Literal

import msgspec

from hub.channels.medusa.answers import Order
from hub.channels.medusa.mapping import SALE_WORD, Untranslatable, major_units, minor_units
from hub.channels.ports import TillReceipt
from protocol.events import SaleLine, SaleRefunded
from protocol.quantity import SCALE, format_quantity

Step = Literal["convert", "collect", "pay", "complete"]
STEPS_MAX = 8
ITEMS_MAX = 250
"""Medusa reads bodies of at most 100 kB; an item takes some 300 bytes."""
NOTE_WORD = "tillwire-refund"


class DraftItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A line of free text."""

    title: str
    quantity: int
    unit_price: Decimal
    variant_sku: str = ""
    variant_barcode: str = ""


def draft_of(receipt: TillReceipt, *, region: str, sales_channel: str, customer: str = "") -> dict[str, object]:
    """The body that makes the draft. A refund that belongs to no order of Medusa's has a negative total."""
    data = receipt.data
    sign = -1 if isinstance(data, SaleRefunded) else 1
    items = list(_items(data.lines, data.currency, sign))
    if not data.tax_included and data.tax_total:
        items.append(_item("Tax", 1, sign * data.tax_total, data.currency))
    if len(items) > ITEMS_MAX:
        items = _shortened(items, data.currency)
    difference = sign * data.total - _sum(items, data.currency)
    if difference:
        items.append(_item("Difference", 1, difference, data.currency))
    if not items:
        items.append(_item(data.receipt_number, 1, 0, data.currency))
    body: dict[str, object] = {
        "region_id": region,
        "sales_channel_id": sales_channel,
        "currency_code": data.currency.lower(),
        "no_notification_order": True,
        "items": items,
        # `q=` searches addresses and not metadata: by this an earlier try is found.
        "billing_address": {"company": receipt.key},
        "metadata": {
            SALE_WORD: receipt.key,
            "receipt_number": data.receipt_number,
            "store": receipt.store,
            "terminal": receipt.terminal,
            "sold_at": receipt.at.isoformat(),
            "business_day": data.business_day.isoformat(),
            "tenders": "; ".join(
                f"{tender.kind} {major_units(tender.amount, data.currency)}" for tender in data.tenders
            ),
            **({"rounding": str(major_units(data.rounding, data.currency))} if data.rounding else {}),
        },
    }
    return body | ({"customer_id": customer} if customer else {})


def next_step(order: Order) -> Step | None:
    """What is still to be done of a record; None when it is whole."""
    if order.is_draft_order or order.status == "draft":
        return "convert"
    if order.status in {"completed", "canceled"}:
        return None
    if order.total > 0 and not _paid(order):
        return "pay" if any(each.status != "canceled" for each in order.payment_collections or ()) else "collect"
    return "complete"


def open_collection(order: Order) -> str:
    """The payment collection that is to be marked as paid."""
    return next(each.id for each in order.payment_collections or () if each.status != "canceled")


def captured_payment(order: Order) -> str:
    """The payment that a refund goes out of. Raises Untranslatable when there is none."""
    for collection in order.payment_collections or ():
        for payment in collection.payments:
            if payment.captured_at is not None:
                return payment.id
    raise Untranslatable(f"order {order.id} has no payment that was taken, so nothing of it can be given back")


def refund_note(receipt: TillReceipt) -> str:
    """What names a refund among an order's refunds: there is nothing else to find it again by."""
    return f"{NOTE_WORD} {receipt.key} {receipt.data.receipt_number}"


def is_refunded(order: Order, receipt: TillReceipt) -> bool:
    """Whether an earlier try has given the money back already."""
    return any(
        (refund.note or "").startswith(f"{NOTE_WORD} {receipt.key}")
        for collection in order.payment_collections or ()
        for payment in collection.payments
        for refund in payment.refunds
    )


def _paid(order: Order) -> bool:
    return any(
        payment.captured_at is not None
        for collection in order.payment_collections or ()
        for payment in collection.payments
    )


def _items(lines: Sequence[SaleLine], currency: str, sign: int) -> Iterator[DraftItem]:
    """Lines whose prices times their quantities are exactly what was paid for them.

    Three for 10.00 is two at 3.33 and one at 3.34. A weighed line is one piece that says its weight, for Medusa does
    not round 0.642 times 3.33 and the total would have parts of a cent.
    """
    for line in lines:
        whole, part = divmod(line.quantity, SCALE)
        if part or whole < 1:
            name = f"{format_quantity(line.quantity)} x {line.name}" if part else line.name
            yield _item(name, 1, sign * line.amount, currency, line)
            continue
        each, rest = divmod(line.amount, whole)
        if whole > rest:
            yield _item(line.name, whole - rest, sign * each, currency, line)
        if rest:
            yield _item(line.name, rest, sign * (each + 1), currency, line)


def _item(title: str, quantity: int, unit: int, currency: str, line: SaleLine | None = None) -> DraftItem:
    return DraftItem(
        title=title[:200] or "-",
        quantity=quantity,
        unit_price=major_units(unit, currency),
        variant_sku=line.sku if line else "",
        variant_barcode=(line.barcode or "") if line else "",
    )


def _shortened(items: Sequence[DraftItem], currency: str) -> list[DraftItem]:
    """The first lines, and the sum of the others in one."""
    kept, others = items[: ITEMS_MAX - 1], items[ITEMS_MAX - 1 :]
    return [*kept, _item(f"{len(others)} more lines", 1, _sum(others, currency), currency)]


def _sum(items: Sequence[DraftItem], currency: str) -> int:
    return sum(minor_units(item.unit_price, currency) * item.quantity for item in items)
