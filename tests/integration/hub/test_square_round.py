"""A real hub and a Square account: stock out, orders and sales in, webhooks lost, doubled and out of order."""

from __future__ import annotations

import random
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from hardware_sim.vendors.square import People, SquareService, World, inventory
from hardware_sim.vendors.square.world import Delivery, Fault
from hub.app import Hub
from hub.config import now
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.storage import schema
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow
from hub.storage.channel_setups import SqlChannelSetups
from protocol.documents import Item, Settings
from protocol.events import EventData, OrderHandedOver, StockLine
from protocol.frame import Key
from protocol.ids import Sku, StoreId, store_feed
from tests.contract.square.served import served
from tests.integration.hub.conftest import embedded_config, eventually, running_hub
from tests.unit.hub.journals import Journal, sale

pytestmark = [pytest.mark.timeout(300), pytest.mark.slow]
HANOI, TEA = StoreId("hanoi"), Sku("tea")
KEY = "a signature key"


@dataclass
class Chain:
    """The hub with a store and a till, and Square with a location and the same tea."""

    hub: Hub
    world: World
    people: People
    place: str
    tea: str
    till: Journal
    chance: random.Random

    def tell(self, data: EventData) -> None:
        """The till's journal has a new fact, and the hub hears of it."""
        self.till.append(data, now())
        count = len(self.till.events)
        ingest(self.hub.data.stores.ledger, [self.till.batch(count, count)], now())

    def offered(self) -> float:
        """What Square has in stock, -1 for what nobody ever counted."""
        level = inventory.level(self.world, self.tea, self.place)
        return -1.0 if level is None else float(level)

    def on_hand(self) -> int:
        """What the hub has, in pieces."""
        query = sa.select(schema.level.c.on_hand).where(schema.level.c.store == HANOI, schema.level.c.sku == TEA)
        with self.hub.data.database.read() as connection:
            return int(connection.execute(query).scalar_one()) // 1000

    def deliver(self, *, lose: float = 0.0) -> None:
        """Square's webhooks arrive: out of order, some twice, some never."""
        waiting, self.world.deliveries = self.world.deliveries, []
        self.chance.shuffle(waiting)
        for one in waiting:
            if self.chance.random() >= lose:
                for _ in range(self.chance.choice((1, 2))):
                    assert bring(one) == 200

    def settles(self, offered: int, on_hand: int) -> None:
        """Both sides come to these numbers, and stay there."""
        eventually(lambda: (self.offered(), self.on_hand()) == (offered, on_hand), f"{offered} there, {on_hand} here")
        time.sleep(3)
        self.deliver()
        assert (self.offered(), self.on_hand()) == (offered, on_hand)


def bring(one: Delivery) -> int:
    """What Square's server sends; returns the hub's status."""
    request = urllib.request.Request(one.url, data=one.body, headers=one.headers, method="POST")  # noqa: S310 - our hub
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@contextmanager
def chain_in(folder: Path) -> Iterator[Chain]:
    """Nine teas in the hub; at Square nobody has ever counted."""
    world = World(lambda: datetime.now(UTC), currency="GBP")  # noqa: TID251 - the hub has the PC's clock, too
    people = People(world)
    place = people.open_location("High Street")
    tea = people.list_item("Tea", {"tea": 250})["tea"]
    till = Journal(HANOI)
    with served(SquareService(world)) as server, running_hub(embedded_config(folder)) as hub:
        assert hub.web_address is not None
        world.notification_url = f"http://127.0.0.1:{hub.web_address[1]}/v1/channels/sq/webhooks"
        world.signature_key = KEY
        stores = hub.data.stores
        stores.catalogue.put_items([Item(sku=TEA, name="Tea", price=250, currency="GBP")], now())
        stores.fleet.add_store(HANOI, Settings(store_name="Hanoi", currency="GBP"), Key(b"f" * 32), now())
        stores.fleet.add_terminal(HANOI, till.terminal, "", till.key, now())
        set_stock(stores.ledger, HANOI, {TEA: 9_000}, now())
        setups = SqlChannelSetups(hub.data.database)
        given = {"base_url": server.url, "currency": "GBP", "notification_url": world.notification_url}
        setups.add("sq", "square", given, now())
        setups.set_secret("sq", "access_token", "token-of-a-seller", now())
        setups.set_secret("sq", "signature_key", KEY, now())
        SqlChannelLinks(hub.data.database).put("sq", [LinkRow("location", HANOI, place, {}, by_hand=True)], now())
        setups.enable("sq", now(), enabled=True)
        yield Chain(hub, world, people, place, tea, till, random.Random(7))  # noqa: S311 - a test's


