"""What can be read from the hub's database: the `Queries` port and its rows.

Every method is synchronous and may block: the web part calls it in a worker thread, from several threads at once.
Rows are facts at the moment of reading. Quantities are thousandths of the item's unit, amounts are minor units, times
are aware and UTC; `now` is the moment that "today" and "the last hour" are counted from.
The trap: a level that nobody has ever set is unknown, not zero, so it has no row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol

from hub.matters.sums import ReceiptSums
from hub.storage.reading_stock import StockReads
from protocol.events import ShiftSums

StockOrder = Literal["sku", "name", "store", "on_hand", "available", "updated_at"]
SaleOrder = Literal["newest", "slowest"]
AlarmKind = Literal[
    "fork", "parked", "broken_chain", "restored", "oversold", "negative_stock", "bad_frames", "clock",
    "returned_twice", "return_unknown", "voucher_overspent", "transfer_differs", "shift_differs",
    "handed_over_twice", "channel_aside",
]  # fmt: skip
Severity = Literal["bad", "warn", "info"]


@dataclass(frozen=True)
class StoreRow:
    """A store, and what its tills sold on its own calendar's today; `turnover_today` is by currency."""

    store: str
    name: str
    time_zone: str
    currency: str
    sales_today: int = 0
    turnover_today: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class TerminalRow:
    """A terminal as its last status said. `last_seen_at` is None for one that never came.

    `devices` maps a device's name to its state (`protocol.messages.DeviceState`); `problem` is the terminal's own
    words, shown as they are. `backlog` counts facts that the hub has not got yet, `oldest_unsent_at` dates the first.
    """

    store: str
    terminal: str
    online: bool
    backlog: int
    oldest_unsent_at: datetime | None
    last_seen_at: datetime | None
    devices: Mapping[str, str]
    version: str
    epoch: int
    problem: str = ""


@dataclass(frozen=True)
class SaleRow:
    """A sale or a refund in the hub's log. `position` grows with the order of arrival and never repeats.

    `at` is when it was paid, `received_at` when the hub committed it, `latency_ms` the time between, by the
    terminal's corrected clock. A refund's `total` is negative; `item_count` adds up the lines' quantities, in
    thousandths.
    """

    position: int
    at: datetime
    store: str
    terminal: str
    receipt_number: str
    total: int
    currency: str
    item_count: int
    received_at: datetime
    latency_ms: int
    kind: Literal["sale", "refund"] = "sale"


@dataclass(frozen=True)
class SaleLineRow:
    """One line of a receipt as it was printed."""

    sku: str
    name: str
    quantity: int
    unit_price: int
    amount: int


@dataclass(frozen=True)
class SaleDetail:
    """A sale with its lines and how it was paid: (kind, amount) pairs.

    `original` is the receipt that a refund gives back, `exchange` tells that a sale and a refund belong together,
    `discounted` is what promotions and people took off, `allowed_by` who allowed a refund, "" if nobody had to.
    """

    sale: SaleRow
    cashier: str
    lines: Sequence[SaleLineRow]
    tenders: Sequence[tuple[str, int]]
    original: str = ""
    exchange: bool = False
    discounted: int = 0
    allowed_by: str = ""


@dataclass(frozen=True)
class ShiftRow:
    """A shift as its till told of it; `closed_at` is None while it runs. Over is positive, short negative.

    `sums` is the Z report's. `differs` names what the hub adds up otherwise, "" for nothing. `position` orders.
    """

    store: str
    terminal: str
    shift: str
    number: int
    business_day: date
    currency: str
    opened_by: str
    opened_at: datetime
    float_amount: int
    closed_by: str
    closed_at: datetime | None
    expected: int
    counted: int
    over: int
    sums: ShiftSums
    differs: str
    position: int


@dataclass(frozen=True)
class DrawerOpening:
    """The drawer was opened without a receipt, by whom and for which reason."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True)
class ShiftRefund:
    """Money that was given back in a shift; `allowed_by` is "" if the cashier's own limit was enough."""

    at: datetime
    receipt_number: str
    cashier: str
    allowed_by: str
    total: int
    currency: str


@dataclass(frozen=True)
class ShiftDetail:
    """A shift, and what of it somebody should look at; in the order of the till's journal."""

    row: ShiftRow
    openings: Sequence[DrawerOpening] = ()
    refunds: Sequence[ShiftRefund] = ()


@dataclass(frozen=True)
class StockQuery:
    """Which levels to list. `search` is found at the start of a SKU or anywhere in a name, without regard to case.

    `sku` names one SKU exactly.
    """

    search: str = ""
    sku: str | None = None
    store: str | None = None
    negative_only: bool = False
    order: StockOrder = "sku"
    descending: bool = False
    limit: int = 50
    offset: int = 0


