"""A seller with two locations and some goods, our connector beside it, and a clock in the test's hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from hardware_sim.vendors.square import People, SquareService, World, inventory
from hub.channels.links import Link, Links
from hub.channels.manifest import Connecting
from hub.channels.ports import (
    Channel,
    ChannelCustomer,
    ChannelOrder,
    ChannelPayment,
    CountedOrders,
    Page,
    Pushed,
    StockTarget,
    Unread,
)  # fmt: skip
from hub.channels.square.manifest import MANIFEST
from tests.contract.square.wire import Wire

START = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
URL = "https://hub.example/hooks/square"
KEY = "a signature key"
_PAGES_MAX = 1_000
T = TypeVar("T")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        """The time."""
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


@dataclass
class Shop:
    """Everything that a test needs; `wire.wrong` is empty or the test fails."""

    clock: Clock
    world: World
    people: People
    service: SquareService
    wire: Wire
    links: list[Link]
    channel: Channel
    places: list[str]
    goods: Mapping[str, str]
    connecting: Connecting = field(repr=False)

    def level(self, sku: str, place: int = 0) -> Decimal | None:
        """What Square has in stock."""
        return inventory.level(self.world, self.goods[sku], self.places[place])

    def stock(
        self, levels: Mapping[str, int], heard: Mapping[str, int] | None = MappingProxyType({}), place: int = 0
    ) -> list[Pushed]:
        """Push levels (pieces) to a location; `heard` is what was ordered of lines when the hub last heard."""
        assert self.channel.stock is not None
        targets = [StockTarget(sku, self.places[place], pieces * 1000) for sku, pieces in levels.items()]
        return list(self.channel.stock.push(targets, CountedOrders({}, heard)))

    def orders(self, cursor: str) -> tuple[list[ChannelOrder], list[Unread], str]:
        """All that changed since a cursor."""
        assert self.channel.orders is not None
        return read_all(self.channel.orders.changed, cursor)

    def payments(self, cursor: str) -> tuple[list[ChannelPayment], list[Unread], str]:
        """As `orders`."""
        assert self.channel.payments is not None
        return read_all(self.channel.payments.changed, cursor)

    def people_found(self, cursor: str) -> tuple[list[ChannelCustomer], list[Unread], str]:
        """As `orders`."""
        assert self.channel.customers is not None
        return read_all(self.channel.customers.changed, cursor)

    def heard(self, where: str) -> int:
        """How many requests began with `METHOD /path`."""
        return sum(f"{each.method} {each.path}".startswith(where) for each in self.service.heard)


def read_all(changed: Callable[[str], Page[T]], cursor: str) -> tuple[list[T], list[Unread], str]:
    """Follow a port's pages to the end of the round."""
    found: list[T] = []
    unread: list[Unread] = []
    for _ in range(_PAGES_MAX):
        page = changed(cursor)
        found += page.found
        unread += page.unread
        cursor = page.cursor
        if not page.more:
            return found, unread, cursor
    raise AssertionError("no end of pages")


def open_shop(settings: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None) -> Shop:
    """Two locations, mapped to two stores; tea (A-1) and cups (B-1, B-2), mapped to the same SKUs."""
    clock = Clock()
    world = World(clock, notification_url=URL, signature_key=KEY)
    people = People(world)
    places = [people.open_location("High Street"), people.open_location("Station", status="INACTIVE")]
    vat = people.tax("VAT", "20.0")
    goods = {
        **people.list_item("Tea", {"A-1": 250}, tax_ids=[vat]), **people.list_item("Cup", {"B-1": 700, "B-2": 800}),
    }  # fmt: skip
    links = [*_links("location", zip(("S1", "S2"), places, strict=True)), *_links("item", goods.items())]
    service = SquareService(world)
    wire = Wire(service)
    connecting = Connecting(
        "square",
        {
            **{each.name: each.default or "" for each in MANIFEST.settings if not each.secret},
            "currency": "GBP",
            "notification_url": URL,
            **(settings or {}),
        },
        {"access_token": "token-of-a-seller", "signature_key": KEY, **(secrets or {})},
        lambda: Links("square", links),
        clock,
        wire,
    )
    channel = MANIFEST.open(connecting)
    return Shop(clock, world, people, service, wire, links, channel, places, goods, connecting)


def _links(kind: str, pairs: Iterable[tuple[str, str]]) -> list[Link]:
    return [Link(kind, ours, theirs) for ours, theirs in pairs]  # type: ignore[arg-type]
