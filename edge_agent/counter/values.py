"""What the shop owes or is owed on paper: rests of vouchers, customers' accounts.

It is the hub's document and what this till has changed since, so that a voucher is spent once here even while the hub
cannot be reached. Offline another till may spend the same voucher: the hub then finds a rest below nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from edge_agent.counter.books import Books, Till
from edge_agent.counter.customer_records import find_customer
from edge_agent.journal import payments
from edge_agent.journal.payments import OwnValue, ValueKind
from edge_agent.replica.documents import find_document, revision_of
from edge_agent.till.cart import Cart
from edge_agent.till.moments import at_store
from edge_agent.till.payment import ACCOUNT, VOUCHER
from protocol.documents import Customer, Voucher
from protocol.events import AccountPaid, EventData, SaleCompleted, SaleRefunded, VoucherIssued
from protocol.ids import GLOBAL_FEED


@dataclass(frozen=True)
class VoucherState:
    """A voucher as this till knows it: `rest` in minor units; `is_over` when its last day has passed."""

    code: str
    rest: int
    currency: str
    expires: date | None
    is_over: bool


@dataclass(frozen=True)
class AccountState:
    """A customer's account as this till knows it: `owes` is negative for a deposit; `limit` None is no account."""

    customer: Customer
    owes: int
    limit: int | None

    def may_owe(self, more: int) -> bool:
        """Whether she may owe so much more without asking. A deposit can be used up by everybody who has one."""
        return self.owes + more <= (self.limit or 0)


def voucher_state(books: Books, till: Till, code: str, cart: Cart | None = None) -> VoucherState | None:
    """A voucher's rest, less what this cart takes of it already; None for one that is not known here."""
    told = find_document(books.connection, GLOBAL_FEED, "voucher", code, Voucher)
    own = _own(books, till, "voucher", code)
    if told is None and not own.is_known:
        return None
    expires = told.expires if told is not None else own.expires
    taken = sum(each.amount for each in cart.taken if (each.kind, each.reference) == (VOUCHER, code)) if cart else 0
    today = at_store(till.clock.now(), books.settings.time_zone).date()
    return VoucherState(
        code=code,
        rest=(told.amount if told is not None else 0) + own.delta - taken,
        currency=told.currency if told is not None else own.currency,
        expires=expires,
        is_over=expires is not None and expires < today,
    )


def account_state(books: Books, till: Till, customer: str, cart: Cart | None = None) -> AccountState | None:
    """What a customer owes, and what this cart puts on her account already; None for nobody known."""
    known = find_customer(books, customer) if customer else None
    if known is None:
        return None
    own = _own(books, till, "account", customer)
    taken = sum(each.amount for each in cart.taken if each.kind == ACCOUNT) if cart is not None else 0
    return AccountState(known, known.owes + own.delta + taken, known.credit_limit)


def note_values(books: Books, till: Till, fact: EventData) -> None:
    """Remember what a fact does to vouchers and accounts, until the hub's documents say so."""
    match fact:
        case SaleCompleted(tenders=tenders, customer=customer, currency=currency):
            sign = -1
        case SaleRefunded(tenders=tenders, customer=customer, currency=currency):
            sign = 1
        case AccountPaid(customer=customer, amount=amount, currency=currency):
            _add(books, till, "account", customer, -amount, currency)
            return
        case VoucherIssued(code=code, amount=amount, currency=currency, expires=expires, receipt_number=number):
            # One that is made out for a refund is that refund's tender already, and counts once, as at the hub.
            _add(books, till, "voucher", code, 0 if number else amount, currency, expires)
            return
        case _:
            return
    for tender in tenders:
        if tender.kind == VOUCHER and tender.reference:
            _add(books, till, "voucher", tender.reference, sign * tender.amount, currency)
        elif tender.kind == ACCOUNT and (tender.reference or customer):
            _add(books, till, "account", tender.reference or customer, -sign * tender.amount, currency)


def _own(books: Books, till: Till, kind: ValueKind, key: str) -> OwnValue:
    return payments.own_value(
        books.connection, kind, key, revision=_revision(books, kind, key),
        unsent_since=books.journal.oldest_unsent_at(), now=till.clock.now(),
    )  # fmt: skip


def _add(  # noqa: PLR0913, PLR0917 - whose value, and by how much
    books: Books, till: Till, kind: ValueKind, key: str, delta: int, currency: str, expires: date | None = None
) -> None:
    payments.add_value(
        books.connection, kind, key, delta, currency, revision=_revision(books, kind, key),
        at=max(till.clock.now(), books.journal.last_time), expires=expires,
    )  # fmt: skip


def _revision(books: Books, kind: ValueKind, key: str) -> int:
    return revision_of(books.connection, GLOBAL_FEED, "voucher" if kind == "voucher" else "customer", key)
