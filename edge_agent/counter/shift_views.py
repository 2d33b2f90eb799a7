"""What the shift panels show. Reads the running sums and kept Z reports; adds nothing up itself.

With a blind close nobody who may not see an X report learns what should be in the drawer before the count is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from edge_agent.counter.books import Books, Till, open_cart
from edge_agent.counter.desk import Fields, NoFields
from edge_agent.counter.staff import person_name
from edge_agent.journal import shift_state
from edge_agent.till.denominations import denominations
from edge_agent.till.moments import at_store
from edge_agent.till.rights import may
from edge_agent.till.shift import Tally, expected_cash
from edge_agent.till.view import ShiftView
from protocol.events import CashierSum, CountedNote, ShiftSums

SHIFTS_SHOWN_MAX = 60


class AskZ(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which Z report; "" is the last one."""

    shift: str = ""


@dataclass(frozen=True)
class OpenView:
    """A drawer to be counted before a shift. `left_in` is what the last count found; None is not to be told."""

    number: int
    currency: str
    denominations: tuple[int, ...]
    left_in: int | None


@dataclass(frozen=True)
class CloseView:
    """A drawer to be counted after a shift. `expected` None: not to be told before the count is in."""

    shift: str
    number: int
    opened_at: datetime
    opened_by: str
    currency: str
    denominations: tuple[int, ...]
    expected: int | None
    has_cart: bool


@dataclass(frozen=True)
class MoveView:
    """Cash to be put in or taken out. `deed` names this form, so that it counts once."""

    deed: str
    currency: str


@dataclass(frozen=True)
class ReportView:
    """An X report, or a Z report if `counted` is known. `number` 0: what was sold outside of shifts.

    `expected` None is not to be told. Moments are the store's.
    """

    shift: str
    number: int
    business_day: date | None
    opened_at: datetime | None
    closed_at: datetime | None
    by: str
    currency: str
    float_amount: int
    sums: ShiftSums
    cashiers: tuple[CashierSum, ...]
    expected: int | None
    counted: int | None = None
    over: int | None = None
    notes: tuple[CountedNote, ...] = ()
    first_receipt: str = ""
    last_receipt: str = ""
    remark: str = ""


@dataclass(frozen=True)
class ShiftRow:
    """One closed shift in the list. `over` None is not to be told."""

    shift: str
    number: int
    closed_at: datetime
    by: str
    currency: str
    turnover: int
    over: int | None


def shift_view(books: Books) -> ShiftView | None:
    """The open shift, for the picture."""
    tally = shift_state.open_shift(books.connection)
    if tally is None or tally.opened_at is None:
        return None
    return ShiftView(tally.shift, tally.number, tally.opened_at, tally.opened_by)


def ask_shift(books: Books, till: Till, _question: NoFields) -> ReportView | None:
    """The open shift at a glance, without figures; None if none is open."""
    tally = shift_state.open_shift(books.connection)
    return None if tally is None else _report(books, till, tally, may_see=False)


def ask_open(books: Books, _till: Till, _question: NoFields) -> OpenView | None:
    """What to count before a shift; None if one is open."""
    tally = shift_state.load_tally(books.connection)
    if tally.shift:
        return None
    last = next(iter(shift_state.newest_z(books.connection, 1)), None)
    left_in = last.fact.counted if last is not None and not books.settings.blind_close else None
    return OpenView(tally.number + 1, books.settings.currency, _values(books, books.settings.currency), left_in)


def ask_close(books: Books, till: Till, _question: NoFields) -> CloseView | None:
    """What to count after a shift; None if none is open."""
    tally = shift_state.open_shift(books.connection)
    if tally is None:
        return None
    return CloseView(
        shift=tally.shift,
        number=tally.number,
        opened_at=at_store(tally.opened_at or till.clock.now(), books.settings.time_zone),
        opened_by=person_name(books, till, tally.opened_by),
        currency=tally.currency,
        denominations=_values(books, tally.currency),
        expected=None if books.settings.blind_close else expected_cash(tally),
        has_cart=bool(open_cart(books, till).lines),
    )


def ask_move(books: Books, till: Till, _question: NoFields) -> MoveView:
    """A form of its own for each time that cash is moved."""
    return MoveView(till.new_id(), books.settings.currency)


def ask_x(books: Books, till: Till, _question: NoFields) -> ReportView | None:
    """The running sums, for who may see them."""
    if not may_see_sums(books):
        return None
    return _report(books, till, shift_state.load_tally(books.connection), may_see=True)


def ask_z(books: Books, till: Till, question: AskZ) -> ReportView | None:
    """A Z report, for who may see it: a supervisor, or who closed that shift."""
    newest = shift_state.newest_z(books.connection, 1)
    kept = shift_state.find_z(books.connection, question.shift) if question.shift else next(iter(newest), None)
    if kept is None or not (may_see_sums(books) or kept.fact.by == books.by):
        return None
    fact, zone = kept.fact, books.settings.time_zone
    return ReportView(
        shift=fact.shift, number=fact.number, business_day=fact.business_day,
        opened_at=at_store(fact.opened_at, zone), closed_at=at_store(kept.at, zone),
        by=person_name(books, till, fact.by), currency=fact.currency, float_amount=fact.float_amount, sums=fact.sums,
        cashiers=cashiers_named(books, till, fact.sums), expected=fact.expected, counted=fact.counted, over=fact.over,
        notes=fact.notes, first_receipt=fact.first_receipt, last_receipt=fact.last_receipt, remark=fact.remark,
    )  # fmt: skip


def ask_shifts(books: Books, till: Till, _question: NoFields) -> tuple[ShiftRow, ...]:
    """The last shifts of this till, newest first; figures for a supervisor, and for who closed them."""
    rows = []
    for kept in shift_state.newest_z(books.connection, SHIFTS_SHOWN_MAX):
        fact = kept.fact
        if not (may_see_sums(books) or fact.by == books.by):
            continue
        rows.append(
            ShiftRow(
                fact.shift, fact.number, at_store(kept.at, books.settings.time_zone),
                person_name(books, till, fact.by), fact.currency, fact.sums.turnover, fact.over,
            )
        )  # fmt: skip
    return tuple(rows)


def may_see_sums(books: Books) -> bool:
    """Whether who is signed in may see what was taken, without asking anybody."""
    return books.person is not None and may(books.person.role, "x_report")


def cashiers_named(books: Books, till: Till, sums: ShiftSums) -> tuple[CashierSum, ...]:
    """What each cashier sold, by the names that people know."""
    return tuple(
        CashierSum(cashier=person_name(books, till, each.cashier), sales=each.sales, amount=each.amount)
        for each in sums.cashiers
    )


def _report(books: Books, till: Till, tally: Tally, *, may_see: bool) -> ReportView:
    zone = books.settings.time_zone
    sums = tally.sums if may_see else ShiftSums()
    return ReportView(
        shift=tally.shift, number=tally.number if tally.shift else 0, business_day=tally.business_day,
        opened_at=at_store(tally.opened_at, zone) if tally.opened_at is not None else None, closed_at=None,
        by=person_name(books, till, tally.opened_by), currency=tally.currency or books.settings.currency,
        float_amount=tally.float_amount if may_see else 0, sums=sums, cashiers=cashiers_named(books, till, sums),
        expected=expected_cash(tally) if may_see else None,
        first_receipt=tally.first_receipt if may_see else "", last_receipt=tally.last_receipt if may_see else "",
    )  # fmt: skip


def _values(books: Books, currency: str) -> tuple[int, ...]:
    return denominations(currency, books.settings.denominations if currency == books.settings.currency else ())
