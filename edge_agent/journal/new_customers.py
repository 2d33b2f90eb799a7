"""Customers who were entered at this till, until the hub's own documents of them arrive.

A new customer is known here at once: her receipt names her, and her phone number finds her before the hub answers.
Rows whose document has come are removed with the next entry; so there are never more than were entered offline.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from protocol.documents import Customer

LISTED_MAX = 1_000
_customers = msgspec.json.Decoder(Customer)


def keep(connection: sqlite3.Connection, customer: Customer) -> None:
    """Remember a customer who was entered here; forget those whom the hub knows by now."""
    connection.execute(
        "DELETE FROM customer_new WHERE EXISTS (SELECT 1 FROM document WHERE feed = 'global' AND generation ="
        " coalesce((SELECT current FROM feed_generation WHERE feed = 'global'), 0)"
        " AND kind = 'customer' AND key = customer_new.customer)"
    )
    connection.execute(
        "INSERT INTO customer_new (customer, body) VALUES (?, ?)"
        " ON CONFLICT (customer) DO UPDATE SET body = excluded.body",
        (customer.customer, msgspec.json.encode(customer)),
    )


def find(connection: sqlite3.Connection, customer: str) -> Customer | None:
    """The one with this id."""
    row = connection.execute("SELECT body FROM customer_new WHERE customer = ?", (customer,)).fetchone()
    return _customers.decode(row[0]) if row is not None else None


def listed(connection: sqlite3.Connection) -> Iterator[Customer]:
    """The newest of them, at most LISTED_MAX."""
    for (body,) in connection.execute("SELECT body FROM customer_new ORDER BY position DESC LIMIT ?", (LISTED_MAX,)):
        yield _customers.decode(body)
