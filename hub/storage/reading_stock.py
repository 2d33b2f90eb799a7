"""Rows and reads about why stock is what it is: explanations, orders, accuracy. A part of the `Queries` port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from hub.matters.orders import OrderOutcome, OrderState, PlacedOrder
from hub.stock.accuracy import Accuracy
from hub.stock.explain import LedgerEntry, Step
from hub.stock.lots import LotLevel
from hub.stock.safety import Rule


class Moved(NamedTuple):
    """How many movements, and what they add up to in thousandths."""

    times: int
    delta: int


class Held(NamedTuple):
    """A promise at a store: `kind` is order or transfer, `key` its id."""

    kind: str
    key: str
    quantity: int


class Coming(NamedTuple):
    """Goods on their way to a store."""

    transfer: str
    from_store: str
    quantity: int


@dataclass(frozen=True)
class Explanation:
    """Why a store's level of a SKU is what it is; quantities are thousandths.

    `counted` is the count that the level stands on, `since` what has moved after it, by kind; `late` came after the
    count had come, of a time that it had seen. `expired` are lots whose day has passed: held back, too. `steps` are a
    page of the ledger, newest first, of `total`.
    """

    store: str
    sku: str
    name: str
    unit: str
    on_hand: int
    reserved: int
    safety: int
    buffer: int
    available: int
    rule: Rule | None
    counted: LedgerEntry | None
    since: Mapping[str, Moved]
    late: Moved
    held: Sequence[Held]
    coming: Sequence[Coming]
    lots: Sequence[LotLevel]
    steps: Sequence[Step]
    total: int
    expired: int = 0


@dataclass(frozen=True)
class OrderRow:
    """A web order in the list; `missing` by SKU, `stores` those that were asked."""

    order: str
    number: str
    channel: str
    placed_at: datetime
    state: OrderState
    way: str
    customer: str
    missing: Mapping[str, int]
    stores: Sequence[str]


@dataclass(frozen=True)
class OrderPage:
    """A page of orders, newest first; `total` counts all that match, `counts` all orders by state."""

    rows: Sequence[OrderRow]
    total: int
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderDetail:
    """An order with its parcels."""

    placed: PlacedOrder
    placed_at: datetime
    cancelled_at: datetime | None
    outcome: OrderOutcome


@dataclass(frozen=True)
class ParkedDetail:
    """A parked event with its bytes; `event_id` and `at` are None when nobody could read them."""

    position: int
    store: str
    terminal: str
    epoch: int
    sequence: int
    reason: str
    text: str
    received_at: datetime
    resolved_at: datetime | None
    event_id: str | None
    raw: bytes


class StockReads(Protocol):
    """What the read side says about stock beyond levels."""

    def explain(
        self, store: str, sku: str, *, limit: int = 50, offset: int = 0, since: datetime | None = None
    ) -> Explanation | None:
        """Why a level is what it is; None where this store never had this SKU."""
        ...

    def in_transit(self, sku: str) -> Mapping[str, int]:
        """What is on its way to each store: sent and not received."""
        ...

    def orders(self, *, state: str = "", limit: int = 50, offset: int = 0) -> OrderPage:
        """Web orders, newest first; of one state only if one is given."""
        ...

    def order(self, order: str) -> OrderDetail | None:
        """One order; None for an unknown one."""
        ...

    def accuracy(self, since: datetime, *, store: str | None = None) -> Sequence[Accuracy]:
        """How right levels were when they were counted, by store and day, newest first."""
        ...

    def rules(self, *, limit: int = 50, offset: int = 0) -> Sequence[Rule]:
        """Rules of safety stock, by store, category and SKU."""
        ...

    def parked_event(self, position: int) -> ParkedDetail | None:
        """One parked event, also one that has come in since."""
        ...
