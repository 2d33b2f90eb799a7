"""The desk of the card terminal: a charge is asked for, stopped, or answered by the cashier when nobody else can."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Literal, NamedTuple

from edge_agent.counter.attempts import approve, begin, end, keep_late
from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, write_down
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.paying import new_number, payable, reserved_number, shown
from edge_agent.journal import payments
from edge_agent.journal.payments import Attempt, AttemptState, IllegalAttemptStep, Late
from edge_agent.till.payment import CARD, clean_reference, next_take, read_amount, take_other
from edge_agent.till.view import NoticeCode
from protocol.documents import Payment
from protocol.events import PaymentResolved

WAIT = timedelta(minutes=3)

_DENIED = "denied"
"""In the place of the machine's payment: it has said that there was none."""


class StartCard(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Send what is due, or a part of it, to the terminal."""

    sale_id: str
    take: str
    amount: str = ""


class ForAttempt(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The attempt that is meant."""

    attempt: str


class AnswerCard(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether the card was charged, as the terminal or its paper shows."""

    attempt: str
    charged: Literal["yes", "no"]
    approval: str = ""


def start_card(books: Books, till: Till, order: StartCard) -> Outcome:
    """Write the attempt down; the terminal's attendant takes it from there. A double click asks once."""
    if not till.has_terminal:
        return Outcome("card_not_ready", panel="card")
    if payments.find_attempt(books.connection, order.take) is not None:
        return Outcome(panel="terminal")
    opened = payable(books, till, order.sale_id, take=order.take)
    if isinstance(opened, Outcome):
        return opened
    cart = opened.cart
    if cart.training or opened.due.left <= 0:
        return Outcome("card_not_ready", panel="card")  # who trains charges nobody; refunds are typed by hand
    amount = read_amount(order.amount, cart.currency) if order.amount.strip() else None
    taken = amount if isinstance(amount, str) else take_other(opened.due, CARD, amount, take=next_take(cart))
    if isinstance(taken, str):
        return Outcome(taken, detail=short(order.amount))
    now = till.clock.now()
    attempt = Attempt(
        id=taken.id, sale_id=cart.sale_id, kind=CARD, state="created", amount=taken.amount, currency=cart.currency,
        receipt_number=reserved_number(books, cart) or new_number(books, till), by=books.by, created_at=now,
        changed_at=now, until=now + WAIT,
    )  # fmt: skip
    begin(books, till, cart, attempt)
    return Outcome("card_waiting", good=True, detail=shown(books, cart, taken.amount), panel="terminal")


def cancel_card(books: Books, _till: Till, order: ForAttempt) -> Outcome:
    """Ask the terminal to stop. What it has charged already it says, and then that counts."""
    attempt = payments.find_attempt(books.connection, order.attempt)
    if attempt is None or attempt.kind != CARD or not attempt.is_open:
        return Outcome("stale_page")
    payments.want(books.connection, attempt.id, "cancel")
    return Outcome(panel="terminal")


def answer_card(books: Books, till: Till, order: AnswerCard) -> Outcome:
    """A person says what the terminal could not: it counts once, and nothing is charged again."""
    attempt = payments.find_attempt(books.connection, order.attempt)
    approval = clean_reference(order.approval)
    if approval is None:
        return Outcome("card_number_refused")
    if attempt is None or attempt.kind != CARD or attempt.state != "unknown":
        return Outcome("stale_page")
    if order.charged == "yes":
        return approve(books, till, attempt, reference=approval)
    return end(books, till, attempt, "declined", "payment_dropped", good=True)


class Heard(NamedTuple):
    """What a terminal said of an attempt; `charged` is what it charged, None: what it was asked to."""

    told: str
    approval: str = ""
    charged: int | None = None


def hear_terminal(books: Books, till: Till, attempt_id: str, heard: Heard) -> tuple[bool, Outcome]:
    """What the terminal's attendant tells of an attempt; False if it has ended meanwhile and is not to be sent."""
    attempt = payments.find_attempt(books.connection, attempt_id)
    told, approval = heard.told, heard.approval
    if attempt is None or not attempt.is_open:
        if attempt is not None and told == "approved" and attempt.state != "approved":
            return False, _late(books, till, attempt, approval)
        if attempt is not None and told == "declined" and attempt.state == "approved":
            return False, _contradicted(books, till, attempt)
        return False, Outcome()
    try:
        return _step(books, till, attempt, heard)
    except IllegalAttemptStep:
        return False, Outcome()


def ask_terminal(books: Books, till: Till, _question: NoFields) -> Attempt | None:
    """The card payment that is under way."""
    attempt = payments.open_attempt_of(books.connection, open_cart(books, till).sale_id)
    return attempt if attempt is not None and attempt.kind == CARD else None


DESK = Desk(
    "card_terminal",
    orders=(
        OrderKind("start_card", StartCard, start_card),
        OrderKind("cancel_card", ForAttempt, cancel_card),
        OrderKind("answer_card", AnswerCard, answer_card),
    ),
    questions=(QuestionKind("terminal", NoFields, ask_terminal),),
)


def _step(books: Books, till: Till, attempt: Attempt, heard: Heard) -> tuple[bool, Outcome]:
    told = heard.told
    states: dict[str, AttemptState] = {"sending": "pending", "in_progress": "in_progress", "unknown": "unknown"}
    if told == "sending" and attempt.wanted == "cancel":  # stopped before anything was sent
        return False, end(books, till, attempt, "cancelled", "payment_dropped", good=True)
    if told in states:
        payments.step(books.connection, attempt, states[told], till.clock.now())
        return True, Outcome("card_unknown", panel="terminal") if told == "unknown" else Outcome()
    if told == "approved":
        return True, _approved(books, till, attempt, heard)
    if told == "declined":
        return True, end(books, till, attempt, "declined", "card_declined", good=False)
    unsent = told == "unsent"
    notice: NoticeCode = "card_not_ready" if unsent else "payment_dropped"
    return True, end(books, till, attempt, "cancelled", notice, good=not unsent)


def _approved(books: Books, till: Till, attempt: Attempt, heard: Heard) -> Outcome:
    """Pay with what was charged. Less than asked for leaves a rest; more is listed, for it is the customer's."""
    reference = clean_reference(heard.approval) or ""
    charged = attempt.amount if heard.charged is None else heard.charged
    if 0 < charged < attempt.amount:
        less = payments.charge_less(books.connection, attempt, charged)
        outcome = approve(books, till, less, reference=reference)
        shown_amount = shown(books, open_cart(books, till), charged)
        return replace(outcome, notice="card_charged_less", detail=shown_amount) if outcome.good else outcome
    outcome = approve(books, till, attempt, reference=reference)
    if charged > attempt.amount:
        over = Payment(
            payment=f"{attempt.id}-over", kind=attempt.kind, amount=charged - attempt.amount,
            currency=attempt.currency, memo=reference,
        )  # fmt: skip
        keep_late(books, till, attempt, over, "wrong_amount")
    return outcome


def _late(books: Books, till: Till, attempt: Attempt, approval: str) -> Outcome:
    """The cashier had said no, the terminal says yes: it is listed until somebody has dealt with it, once."""
    if payments.find_late(books.connection, attempt.id) is not None:
        return Outcome()
    payments.keep_late(
        books.connection,
        Late(attempt.id, attempt.id, "cancelled", attempt.amount, attempt.currency, clean_reference(approval) or "",
             till.clock.now()),
    )  # fmt: skip
    write_down(
        books, till,
        PaymentResolved(
            attempt=attempt.id, kind=attempt.kind, state="approved", amount=attempt.amount, currency=attempt.currency,
            by=books.by or attempt.by, reference=clean_reference(approval) or "", note="after it was answered no",
        ),
    )  # fmt: skip
    return Outcome("payment_late", detail=shown(books, open_cart(books, till), attempt.amount), journalled=True)


def _contradicted(books: Books, till: Till, attempt: Attempt) -> Outcome:
    """The cashier had said yes, the terminal says no: the sale stands, and whoever counts the money reads why."""
    if attempt.payment == _DENIED:
        return Outcome()
    payments.note_payment(books.connection, attempt.id, _DENIED)
    write_down(
        books, till,
        PaymentResolved(
            attempt=attempt.id, kind=attempt.kind, state="declined", amount=attempt.amount, currency=attempt.currency,
            by=attempt.by, reference=attempt.reference, receipt_number=attempt.receipt_number,
            note="after it was answered yes",
        ),
    )  # fmt: skip
    return Outcome("card_declined", journalled=True)
