"""What a till says about itself and the people at it: shifts, cash, the drawer, who was there, who allowed what."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec

from protocol.scalars import Amount, Currency, Fact, Moment, TaxRate, Text, Word


class DrawerOpened(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """The cash drawer was opened, for a sale or by hand. `reason` is what whoever opened it by hand gave for it."""

    by: Word
    why: Literal["sale", "refund", "no_sale", "cash_moved"]
    receipt_number: Word | None = None
    reason: Text = ""


class ShiftOpened(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A shift began with this much cash in the drawer. `number` counts the shifts of this till, from 1."""

    shift: Word
    number: Annotated[int, msgspec.Meta(ge=1)]
    business_day: date
    by: Word
    currency: Currency
    float_amount: Amount


class CashMoved(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Cash was put into the drawer (positive) or taken out (negative), for no sale."""

    by: Word
    amount: Amount
    currency: Currency
    reason: Text
    shift: Text = ""


class TenderSum(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What was taken in one way of paying; refunds count against it."""

    kind: Word
    count: int
    amount: Amount


class TaxSum(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What was sold at one tax rate, less what came back: `taxed` as it stood on the receipts, `tax` in or on top."""

    rate_bp: TaxRate
    taxed: Amount
    tax: Amount


class CashierSum(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What one cashier sold, less what she gave back."""

    cashier: Word
    sales: int
    amount: Amount


class ShiftSums(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """What a shift added up to: an X report while it runs, the Z report when it is closed.

    `turnover` is sold less given back, as receipts say it; `rounding` is what cash made of it on top.
    """

    sales: int = 0
    sold: Amount = 0
    refunds: int = 0
    refunded: Amount = 0
    turnover: Amount = 0
    tax_total: Amount = 0
    rounding: Amount = 0
    cuts: Amount = 0
    account_paid: Amount = 0
    cash_in: Amount = 0
    cash_out: Amount = 0
    voided_lines: int = 0
    voided_receipts: int = 0
    drawer_openings: int = 0
    reprints: int = 0
    tenders: tuple[TenderSum, ...] = ()
    taxes: tuple[TaxSum, ...] = ()
    cashiers: tuple[CashierSum, ...] = ()


class CountedNote(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """So many notes or coins of one value."""

    value: Amount
    count: Annotated[int, msgspec.Meta(ge=0)]


class ShiftClosed(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A shift ended: the Z report. `expected` is float + cash taken + cash in - out; over is positive.

    `first_receipt` and `last_receipt` are this till's receipts in between, "" for none.
    """

    shift: Word
    number: Annotated[int, msgspec.Meta(ge=1)]
    business_day: date
    by: Word
    currency: Currency
    opened_at: Moment
    float_amount: Amount
    sums: ShiftSums
    expected: Amount
    counted: Amount
    over: Amount
    notes: Annotated[tuple[CountedNote, ...], msgspec.Meta(max_length=64)] = ()
    blind: bool = False
    first_receipt: Text = ""
    last_receipt: Text = ""
    remark: Text = ""


class StaffSignedIn(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody took over this till."""

    staff: Word
    role: Word


class StaffSignedOut(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Somebody left this till, or it locked itself."""

    staff: Word
    why: Literal["self", "idle", "other", "command"]


class StaffRefused(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """Wrong PINs were entered so often that the till waits. `purpose`: "sign_in", or what was to be allowed."""

    attempts: int
    purpose: Text
    locked_until: Moment | None = None
    staff: Text = ""


class ApprovalGiven(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """A person with the right to it allowed one thing on the spot."""

    right: Word
    by: Word
    asked_by: Word
    detail: Text = ""
    amount: Amount | None = None


class TrainingSwitched(Fact, frozen=True, kw_only=True, omit_defaults=True):
    """From now on this till only plays, or sells again. What is played is no fact and never travels."""

    on: bool
    by: Word
