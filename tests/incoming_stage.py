"""A vendor for tests of what comes in: orders and things that change, signed webhooks, and a line that can break."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import msgspec

from hub.channels.incoming import IncomingPart
from hub.channels.incoming_parts import Incoming
from hub.channels.links import Link, Links
from hub.channels.manifest import Connecting, Manifest
from hub.channels.part import Opened
from hub.channels.ports import (
    Channel,
    ChannelCustomer,
    ChannelItem,
    ChannelLine,
    ChannelOrder,
    ChannelPayment,
    ChannelPlace,
    HandedOver,
    Hint,
    Page,
    Unread,
)
from hub.channels.settings import complete
from hub.errors import ChannelUnavailable, ForgedWebhook, UnreadableWebhook
from hub.matters.orders import OrderHead
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.database import Database
from hub.storage.settling_orders import AllotmentPolicy
from tests.channel_stage import START, manifest_of

T = TypeVar("T")
SECRET = b"a shared secret"
WINDOW = timedelta(minutes=5)
HOLDER = "this process"


@dataclass
class Vendor:
    """What the vendor has. Each change gets the next number; a cursor is the number from which on is asked."""

    orders: dict[str, tuple[int, ChannelOrder]] = field(default_factory=dict)
    items: dict[str, tuple[int, ChannelItem]] = field(default_factory=dict)
    people: dict[str, tuple[int, ChannelCustomer]] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    page_size: int = 3
    overlap: int = 2
    away: bool = False
    calls: list[str] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)
    number: int = 0

    def put_order(self, key: str, lines: Mapping[str, int], **more: object) -> ChannelOrder:
        """An order is placed or changed."""
        self.number += 1
        head = OrderHead(order=f"web:{key}", channel="web", number=f"#{key}", placed_at=START)
        fields: dict[str, object] = {"state": "placed", "head": head, **more}
        order = ChannelOrder(
            key=key, version=str(self.number), updated_at=START + timedelta(seconds=self.number),
            lines=[ChannelLine(f"{key}-{sku}", sku, quantity) for sku, quantity in sorted(lines.items())],
            raw=f'{{"id": "{key}"}}'.encode(), **fields,  # type: ignore[arg-type]
        )  # fmt: skip
        self.orders[key] = (self.number, order)
        return order

    def put_item(self, item: ChannelItem) -> None:
        """A thing is added, changed or deleted."""
        self.number += 1
        self.items[item.key] = (self.number, item)

    def put_person(self, person: ChannelCustomer) -> None:
        """Somebody opens an account."""
        self.number += 1
        self.people[person.key] = (self.number, person)

    def changed_people(self, cursor: str) -> Page[ChannelCustomer]:
        """As `changed_orders`."""
        self._called(f"people since {cursor}")
        return self._page(sorted(self.people.values(), key=lambda row: row[0]), cursor)

    def changed_orders(self, cursor: str) -> Page[ChannelOrder]:
        """A page, oldest change first, beginning a little before the cursor."""
        self._called(f"orders since {cursor}")
        rows = sorted(self.orders.values(), key=lambda row: row[0])
        return self._page(rows, cursor)

    def changed_items(self, cursor: str) -> Page[ChannelItem]:
        """As above."""
        self._called(f"items since {cursor}")
        return self._page(sorted(self.items.values(), key=lambda row: row[0]), cursor)

    def order(self, key: str) -> ChannelOrder | None:
        """One order."""
        self._called(f"order {key}")
        if key in self.poisoned:
            raise KeyError(f"{key}: a mistake of the connector's")
        found = self.orders.get(key)
        return None if found is None else found[1]

    def _called(self, words: str) -> None:
        if self.away:
            raise ChannelUnavailable("away")
        self.calls.append(words)

    def _page(self, rows: Sequence[tuple[int, T]], cursor: str) -> Page[T]:
        since = int(cursor or 0)
        new = [row for row in rows if row[0] > since]
        page = new[: self.page_size]
        seen = [row for row in rows if since - self.overlap < row[0] <= since]
        ahead = page[-1][0] if page else since
        unread, self.unread = tuple(self.unread), []
        return Page([row[1] for row in (*seen, *page)], str(ahead), len(new) > len(page), unread)


@dataclass(frozen=True)
class Orders:
    """See OrderSource."""

    vendor: Vendor

    def changed(self, cursor: str) -> Page[ChannelOrder]:
        """See OrderSource."""
        return self.vendor.changed_orders(cursor)

    def order(self, order: str) -> ChannelOrder | None:
        """See OrderSource."""
        return self.vendor.order(order)

    def hand_over(self, parcel: HandedOver, *, may_be_known: bool) -> str:
        """Nobody tells it here."""
        raise NotImplementedError

    def cancel(self, order: str, *, may_be_known: bool) -> None:
        """As above."""
        raise NotImplementedError


@dataclass(frozen=True)
class Catalogue:
    """See CatalogueSource."""

    vendor: Vendor

    def changed(self, cursor: str) -> Page[ChannelItem]:
        """See CatalogueSource."""
        return self.vendor.changed_items(cursor)

    def locations(self) -> Sequence[ChannelPlace]:
        """See CatalogueSource."""
        return ()


@dataclass(frozen=True)
class People:
    """See CustomerSync."""

    vendor: Vendor

    def changed(self, cursor: str) -> Page[ChannelCustomer]:
        """See CustomerSync."""
        return self.vendor.changed_people(cursor)

    def find(self, email: str, phone: str) -> Sequence[ChannelCustomer]:
        """Nobody looks here."""
        raise NotImplementedError

    def put(self, customer: ChannelCustomer) -> str:
        """As above."""
        raise NotImplementedError


@dataclass(frozen=True)
class SignedReader:
    """Webhooks signed with a shared secret over the time and the raw body."""

    def read(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Hint]:
        """See WebhookReader."""
        if not hmac.compare_digest(headers.get("x-signature", ""), signature(headers.get("x-sent-at", ""), body)):
            raise ForgedWebhook("the signature is another")
        sent_at = datetime.fromtimestamp(int(headers["x-sent-at"]), UTC)
        if abs(now - sent_at) > WINDOW:
            raise ForgedWebhook(f"sent at {sent_at}, which is too long ago")
        try:
            said = msgspec.json.decode(body, type=dict[str, str])
        except msgspec.DecodeError as error:
            raise UnreadableWebhook(str(error)) from error
        if said.get("type") != "order":
            return ()
        return [Hint(said["id"], "orders", said.get("order", ""), sent_at)]


def signature(sent_at: str, body: bytes) -> str:
    """What the vendor writes into the header."""
    return hmac.new(SECRET, sent_at.encode() + b"." + body, hashlib.sha256).hexdigest()


def webhook(event: str, order: str = "", *, kind: str = "order", now: datetime = START) -> tuple[dict[str, str], bytes]:
    """A webhook's headers and body."""
    body = msgspec.json.encode({"id": event, "type": kind, "order": order})
    sent_at = str(int(now.timestamp()))
    return {"x-sent-at": sent_at, "x-signature": signature(sent_at, body)}, body