@dataclass(frozen=True)
class StockRow:
    """One store's level of one SKU. `available` is what the web may sell, so it is never below zero.

    `safety`, `buffer` (held back while tills cannot be heard) and `expired` are in it already, as is `reserved`.
    """

    store: str
    sku: str
    name: str
    unit: str
    on_hand: int
    reserved: int
    available: int
    updated_at: datetime
    safety: int = 0
    buffer: int = 0
    expired: int = 0


@dataclass(frozen=True)
class StockPage:
    """A page of levels; `total` counts all that match."""

    rows: Sequence[StockRow]
    total: int


@dataclass(frozen=True)
class Availability:
    """What the web may sell of a SKU, by location; `revision` is where it last changed, in the hub's one order.

    A location without a level is left out. A SKU of the catalogue without any level has no locations.
    """

    sku: str
    locations: Sequence[tuple[str, int]]
    revision: int
    unit: str = "piece"


@dataclass(frozen=True)
class AvailabilityChanges:
    """What changed after a revision, oldest first, each SKU once; a reader that has these has all up to `revision`."""

    revision: int
    items: Sequence[Availability]


@dataclass(frozen=True)
class LatencyPoint:
    """Till-to-hub latency of the sales of one minute; a minute without a sale has no point."""

    minute: datetime
    p50_ms: float
    p95_ms: float
    p99_ms: float
    count: int


@dataclass(frozen=True)
class Latency:
    """The minutes, oldest first, and the percentiles over all sales of the span (None without any)."""

    points: Sequence[LatencyPoint]
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    count: int


@dataclass(frozen=True)
class ParkedRow:
    """An event that is kept but not understood; `reason` is `protocol.journal_receiver.ParkReason`."""

    position: int
    store: str
    terminal: str
    epoch: int
    sequence: int
    reason: str
    text: str
    received_at: datetime


@dataclass(frozen=True)
class AlarmRow:
    """Something a person should look at. The dashboard has the words and the remedy for each `kind`.

    `subject` is what it is about (a receipt, a voucher, a transfer, a shift), `text` the facts, in no language.
    Offline stores and faulty devices are told from `TerminalRow`; they are no rows here.
    """

    id: str
    kind: AlarmKind
    severity: Severity
    at: datetime
    store: str = ""
    terminal: str = ""
    sku: str = ""
    quantity: int = 0
    count: int = 0
    subject: str = ""
    text: str = ""


class Queries(StockReads, Protocol):
    """The read side of the hub's database."""

    def stores(self, now: datetime) -> Sequence[StoreRow]:
        """All stores, by name."""
        ...

    def terminals(self) -> Sequence[TerminalRow]:
        """All terminals, by store and terminal."""
        ...

    def recent_sales(
        self,
        limit: int,
        *,
        before: int | None = None,
        store: str | None = None,
        order: SaleOrder = "newest",
        since: datetime | None = None,
    ) -> Sequence[SaleRow]:
        """At most `limit` sales: newest first and below position `before`, or slowest first among those `since`."""
        ...

    def sale(self, position: int) -> SaleDetail | None:
        """One sale with its lines."""
        ...

    def day_sums(self, store: str, day: date) -> Sequence[ReceiptSums]:
        """What a store's business day adds up to, by currency; of what has arrived."""
        ...

    def shifts(self, limit: int, *, store: str | None = None, before: int | None = None) -> Sequence[ShiftRow]:
        """At most `limit` shifts, the last opened first, below position `before`."""
        ...

    def shift(self, store: str, terminal: str, shift: str) -> ShiftDetail | None:
        """One shift with its openings of the drawer and its refunds; None for an unknown one."""
        ...

    def stock(self, query: StockQuery) -> StockPage:
        """A page of levels. Must stay quick with 100,000 rows (an index on SKU; the count may be capped by none)."""
        ...

    def availability(self, skus: Sequence[str]) -> Sequence[Availability]:
        """What the web may sell of these SKUs (at most 100); those that the catalogue does not have are left out."""
        ...

    def availability_changes(self, after: int | None, limit: int) -> AvailabilityChanges:
        """At most `limit` SKUs that changed after revision `after`; None asks for the newest revision alone."""
        ...

    def latency(self, minutes: int, now: datetime) -> Latency:
        """Latency of what was received in the last `minutes`."""
        ...

    def parked(self, limit: int) -> Sequence[ParkedRow]:
        """Parked events that were not replayed yet, newest first."""
        ...

    def alarms(self, limit: int) -> Sequence[AlarmRow]:
        """Open alarms, newest first."""
        ...
