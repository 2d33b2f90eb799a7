"""The desk of transfers: a VietQR code on the customer's display, and what becomes of it.

A code has no end of its own: after its time the page says that somebody should ask, but money that comes is taken. Only
a person gives an attempt up, and money that comes after that is listed, never lost, and pays no other sale.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from edge_agent.counter.attempts import approve, begin, end
from edge_agent.counter.books import Books, Outcome, Till, is_training, open_cart, short, write_down
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.desks.payment import AskPay, PayView, ask_pay
from edge_agent.counter.paying import new_number, payable, reserved_number, shown
from edge_agent.counter.permission import allow
from edge_agent.counter.pricing import currency_of
from edge_agent.counter.printing import queue_kick
from edge_agent.counter.voucher_slips import queue_pay_code
from edge_agent.journal import payments, shift_state
from edge_agent.journal.payments import Attempt, Late
from edge_agent.till import vietqr
from edge_agent.till.moments import at_store
from edge_agent.till.payment import VIETQR, next_take, read_amount, take_other
from protocol.documents import BankAccount
from protocol.events import CashMoved, PaymentResolved

WAIT = timedelta(minutes=5)
"""So long a customer needs to open an app and pay; then somebody asks."""

VIETQR_CURRENCY = "VND"


class StartQr(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Show a code for what is due, or for a part of it."""

    sale_id: str
    take: str
    amount: str = ""


class ForAttempt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The attempt that is meant."""

    attempt: str


class AnswerLate(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was done about a transfer that paid nothing: cash from the drawer, sent back, or left to the office."""

    payment: str
    done: Literal["cash", "sent_back", "office"]
    note: str = ""


@dataclass(frozen=True)
class QrView:
    """The code that is shown (None: none yet), until when by the store's clock, and to whose account it pays."""

    pay: PayView
    attempt: Attempt | None
    until: datetime | None
    is_over: bool
    bank: BankAccount | None


@dataclass(frozen=True)
class LateView:
    """A transfer that paid nothing, the receipt that it was meant for, and when it came by the store's clock."""

    late: Late
    receipt_number: str
    at: datetime


def start_qr(books: Books, till: Till, order: StartQr) -> Outcome:
    """Reserve the receipt's number, write the attempt down, then show the code."""
    waiting = payments.find_attempt(books.connection, order.take)
    if waiting is not None:
        return Outcome(panel="qr")  # a double click
    opened = payable(books, till, order.sale_id, take=order.take)
    if isinstance(opened, Outcome):
        return opened
    bank, cart = books.settings.bank, opened.cart
    if bank is None or currency_of(books, cart) != VIETQR_CURRENCY or opened.due.left <= 0:
        return Outcome("qr_not_ready")
    amount = read_amount(order.amount, cart.currency) if order.amount.strip() else None
    taken = amount if isinstance(amount, str) else take_other(opened.due, VIETQR, amount, take=next_take(cart))
    if isinstance(taken, str):
        return Outcome(taken, detail=short(order.amount))
    now = till.clock.now()
    told = reserved_number(books, cart)
    number = f"TRAIN-{cart.sale_id[-6:]}" if cart.training else told or new_number(books, till)
    memo = vietqr.memo_of_attempt(number, cart.takes + 1)
    attempt = Attempt(
        id=taken.id, sale_id=cart.sale_id, kind=VIETQR, state="pending", amount=taken.amount, currency=cart.currency,
        receipt_number=number, by=books.by, created_at=now, changed_at=now, until=now + WAIT, memo=memo,
        # Whoever trains must not be paid by a real telephone.
        payload="" if cart.training else vietqr.payload(bank, taken.amount, memo),
    )  # fmt: skip
    begin(books, till, cart, attempt)
    return Outcome("qr_waiting", good=True, detail=shown(books, cart, taken.amount), panel="qr")


def confirm_qr(books: Books, till: Till, order: ForAttempt) -> Outcome:
    """The cashier has seen the money come in; a second click, or the bank's word after hers, counts nothing twice."""
    attempt = payments.find_attempt(books.connection, order.attempt)
    if attempt is None or attempt.kind != VIETQR:
        return Outcome("stale_page")
    if attempt.state == "approved":
        return Outcome()
    if not attempt.is_open:
        return Outcome("stale_page")
    return approve(books, till, attempt)


