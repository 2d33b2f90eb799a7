"""The desk of accounts: a customer pays what she owes, or leaves a deposit for later."""

from __future__ import annotations

from typing import Literal

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, start_cart, write_down
from edge_agent.counter.desk import Desk, Fields, NoFields, OrderKind, QuestionKind
from edge_agent.counter.paying import needs_shift, new_number
from edge_agent.counter.pricing import currency_of
from edge_agent.counter.printing import queue_receipt
from edge_agent.counter.values import AccountState, account_state, note_values
from edge_agent.journal import payments, shift_state, till_state
from edge_agent.till.payment import CARD, CASH, clean_reference, read_amount
from edge_agent.till.pricing import cash_due
from edge_agent.till.sale import business_day
from protocol.events import AccountPaid, Tender


class PayIn(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pay into the account of the customer on the receipt. `deed` names the form; `given` "" is the amount exactly."""

    deed: str
    customer: str
    amount: str
    kind: Literal["cash", "card"] = "cash"
    given: str = ""
    approval: str = ""


def pay_in(books: Books, till: Till, order: PayIn) -> Outcome:
    """Take money for an account, once: a receipt, an event, and the customer owes less at once."""
    kept = till_state.find_sale(books.connection, order.deed)
    if kept is not None:
        return Outcome() if till_state.shown_sale(books.connection) == kept else Outcome("stale_page")
    cart = open_cart(books, till)
    account = account_state(books, till, order.customer)
    if account is None:
        return Outcome("no_customer")
    currency = currency_of(books, cart)
    if cart.is_paying:
        return Outcome("not_while_paying")
    if needs_shift(books) and not cart.training:
        return Outcome("shift_open_first")
    tender = _tender(books, order, currency, account.owes)
    if isinstance(tender, Outcome):
        return tender
    amount = read_amount(order.amount, currency)
    assert isinstance(amount, int)
    moment = till.clock.stamp(books.journal.last_time)
    number = f"TRAIN-{payments.next_training(books.connection):06d}" if cart.training else new_number(books, till)
    fact = AccountPaid(
        receipt_number=number, business_day=business_day(moment.real, books.settings.time_zone),
        customer=order.customer, currency=currency, cashier=books.by, amount=amount, tenders=(tender,),
        rounding=tender.amount - amount, shift=shift_state.open_shift_id(books.connection),
    )  # fmt: skip
    if not cart.training:
        write_down(books, till, fact, moment)
        note_values(books, till, fact)
    is_cash = tender.kind == CASH and not cart.training
    job_id = queue_receipt(books, till, fact, moment, kick=is_cash, training=cart.training)
    till_state.keep_sale(
        books.connection,
        till_state.KeptSale(
            order.deed, number, tender.amount, tender.given or tender.amount, tender.change, job_id, moment.time
        ),
    )  # fmt: skip
    if not cart.lines:
        start_cart(books, till)  # she goes; whoever comes next is somebody else
    return Outcome("account_paid", good=True, detail=number, print_changed=True, journalled=not cart.training)


def ask_pay_in(books: Books, till: Till, _question: NoFields) -> tuple[str, AccountState | None]:
    """The name of the form, and the account of the customer on the receipt."""
    return till.new_id(), account_state(books, till, open_cart(books, till).customer)


DESK = Desk(
    "accounts",
    orders=(OrderKind("pay_in", PayIn, pay_in),),
    questions=(QuestionKind("pay_in", NoFields, ask_pay_in),),
)


def _tender(books: Books, order: PayIn, currency: str, owes: int) -> Tender | Outcome:
    """What pays. Cash pays what coins can, else whoever rounds often owes less for nothing; or all that is owed."""
    amount = read_amount(order.amount, currency)
    step = books.settings.cash_step if order.kind == CASH else 1
    if isinstance(amount, str) or amount < step or (amount % step and amount != owes):
        return Outcome("bad_amount", detail=short(order.amount))
    if order.kind == CARD:
        approval = clean_reference(order.approval)
        if approval is None:
            return Outcome("card_number_refused")
        return Tender(kind=CARD, amount=amount, reference=approval) if approval else Outcome("approval_missing")
    due = cash_due(amount, books.settings.cash_step).amount
    given = read_amount(order.given, currency) if order.given.strip() else due
    if isinstance(given, str):
        return Outcome(given, detail=short(order.given))
    if given < due:
        return Outcome("not_enough_cash", detail=short(order.given))
    return Tender(kind=CASH, amount=due, given=given, change=given - due)
