"""What is known of a customer, changed at the till: her name, number, address, card, and whether she may be written to.

Anybody who is signed in may; the event says who did, and the hub tells everybody else. What is not typed stays: the
page never shows a whole number, so nobody can be asked to type the old one again.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, is_training, short, write_down
from edge_agent.counter.customer_records import find_customer
from edge_agent.counter.desk import Desk, Fields, OrderKind, QuestionKind
from edge_agent.counter.desks.customers import EMAIL_MAX, NAME_MAX, exactly, with_card
from edge_agent.journal import new_customers
from edge_agent.replica.documents import find_document
from edge_agent.till.payment import clean_reference
from edge_agent.till.phones import e164, masked, masked_email, masked_end
from protocol.documents import Customer
from protocol.events import CustomerSaved
from protocol.ids import GLOBAL_FEED

CARD_MAX = 64
REMOVED = "-"
"""Typed into a field: what stands there is to be forgotten."""


class ChangeCustomer(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Write down what changed of a customer. "" leaves a field alone, "-" empties it; `consent` is what holds now."""

    customer: str
    name: str = ""
    phone: str = ""
    email: str = ""
    card: str = ""
    consent: bool = False


class AskChange(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose form it is."""

    customer: str


@dataclass(frozen=True)
class CustomerChangeView:
    """A customer's form. Number, address and card are shown as far as is needed to know them."""

    id: str
    name: str
    phone: str
    email: str
    card: str
    consent: bool


def change_customer(books: Books, till: Till, order: ChangeCustomer) -> Outcome:
    """Change what is known of a customer: one event with all of it. Nothing new is no event."""
    if is_training(books):
        return Outcome("training_on")
    old = find_customer(books, order.customer)
    if old is None:
        return Outcome("customer_unknown")
    new = _changed(books, old, order)
    if isinstance(new, Outcome):
        return new
    if new == old:
        return Outcome("customer_saved", good=True, detail=short(new.name))
    moment = till.clock.stamp(books.journal.last_time)
    write_down(
        books, till,
        CustomerSaved(
            customer=new.customer, by=books.by, name=new.name, phone=new.phone, email=new.email, card=new.card,
            consent=new.consent, consent_at=moment.time if new.consent != old.consent else None,
        ),
        moment,
    )  # fmt: skip
    document = find_document(books.connection, GLOBAL_FEED, "customer", new.customer, Customer)
    new_customers.keep(books.connection, new, before=document)
    return Outcome("customer_saved", good=True, detail=short(new.name), journalled=True)


def ask_change(books: Books, _till: Till, question: AskChange) -> CustomerChangeView | None:
    """The form; None for nobody."""
    customer = find_customer(books, question.customer)
    if customer is None:
        return None
    return CustomerChangeView(
        id=customer.customer, name=customer.name, phone=masked(customer.phone), email=masked_email(customer.email),
        card=masked_end(customer.card), consent=customer.consent,
    )  # fmt: skip


DESK = Desk(
    "customer_changes",
    orders=(OrderKind("change_customer", ChangeCustomer, change_customer),),
    questions=(QuestionKind("customer_edit", AskChange, ask_change),),
)


def _changed(books: Books, old: Customer, order: ChangeCustomer) -> Customer | Outcome:
    """The customer as she is to be known; or what is wrong with what was typed."""
    phone = _typed(order.phone, old.phone, e164(order.phone, books.settings.currency))
    if order.phone.strip() and order.phone.strip() != REMOVED and not phone:
        return Outcome("bad_input", detail=short(order.phone))
    email = _typed(order.email, old.email, order.email.strip().lower()[:EMAIL_MAX])
    if email and "@" not in email:
        return Outcome("bad_input", detail=short(order.email))
    wanted_card = clean_reference(order.card)
    if wanted_card is None:
        return Outcome("card_number_refused")
    card = _typed(order.card, old.card, wanted_card[:CARD_MAX])
    name = _typed(order.name, old.name, order.name.strip()[:NAME_MAX])
    if not (name or phone or email):
        return Outcome("bad_input", detail="name")
    taken = next(
        (
            each
            for each in (
                *(exactly(books, phone if phone != old.phone else "", email if email != old.email else "")),
                *(with_card(books, card) if card != old.card else ()),
            )
            if each.customer != old.customer
        ),
        None,
    )
    if taken is not None:
        return Outcome("customer_taken", detail=short(taken.name))
    return msgspec.structs.replace(
        old, name=name or masked(phone) or email, phone=phone, email=email, card=card, consent=order.consent
    )


def _typed(text: str, old: str, new: str) -> str:
    typed = text.strip()
    return old if not typed else "" if typed == REMOVED else new
