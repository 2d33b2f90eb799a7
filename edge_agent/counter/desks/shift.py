"""The shift desk: the drawer's cash from the opening count to the Z report.

Opening, closing and everything between work without a network. A close reads one row of sums, which grew with every
fact, and writes one event. What is held goes on being held; what is on the screen is finished first.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, write_down
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.permission import allow
from edge_agent.counter.printing import queue_kick
from edge_agent.counter.shift_views import (
    AskZ,
    ask_close,
    ask_move,
    ask_open,
    ask_shift,
    ask_shifts,
    ask_x,
    ask_z,
    cashiers_named,
)
from edge_agent.counter.slips import occasion_at, queue_slip
from edge_agent.counter.staff import person_name
from edge_agent.devices.printer import shift_slips
from edge_agent.journal import shift_state
from edge_agent.till import shift as sums_of
from edge_agent.till.denominations import counted
from edge_agent.till.moments import at_store
from edge_agent.till.sale import business_day
from edge_agent.till.view import NoticeCode
from protocol.errors import InvalidMoney
from protocol.events import CashMoved, DrawerOpened, ShiftOpened, ShiftSums
from protocol.money import parse_amount

REASON_MAX = 200
NOTES_MAX = 64
"""Values in one count: what a `ShiftClosed` can carry."""


class Count(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A counted drawer: how many of each value (`notes.500000` = "3"), or one amount, or both if they agree."""

    amount: str = ""
    notes: dict[str, int] = msgspec.field(default_factory=dict)


