"""A shift as sums: what each fact adds, what should be in the drawer, what a count says about it.

Pure. The sums grow with each fact, in the fact's own transaction (`journal/shift_state.py`), so that a Z report is read
and not computed: closing after one sale costs what closing after a thousand does. `sums_after` is the only place that
knows what counts; the same facts, read again from the journal, add up to the same sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import msgspec

from edge_agent.till.cart import AMOUNT_MAX
from protocol.events import (
    AccountPaid,
    CartVoided,
    CashierSum,
    CashMoved,
    CountedNote,
    DrawerOpened,
    EventData,
    LineVoided,
    ReceiptReprinted,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    ShiftClosed,
    ShiftOpened,
    ShiftSums,
    TaxSum,
    Tender,
    TenderSum,
)

CASH = "cash"
KINDS_MAX = 64
"""Tenders, tax rates or cashiers in one shift; what comes beyond them goes under `OTHERS`."""

OTHERS = "others"

_Receipt = SaleCompleted | SaleRefunded | AccountPaid
COUNTED = (SaleCompleted, SaleRefunded, AccountPaid, CashMoved, LineVoided, CartVoided, DrawerOpened, ReceiptReprinted)
"""The facts that a shift counts."""

_COUNTERS: dict[type[EventData], str] = {
    LineVoided: "voided_lines",
    CartVoided: "voided_receipts",
    DrawerOpened: "drawer_openings",
    ReceiptReprinted: "reprints",
}


class Tally(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was added up since the shift was opened; without one (`shift` is ""), since the last one was closed.

    `number` is this shift's or the last one's, `opened_at` when this one was opened or the last one closed.
    `given_back` is what each cashier gave back that nobody else had to allow, in minor units: on one business day,
    `given_back_on`, through all shifts of it; a shift that runs past midnight counts on to its end.
    """

    shift: str = ""
    number: int = 0
    business_day: date | None = None
    opened_at: datetime | None = None
    opened_by: str = ""
    currency: str = ""
    float_amount: int = 0
    sums: ShiftSums = ShiftSums()
    first_receipt: str = ""
    last_receipt: str = ""
    given_back: dict[str, int] = {}
    given_back_on: date | None = None


def opened(before: Tally, fact: ShiftOpened, at: datetime) -> Tally:
    """A new tally. What was given back on the same day stays: who closes and opens has no new limit."""
    same_day = before.given_back_on == fact.business_day
    return Tally(
        shift=fact.shift, number=fact.number, business_day=fact.business_day, opened_at=at, opened_by=fact.by,
        currency=fact.currency, float_amount=fact.float_amount, given_back=before.given_back if same_day else {},
        given_back_on=before.given_back_on if same_day else None,
    )  # fmt: skip


def closed(tally: Tally, at: datetime) -> Tally:
    """What is kept after a shift: its number, and what was given back that day; nothing else is counted since."""
    return Tally(
        number=tally.number, opened_at=at, given_back=tally.given_back, given_back_on=tally.given_back_on
    )  # fmt: skip


def tally_after(tally: Tally, fact: EventData) -> Tally:
    """The tally with one more fact. Money in another currency than the shift's is not added to it."""
    currency = getattr(fact, "currency", tally.currency)
    if not isinstance(fact, COUNTED) or (tally.currency and currency != tally.currency):
        return tally
    changes: dict[str, object] = {"sums": sums_after(tally.sums, fact), "currency": currency}
    if isinstance(fact, _Receipt):
        changes |= {"first_receipt": tally.first_receipt or fact.receipt_number, "last_receipt": fact.receipt_number}
    if isinstance(fact, SaleRefunded) and not fact.allowed_by:
        before = given_back(tally, fact.cashier, fact.business_day)
        known = tally.given_back if tally.shift or tally.given_back_on == fact.business_day else {}
        changes |= {
            "given_back": {**known, _place(known, fact.cashier): before + fact.total},
            "given_back_on": fact.business_day,
        }
    return msgspec.structs.replace(tally, **changes)


def given_back(tally: Tally, cashier: str, day: date) -> int:
    """What a cashier gave back on this day, and in this shift if one is open, on her own, in minor units."""
    if not tally.shift and tally.given_back_on != day:
        return 0
    return tally.given_back.get(_place(tally.given_back, cashier), 0)


def sums_after(sums: ShiftSums, fact: EventData) -> ShiftSums:
    """The sums with one more fact."""
    match fact:
        case SaleCompleted():
            return _receipt(sums, fact, 1)
        case SaleRefunded():
            return _receipt(sums, fact, -1)
        case AccountPaid():
            tendered = _tendered(sums, fact.tenders, 1)
            return _grown(tendered, account_paid=fact.amount, rounding=fact.rounding)
        case CashMoved():
            return _grown(sums, cash_in=fact.amount) if fact.amount > 0 else _grown(sums, cash_out=-fact.amount)
        case LineVoided() | CartVoided() | DrawerOpened() | ReceiptReprinted():
            return _grown(sums, **{_COUNTERS[type(fact)]: 1})
        case _:
            return sums


