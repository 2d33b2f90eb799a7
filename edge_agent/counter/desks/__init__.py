"""All desks. A new one is a module beside these and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_agent.counter.desk import Desk, HubQuestionKind, OrderKind, QuestionKind
from edge_agent.counter.desks import (
    accounts,
    asks,
    card_terminal,
    customer_changes,
    customers,
    cuts,
    health,
    holding,
    lookup,
    lots,
    payment,
    people,
    receipts,
    returns,
    sale,
    scanning,
    set_up,
    shift,
    training,
    transfers,
    work,
)

DESKS: tuple[Desk, ...] = (
    scanning.DESK, sale.DESK, asks.DESK, cuts.DESK, holding.DESK, customers.DESK, customer_changes.DESK, lookup.DESK,
    payment.DESK, transfers.DESK, returns.DESK, accounts.DESK, training.DESK, card_terminal.DESK,
    receipts.DESK, people.DESK, shift.DESK, work.DESK, lots.DESK, set_up.DESK, health.DESK,
)  # fmt: skip

ORDERS: Mapping[str, OrderKind[Any]] = {kind.name: kind for desk in DESKS for kind in desk.orders}
QUESTIONS: Mapping[str, QuestionKind[Any] | HubQuestionKind[Any]] = {
    kind.name: kind for desk in DESKS for kind in desk.questions
}

assert len(ORDERS) == sum(len(desk.orders) for desk in DESKS), "two desks have an order of the same name"
assert len(QUESTIONS) == sum(len(desk.questions) for desk in DESKS), "two desks have a question of the same name"
