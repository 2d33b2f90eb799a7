"""The words of money: a tender of a till, a payment of a provider, and the line that says what became of both. Pure.

Amounts are minor units, signed: what was given back is negative. A fee is None while nobody knows it, never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple, get_args

import msgspec

TenderState = Literal["taken", "approved", "declined", "cancelled", "unknown"]
PaymentState = Literal["pending", "completed", "failed", "cancelled"]
Outcome = Literal[
    "missing_here", "missing_there", "amount_differs", "refund_of", "fee_differs", "pending", "matched", "void"
]
OUTCOMES: tuple[Outcome, ...] = (
    "missing_here", "missing_there", "amount_differs", "refund_of", "fee_differs", "pending", "matched", "void",
)  # fmt: skip
"""In the order in which people look at them."""

DIFFERENCES: frozenset[Outcome] = frozenset(
    {"missing_here", "missing_there", "amount_differs", "refund_of", "fee_differs"}
)
"""Somebody has to do something about these."""

FoundBy = Literal["", "reference", "refund", "amount_and_time"]
Note = Literal[
    "", "no_sale", "tried_unknown", "tried_declined", "tried_cancelled", "provider_failed", "provider_cancelled",
    "same_reference", "unmapped", "may_come",
]  # fmt: skip

Action = Literal[
    "import_sale", "enter_refund", "give_back", "ask_cashier", "ask_provider", "map_location", "wait", "settled"
]
ACTIONS: tuple[Action, ...] = get_args(Action)
CLOSING: frozenset[Action] = frozenset({"import_sale", "enter_refund", "give_back", "settled"})
"""After these decisions nobody has to look any more; the others say that somebody is at it."""


class Tendered(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A part of a receipt that a provider took or gave back, or (another state than "taken") a try to.

    `key` is "store/terminal/epoch/sequence/number". `original` is the receipt that a refund gives back of.
    `references` is what the till kept of the payment; the ids of its tries are among them.
    """

    key: str
    store: str
    terminal: str
    day: date
    at: datetime
    kind: str
    amount: int
    currency: str
    receipt: str = ""
    original: str = ""
    references: tuple[str, ...] = ()
    state: TenderState = "taken"
    attempt: str = ""


class Paid(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A payment or refund as its provider last told it. `stores` are those behind its location, none if it is unmapped.

    `day` is the day of `at` by the first store's own calendar.
    """

    channel: str
    key: str
    stores: tuple[str, ...]
    day: date
    at: datetime
    kind: str
    state: PaymentState
    amount: int
    currency: str
    fee: int | None = None
    refund_of: str = ""
    order: str = ""
    reference: str = ""


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What became of a tender, a payment, or a pair of them.

    `tendered` and `paid` are 0 for a side that has none, and `paid` for what the provider did not do.
    `about` is the receipt that a refund is of; `apart_ms` how long after the till the provider booked it.
    """

    outcome: Outcome
    store: str
    day: date
    channel: str
    currency: str
    at: datetime
    kind: str
    tender: str | None = None
    payment: str | None = None
    tendered: int = 0
    paid: int = 0
    fee: int | None = None
    fee_expected: int | None = None
    found_by: FoundBy = ""
    note: Note = ""
    apart_ms: int | None = None
    terminal: str = ""
    receipt: str = ""
    reference: str = ""
    about: str = ""

    @property
    def difference(self) -> int:
        """What the provider has more than the till."""
        return self.paid - self.tendered


class FeeRule(NamedTuple):
    """What a provider may take of payments of a kind ("": any) from a day on: millionths, and minor units on top.

    `refunds`: whether the fee of what is given back is "returned" or "kept".
    """

    channel: str
    kind: str
    currency: str
    since: date
    rate_ppm: int
    fixed: int = 0
    refunds: Literal["returned", "kept"] = "kept"


@dataclass(frozen=True)
class DaySum:
    """A store's day at a provider, in one currency. `fees` adds up those that are known."""

    day: date
    store: str
    channel: str
    currency: str
    lines: int
    differences: int
    undecided: int
    tendered: int
    paid: int
    fees: int
    fees_unknown: int
    outcomes: Mapping[str, int]
    reconciled_at: datetime


@dataclass(frozen=True)
class Decision:
    """What somebody decided about a difference; `undoes` is the position of a decision that this one takes back."""

    position: int
    at: datetime
    by: str
    channel: str
    tender: str | None
    payment: str | None
    action: str
    note: str
    outcome: str
    undoes: int | None = None


@dataclass(frozen=True)
class KeptLine:
    """A line as it is kept; `decision` is the one that stands about it, `open` whether somebody still has to look."""

    position: int
    line: Line
    open: bool
    decision: Decision | None = None
