"""Who works at this store: look-ups in the hub's documents."""

from __future__ import annotations

import sqlite3

from edge_agent.counter.books import Books, Till
from edge_agent.replica.documents import find_document, list_documents
from protocol.documents import Staff


def workers(connection: sqlite3.Connection, till: Till) -> list[Staff]:
    """Everybody who can sign in."""
    found = list_documents(connection, till.store_feed, "staff", Staff)
    return [staff for staff in found if staff.active and staff.pin]


def worker(connection: sqlite3.Connection, till: Till, typed: str) -> Staff | None:
    """Somebody who can sign in, by the id that the hub gave her."""
    found = find_document(connection, till.store_feed, "staff", typed.strip(), Staff)
    return found if found is not None and found.active and found.pin else None


def person_name(books: Books, till: Till, staff: str) -> str:
    """What to call somebody, who may have left since; her id if nothing else is known."""
    found = find_document(books.connection, till.store_feed, "staff", staff, Staff)
    return found.name if found is not None else staff
