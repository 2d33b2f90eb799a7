"""The customer desk: who buys, found by phone, e-mail, card or name; a new one in two fields.

Whoever is entered here is known here at once, and can be found by her phone before the hub has answered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from edge_agent.counter.books import Books, Outcome, Till, open_cart, short, write_down
from edge_agent.counter.cart_keeping import changeable, keep, save
from edge_agent.counter.customer_records import customer_of, find_customer
from edge_agent.counter.desk import Desk, Fields, OrderKind, QuestionKind
from edge_agent.counter.pricing import currency_of, price_list_of
from edge_agent.counter.values import account_state
from edge_agent.journal import new_customers
from edge_agent.replica.customers import FOUND_MAX, by_card, by_email, by_last_digits, by_name, by_phone
from edge_agent.replica.search.words import words_of
from edge_agent.till.cart import Cart, CartLine
from edge_agent.till.phones import e164, last_digits, masked
from edge_agent.till.pricing import unit_price_of
from edge_agent.till.view import CustomerView
from protocol.documents import Customer
from protocol.events import CustomerSaved

NAME_MAX = 120
EMAIL_MAX = 120
_LAST_DIGITS_MIN = 3


class SetCustomer(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attach a customer by id."""

    sale_id: str
    customer: str


class DropCustomer(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The receipt is nobody's."""

    sale_id: str


class SaveCustomer(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Enter a customer and attach her. One who is known by that number or address is attached instead."""

    sale_id: str
    name: str = ""
    phone: str = ""
    email: str = ""
    consent: bool = False


class AskCustomer(Fields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was typed so far: a number or its end, an address, a card, a name."""

    text: str = ""


@dataclass(frozen=True)
class CustomersView:
    """Whom the text finds, and who is attached now."""

    sale_id: str
    text: str
    attached: CustomerView | None
    found: tuple[CustomerView, ...]


@dataclass(frozen=True)
class CustomerFormView:
    """A new customer's form, with what was typed for the search already in its field."""

    sale_id: str
    name: str
    phone: str
    email: str


def set_customer(books: Books, till: Till, order: SetCustomer) -> Outcome:
    """Attach a customer: her prices, her group's promotions, her account."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    customer = find_customer(books, order.customer)
    return Outcome("customer_unknown") if customer is None else attach(books, till, cart, customer)


def drop_customer(books: Books, till: Till, order: DropCustomer) -> Outcome:
    """Detach whoever is attached; the store's prices hold again."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome):
        return cart
    after = _with_prices_of(books, cart, customer_of(books, cart), None)
    return keep(books, till, cart, msgspec.structs.replace(after, customer=""), notice="customer_dropped")


def save_customer(books: Books, till: Till, order: SaveCustomer) -> Outcome:
    """Enter a customer. A name or a number is enough."""
    cart = changeable(books, till, order.sale_id)
    if isinstance(cart, Outcome) or cart.training:  # who is entered in training would be nobody's customer tomorrow
        return cart if isinstance(cart, Outcome) else Outcome("training_on")
    phone = e164(order.phone, currency_of(books, cart)) if order.phone.strip() else ""
    if order.phone.strip() and not phone:
        return Outcome("bad_input", detail=short(order.phone))
    email = order.email.strip().lower()[:EMAIL_MAX]
    if email and "@" not in email:
        return Outcome("bad_input", detail=short(order.email))
    name = order.name.strip()[:NAME_MAX]
    if not (name or phone or email):
        return Outcome("bad_input", detail="phone")
    known = next(exactly(books, phone, email), None)
    if known is not None:
        return attach(books, till, cart, known)
    customer = Customer(
        customer=till.new_id(), name=name or masked(phone) or email, phone=phone, email=email, consent=order.consent
    )
    moment = till.clock.stamp(books.journal.last_time)
    write_down(
        books, till,
        CustomerSaved(
            customer=customer.customer, by=books.by, name=customer.name, phone=phone, email=email,
            consent=order.consent, consent_at=moment.time if order.consent else None,
        ),
        moment,
    )  # fmt: skip
    new_customers.keep(books.connection, customer)
    save(books, msgspec.structs.replace(cart, customer=customer.customer))
    return Outcome("customer_saved", good=True, detail=short(customer.name), journalled=True)


def attach_by_card(books: Books, till: Till, cart: Cart, card: str) -> Outcome:
    """Attach whose card was scanned; one that nobody has opens the form."""
    prefix = books.settings.customer_card_prefix
    customer = next(with_card(books, card, card.removeprefix(prefix)), None)
    if customer is None:
        return Outcome("customer_unknown", detail=short(card), panel="customer")
    return attach(books, till, cart, customer)


def attach(books: Books, till: Till, cart: Cart, customer: Customer) -> Outcome:
    """Attach a customer. Lines get her prices, except where a person or a label has set another one."""
    after = _with_prices_of(books, cart, customer_of(books, cart), customer)
    return keep(
        books, till, cart, msgspec.structs.replace(after, customer=customer.customer), notice="customer_set",
        detail=customer.name,
    )  # fmt: skip


def customer_view(books: Books, till: Till, customer: Customer) -> CustomerView:
    """A customer as the page shows her: never the whole number; what she owes with what was paid here since."""
    account = account_state(books, till, customer.customer)
    return CustomerView(
        id=customer.customer, name=customer.name, phone=masked(customer.phone), points=customer.points,
        owes=account.owes if account is not None else customer.owes, credit_limit=customer.credit_limit,
    )  # fmt: skip


def ask_customer(books: Books, till: Till, question: AskCustomer) -> CustomersView:
    """Whom the typed text finds."""
    cart = open_cart(books, till)
    attached = customer_of(books, cart)
    found: dict[str, Customer] = {}
    for customer in find_customers(books, question.text, currency_of(books, cart)):
        found.setdefault(customer.customer, customer)
    return CustomersView(
        sale_id=cart.sale_id,
        text=question.text,
        attached=customer_view(books, till, attached) if attached is not None else None,
        found=tuple(customer_view(books, till, customer) for customer in list(found.values())[:FOUND_MAX]),
    )


def ask_new_customer(books: Books, till: Till, question: AskCustomer) -> CustomerFormView:
    """The form, with what was typed in the search."""
    cart = open_cart(books, till)
    text = question.text.strip()
    is_phone = bool(last_digits(text))
    is_email = "@" in text
    return CustomerFormView(
        sale_id=cart.sale_id,
        name="" if is_phone or is_email else text,
        phone=text if is_phone else "",
        email=text if is_email else "",
    )


def find_customers(books: Books, text: str, currency: str) -> Iterator[Customer]:
    """Whom a text finds, best first; the same one may come more than once."""
    text = text.strip()
    if not text:
        return
    phone, end = e164(text, currency), last_digits(text)
    yield from exactly(books, phone, text.lower() if "@" in text else "")
    yield from with_card(books, text)
    for entered in new_customers.listed(books.connection):
        if _is_meant(entered.customer, text, end):
            yield from _customers(books, (entered.customer.customer,))
    if end:
        yield from _customers(books, by_last_digits(books.connection, end))
    elif "@" not in text:
        yield from _customers(books, by_name(books.connection, text))


DESK = Desk(
    "customers",
    orders=(
        OrderKind("set_customer", SetCustomer, set_customer),
        OrderKind("drop_customer", DropCustomer, drop_customer),
        OrderKind("save_customer", SaveCustomer, save_customer),
    ),
    questions=(
        QuestionKind("customer", AskCustomer, ask_customer),
        QuestionKind("customer_new", AskCustomer, ask_new_customer),
    ),
)


def exactly(books: Books, phone: str, email: str) -> Iterator[Customer]:
    """Whose number or address this is now: one whose number was changed here is not found by the old one any more."""
    ids = [
        *(by_phone(books.connection, phone) if phone else ()),
        *(by_email(books.connection, email) if email else ()),
        *(
            entered.customer.customer
            for entered in new_customers.listed(books.connection)
            if (phone and entered.customer.phone == phone) or (email and entered.customer.email == email)
        ),
    ]
    for customer in _customers(books, ids):
        if (phone and customer.phone == phone) or (email and customer.email == email):
            yield customer


def with_card(books: Books, *cards: str) -> Iterator[Customer]:
    """Whose card one of these is now, best first."""
    ids = [
        *(customer for card in cards for customer in by_card(books.connection, card)),
        *(entered.customer.customer for entered in new_customers.listed(books.connection)
          if entered.customer.card in cards),
    ]  # fmt: skip
    for customer in _customers(books, ids):
        if customer.card in cards and customer.card:
            yield customer


def _customers(books: Books, ids: Iterable[str]) -> Iterator[Customer]:
    for each in ids:
        customer = find_customer(books, each)
        if customer is not None:
            yield customer


def _is_meant(customer: Customer, text: str, end: str) -> bool:
    if end:
        return len(end) >= _LAST_DIGITS_MIN and customer.phone.endswith(end)
    typed, words = words_of(text), words_of(customer.name)
    return bool(typed) and all(any(word.startswith(start) for word in words) for start in typed)


def _with_prices_of(books: Books, cart: Cart, before: Customer | None, after: Customer | None) -> Cart:
    old, new = price_list_of(books, before), price_list_of(books, after)
    if old == new:
        return cart
    return msgspec.structs.replace(cart, lines=tuple(_repriced(books, line, new) for line in cart.lines))


def _repriced(books: Books, line: CartLine, price_list: str) -> CartLine:
    if line.origin is not None or line.fixed_amount is not None or line.price_by:
        return line
    item = books.replica.item(line.sku)
    if item is None or item.open_price:
        return line
    return msgspec.structs.replace(line, unit_price=unit_price_of(item, price_list))
