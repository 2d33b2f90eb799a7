"""What a till says: facts in the past tense, one struct per event type and version.

A released type is never changed in a way that an older hub could not read: add an optional field, or add
`...v2`. Golden files and `./dev schemas --check` hold us to that. Quantities are thousandths (`quantity.py`),
amounts are minor units (`money.py`), times are aware and UTC. Never card numbers, never a customer's name.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

Amount = Annotated[int, msgspec.Meta(ge=-(10**17), le=10**17, description="minor units of the currency")]
Thousandths = Annotated[int, msgspec.Meta(ge=-(10**15), le=10**15, description="thousandths of the item's unit")]
Text = Annotated[str, msgspec.Meta(max_length=512)]
Moment = Annotated[datetime, msgspec.Meta(tz=True, description="aware; written in UTC")]
Word = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
Currency = Annotated[str, msgspec.Meta(pattern="^[A-Z]{3}$")]
TaxRate = Annotated[int, msgspec.Meta(ge=0, le=10_000, description="basis points: 8 % is 800")]


class _Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Facts do not change; what is left out has its default, so that a sale stays small on the wire."""


class SaleLine(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a receipt, as it was printed."""

    sku: Word
    name: Text
    quantity: Thousandths
    unit_price: Amount
    amount: Amount
    tax_rate_bp: TaxRate = 0
    tax: Amount = 0
    barcode: Text | None = None
    note: Text | None = None


class Tender(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One way in which a receipt was paid. `amount` is what counts; cash also has what was given and the change."""

    kind: Word
    amount: Amount
    given: Amount | None = None
    change: Amount = 0


class SaleCompleted(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods were sold and paid. Line quantities are positive."""

    receipt_number: Word
    business_day: date
    currency: Currency
    cashier: Word
    lines: Annotated[tuple[SaleLine, ...], msgspec.Meta(max_length=5_000)]
    tenders: Annotated[tuple[Tender, ...], msgspec.Meta(max_length=64)]
    total: Amount
    tax_total: Amount = 0


class SaleRefunded(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods came back or value was given back. Line quantities and amounts are positive.

    `restock` says if the goods can be sold again. A line of quantity 0 is a refund by value only.
    """

    receipt_number: Word
    business_day: date
    currency: Currency
    cashier: Word
    lines: Annotated[tuple[SaleLine, ...], msgspec.Meta(max_length=5_000)]
    tenders: Annotated[tuple[Tender, ...], msgspec.Meta(max_length=64)]
    total: Amount
    tax_total: Amount = 0
    original_receipt: Word | None = None
    restock: bool = True
    reason: Text = ""


class StockLine(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One SKU and how many of it."""

    sku: Word
    quantity: Thousandths


class StockReceived(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods arrived at the store."""

    lines: Annotated[tuple[StockLine, ...], msgspec.Meta(max_length=5_000)]
    by: Word
    document: Text = ""


class StockAdjusted(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods were written off (negative) or found (positive), with a reason that an auditor can read."""

    lines: Annotated[tuple[StockLine, ...], msgspec.Meta(max_length=5_000)]
    by: Word
    reason: Text


class CountedLine(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """At `at`, this many were on the shelf. A count is a checkpoint in event time, not a difference."""

    sku: Word
    quantity: Thousandths
    at: Moment


class StockCounted(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A count session was finished; each line has the time at which it was counted."""

    session: Word
    lines: Annotated[tuple[CountedLine, ...], msgspec.Meta(max_length=5_000)]
    by: Word


class DrawerOpened(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The cash drawer was opened, for a sale or by hand."""

    by: Word
    why: Literal["sale", "refund", "no_sale", "cash_moved"]
    receipt_number: Word | None = None


class ReceiptReprinted(_Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A receipt was printed again, marked as a reprint."""

    receipt_number: Word
    by: Word
    copy_number: Annotated[int, msgspec.Meta(ge=1, le=1_000)]


EventData = (
    SaleCompleted | SaleRefunded | StockReceived | StockAdjusted | StockCounted | DrawerOpened | ReceiptReprinted
)

EVENT_TYPES: dict[str, type[EventData]] = {
    "com.tillwire.sale.completed.v1": SaleCompleted,
    "com.tillwire.sale.refunded.v1": SaleRefunded,
    "com.tillwire.stock.received.v1": StockReceived,
    "com.tillwire.stock.adjusted.v1": StockAdjusted,
    "com.tillwire.stock.counted.v1": StockCounted,
    "com.tillwire.drawer.opened.v1": DrawerOpened,
    "com.tillwire.receipt.reprinted.v1": ReceiptReprinted,
}
TYPE_NAMES: dict[type[EventData], str] = {data: name for name, data in EVENT_TYPES.items()}
