"""Taking money for a cart, and what follows when all of it is in.

The promise: a confirmed sale is one transaction: the events, their movements, their print jobs, the cleared cart, the
answer for whoever pays it again. What is taken before that is in the cart on disk, each part once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, start_cart, write_down
from edge_agent.counter.pricing import currency_of, priced
from edge_agent.counter.printing import queue_gift, queue_kick, queue_receipt
from edge_agent.counter.refund_limits import allow_refund
from edge_agent.counter.values import note_values
from edge_agent.counter.voucher_slips import queue_voucher
from edge_agent.journal import payments, receipts_kept, shift_state, till_state
from edge_agent.journal.clock import Stamp
from edge_agent.pages import figures
from edge_agent.till.asking import open_question
from edge_agent.till.cart import Cart, Taken
from edge_agent.till.payment import (
    CASH,
    TAKES_MAX,
    VOUCHER,
    Due,
    due_of,
    is_enough,
    next_take,
    put,
    rounding_of,
)
from edge_agent.till.pricing import PricedBasket
from edge_agent.till.returns import changed_meanwhile
from edge_agent.till.sale import Occasion, Receipt, business_day, facts_of, receipt_number, receipts_of
from edge_agent.till.view import NoticeCode
from protocol.events import VoucherIssued


@dataclass(frozen=True)
class Open:
    """A cart that may take money now. `by` answers for it."""

    cart: Cart
    sums: PricedBasket
    due: Due
    by: str


Make = Callable[[Open, str], Taken | NoticeCode | Outcome]
"""Says what was taken, under the id that it is given. May raise ApprovalNeeded."""


def payable(books: Books, till: Till, sale_id: str, *, take: str = "", during_attempt: bool = False) -> Open | Outcome:
    """The cart that is to be paid, or why it is not. The same money twice (`take`), or a sale that was done: no harm.

    `during_attempt`: the money comes from the attempt that is under way. Raises ApprovalNeeded.
    """
    kept = till_state.find_sale(books.connection, sale_id)
    if kept is not None:
        return Outcome() if till_state.shown_sale(books.connection) == kept else Outcome("stale_page")
    cart = open_cart(books, till)
    if cart.sale_id != sale_id:
        return Outcome("stale_page")
    if take and take != next_take(cart):
        return Outcome() if any(each.id == take for each in cart.taken) else Outcome("stale_page")
    refusal = _not_now(books, cart, during_attempt=during_attempt)
    if refusal is not None:
        return refusal
    if not during_attempt:
        cart = allow_refund(books, till, cart)
    sums = priced(books, till, cart)
    return Open(cart, sums, due_of(cart, sums, books.settings.cash_step), books.by)


def _not_now(books: Books, cart: Cart, *, during_attempt: bool) -> Outcome | None:
    question = open_question(cart)
    if not cart.lines:
        return Outcome("nothing_to_pay")
    if question is not None:
        return Outcome("asks_first", detail=short(question.name), panel="ask")
    if needs_shift(books) and not cart.training:
        return Outcome("shift_open_first")
    if not during_attempt and payments.open_attempt_of(books.connection, cart.sale_id) is not None:
        return Outcome("payment_open", panel="pay")
    return Outcome("too_much_paid") if len(cart.taken) >= TAKES_MAX else None


def take(books: Books, till: Till, sale_id: str, take_id: str, make: Make) -> Outcome:
    """Take money for a cart, once for each `take_id`. Raises ApprovalNeeded."""
    opened = payable(books, till, sale_id, take=take_id)
    if isinstance(opened, Outcome):
        return opened
    made = make(opened, next_take(opened.cart))
    if isinstance(made, Outcome):
        return made
    return receive(books, till, opened, made) if isinstance(made, Taken) else Outcome(made)


def receive(books: Books, till: Till, opened: Open, taken: Taken) -> Outcome:
    """Put money that is in into the cart; if that is all, the sale is done."""
    cart = put(opened.cart, taken, opened.sums)
    if is_enough(opened.due, taken):
        return _settle(books, till, cart, opened.sums, rounding_of(opened.due, taken), opened.by)
    till_state.save_cart(books.connection, cart)
    left = due_of(cart, opened.sums, books.settings.cash_step)
    code: NoticeCode = "given_part" if left.is_refund else "paid_part"
    panel = "refund" if left.is_refund else "pay"
    return Outcome(code, good=True, detail=shown(books, cart, abs(taken.amount)), panel=panel)


def finish(books: Books, till: Till, opened: Open) -> Outcome:
    """End a payment of which nothing is left, such as an exchange for goods of the same price."""
    return _settle(books, till, opened.cart, opened.sums, 0, opened.by)


def needs_shift(books: Books) -> bool:
    """Whether a shift has to be opened before money is taken."""
    return books.settings.require_shift and not shift_state.open_shift_id(books.connection)


def shown(books: Books, cart: Cart, amount: int) -> str:
    """An amount for a notice, as the people at this till write it."""
    chosen = till_state.preference(books.connection, "language") or books.settings.language
    return figures.money(amount, currency_of(books, cart), "en" if chosen == "en" else "vi")


def _settle(books: Books, till: Till, cart: Cart, sums: PricedBasket, rounding: int, by: str) -> Outcome:  # noqa: PLR0913, PLR0917 - a paid cart, and who took the money
    gone = _returned_meanwhile(books, cart)
    if gone:
        return Outcome("already_returned", detail=short(gone))
    moment = till.clock.stamp(books.journal.last_time)
    occasion = Occasion(
        day=business_day(moment.real, books.settings.time_zone), cashier=by, language=books.settings.language,
        tax_included=books.settings.prices_include_tax, shift=shift_state.open_shift_id(books.connection),
    )  # fmt: skip
    facts = facts_of(cart, sums, rounding=rounding, numbers=_numbers(books, till, cart), occasion=occasion)
    first = facts[0]
    sequence = 0 if cart.training else _write(books, till, cart, facts, moment, by)
    job_id = ""
    for fact in facts:
        printed = queue_receipt(books, till, fact, moment, kick=False, training=cart.training)
        job_id = job_id or printed
        if cart.gift and fact is first:
            queue_gift(books, till, fact, moment.real, moment, training=cart.training)
    if not cart.training and any(taken.kind == CASH and (taken.amount or taken.given) for taken in cart.taken):
        queue_kick(books, till, moment, first.receipt_number)
    till_state.keep_sale(
        books.connection,
        till_state.KeptSale(
            cart.sale_id, first.receipt_number, sums.total + rounding, *_handed(cart), job_id, moment.time
        ),
    )
    start_cart(books, till)
    return Outcome(
        "sale_done", good=True, detail=first.receipt_number, print_changed=True,
        sold=None if cart.training else (books.journal.epoch, sequence),
    )  # fmt: skip


def _write(  # noqa: PLR0913, PLR0917 - a paid cart's facts, when, and by whom
    books: Books, till: Till, cart: Cart, facts: tuple[Receipt, ...], moment: Stamp, by: str
) -> int:
    """Write the facts down, and vouchers that are made out for them; returns the first one's sequence."""
    issued = {taken.reference for taken in cart.taken if taken.issues}
    first = 0
    for fact in facts:
        sealed = write_down(books, till, fact, moment)
        first = first or sealed.sequence
        note_values(books, till, fact)
        for code in issued:
            amount = sum(each.amount for each in fact.tenders if (each.kind, each.reference) == (VOUCHER, code))
            if amount:
                voucher = VoucherIssued(
                    code=code, amount=amount, currency=cart.currency, by=by, receipt_number=fact.receipt_number,
                    expires=voucher_expiry(books, occasion_day=fact.business_day), reason="refund",
                )  # fmt: skip
                write_down(books, till, voucher, moment)
                note_values(books, till, voucher)
                queue_voucher(books, till, voucher, moment)
    return first


