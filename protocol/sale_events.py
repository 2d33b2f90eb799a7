"""What a till says about selling: receipts, refunds, payments, what was given up, customers and their accounts.

Never card numbers. A customer's name travels in `CustomerSaved` only; everything else knows her by id.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from protocol.scalars import Amount, Currency, Fact, Moment, TaxRate, Text, Thousandths, Word
from protocol.stock_events import Moves


class PriceCut(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Something taken off a price: `amount` is positive where the price fell. `source` is a promotion's or coupon's id.

    `kind` is "promotion", "coupon", "line" or "receipt" (a person's discount on a line, on the whole receipt), or a
    newer till's word. `by` allowed it, where somebody had to.
    """

    kind: Word
    amount: Amount
    label: Text = ""
    source: Text = ""
    by: Text = ""


class SaleLine(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a receipt, as it was printed. `amount` is what is paid for it, after all `cuts`.

    `lot`, `expires` and `serials` are what the code or the cashier said of these goods. `original_line` (from 1) is
    the line of the original receipt that a refund gives back. `moves` is what the line's whole quantity takes from the
    shelf (or puts back), with the line's sign, where that is not the line's own SKU: a case's pieces, a bundle's parts.
    """

    sku: Word
    name: Text
    quantity: Thousandths
    unit_price: Amount
    amount: Amount
    tax_rate_bp: TaxRate = 0
    tax: Amount = 0
    barcode: Text | None = None
    note: Text | None = None
    unit: Text = ""
    cuts: Annotated[tuple[PriceCut, ...], msgspec.Meta(max_length=64)] = ()
    serials: Annotated[tuple[Text, ...], msgspec.Meta(max_length=1_000)] = ()
    lot: Text | None = None
    expires: date | None = None
    original_line: Annotated[int, msgspec.Meta(ge=1)] | None = None
    moves: Moves = ()


class Tender(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """One way in which a receipt was paid. `amount` is what counts; cash also has what was given and the change.

    `kind` is "cash", "card", "vietqr", "voucher", "account", "exchange" or another word of the shop. `reference` is
    the terminal's approval, the transfer's memo, the voucher's code; never a card number.
    """

    kind: Word
    amount: Amount
    given: Amount | None = None
    change: Amount = 0
    reference: Text | None = None


class SaleCompleted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods were sold and paid. Line quantities are positive.

    With `tax_included`, `total` is the sum of the lines' amounts; without, `tax_total` comes on top. The tenders'
    amounts add up to `total + rounding`, rounding being what cash made it round to. `exchange` is the same on the
    refund that belongs to it.
    """

    receipt_number: Word
    business_day: date
    currency: Currency
    cashier: Word
    lines: Annotated[tuple[SaleLine, ...], msgspec.Meta(max_length=5_000)]
    tenders: Annotated[tuple[Tender, ...], msgspec.Meta(max_length=64)]
    total: Amount
    tax_total: Amount = 0
    tax_included: bool = True
    rounding: Amount = 0
    shift: Text = ""
    customer: Text = ""
    note: Text = ""
    exchange: Text = ""


class SaleRefunded(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Goods came back or value was given back. Line quantities and amounts are positive.

    `restock` says if the goods can be sold again. A line of quantity 0 is a refund by value only. `allowed_by` is who
    allowed it beyond the cashier's own limit; "" if nobody had to.
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
    tax_included: bool = True
    rounding: Amount = 0
    shift: Text = ""
    customer: Text = ""
    exchange: Text = ""
    allowed_by: Text = ""


class ReceiptReprinted(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A receipt was printed again, marked as a reprint."""

    receipt_number: Word
    by: Word
    copy_number: Annotated[int, msgspec.Meta(ge=1, le=1_000)]


class LineVoided(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A line was taken off before it was paid. `cart` names the sale that it stood in."""

    cart: Word
    by: Word
    line: SaleLine
    currency: Currency
    reason: Text = ""


class CartVoided(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A whole receipt was given up before it was paid."""

    cart: Word
    by: Word
    reason: Text
    lines: Annotated[tuple[SaleLine, ...], msgspec.Meta(max_length=5_000)]
    total: Amount
    currency: Currency


class PaymentResolved(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What became of a try to take a payment that a machine or a bank decides. Approved ones are a sale's tender too.

    `receipt_number` is "" for a payment that came without a sale, such as a transfer that was late.
    """

    attempt: Word
    kind: Word
    state: Literal["approved", "declined", "cancelled", "unknown"]
    amount: Amount
    currency: Currency
    by: Word
    reference: Text = ""
    receipt_number: Text = ""
    note: Text = ""


class AccountPaid(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A customer paid into her account: what she owed, or a deposit for later."""

    receipt_number: Word
    business_day: date
    customer: Word
    currency: Currency
    cashier: Word
    amount: Amount
    tenders: Annotated[tuple[Tender, ...], msgspec.Meta(max_length=64)]
    rounding: Amount = 0
    shift: Text = ""
    note: Text = ""


class VoucherIssued(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The store owes this much to whoever brings the code. Redeemed, it is a tender's `reference`."""

    code: Word
    amount: Amount
    currency: Currency
    by: Word
    receipt_number: Text = ""
    expires: date | None = None
    reason: Text = ""


class CustomerSaved(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A customer was entered or changed at the till, with or without her consent to be written to."""

    customer: Word
    by: Word
    name: Text
    phone: Text = ""
    email: Text = ""
    card: Text = ""
    consent: bool = False
    consent_at: Moment | None = None
