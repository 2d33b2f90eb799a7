"""A shop that counts, receives and sells at Square and at its tills, and the hub between: all parts, one clock."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from itertools import count

import sqlalchemy as sa

from hardware_sim.vendors.square import People, SquareService, World, inventory
from hardware_sim.vendors.square.world import Fault
from hub.channels.incoming_parts import Incoming
from hub.channels.links import Link, Links
from hub.channels.manifest import Connecting
from hub.channels.part import Opened, Part
from hub.channels.settings import complete
from hub.channels.square.manifest import MANIFEST
from hub.channels.stock_part import StockPart, StockTools
from hub.errors import ChannelUnavailable
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.projections.availability import AvailabilityProjection
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow
from hub.storage.channel_stock import SqlChannelStock
from hub.storage.database import Database
from hub.storage.schema import level
from tests.contract.hub_storage.test_orders_contract import HANOI, TEA, Shop
from tests.contract.square.shop import Clock
from tests.contract.square.wire import Wire
from tests.unit.hub.journals import at, sale

OPENING = 100
HOLDER = "this process"
PARTS = ("stock", "counts", "orders")


class BothWays:
    """The hub's store "hanoi" is Square's location; `truth` is what stands on its shelf, `known` what anybody told."""

    def __init__(self, database: Database) -> None:
        self.clock = Clock()
        self.clock.at = at(1000)
        self.world = World(self.clock)
        self.people = People(self.world)
        self.place = self.people.open_location("High Street")
        self.tea = self.people.list_item("Tea", {TEA: 250})[TEA]
        self.shop = Shop(database)
        self.database = database
        set_stock(self.shop.stores.ledger, HANOI, {TEA: OPENING * 1000}, at(1))
        rows = [
            LinkRow("item", TEA, self.tea, {}, by_hand=True),
            LinkRow("location", HANOI, self.place, {}, by_hand=True),
        ]
        SqlChannelLinks(database).put("sq", rows, at(0))
        self.truth = self.known = OPENING
        self._projection = AvailabilityProjection(database)
        self.till = self.shop.tills[HANOI]
        self.asides = SqlAsideStore(database)
        self.numbers = count(1)
        self.heard_of = 0
        self.wire = Wire(SquareService(self.world))
        self.parts: dict[str, Part] = {}
        self.begin()

    def begin(self) -> None:
        """The hub starts: nothing is remembered but what its database says."""
        links = Links("sq", [Link("item", TEA, self.tea), Link("location", HANOI, self.place)])
        settings = complete("sq", MANIFEST, {"currency": "GBP", "owner_counts": "channel"})
        parts = SqlChannelParts(self.database)
        incoming = {kind.name: kind for kind in Incoming(self.database, self.shop.policy).kinds()}
        for name in PARTS:
            connecting = Connecting(
                "sq", settings, {"access_token": "token-of-a-seller"}, lambda: links, self.clock, self.wire
            )  # fmt: skip
            channel = MANIFEST.open(connecting)
            opened = Opened(
                "sq", MANIFEST, settings, channel, lambda: links, lambda _: None, HOLDER, self.clock()
            )  # fmt: skip
            parts.take("sq", name, HOLDER, self.clock(), self.clock() + timedelta(days=30))
            if name == "stock":
                assert channel.stock is not None
                tools = StockTools(SqlChannelStock(self.database), parts, lambda: 0.5, lambda: 0.0)
                self.parts[name] = StockPart(opened, channel.stock, tools)
            else:
                part = incoming[name].make(opened)
                assert part is not None
                self.parts[name] = part

    def sell_at_till(self, pieces: int) -> None:
        """A till sells, and keeps it in its journal."""
        self.till.append(sale(next(self.numbers), (TEA, pieces * 1000)), self.clock())
        self._move(-pieces)

    def till_is_heard(self) -> None:
        """The hub hears all that the till has."""
        told = len(self.till.events)
        if told > self.heard_of:
            ingest(self.shop.stores.ledger, [self.till.batch(self.heard_of + 1, told)], self.clock())
            self.heard_of = told

    def sell_at_square(self, pieces: int) -> None:
        """Square's own POS sells."""
        self.people.ring_up(self.place, {self.tea: str(pieces)})
        self._move(-pieces)

    def receive(self, pieces: int) -> None:
        """Goods come, and somebody types it at Square."""
        self.people.stir(self.place, self.tea, str(pieces), ("NONE", "IN_STOCK"))
        self._move(pieces)

    def write_off(self, pieces: int) -> None:
        """Goods break, and somebody types it at Square."""
        self.people.stir(self.place, self.tea, str(pieces), ("IN_STOCK", "WASTE"))
        self._move(-pieces)

    def lose(self, pieces: int) -> None:
        """Goods vanish, and nobody knows."""
        self.truth -= pieces

    def count(self) -> None:
        """Somebody counts the shelf at Square."""
        self.people.count(self.place, self.tea, str(self.truth))
        self.known = self.truth

    def run(self, name: str) -> None:
        """A part of the hub does what there is to do."""
        self._projection.advance(self.shop.stores.feeds.heads())
        with suppress(ChannelUnavailable):
            for _ in range(20):
                if self.parts[name].step(self.clock()) > 0:
                    break

    def answer_is_lost(self) -> None:
        """Square writes the next count, and the line breaks."""
        self.world.faults.append(Fault("POST /v2/inventory/changes/batch-create", "lost"))

    def settle(self) -> None:
        """Everybody hears of everything, and a quarter of an hour passes."""
        self.world.faults.clear()
        self.till_is_heard()
        for minutes in (0, 0, 15, 0, 0):
            self.clock.forward(minutes=minutes, seconds=61)
            for name in ("orders", "counts", "stock"):
                self.run(name)

    def levels(self) -> tuple[float, float]:
        """What the hub has, and what Square has in stock (-1: nobody ever counted), in pieces."""
        query = sa.select(level.c.on_hand).where(level.c.store == HANOI, level.c.sku == TEA)
        with self.database.read() as connection:
            on_hand = int(connection.execute(query).scalar_one()) / 1000
        return on_hand, self.offered()

    def offered(self) -> float:
        """The second of `levels`."""
        found = inventory.level(self.world, self.tea, self.place)
        return -1.0 if found is None else float(found)

    def _move(self, pieces: int) -> None:
        self.truth += pieces
        self.known += pieces
