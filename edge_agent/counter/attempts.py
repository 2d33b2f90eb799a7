"""Payments that a bank or a machine decides: from "it was paid" to the sale, from "it was not" to a free cart.

The promise: an attempt's outcome and what follows from it (the tender in the cart, the finished sale) are one
transaction, so money that came in is never lost and never counted twice. It pays the cart that asked for it, or none.
"""

from __future__ import annotations

from dataclasses import replace

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, write_down
from edge_agent.counter.paying import payable, receive, shown
from edge_agent.counter.pricing import priced
from edge_agent.journal import payments, till_state
from edge_agent.journal.payments import Attempt, AttemptState, Late, LateWhy
from edge_agent.replica.documents import list_documents
from edge_agent.till.cart import Cart, Taken
from edge_agent.till.payment import VIETQR, put
from edge_agent.till.view import NoticeCode
from protocol.documents import Payment
from protocol.events import PaymentResolved

INCOMING_MAX = 200
"""Transfers that are looked at in one transaction."""


def begin(books: Books, till: Till, cart: Cart, attempt: Attempt) -> None:
    """Write an attempt down, and keep the cart as it is until it has ended."""
    payments.open_attempt(books.connection, attempt)
    sums = priced(books, till, cart)
    till_state.save_cart(books.connection, msgspec.structs.replace(cart, promised=sums, takes=cart.takes + 1))


def approve(books: Books, till: Till, attempt: Attempt, *, reference: str = "", payment: str = "") -> Outcome:
    """It was paid: the money goes into the cart, and if that is all, the sale is done."""
    now = till.clock.now()
    after = payments.step(books.connection, attempt, "approved", now, reference=reference, payment=payment)
    _tell(books, till, after, "approved")
    taken = Taken(
        id=attempt.id, kind=attempt.kind, amount=attempt.amount, reference=after.memo or after.reference
    )  # fmt: skip
    opened = payable(books, till, attempt.sale_id, during_attempt=True)
    if not isinstance(opened, Outcome):
        outcome = receive(books, till, replace(opened, by=opened.by or attempt.by), taken)
        if outcome.notice == "sale_done":
            return replace(outcome, journalled=True)
        if outcome.good:
            return _paid(attempt, outcome)
        opened = outcome
    cart = open_cart(books, till)
    if cart.sale_id == attempt.sale_id and cart.promised is not None:
        # Something stands in the way of finishing (a shift was closed, goods that were to come back did so elsewhere):
        # the money is in, and waits in the cart.
        till_state.save_cart(books.connection, put(cart, taken, cart.promised))
        return _paid(attempt, opened)
    stray = Payment(
        payment=payment or attempt.id, kind=attempt.kind, amount=attempt.amount, currency=attempt.currency,
        memo=attempt.memo,
    )  # fmt: skip
    keep_late(books, till, attempt, stray, "too_late")
    return Outcome("payment_late", detail=attempt.memo, journalled=True)


def end(books: Books, till: Till, attempt: Attempt, state: AttemptState, notice: NoticeCode, *, good: bool) -> Outcome:  # noqa: PLR0913 - which attempt, how it ended, and what to say
    """It was not paid; the cart is free again, unless other money is in it."""
    after = payments.step(books.connection, attempt, state, till.clock.now())
    _tell(books, till, after, state)
    release(books, till, attempt.sale_id)
    return Outcome(notice, good=good, journalled=True, panel="pay")


def release(books: Books, till: Till, sale_id: str) -> None:
    """Let the cart change again if no money is in it and none is asked for."""
    cart = open_cart(books, till)
    if cart.sale_id == sale_id and not cart.taken and payments.open_attempt_of(books.connection, sale_id) is None:
        till_state.save_cart(books.connection, msgspec.structs.replace(cart, promised=None))


def take_incoming(books: Books, till: Till) -> Outcome | None:
    """Look at transfers that the hub has told of since the last look; None if there was none for this till."""
    told: Outcome | None = None
    count = 0
    for payment in list_documents(books.connection, till.store_feed, "payment", Payment):
        if not payments.is_new(books.connection, payment.payment, till.clock.now()):
            continue
        outcome = take_payment(books, till, payment)
        # Of several, the one that finished the sale on the screen is what the cashier wants to read.
        if outcome is not None and (told is None or told.sold is None):
            told = outcome
        count += 1
        if count >= INCOMING_MAX:
            break
    return told


def take_payment(books: Books, till: Till, payment: Payment) -> Outcome | None:
    """Let a transfer pay the attempt that its memo names, or list it as late. None if it is another till's."""
    attempt = payments.attempt_with_memo(books.connection, payment.memo)
    if attempt is None:
        return None
    if attempt.is_open and (payment.amount, payment.currency) == (attempt.amount, attempt.currency):
        return approve(books, till, attempt, payment=payment.payment)
    if attempt.state == "approved" and not attempt.payment and payment.amount == attempt.amount:
        # A person has said so already; now the bank says it as well.
        payments.note_payment(books.connection, attempt.id, payment.payment)
        return None
    why: LateWhy = "wrong_amount" if attempt.is_open else "cancelled"
    if attempt.state == "approved" and attempt.payment != payments.TAKEN_BACK:
        why = "double"
    keep_late(books, till, attempt, payment, why)
    amount = shown(books, open_cart(books, till), payment.amount)
    return Outcome("payment_late", detail=f"{amount} · {attempt.receipt_number}", journalled=True)


def keep_late(books: Books, till: Till, attempt: Attempt, payment: Payment, why: LateWhy) -> None:
    """List a transfer that paid nothing, and tell the hub."""
    payments.keep_late(
        books.connection,
        Late(payment.payment, attempt.id, why, payment.amount, payment.currency, payment.memo,
             payment.at or till.clock.now()),
    )  # fmt: skip
    write_down(
        books, till,
        PaymentResolved(
            attempt=attempt.id, kind=attempt.kind, state="unknown", amount=payment.amount, currency=payment.currency,
            by=books.by or attempt.by, reference=payment.payment[:64], note=why,
        ),
    )  # fmt: skip


def _paid(attempt: Attempt, outcome: Outcome) -> Outcome:
    code: NoticeCode = "qr_paid" if attempt.kind == VIETQR else "card_approved"
    return replace(outcome, notice=code, good=True, journalled=True, panel="pay")


def _tell(books: Books, till: Till, attempt: Attempt, state: AttemptState) -> None:
    if state not in ("approved", "declined", "cancelled", "unknown") or attempt.receipt_number.startswith("TRAIN"):
        return
    write_down(
        books, till,
        PaymentResolved(
            attempt=attempt.id, kind=attempt.kind, state=state, amount=attempt.amount, currency=attempt.currency,
            by=books.by or attempt.by, reference=attempt.payment or attempt.reference or attempt.memo,
            receipt_number=attempt.receipt_number,
        ),
    )  # fmt: skip
