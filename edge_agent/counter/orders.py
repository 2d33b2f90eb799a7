"""Carrying an order out: who may, what it does, and the order that waited for a PIN.

`carry_out` is the inside of one transaction. An order that needs an approval raises and leaves nothing behind.
"""

from __future__ import annotations

from typing import Any

from edge_agent.counter.books import Books, Outcome, Till
from edge_agent.counter.desk import Fields, OrderKind
from edge_agent.counter.permission import NobodySignedIn, allow


def carry_out(books: Books, till: Till, kind: OrderKind[Any], order: Fields) -> Outcome:
    """Do what was ordered. Raises ApprovalNeeded, NobodySignedIn."""
    if books.person is None and not kind.by_anybody:
        raise NobodySignedIn
    if kind.right is not None:
        allow(books, till, kind.right)
    outcome: Outcome = kind.work(books, till, order)
    return outcome