@dataclass
class Taker:
    """Stands for whoever takes in people or money: remembers whom it was given; some it cannot take."""

    found: list[tuple[str, str]] = field(default_factory=list)
    poisoned: set[str] = field(default_factory=set)

    def __call__(self, channel: str, found: Sequence[ChannelCustomer | ChannelPayment], now: datetime) -> None:
        """See CustomerTaker and PaymentTaker."""
        del channel, now
        for one in found:
            if one.key in self.poisoned:
                raise ValueError(f"{one.key}: nobody can have this name")
        self.found += [(one.key, one.version) for one in found]


def vendor_manifest(vendor: Vendor, **more: object) -> Manifest:
    """A kind that takes orders and things from this vendor."""
    channel = Channel(orders=Orders(vendor), catalogue=Catalogue(vendor), customers=People(vendor))
    fields: dict[str, object] = {
        "ports": frozenset({"orders", "catalogue", "customers"}),
        "webhook_reader": _reader,
        **more,
    }
    return manifest_of(lambda _: channel, **fields)


def _reader(connecting: Connecting) -> SignedReader:
    del connecting
    return SignedReader()


def incoming_part(
    database: Database, vendor: Vendor, taker: Taker, port: str = "orders", *, links: Sequence[Link] = (),
    **more: object,
) -> IncomingPart[object]:  # fmt: skip
    """The part that takes in one port of a vendor, held by this process."""
    manifest = vendor_manifest(vendor, **more)
    policy = AllotmentPolicy("nearest", ("hanoi", "hue"))
    incoming = Incoming(database, policy, taker, taker)
    settings = complete("web", manifest, {})
    opened = Opened(
        "web", manifest, settings, manifest.open(Connecting("web", {}, {}, lambda: Links("web", ()), lambda: START)),
        lambda: Links("web", links), lambda _: None, HOLDER, START,
    )  # fmt: skip
    kind = next(kind for kind in incoming.kinds() if kind.name == port)
    part = kind.make(opened)
    assert isinstance(part, IncomingPart)
    SqlChannelParts(database).take("web", port, HOLDER, START, START + timedelta(days=1))
    return part
