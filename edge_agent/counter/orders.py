"""Carrying an order out: who may, what it does, and the order that waited for a PIN.

`carry_out` is the inside of one transaction. An order that needs an approval raises and leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from edge_agent.counter.books import Books, Outcome, Shown, Till, short
from edge_agent.counter.desk import BadFields, Fields, OrderKind, fill
from edge_agent.counter.permission import (
    ApprovalNeeded,
    NobodySignedIn,
    OtherThanShown,
    allow,
    forget_waiting,
    keep_waiting,
    waiting_order,
)
from edge_agent.till.rights import Person


def carry_out(books: Books, till: Till, kind: OrderKind[Any], order: Fields) -> Outcome:
    """Do what was ordered. Raises ApprovalNeeded, NobodySignedIn."""
    if books.person is None and not kind.by_anybody:
        raise NobodySignedIn
    if kind.right is not None:
        allow(books, till, kind.right)
    outcome: Outcome = kind.work(books, till, order)
    return outcome


def carry_out_waiting(books: Books, till: Till, kinds: Mapping[str, OrderKind[Any]], approver: Person) -> Outcome:
    """Give the order that waits again, with somebody who allows it. It answers for itself: the cart may have changed.

    What the approver may not allow either, or was not shown, leaves nothing behind and goes on waiting.
    Raises NobodySignedIn.
    """
    waiting = waiting_order(books.connection)
    kind = kinds.get(waiting.name) if waiting is not None else None
    if waiting is None or kind is None:
        return Outcome("stale_page")
    try:
        order = fill(kind.fields, waiting.fields)
    except BadFields:  # it waited while the till was updated
        forget_waiting(books.connection)
        return Outcome("stale_page")
    # The transaction itself must go on: the right PIN that was just typed has put an end to earlier wrong ones.
    books.connection.execute("SAVEPOINT approval")
    try:
        shown = Shown(waiting.right, waiting.detail, waiting.amount)
        outcome = carry_out(replace(books, approver=approver, shown=shown), till, kind, order)
    except OtherThanShown as need:
        books.connection.execute("ROLLBACK TO approval")
        keep_waiting(
            books.connection,
            msgspec.structs.replace(waiting, id=till.new_id(), detail=need.detail, amount=need.amount),
        )
        outcome = Outcome("approval_needed", detail=short(need.detail))
    except ApprovalNeeded:
        books.connection.execute("ROLLBACK TO approval")
        outcome = Outcome("may_not", detail=short(approver.name))
    else:
        forget_waiting(books.connection)
        if outcome.notice is None:
            outcome = replace(outcome, notice="approved", good=True, detail=short(approver.name))
        outcome = replace(outcome, journalled=True)
    books.connection.execute("RELEASE approval")
    return outcome
