"""The payment desk: cash, card by hand, voucher, account, and several of them for one receipt.

All of them also go the other way: what a receipt of returned goods gives back is taken as negative money.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, write_down
from edge_agent.counter.customer_records import customer_of
from edge_agent.counter.desk import Desk, Fields, OrderKind, QuestionKind
from edge_agent.counter.giving_back import allow_way, proposed
from edge_agent.counter.paying import Make, Open, finish, shown, take
from edge_agent.counter.permission import allow
from edge_agent.counter.pricing import currency_of, priced
from edge_agent.counter.refund_limits import allow_voucher
from edge_agent.counter.values import AccountState, VoucherState, account_state, voucher_state
from edge_agent.journal import payments, shift_state, till_state
from edge_agent.till import payment
from edge_agent.till.cart import Taken
from edge_agent.till.payment import ACCOUNT, CARD, VIETQR, VOUCHER, Due, GiveBack, clean_reference, read_amount
from edge_agent.till.shift import expected_cash
from edge_agent.till.view import NoticeCode
from protocol.events import PaymentResolved

_CODE_LETTERS = "23456789BCDFGHJKLMNPQRSTVWXZ"
_CODE_LENGTH = 12
"""Some 57 bits, of an id that nobody can guess."""


class PayCash(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pay this cart in cash, once. `given` is an amount as `protocol.money` reads it, "" what was to pay exactly.

    `exact` is the total that the cashier saw. If a scan has changed it meanwhile, too little is refused and too much
    gives change, rather than taking more than she was told. `part`: less than is due is a part of it. `take` names
    the form, so that a part counts once.
    """

    sale_id: str
    given: str = ""
    exact: str = ""
    part: bool = False
    take: str = ""