def tally_of(facts: Iterable[tuple[EventData, datetime]]) -> Tally:
    """The tally of a whole journal, computed anew: to check the running one, or to rebuild it."""
    tally = Tally()
    for fact, at in facts:
        if isinstance(fact, ShiftOpened):
            tally = opened(tally, fact, at)
        elif isinstance(fact, ShiftClosed):
            tally = closed(tally, at)
        else:
            tally = tally_after(tally, fact)
    return tally


def cash_taken(sums: ShiftSums) -> int:
    """Cash from sales less cash given back, in minor units."""
    return sum(tender.amount for tender in sums.tenders if tender.kind == CASH)


def expected_cash(tally: Tally) -> int:
    """What should be in the drawer, in minor units."""
    sums = tally.sums
    return tally.float_amount + cash_taken(sums) + sums.cash_in - sums.cash_out


def is_amount(amount: int) -> bool:
    """Whether a sum of cash can be one: not negative, and small enough for every sum that it goes into."""
    return 0 <= amount <= AMOUNT_MAX


def close(  # noqa: PLR0913 - what the Z report says beside the sums
    tally: Tally, *, by: str, counted: int, notes: Iterable[tuple[int, int]], blind: bool, remark: str, at: datetime
) -> ShiftClosed:
    """The Z report. `counted` is what is in the drawer; `notes` are (value, count) pairs."""
    assert tally.shift
    expected = expected_cash(tally)
    return ShiftClosed(
        shift=tally.shift,
        number=tally.number,
        business_day=tally.business_day or at.date(),
        by=by,
        currency=tally.currency,
        opened_at=tally.opened_at or at,
        float_amount=tally.float_amount,
        sums=tally.sums,
        expected=expected,
        counted=counted,
        over=counted - expected,
        notes=tuple(CountedNote(value=value, count=count) for value, count in notes if count),
        blind=blind,
        first_receipt=tally.first_receipt,
        last_receipt=tally.last_receipt,
        remark=remark,
    )


def _receipt(sums: ShiftSums, fact: SaleCompleted | SaleRefunded, sign: int) -> ShiftSums:
    """A sale (sign 1) or what was given back (-1)."""
    grown = _grown(
        _tendered(sums, fact.tenders, sign),
        sales=int(sign > 0),
        sold=fact.total if sign > 0 else 0,
        refunds=int(sign < 0),
        refunded=fact.total if sign < 0 else 0,
        turnover=sign * fact.total,
        tax_total=sign * fact.tax_total,
        rounding=sign * fact.rounding,
        cuts=sum(cut.amount for line in fact.lines for cut in line.cuts) if sign > 0 else 0,
    )
    return msgspec.structs.replace(
        grown, taxes=_taxed(sums.taxes, fact.lines, sign), cashiers=_cashiers(sums.cashiers, fact, sign)
    )


def _tendered(sums: ShiftSums, tenders: Iterable[Tender], sign: int) -> ShiftSums:
    by_kind = {tender.kind: tender for tender in sums.tenders}
    for tender in tenders:
        kind = _place(by_kind, tender.kind)
        old = by_kind.get(kind, TenderSum(kind=kind, count=0, amount=0))
        by_kind[kind] = TenderSum(kind=kind, count=old.count + 1, amount=old.amount + sign * tender.amount)
    return msgspec.structs.replace(sums, tenders=tuple(sorted(by_kind.values(), key=lambda tender: tender.kind)))


def _taxed(taxes: tuple[TaxSum, ...], lines: Iterable[SaleLine], sign: int) -> tuple[TaxSum, ...]:
    by_rate = {tax.rate_bp: tax for tax in taxes}
    for line in lines:
        old = by_rate.get(line.tax_rate_bp, TaxSum(rate_bp=line.tax_rate_bp, taxed=0, tax=0))
        by_rate[line.tax_rate_bp] = TaxSum(
            rate_bp=line.tax_rate_bp, taxed=old.taxed + sign * line.amount, tax=old.tax + sign * line.tax
        )
    return tuple(by_rate[rate] for rate in sorted(by_rate))


def _cashiers(
    cashiers: tuple[CashierSum, ...], fact: SaleCompleted | SaleRefunded, sign: int
) -> tuple[CashierSum, ...]:
    by_id = {cashier.cashier: cashier for cashier in cashiers}
    who = _place(by_id, fact.cashier)
    old = by_id.get(who, CashierSum(cashier=who, sales=0, amount=0))
    by_id[who] = CashierSum(cashier=who, sales=old.sales + int(sign > 0), amount=old.amount + sign * fact.total)
    return tuple(by_id[who] for who in sorted(by_id))


def _place(known: Mapping[str, object], name: str) -> str:
    return name if name in known or len(known) < KINDS_MAX else OTHERS


def _grown(sums: ShiftSums, **more: int) -> ShiftSums:
    return msgspec.structs.replace(sums, **{name: getattr(sums, name) + value for name, value in more.items()})