class OpenShift(Count, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Begin a shift with what was counted. `number` is the one that the page offered, so that it is opened once."""

    number: int


class CloseShift(Count, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """End the shift with what was counted."""

    shift: str
    remark: str = ""


class MoveCash(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put cash into the drawer or take some out. `deed` names the form, so that it counts once."""

    deed: str
    way: Literal["in", "out"]
    amount: str
    reason: str


class OpenDrawer(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Open the drawer without a sale, for a reason."""

    reason: str = ""


class PrintZ(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Print a Z report again."""

    shift: str


def open_shift(books: Books, till: Till, order: OpenShift) -> Outcome:
    """Begin a shift."""
    tally = shift_state.load_tally(books.connection)
    if tally.shift or order.number != tally.number + 1:
        return Outcome("stale_page")
    if open_cart(books, till).training:
        return Outcome("training_on")
    currency = books.settings.currency
    amount = _amount(order, currency)
    if amount is None:
        return Outcome("bad_amount", detail=short(order.amount))
    moment = till.clock.stamp(books.journal.last_time)
    fact = ShiftOpened(
        shift=till.new_id(), number=order.number, business_day=business_day(moment.real, books.settings.time_zone),
        by=books.by, currency=currency, float_amount=amount,
    )  # fmt: skip
    write_down(books, till, fact, moment)
    shift_state.save_tally(books.connection, sums_of.opened(tally, fact, moment.real))
    return Outcome("shift_opened", good=True, detail=str(order.number), journalled=True)


def close_shift(books: Books, till: Till, order: CloseShift) -> Outcome:
    """End the shift: one event, the Z report, and sums that begin at nothing again."""
    tally = shift_state.open_shift(books.connection)
    if tally is None:
        return Outcome("shift_not_open")
    if tally.shift != order.shift:
        return Outcome("stale_page")
    unfinished = _unfinished(books, till)
    if unfinished is not None:
        return Outcome(unfinished)
    amount = _amount(order, tally.currency)
    if amount is None:
        return Outcome("bad_amount", detail=short(order.amount))
    moment = till.clock.stamp(books.journal.last_time)
    fact = sums_of.close(
        tally, by=books.by, counted=amount, notes=sorted(_values(order).items(), reverse=True),
        blind=books.settings.blind_close, remark=order.remark.strip()[:REASON_MAX], at=moment.real,
    )  # fmt: skip
    write_down(books, till, fact, moment)
    shift_state.keep_z(books.connection, fact, moment.real)
    shift_state.save_tally(books.connection, sums_of.closed(tally, moment.real))
    printed = _print_z(books, till, shift_state.KeptZ(fact, moment.real))
    return Outcome(
        "shift_closed", good=True, detail=str(fact.number), panel="z_report", print_changed=printed, journalled=True
    )


def move_cash(books: Books, till: Till, order: MoveCash) -> Outcome:
    """Put cash in or take it out: an event, a slip to be signed, and the drawer opens."""
    if books.settings.require_shift and shift_state.open_shift(books.connection) is None:
        return Outcome("shift_open_first", panel="shift_open")
    if open_cart(books, till).training:
        return Outcome("training_on")
    reason, currency = order.reason.strip()[:REASON_MAX], books.settings.currency
    amount = _parsed(order.amount, currency)
    if not amount:
        return Outcome("bad_amount", detail=short(order.amount))
    if not reason:
        return Outcome("bad_input", detail="reason")
    if not shift_state.count_once(books.connection, order.deed):
        return Outcome("stale_page")
    allow(books, till, "cash_move", detail=reason, amount=amount)
    fact = CashMoved(
        by=books.by, amount=amount if order.way == "in" else -amount, currency=currency, reason=reason,
        shift=shift_state.open_shift_id(books.connection),
    )  # fmt: skip
    moment = till.clock.stamp(books.journal.last_time)
    write_down(books, till, fact, moment)
    occasion = occasion_at(books, till, moment.real, person_name(books, till, books.by))
    printed = queue_slip(books, till, shift_slips.cash_slip(fact, occasion), moment.real, number="")
    queue_kick(books, till, moment)
    return Outcome("cash_moved", good=True, detail=short(reason), print_changed=printed, journalled=True)


def open_drawer(books: Books, till: Till, order: OpenDrawer) -> Outcome:
    """Open the drawer without a sale; that is written down with its reason, and counted."""
    reason = order.reason.strip()[:REASON_MAX]
    if not reason:
        return Outcome("reason_missing", panel="no_sale")
    allow(books, till, "no_sale", detail=reason)
    moment = till.clock.stamp(books.journal.last_time)
    if not queue_kick(books, till, moment):
        return Outcome("no_printer")
    write_down(books, till, DrawerOpened(by=books.by, why="no_sale", reason=reason), moment)
    return Outcome("drawer_opened", good=True, print_changed=True, journalled=True)


def print_x(books: Books, till: Till, _order: NoFields) -> Outcome:
    """Print what the shift adds up to so far."""
    tally, moment = shift_state.load_tally(books.connection), till.clock.now()
    zone = books.settings.time_zone
    paper = shift_slips.x_report(
        _named(books, till, tally.sums), occasion_at(books, till, moment, person_name(books, till, books.by)),
        number=tally.number if tally.shift else 0, currency=tally.currency or books.settings.currency,
        opened_at=at_store(tally.opened_at or moment, zone), float_amount=tally.float_amount,
        expected=sums_of.expected_cash(tally) if tally.shift else None,
    )  # fmt: skip
    if not queue_slip(books, till, paper, moment, number=f"X {tally.number}"):
        return Outcome("no_printer")
    return Outcome("report_printed", good=True, detail=f"X {tally.number}", print_changed=True)


def print_z(books: Books, till: Till, order: PrintZ) -> Outcome:
    """Print a Z report again: a supervisor's, or who closed that shift."""
    kept = shift_state.find_z(books.connection, order.shift)
    if kept is None:
        return Outcome("stale_page")
    if kept.fact.by != books.by:
        allow(books, till, "x_report", detail=f"Z {kept.fact.number}")
    if not _print_z(books, till, kept):
        return Outcome("no_printer")
    return Outcome("report_printed", good=True, detail=f"Z {kept.fact.number}", print_changed=True)


DESK = Desk(
    "shift",
    orders=(
        OrderKind("open_shift", OpenShift, open_shift),
        OrderKind("close_shift", CloseShift, close_shift, right="close_shift"),
        OrderKind("move_cash", MoveCash, move_cash),
        OrderKind("no_sale", OpenDrawer, open_drawer),
        OrderKind("print_x", NoFields, print_x, right="x_report"),
        OrderKind("print_z", PrintZ, print_z),
    ),
    questions=(
        QuestionKind("shift", NoFields, ask_shift),
        QuestionKind("shift_open", NoFields, ask_open),
        QuestionKind("shift_close", NoFields, ask_close),
        QuestionKind("cash_move", NoFields, ask_move),
        QuestionKind("no_sale", NoFields, ask_shift),
        QuestionKind("x_report", NoFields, ask_x),
        QuestionKind("z_report", AskZ, ask_z),
        QuestionKind("shifts", NoFields, ask_shifts),
    ),
)


def _unfinished(books: Books, till: Till) -> NoticeCode | None:
    """What forbids a close. Receipts that are held do not: the next shift recalls and takes the money for them."""
    cart = open_cart(books, till)
    if cart.is_paying:
        return "payment_open"
    if cart.lines:
        return "shift_has_cart"
    return "training_on" if cart.training else None


def _print_z(books: Books, till: Till, kept: shift_state.KeptZ) -> bool:
    fact = msgspec.structs.replace(kept.fact, sums=_named(books, till, kept.fact.sums))
    occasion = occasion_at(books, till, kept.at, person_name(books, till, fact.by))
    paper = shift_slips.z_report(fact, occasion, at_store(fact.opened_at, books.settings.time_zone))
    return queue_slip(books, till, paper, till.clock.now(), number=f"Z {fact.number}")


def _named(books: Books, till: Till, sums: ShiftSums) -> ShiftSums:
    return msgspec.structs.replace(sums, cashiers=cashiers_named(books, till, sums))


def _amount(count: Count, currency: str) -> int | None:
    """What was counted (minor units); None where it says nothing, nonsense, or two different things."""
    by_notes = counted(_values(count)) if count.notes and len(count.notes) <= NOTES_MAX else None
    typed = _parsed(count.amount, currency) if count.amount.strip() else None
    if count.notes and (by_notes is None or (count.amount.strip() and typed != by_notes)):
        return None
    found = by_notes if count.notes else typed
    return found if found is not None and sums_of.is_amount(found) else None


def _values(count: Count) -> dict[int, int]:
    """By value; one that is no number is kept as 0, which no count may have."""
    return {int(value) if value.isdecimal() else 0: number for value, number in count.notes.items()}


def _parsed(text: str, currency: str) -> int | None:
    try:
        amount = parse_amount(text, currency)
    except InvalidMoney:
        return None
    return amount if sums_of.is_amount(amount) else None
