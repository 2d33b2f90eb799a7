"""A hub with a store, and a Medusa in memory that sells from it: what each does is a call, and nothing happens between.

The hub's stores, its orders and its stock part are the real ones, and so is the connector. Each test, or each example
of one, sells goods of its own on the same stage.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import msgspec

from hardware_sim.vendors.medusa.routes import Call, answer
from hardware_sim.vendors.medusa.seed import PUBLISHABLE_KEY, seeded, told
from hardware_sim.vendors.medusa.shop import Shop, Wrong
from hub.channels.linked import LinkBook
from hub.channels.manifest import Connecting
from hub.channels.medusa.manifest import MANIFEST
from hub.channels.order_intake import said_of
from hub.channels.part import Opened
from hub.channels.stock_part import STOCK_PART, StockTools, make_stock_part
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.projections.availability import AvailabilityProjection
from hub.projections.matters import settle_all
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import LinkRow
from hub.storage.channel_stock import SqlChannelStock
from hub.storage.database import Database
from hub.storage.orders import SqlOrderStore
from hub.storage.settling_orders import AllotmentPolicy
from hub.storage.stores import open_stores
from protocol.documents import Item, Settings
from protocol.events import EventData
from protocol.frame import Key
from protocol.ids import Sku, StoreId
from tests.channel_stage import START, set_up
from tests.unit.hub.journals import Journal

CHANNEL = "web"
DEPOT, ELSEWHERE = "Web warehouse", "Store A"
NEAR, FAR = StoreId("near"), StoreId("far")
STEPS_MAX = 50


class Wire(httpx.BaseTransport):
    """Ends at the shop, in this thread."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        query: dict[str, list[str]] = {}
        for name, value in request.url.params.multi_items():
            query.setdefault(name, []).append(value)
        content = request.read()
        body = json.loads(content, parse_float=Decimal) if content else {}
        call = Call(request.method, request.url.path, query, body, dict(request.headers))
        try:
            said, status = answer(self._shop, call), 200
        except Wrong as wrong:
            said, status = {"type": wrong.kind, "message": wrong.message}, wrong.status
        encoded = msgspec.json.Encoder(decimal_format="number").encode(said)
        return httpx.Response(status, content=encoded, headers={"content-type": "application/json"}, request=request)


@dataclass
class Stage:
    """The hub has two stores; `far` is a place of its own in Medusa, from which the web does not sell."""

    database: Database
    companion: bool
    now: datetime = START
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.shop = seeded(self.tick, companion=self.companion)
        self._ids = told(self.shop, "http://medusa")
        self._http = httpx.Client(base_url="http://medusa", transport=Wire(self.shop))
        body = {"email": self.shop.email, "password": self.shop.password}
        self._http.headers["authorization"] = f"Bearer {self.call('POST', '/auth/user/emailpass', body)['token']}"
        self.stores = open_stores(self.database, new_lineage="one", new_global_key=Key(bytes(32)))
        policy = AllotmentPolicy("nearest", (NEAR, FAR))
        self.orders = SqlOrderStore(self.database, policy)
        self.channel_orders = SqlChannelOrderStore(self.database, policy)
        self.stock = SqlChannelStock(self.database)
        self._projection = AvailabilityProjection(self.database)
        self._links = SqlChannelLinks(self.database)
        self.tills = {store: Journal(store) for store in (NEAR, FAR)}
        for till in self.tills.values():
            self.stores.fleet.add_store(till.store, Settings(store_name=till.store), Key(b"f" * 32), START)
            self.stores.fleet.add_terminal(till.store, till.terminal, "", till.key, START)
        set_up(self.database, kind="medusa")
        self.link(LinkRow("location", NEAR, self.place(DEPOT)), LinkRow("location", FAR, self.place(ELSEWHERE)))
        book = LinkBook(self._links, CHANNEL, lambda: 0.0)
        self.links = book.now
        settings = {"url": "http://medusa", "email": self.shop.email, "currency": "EUR"}
        secrets = {"password": self.shop.password}
        connecting = Connecting(CHANNEL, settings, secrets, book.now, lambda: self.now, Wire(self.shop))
        self.channel = MANIFEST.open(connecting)
        parts = SqlChannelParts(self.database)
        parts.take(CHANNEL, STOCK_PART, "test", START, START + timedelta(days=1))
        tools = StockTools(self.stock, parts, lambda: 0.5, lambda: 0.0)
        opened = Opened(CHANNEL, MANIFEST, settings, self.channel, book.now, lambda _: None, "test", START)
        part = make_stock_part(tools, opened)
        assert part is not None
        self._part = part

    def tick(self) -> datetime:
        """The time, which goes on whenever somebody looks."""
        self.now += timedelta(milliseconds=5)
        return self.now

    def place(self, name: str) -> str:
        """A stock location's id."""
        return str(self._ids["locations"][name])

    def link(self, *links: LinkRow) -> None:
        """Map words."""
        self._links.put(CHANNEL, links, self.now)

    def call(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Do something at Medusa, as its staff or its customers."""
        headers = {"x-publishable-api-key": PUBLISHABLE_KEY}
        done = self._http.request(method, path, json=body, headers=headers)
        assert done.is_success, done.text
        return done.json()

    def sell_something(self, pieces: int, far: int = 0) -> Sku:
        """New goods, with so many pieces in the stores, and told to Medusa."""
        sku = Sku(f"T-{next(self.numbers)}")
        prices = [{"amount": 2, "currency_code": "eur"}]
        variant = {"title": "Default", "sku": sku, "barcode": sku, "prices": prices}
        body = {"title": sku, "status": "published", "variants": [variant]}
        made = self.call("POST", "/admin/products", body)["product"]["variants"][0]
        item = made["inventory_items"][0]["inventory_item_id"]
        self.stores.catalogue.put_items([Item(sku=sku, name=sku, price=2, currency="EUR")], START)
        for store, quantity in ((NEAR, pieces), (FAR, far)):
            set_stock(self.stores.ledger, store, {sku: quantity * 1_000}, START)
        self.link(LinkRow("item", sku, made["id"], {"inventory_item": item}))
        self.push()
        return sku

    def happens(self, store: StoreId, fact: EventData) -> None:
        """Something happens at a till, and the hub hears of it."""
        till = self.tills[store]
        till.append(fact, self.tick(), event_id=f"e{next(self.numbers)}")
        ingest(self.stores.ledger, [till.batch(len(till.events), len(till.events))], self.tick())
        settle_all(self.database, self.tick())

    def push(self) -> None:
        """Let the hub tell Medusa what it has to tell."""
        self._projection.advance(self.stores.feeds.heads())
        for _ in range(STEPS_MAX):
            if self._part.step(self.tick()) > 0:
                return
        raise AssertionError("there is always more to tell")

    def hear(self, order: str) -> None:
        """The hub takes in an order as it is now."""
        assert self.channel.orders is not None
        found = self.channel.orders.order(order)
        assert found is not None
        self.channel_orders.take(said_of(found, CHANNEL, self.links()), self.tick())

    def counted(self, sku: str, line: str) -> int | None:
        """How much of a line the hub has counted; None for one that it does not know to be open."""
        found = self.stock.wanted(CHANNEL, [sku]).lines.get(line)
        return None if found is None else found.quantity // 1_000
