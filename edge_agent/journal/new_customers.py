"""Customers who were entered or changed at this till, until the hub's own documents say the same.

A new customer is known here at once: her receipt names her, and her phone number finds her before the hub answers. So
is what was changed of one whom the hub knows. Rows that the hub has answered are removed with the next entry; so there
are never more than were entered offline.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import msgspec

from protocol.documents import Customer

LISTED_MAX = 1_000


class Entered(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as this till wrote her. `before` is the hub's document that was changed; None for a new customer."""

    customer: Customer
    before: Customer | None = None


class _Row(Customer, frozen=True, kw_only=True, omit_defaults=True):
    before: Customer | None = None


_rows = msgspec.json.Decoder(_Row)
_customers = msgspec.json.Decoder(Customer)


def keep(connection: sqlite3.Connection, customer: Customer, before: Customer | None = None) -> None:
    """Remember a customer who was entered or changed here; forget those about whom the hub has spoken since."""
    _forget_answered(connection)
    row = _Row(**msgspec.structs.asdict(customer), before=before)
    connection.execute(
        "INSERT INTO customer_new (customer, body) VALUES (?, ?)"
        " ON CONFLICT (customer) DO UPDATE SET body = excluded.body",
        (customer.customer, msgspec.json.encode(row)),
    )


def find(connection: sqlite3.Connection, customer: str) -> Entered | None:
    """The one with this id."""
    row = connection.execute("SELECT body FROM customer_new WHERE customer = ?", (customer,)).fetchone()
    return _read(row[0]) if row is not None else None


def listed(connection: sqlite3.Connection) -> Iterator[Entered]:
    """The newest of them, at most LISTED_MAX."""
    for (body,) in connection.execute("SELECT body FROM customer_new ORDER BY position DESC LIMIT ?", (LISTED_MAX,)):
        yield _read(body)


def as_known(known: Customer | None, entered: Entered | None) -> Customer | None:
    """A customer as this till knows her: the hub's document, and on it what was changed here.

    As soon as the hub says something else than it did before the change, its word counts: it has heard of the change,
    or of a later one.
    """
    if known is None or entered is None:
        return known if known is not None else entered.customer if entered is not None else None
    if entered.before is None or _said(known) != _said(entered.before):
        return known
    said = entered.customer
    return msgspec.structs.replace(
        known, name=said.name, phone=said.phone, email=said.email, card=said.card, consent=said.consent
    )


def _forget_answered(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT customer_new.customer, customer_new.body, document.body FROM customer_new CROSS JOIN document"
        " WHERE feed = 'global' AND generation ="
        " coalesce((SELECT current FROM feed_generation WHERE feed = 'global'), 0)"
        " AND kind = 'customer' AND key = customer_new.customer LIMIT ?",
        (LISTED_MAX,),
    ).fetchall()
    for customer, body, document in rows:
        before = _read(body).before
        try:
            is_answered = before is None or _said(_customers.decode(document)) != _said(before)
        except msgspec.DecodeError:
            is_answered = True
        if is_answered:
            connection.execute("DELETE FROM customer_new WHERE customer = ?", (customer,))


def _said(customer: Customer) -> tuple[object, ...]:
    return customer.name, customer.phone, customer.email, customer.card, customer.consent


def _read(body: bytes) -> Entered:
    row = _rows.decode(body)
    fields = msgspec.structs.asdict(row)
    before = fields.pop("before")
    return Entered(customer=Customer(**fields), before=before)
