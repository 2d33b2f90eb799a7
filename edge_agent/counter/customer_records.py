"""Who a customer is: the hub's document, with what was entered or changed here and the hub has not sent back yet."""

from __future__ import annotations

from edge_agent.counter.books import Books
from edge_agent.journal import new_customers
from edge_agent.replica.documents import find_document
from edge_agent.till.cart import Cart
from protocol.documents import Customer
from protocol.ids import GLOBAL_FEED


def customer_of(books: Books, cart: Cart) -> Customer | None:
    """Who is attached to the cart."""
    return find_customer(books, cart.customer) if cart.customer else None


def find_customer(books: Books, customer: str) -> Customer | None:
    """The customer with this id."""
    known = find_document(books.connection, GLOBAL_FEED, "customer", customer, Customer)
    return new_customers.as_known(known, new_customers.find(books.connection, customer))