def voucher_expiry(books: Books, *, occasion_day: date) -> date:
    """The last day of a voucher that is made out today."""
    return occasion_day + timedelta(days=books.settings.voucher_days)


def _numbers(books: Books, till: Till, cart: Cart) -> list[str]:
    """Receipt numbers; the first may have been told to a bank already."""
    if cart.training:
        return [f"TRAIN-{payments.next_training(books.connection):06d}" for _ in range(receipts_of(cart))]
    told = reserved_number(books, cart)
    numbers = [told] if told else []
    while len(numbers) < receipts_of(cart):
        numbers.append(new_number(books, till))
    return numbers


def reserved_number(books: Books, cart: Cart) -> str:
    """The receipt number that an attempt to pay has told somebody; "" if none has."""
    return next((each.receipt_number for each in payments.attempts_of(books.connection, cart.sale_id)), "")


def new_number(books: Books, till: Till) -> str:
    """The next receipt's number."""
    epoch = books.journal.epoch
    return receipt_number(till.store, till.terminal, epoch, till_state.next_receipt(books.connection, epoch))


def _returned_meanwhile(books: Books, cart: Cart) -> str:
    """The name of goods that were given back on another receipt since they came into this cart; "" is none."""
    places = {(line.origin.receipt, line.origin.line) for line in cart.lines if line.origin and line.origin.line}
    known = {receipt: receipts_kept.returned(books.connection, receipt) for receipt, _ in places}
    line = changed_meanwhile(cart, {(receipt, number): known[receipt][number] for receipt, number in places})
    return line.name if line is not None else ""


def _handed(cart: Cart) -> tuple[int, int]:
    """What the customer handed over, and what she gets back in cash."""
    given = sum((each.amount if each.given is None else each.given) for each in cart.taken if each.amount > 0)
    change = sum(each.change for each in cart.taken)
    return given, change - sum(each.amount for each in cart.taken if each.kind == CASH and each.amount < 0)