def test_the_whole_round_with_square(tmp_path: Path) -> None:
    """Each unit is counted once on both sides, whoever sold it, promised it, handed it over or brought it back."""
    with chain_in(tmp_path) as chain:
        chain.settles(9, 9)  # the catalogue linked tea to its SKU by itself, and stock went out
        sold = chain.people.ring_up(chain.place, {chain.tea: "2"})
        chain.deliver()
        chain.settles(7, 7)
        order = chain.people.order(chain.place, {chain.tea: "3"})
        chain.deliver(lose=0.5)
        eventually(
            lambda: bool(chain.hub.data.stores.documents.documents(store_feed(HANOI), "pick")), "the till has a pick"
        )
        chain.settles(4, 7)
        chain.tell(sale(1, (TEA, 1_000), currency="GBP"))
        chain.settles(3, 6)
        lines = (StockLine(sku=TEA, quantity=3_000),)
        chain.tell(OrderHandedOver(order=f"sq:{order['id']}", by="an", lines=lines))
        eventually(lambda: order["state"] == "COMPLETED", "Square hears that it was handed over")
        chain.deliver()
        chain.settles(3, 3)
        chain.people.bring_back(sold, {chain.tea: "1"})
        chain.deliver()
        chain.settles(4, 4)
        forged = chain.world.signed({"type": "order.created", "event_id": "x", "created_at": chain.world.stamp()})
        forged.body += b" "
        assert bring(forged) == 401


def test_square_is_away_for_a_while_and_all_is_caught_up(tmp_path: Path) -> None:
    """Tills sell, Square sells, both unheard: when the line is back, nothing is lost and nothing doubled."""
    with chain_in(tmp_path) as chain:
        chain.settles(9, 9)
        away = Fault("", "down", times=1_000_000)
        chain.world.faults.append(away)
        for number in range(3):
            chain.tell(sale(number + 1, (TEA, 1_000), currency="GBP"))
        chain.people.ring_up(chain.place, {chain.tea: "1"})
        time.sleep(2)
        assert chain.offered() == 8
        chain.world.faults.append(Fault("POST /v2/inventory", "lost", times=1))
        away.times = 0
        chain.deliver()
        chain.settles(5, 5)


def test_what_people_count_at_square_comes_in_where_the_shop_says_so(tmp_path: Path) -> None:
    """Overwritten first; then a count, goods received and goods lost, with sales of both sides around them."""
    with chain_in(tmp_path) as chain:
        chain.settles(9, 9)
        chain.people.count(chain.place, chain.tea, "20")
        chain.deliver()
        chain.tell(sale(1, (TEA, 1_000), currency="GBP"))
        chain.settles(8, 8)
        setups = SqlChannelSetups(chain.hub.data.database)
        setups.set("sq", {**setups.get("sq").settings, "owner_counts": "channel"}, now())
        parts = SqlChannelParts(chain.hub.data.database)
        eventually(lambda: bool(parts.state("sq", "counts").cursor), "the history is looked at")
        time.sleep(0.1)
        chain.people.count(chain.place, chain.tea, "6")
        time.sleep(0.1)  # Square tells milliseconds, and what happened in that of a count was seen by it
        chain.people.ring_up(chain.place, {chain.tea: "1"})
        chain.people.stir(chain.place, chain.tea, "5", ("NONE", "IN_STOCK"))
        chain.people.stir(chain.place, chain.tea, "2", ("IN_STOCK", "WASTE"))
        chain.tell(sale(2, (TEA, 1_000), currency="GBP"))
        chain.deliver()
        chain.settles(7, 7)
        chain.people.count(chain.place, chain.tea, "7")
        chain.deliver()
        chain.settles(7, 7)