def cancel_qr(books: Books, till: Till, order: ForAttempt) -> Outcome:
    """Give the code up. Money that comes all the same is listed as late."""
    attempt = payments.find_attempt(books.connection, order.attempt)
    if attempt is None or attempt.kind != VIETQR or not attempt.is_open:
        return Outcome("stale_page")
    return end(books, till, attempt, "cancelled", "payment_dropped", good=True)


def print_qr(books: Books, till: Till, order: ForAttempt) -> Outcome:
    """The code on paper, for a customer who cannot see the display."""
    attempt = payments.find_attempt(books.connection, order.attempt)
    if attempt is None or not attempt.is_open or not attempt.payload:
        return Outcome("stale_page")
    if not queue_pay_code(books, till, attempt, till.clock.stamp(books.journal.last_time)):
        return Outcome("no_printer")
    return Outcome("qr_printed", good=True, print_changed=True)


def answer_late(books: Books, till: Till, order: AnswerLate) -> Outcome:
    """Say what was done about a transfer that paid nothing. Cash that is given for it is cash out of the drawer."""
    late = payments.find_late(books.connection, order.payment)
    if late is None:
        return Outcome("stale_page")
    if late.answered:
        return Outcome()
    if is_training(books):
        return Outcome("training_on")
    attempt = payments.find_attempt(books.connection, late.attempt)
    kind = attempt.kind if attempt is not None else VIETQR
    moment = till.clock.stamp(books.journal.last_time)
    if order.done == "cash":
        allow(books, till, "payment_override", detail=late.memo, amount=late.amount)
        if books.settings.require_shift and not shift_state.open_shift_id(books.connection):
            return Outcome("shift_open_first")
    payments.answer_late(books.connection, late.payment, order.done)
    if order.done == "cash":
        cash = CashMoved(
            by=books.by, amount=-late.amount, currency=late.currency, reason=f"{kind} {late.payment}"[:200],
            shift=shift_state.open_shift_id(books.connection),
        )  # fmt: skip
        write_down(books, till, cash, moment)
        queue_kick(books, till, moment)
    write_down(
        books, till,
        PaymentResolved(
            attempt=late.attempt, kind=kind, state="cancelled",
            amount=late.amount, currency=late.currency, by=books.by, reference=late.payment[:64],
            note=f"{order.done} {order.note.strip()}"[:200].strip(),
        ),
        moment,
    )  # fmt: skip
    is_cash = order.done == "cash"
    return Outcome("late_answered", good=True, journalled=True, print_changed=is_cash, panel="late_payment")


def ask_qr(books: Books, till: Till, _question: NoFields) -> QrView:
    """The code that is shown now, or what one could be shown for."""
    attempt = payments.open_attempt_of(books.connection, open_cart(books, till).sale_id)
    return QrView(
        pay=ask_pay(books, till, AskPay()),
        attempt=attempt if attempt is not None and attempt.kind == VIETQR else None,
        until=at_store(attempt.until, books.settings.time_zone) if attempt is not None else None,
        is_over=attempt is not None and attempt.until <= till.clock.now(),
        bank=books.settings.bank,
    )


def ask_late(books: Books, _till: Till, _question: NoFields) -> tuple[LateView, ...]:
    """Transfers that paid nothing, oldest first."""
    found = []
    for late in payments.late_payments(books.connection):
        attempt = payments.find_attempt(books.connection, late.attempt)
        found.append(
            LateView(
                late,
                attempt.receipt_number if attempt is not None else "",
                at_store(late.at, books.settings.time_zone),
            )
        )
    return tuple(found)


DESK = Desk(
    "transfers",
    orders=(
        OrderKind("start_qr", StartQr, start_qr),
        OrderKind("confirm_qr", ForAttempt, confirm_qr),
        OrderKind("cancel_qr", ForAttempt, cancel_qr),
        OrderKind("print_qr", ForAttempt, print_qr),
        OrderKind("answer_late", AnswerLate, answer_late),
    ),
    questions=(QuestionKind("qr", NoFields, ask_qr), QuestionKind("late_payment", NoFields, ask_late)),
)
