"""What a channel can be to the hub: seven small ports, and the neutral words that go through them.

A channel (a headless shop, another POS, a payment provider) implements those that its vendor allows and says so in its
manifest. The framework calls a port from one thread at a time, and opens a channel once for each part of its work, so
that they share nothing; calls block. Everything here is in the hub's own words:
SKUs, store ids, thousandths, minor units. Where the vendor's words are needed, `Links` translates.

Every call raises ChannelError's children and nothing else: ChannelUnavailable (try again later), ChannelRefused (the
vendor said no to this very thing), ChannelUnauthorised (to everything), OutcomeUnknown (it may have happened: look
before it is sent again), UnmappedWord (a word of theirs, or ours, has no counterpart).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, runtime_checkable

from hub.channels.pages import Page as Page  # noqa: PLC0414 - a channel finds all words here
from hub.channels.pages import Unread as Unread  # noqa: PLC0414 - a channel finds all words here
from hub.channels.stock_facts import StockFact as StockFact  # noqa: PLC0414 - a channel finds all words here
from hub.channels.stock_facts import StockSource as StockSource  # noqa: PLC0414 - a channel finds all words here
from hub.matters.counted import CountedLine
from hub.matters.orders import OrderHead
from protocol.documents import Item
from protocol.events import SaleCompleted, SaleRefunded

PortName = Literal["stock", "counts", "orders", "sales", "customers", "catalogue", "payments"]
"""What a manifest says that a channel can do, one word a port."""

# stock out


class StockTarget(NamedTuple):
    """What the channel may offer of a SKU at one of its locations: `available` thousandths, not less than 0.

    `location` is the channel's own id; several of our stores may stand behind one location, then it is their sum.
    """

    sku: str
    location: str
    available: int


@dataclass(frozen=True)
class CountedOrders:
    """The channel's orders that `available` has already been lessened by, as of the moment it was read.

    A channel that subtracts its own open orders from what it is told must be told more by those, and only by those:
    orders that the hub has not heard of stay subtracted, and so does what a known one has grown by. `lines` has the
    open lines of the targets' SKUs, by the channel's own id of a line: of each, give back the lesser of what the
    channel keeps and `CountedLine.still`.

    `heard` is for a channel that takes goods out once, when they are paid, and is told absolute levels: how much was
    ordered of a line when the hub last heard of it, for lines that are open and for all of orders that were taken in
    within the last hour. What was sold there lately beyond that is to be taken off (None: not told).
    """

    lines: Mapping[str, CountedLine] = field(default_factory=dict)
    heard: Mapping[str, int] | None = None


class Pushed(NamedTuple):
    """What became of a target. "again": the channel's side changed meanwhile, so it is pushed anew at once."""

    target: StockTarget
    outcome: Literal["done", "again", "refused"]
    words: str = ""


class StockSink(Protocol):
    """Takes availability. One call at a time per channel: nobody else writes these levels."""

    @property
    def batch_max(self) -> int:
        """How many targets go into one call."""
        ...

    def push(self, targets: Sequence[StockTarget], counted: CountedOrders) -> Sequence[Pushed]:
        """Make the channel offer exactly this. Absolute, so it may be sent again; one answer for each target."""
        ...


# orders in


@dataclass(frozen=True)
class ChannelLine:
    """A line of an order as it is now. `quantity` is what is ordered; 0 when it was taken off.

    `fulfilled` and `returned` are what the channel itself says has left and has come back, in thousandths.
    """

    line: str
    sku: str
    quantity: int
    name: str = ""
    fulfilled: int = 0
    returned: int = 0


@dataclass(frozen=True)
class ReturnedGoods:
    """Goods that a customer sent back and the channel booked as received, once: `key` is the channel's id of that."""

    key: str
    store: str
    at: datetime
    goods: Mapping[str, int]


@dataclass(frozen=True)
class LeftGoods:
    """Goods that left a store by the channel's word (its own staff shipped them, not a till), once per `key`.

    `ours` is the `HandedOver.key` that the connector wrote there, if this is what became of it: such goods were moved
    by the till. Where a channel has no room for it, "": then it is told by quantities.
    """

    key: str
    store: str
    at: datetime
    goods: Mapping[str, int]
    ours: str = ""


@dataclass(frozen=True)
class ChannelOrder:
    """An order of a channel, as it is now. `head.order` is its id at the hub: "CHANNEL:THEIR-ID".

    `key` is the channel's id, `version` changes whenever the order does (it is compared for equality only). `own` says
    that this is the echo of something that the hub itself wrote there (a till's sale): it is noted and not taken in.
    `returned_once` says that the channel tells each return once, and not with every later state of the order: what was
    told before stays.
    """

    key: str
    version: str
    updated_at: datetime
    head: OrderHead
    state: Literal["placed", "cancelled"]
    lines: Sequence[ChannelLine]
    customer: ChannelCustomer | None = None
    left: Sequence[LeftGoods] = ()
    returned: Sequence[ReturnedGoods] = ()
    own: bool = False
    returned_once: bool = False
    raw: bytes = b""


@dataclass(frozen=True)
class HandedOver:
    """A parcel left a store; `goods` by SKU. `key` names this very hand-over for good: the same is never told twice."""

    key: str
    order: str
    store: str
    goods: Mapping[str, int]
    at: datetime