class PayCard(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The card was charged at a terminal of its own; `approval` is what that printed. `amount` "" is what is due."""

    sale_id: str
    take: str
    approval: str
    amount: str = ""


class PayVoucher(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Pay with a voucher, or give money back onto it. `amount` "" is as much as it holds and as is due."""

    sale_id: str
    take: str
    code: str
    amount: str = ""


class PayOther(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Put it on the customer's account, or make out a new voucher for money that goes back."""

    sale_id: str
    take: str
    amount: str = ""


class DropPayment(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take back money that was taken: the customer has got it again."""

    sale_id: str
    payment: str


class AskPay(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to pay; `code` is a voucher to look at."""

    code: str = ""


@dataclass(frozen=True)
class PayView:
    """What a panel about paying shows. `take` names its form. `back` is how money that goes back came in."""

    sale_id: str
    take: str
    due: Due
    currency: str
    back: tuple[GiveBack, ...]
    tenders: tuple[str, ...]
    account: AccountState | None
    voucher: VoucherState | None
    voucher_code: str
    has_bank: bool
    late: int
    drawer_short: bool
    """Whether the drawer should hold less cash than goes back."""


def pay_cash(books: Books, till: Till, order: PayCash) -> Outcome:
    """Take cash, once: paying the same cart again finds the first payment and changes nothing."""
    text = order.given.strip() or order.exact.strip()

    def make(opened: Open, name: str) -> Taken | NoticeCode | Outcome:
        if opened.due.is_done and any(line.origin is not None for line in opened.cart.lines):
            return finish(books, till, opened)
        given = read_amount(text, opened.cart.currency) if text else None
        if isinstance(given, str):
            return Outcome(given, detail=short(order.given))
        taken = payment.take_cash(opened.due, given, take=name, cash_step=books.settings.cash_step, is_part=order.part)
        if isinstance(taken, Taken):
            _allow_back(books, till, opened, taken)
            return taken
        detail = shown(books, opened.cart, abs(opened.due.cash)) if taken == "not_enough_cash" else short(order.given)
        return Outcome(taken, detail=detail)

    return take(books, till, order.sale_id, order.take, make)


def pay_card(books: Books, till: Till, order: PayCard) -> Outcome:
    """Note a card payment (or refund) that a terminal has approved. A card's number is refused and never kept."""
    approval = clean_reference(order.approval)
    if approval is None:
        return Outcome("card_number_refused")
    if not approval:
        return Outcome("approval_missing")
    return take(books, till, order.sale_id, order.take, _make_card(books, till, order.amount, approval))


def pay_voucher(books: Books, till: Till, order: PayVoucher) -> Outcome:
    """Take a voucher. One that is not known here needs an amount, and somebody who may believe it."""
    code = clean_reference(order.code.strip())
    if code is None:
        return Outcome("card_number_refused")
    if not code:
        return Outcome("voucher_unknown", detail="")

    def make(opened: Open, name: str) -> Taken | NoticeCode | Outcome:
        state = voucher_state(books, till, code, opened.cart)
        amount = _amount(order.amount, opened)
        if isinstance(amount, str):
            return Outcome(amount, detail=short(order.amount))
        refusal = _voucher_refusal(opened, state, amount)
        if refusal is not None:
            return Outcome(refusal, detail=short(code), panel=f"voucher?code={code}")
        if state is None and amount is not None:
            allow(books, till, "voucher_unknown", detail=code, amount=amount)
        most = state.rest if state is not None and not opened.due.is_refund else None
        taken = payment.take_other(opened.due, VOUCHER, amount, take=name, reference=code, most=most)
        return _checked(books, till, opened, taken)

    return take(books, till, order.sale_id, order.take, make)


def pay_account(books: Books, till: Till, order: PayOther) -> Outcome:
    """Put it on the attached customer's account; beyond her limit somebody has to allow it."""

    def make(opened: Open, name: str) -> Taken | NoticeCode | Outcome:
        account = account_state(books, till, opened.cart.customer, opened.cart)
        if account is None:
            return Outcome("no_customer")
        amount = _amount(order.amount, opened)
        if isinstance(amount, str):
            return Outcome(amount, detail=short(order.amount))
        taken = payment.take_other(opened.due, ACCOUNT, amount, take=name)
        if isinstance(taken, Taken) and taken.amount > 0 and not account.may_owe(taken.amount):
            allow(books, till, "payment_override", detail=account.customer.name, amount=taken.amount)
        return _checked(books, till, opened, taken)

    return take(books, till, order.sale_id, order.take, make)


def issue_voucher(books: Books, till: Till, order: PayOther) -> Outcome:
    """Make out a new voucher for money that goes back: within the limit that cash has, or somebody allows it."""

    def make(opened: Open, name: str) -> Taken | NoticeCode | Outcome:
        if not opened.due.is_refund:
            return Outcome("bad_input", detail=VOUCHER)
        amount = _amount(order.amount, opened)
        if isinstance(amount, str):
            return Outcome(amount, detail=short(order.amount))
        code = books.settings.voucher_prefix + voucher_code(till.new_id())
        taken = payment.take_other(opened.due, VOUCHER, amount, take=name, reference=code)
        if isinstance(taken, Taken):
            allow_voucher(books, till, opened.cart, -taken.amount)
        return msgspec.structs.replace(taken, issues=True) if isinstance(taken, Taken) else Outcome(taken)

    return take(books, till, order.sale_id, order.take, make)


def drop_payment(books: Books, till: Till, order: DropPayment) -> Outcome:
    """Take money back out of the cart, on record. What a bank or a machine has booked is somebody's to allow."""
    cart = open_cart(books, till)
    taken = next((each for each in cart.taken if each.id == order.payment), None)
    if cart.sale_id != order.sale_id or taken is None:
        return Outcome("stale_page")
    is_asking = payments.open_attempt_of(books.connection, cart.sale_id) is not None
    after = payment.drop(cart, order.payment, is_asking=is_asking)
    assert after is not None
    if not cart.training:
        if taken.kind in (CARD, VIETQR):
            allow(books, till, "payment_override", detail=f"{taken.kind} {taken.reference}", amount=taken.amount)
        payments.note_taken_back(books.connection, taken.id)
        write_down(
            books, till,
            PaymentResolved(
                attempt=taken.id, kind=taken.kind, state="cancelled", amount=taken.amount, currency=cart.currency,
                by=books.by, reference=taken.reference, note="taken back",
            ),
        )  # fmt: skip
    till_state.save_cart(books.connection, after)
    panel = "pay" if after.is_paying else ""
    return Outcome("payment_dropped", good=True, journalled=not cart.training, panel=panel)


def ask_pay(books: Books, till: Till, question: AskPay) -> PayView:
    """What is due, and what there is to pay it with."""
    cart = open_cart(books, till)
    sums = priced(books, till, cart)
    code = clean_reference(question.code) or ""
    settings = books.settings
    due = payment.due_of(cart, sums, settings.cash_step)
    shift = shift_state.open_shift(books.connection)
    return PayView(
        sale_id=cart.sale_id,
        take=payment.next_take(cart),
        due=due,
        currency=currency_of(books, cart),
        back=proposed(books, cart, sums),
        tenders=settings.tenders,
        account=account_state(books, till, cart.customer, cart) if customer_of(books, cart) is not None else None,
        voucher=voucher_state(books, till, code, cart) if code else None,
        voucher_code=code,
        has_bank=settings.bank is not None,
        late=payments.late_count(books.connection),
        drawer_short=shift is not None and expected_cash(shift) + due.cash < 0,
    )


def voucher_code(unique: str) -> str:
    """A voucher's code: letters and digits that nobody mistakes for each other, from an id that nobody can guess."""
    number = int.from_bytes(hashlib.sha256(unique.encode()).digest())
    letters = []
    for _ in range(_CODE_LENGTH):
        number, index = divmod(number, len(_CODE_LETTERS))
        letters.append(_CODE_LETTERS[index])
    return "".join(letters)


DESK = Desk(
    "payment",
    orders=(
        OrderKind("pay_cash", PayCash, pay_cash),
        OrderKind("pay_card", PayCard, pay_card),
        OrderKind("pay_voucher", PayVoucher, pay_voucher),
        OrderKind("pay_account", PayOther, pay_account),
        OrderKind("issue_voucher", PayOther, issue_voucher),
        OrderKind("drop_payment", DropPayment, drop_payment),
    ),
    questions=(
        QuestionKind("pay", AskPay, ask_pay),
        QuestionKind("card", AskPay, ask_pay),
        QuestionKind("voucher", AskPay, ask_pay),
        QuestionKind("account", AskPay, ask_pay),
        QuestionKind("refund", AskPay, ask_pay),
    ),
)


def _voucher_refusal(opened: Open, state: VoucherState | None, amount: int | None) -> NoticeCode | None:
    if state is None:
        return "voucher_unknown" if amount is None or opened.due.is_refund else None
    if state.is_over or state.currency != opened.cart.currency:
        return "voucher_empty"
    if opened.due.is_refund:
        return None
    if state.rest <= 0:
        return "voucher_empty"
    return "too_much_paid" if amount is not None and amount > state.rest else None


def _make_card(books: Books, till: Till, typed: str, approval: str) -> Make:
    def make(opened: Open, name: str) -> Taken | NoticeCode | Outcome:
        amount = _amount(typed, opened)
        if isinstance(amount, str):
            return Outcome(amount, detail=short(typed))
        taken = payment.take_other(opened.due, CARD, amount, take=name, reference=approval)
        return _checked(books, till, opened, taken)

    return make


def _amount(typed: str, opened: Open) -> int | NoticeCode | None:
    return read_amount(typed, opened.cart.currency) if typed.strip() else None


def _checked(books: Books, till: Till, opened: Open, taken: Taken | NoticeCode) -> Taken | NoticeCode:
    if isinstance(taken, Taken):
        _allow_back(books, till, opened, taken)
    return taken


def _allow_back(books: Books, till: Till, opened: Open, taken: Taken) -> None:
    if taken.amount < 0:
        allow_way(books, till, opened, taken)
