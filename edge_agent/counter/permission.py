"""May she? And if not: the order waits until somebody who may has said so, on the spot.

`allow` is called by handlers before they change anything. It either returns (and writes down an approval, if one was
needed), or raises `ApprovalNeeded`; then the transaction is rolled back and the order is kept as `Waiting`, to be
given again with an approver. Nothing remembers an approval beyond the order that it was given for.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import msgspec

from edge_agent.counter.books import Books, Till, is_training, write_down
from edge_agent.journal import till_state
from edge_agent.till.rights import Person, Right, may
from protocol.events import ApprovalGiven

_WAITING = "waiting_order"

PLAYED: frozenset[Right] = frozenset(
    {"cut", "price", "void_receipt", "refund", "refund_unknown", "expired_lot", "voucher_unknown", "payment_override"}
)
"""What is about a receipt: allowed while the till only plays, it is no fact. Drawer and devices are real even then."""


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """An order that waits for somebody's PIN. `detail` and `amount` say what is being allowed.

    `id` tells it from another that waited before: who types a PIN means the one that she sees.
    """

    id: str = ""
    name: str
    fields: dict[str, str]
    right: Right
    asked_by: str
    detail: str = ""
    amount: int | None = None


class ApprovalNeeded(Exception):
    """Who is signed in may not do this alone."""

    def __init__(self, right: Right, detail: str, amount: int | None) -> None:
        super().__init__(right)
        self.right: Right = right
        self.detail = detail
        self.amount = amount


class OtherThanShown(ApprovalNeeded):
    """What would be done now is not what the approver was shown: the list, the receipt or the sum has changed."""


class NobodySignedIn(Exception):
    """The till is locked: somebody signs in first."""


def allow(  # noqa: PLR0913 - what is asked, and how it is told
    books: Books,
    till: Till,
    right: Right,
    *,
    detail: str = "",
    amount: int | None = None,
    within: Callable[[str], bool] = lambda _role: True,
) -> str:
    """Let the order go on, or raise. `within(role)` says if a role's limit is enough; by default every one's is.

    Returns the id of who allowed it on the spot; "" where nobody had to.
    """
    person = books.person
    if person is None:
        raise NobodySignedIn
    if _can(person, right, within):
        return ""
    if books.approver is None or not _can(books.approver, right, within):
        raise ApprovalNeeded(right, detail, amount)
    shown = books.shown
    if shown is not None and shown.right == right and (shown.detail, shown.amount) != (detail, amount):
        raise OtherThanShown(right, detail, amount)
    if right in PLAYED and is_training(books):
        return books.approver.id
    write_down(
        books, till,
        ApprovalGiven(right=right, by=books.approver.id, asked_by=person.id, detail=detail[:512], amount=amount),
    )  # fmt: skip
    return books.approver.id


def keep_waiting(connection: sqlite3.Connection, waiting: Waiting) -> None:
    """Keep an order until it is allowed or given up."""
    till_state.set_preference(connection, _WAITING, msgspec.json.encode(waiting).decode())


def waiting_order(connection: sqlite3.Connection) -> Waiting | None:
    """The order that waits."""
    text = till_state.preference(connection, _WAITING)
    if not text:
        return None
    try:
        return msgspec.json.decode(text, type=Waiting)
    except msgspec.DecodeError:
        return None


def forget_waiting(connection: sqlite3.Connection) -> None:
    """Nothing waits any more."""
    till_state.set_preference(connection, _WAITING, "")


def _can(person: Person, right: Right, within: Callable[[str], bool]) -> bool:
    return may(person.role, right) and within(person.role)