class OrderSource(Protocol):
    """Gives orders, and is told what became of them. `order` arguments are the channel's own ids."""

    def changed(self, cursor: str) -> Page[ChannelOrder]:
        """Orders that changed since `cursor` ("": from when the channel was connected), oldest change first."""
        ...

    def order(self, order: str) -> ChannelOrder | None:
        """One order as it is now; None when the channel does not know it."""
        ...

    def hand_over(self, parcel: HandedOver, *, may_be_known: bool) -> str:
        """Tell that a parcel left; returns the channel's id of it. With `may_be_known` it looks first."""
        ...

    def cancel(self, order: str, *, may_be_known: bool) -> None:
        """Cancel what has not left; money that was taken goes back by the channel's own way."""
        ...


# sales out


@dataclass(frozen=True)
class TillReceipt:
    """A sale or a refund as the till told it. `key` names it for good; `original` is what a refund gives back of."""

    key: str
    store: str
    terminal: str
    at: datetime
    data: SaleCompleted | SaleRefunded
    original: str = ""


class SaleSink(Protocol):
    """Keeps a record of what tills sold, without moving the channel's stock."""

    def record(self, receipt: TillReceipt, *, may_be_known: bool) -> str:
        """Record it and return the channel's id; what is there already is completed, never doubled.

        With `may_be_known` an earlier try had no known end: the connector looks before it writes.
        """
        ...


# people


@dataclass(frozen=True)
class ChannelCustomer:
    """A person as a channel knows her. `phone` is E.164 or "", `email` in lower case or ""; consent None: not said."""

    key: str
    version: str
    name: str = ""
    email: str = ""
    phone: str = ""
    consent: bool | None = None
    deleted: bool = False
    ours: str = ""


class CustomerSync(Protocol):
    """People, both ways."""

    def changed(self, cursor: str) -> Page[ChannelCustomer]:
        """People who changed since `cursor`."""
        ...

    def find(self, email: str, phone: str) -> Sequence[ChannelCustomer]:
        """Those who have this address or this number, exactly."""
        ...

    def put(self, customer: ChannelCustomer) -> str:
        """Add (empty `key`) or change a person; returns the channel's id. Looks before it adds."""
        ...


# goods in


@dataclass(frozen=True)
class ChannelItem:
    """A thing that a channel sells. `item.sku` is its SKU there; `key` the channel's id, `place` more ids, if it needs.

    Without a SKU nobody can tell what it is: such things come as `Unread`.
    """

    key: str
    version: str
    item: Item
    place: Mapping[str, str] = field(default_factory=dict)
    deleted: bool = False


class CatalogueSource(Protocol):
    """What a channel sells."""

    def changed(self, cursor: str) -> Page[ChannelItem]:
        """Things that changed since `cursor`."""
        ...

    def locations(self) -> Sequence[ChannelPlace]:
        """The channel's own stock locations, shops or outlets, for the mapping."""
        ...


@runtime_checkable
class Rewindable(Protocol):
    """A port whose `changed` can begin at an earlier moment: for a backfill, and for what is parked and tried again.

    A port of people or money whose empty cursor is of the present moment must be one.
    """

    def cursor_at(self, since: datetime) -> str:
        """The cursor from which `changed` gives everything since then."""
        ...


class ChannelPlace(NamedTuple):
    """A location of a channel."""

    key: str
    name: str


# money


@dataclass(frozen=True)
class ChannelPayment:
    """Money as a provider tells it, in minor units; a refund's `amount` is negative, and so are fees.

    `fee` is None while it is not known. `kind` is our word for the tender. `reference` is what our till kept of it.
    """

    key: str
    version: str
    at: datetime
    location: str
    kind: str
    state: Literal["pending", "completed", "failed", "cancelled"]
    amount: int
    currency: str
    fee: int | None = None
    refund_of: str = ""
    order: str = ""
    reference: str = ""


class PaymentSource(Protocol):
    """What a provider took and gave back."""

    def changed(self, cursor: str) -> Page[ChannelPayment]:
        """Payments and refunds that changed since `cursor`, of all locations."""
        ...

    def between(self, start: datetime, end: datetime, locations: Collection[str]) -> Sequence[ChannelPayment]:
        """All payments and refunds of a span of time (`end` excluded), for reconciling."""
        ...


# hints


@dataclass(frozen=True)
class Hint:
    """What a verified webhook says changed. It is a hint: the truth is asked for. `key` "" means: look at all.

    `event` names this very webhook, so that the same one is taken once; `port` says whose cursor to move.
    """

    event: str
    port: PortName
    key: str = ""
    at: datetime | None = None


class WebhookReader(Protocol):
    """Reads and verifies webhooks. Pure: no call to anybody."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Hint]:
        """What it says, once it has proved to be the vendor's; header names are in lower case.

        An empty answer: knowingly of no interest. Raises ForgedWebhook (signature, address or age), and
        UnreadableWebhook for one that is genuine and not understood: it is kept and parked.
        """
        ...


@dataclass(frozen=True)
class Channel:
    """A connected channel: the ports that it has. `close` ends its connections."""

    stock: StockSink | None = None
    counts: StockSource | None = None
    orders: OrderSource | None = None
    sales: SaleSink | None = None
    customers: CustomerSync | None = None
    catalogue: CatalogueSource | None = None
    payments: PaymentSource | None = None
    webhooks: WebhookReader | None = None
    close: Callable[[], None] = lambda: None
