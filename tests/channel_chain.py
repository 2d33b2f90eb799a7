"""A chain with two stores and a web shop, for tests of channels: tills sell, the shop is told, the test moves the time.

No thread: a step of a part is a call.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import httpx

from hub.channels.attempt import PartAttempts, Trying
from hub.channels.journal_part import make_journal_part
from hub.channels.linked import LinkBook
from hub.channels.manifest import Connecting, Manifest
from hub.channels.outbox_part import OUT_PART, SALES_PART, OutboxTools, make_out_part, make_sales_part
from hub.channels.part import Opened, Part, PartKind
from hub.channels.settings import complete
from hub.channels.stock_part import STOCK_PART, StockTools, make_stock_part
from hub.ingest.replay import replay
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.matters.channel_orders import SaidOrder
from hub.projections.availability import AvailabilityProjection
from hub.projections.matters import settle_all
from hub.storage.channel_journals import JOURNAL_PART, SqlChannelJournals
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.channel_outbox import SqlOutbox
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
from tests.channel_stage import START, Clock, runner_stores, set_up
from tests.channels.pretend.manifest import MANIFEST
from tests.channels.pretend.shop import Shop
from tests.unit.hub.channel_facts import said_order
from tests.unit.hub.journals import Journal
from tests.unread import take_unread

HANOI, HUE = StoreId("hanoi"), StoreId("hue")
TEA, PHO = Sku("tea"), Sku("pho")
ITEMS = (TEA, PHO)


@dataclass
class Process:
    """A hub process: its parts of the channel "web"; one that died does nothing more."""

    name: str
    parts: Mapping[str, PartAttempts]

    def step(self, part: str) -> float:
        """One try of a part."""
        return self.parts[part].attempt()


class Chain:
    """Two stores with tea and pho, their tills, and the web shop's channel; what is in the shop is in `shop`."""

    def __init__(
        self,
        database: Database,
        *,
        skus: tuple[Sku, ...] = ITEMS,
        manifest: Manifest = MANIFEST,
        journals: type[SqlChannelJournals] = SqlChannelJournals,
    ) -> None:
        self.database = database
        self._journals = journals
        self.clock = Clock()
        self.shop = Shop()
        self.stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
        policy = AllotmentPolicy("nearest", (HANOI, HUE))
        self.orders, self.channel_orders = SqlOrderStore(database, policy), SqlChannelOrderStore(database, policy)
        self.tables = runner_stores(database)
        self.outbox = SqlOutbox(database)
        self.stock = SqlChannelStock(database)
        self.journals = SqlChannelJournals(database)
        self.tills = {store: Journal(store) for store in (HANOI, HUE)}
        self._manifest = manifest
        self.more: Callable[[OutboxTools], Mapping[str, PartKind]] = lambda _: {}
        self._projection = AvailabilityProjection(database)
        self._ids: Iterator[int] = itertools.count(1)
        self._versions: Iterator[int] = itertools.count(1)
        items = [Item(sku=sku, name=sku, price=1, currency="VND") for sku in skus]
        self.stores.catalogue.put_items(items, START)
        for till in self.tills.values():
            self.stores.fleet.add_store(till.store, Settings(store_name=till.store), Key(b"f" * 32), START)
            self.stores.fleet.add_terminal(till.store, till.terminal, "", till.key, START)
            set_stock(self.stores.ledger, till.store, dict.fromkeys(skus, 9_000), START)
        self.number()
        set_up(database, kind=manifest.kind)
        self.link(*(LinkRow("item", sku, f"v-{sku}") for sku in skus))
        self.link(*(LinkRow("location", store, "ware") for store in self.tills))

    def link(self, *links: LinkRow) -> None:
        """Map words."""
        self.tables.links.put("web", links, self.clock.now)

    def tell(self, store: StoreId, *facts: EventData, heard: bool = True) -> list[str]:
        """Things happen at a store's till; the hub hears of all that has happened there, unless it is offline.

        Returns their ids.
        """
        till = self.tills[store]
        ids = [f"e{next(self._ids)}" for _ in facts]
        for fact, event_id in zip(facts, ids, strict=True):
            till.append(fact, self.clock.now, event_id=event_id)
        if heard:
            ingest(self.stores.ledger, [till.batch(1, len(till.events))], self.clock.now)
            self.number()
        return ids

    def tell_unread(self, store: StoreId, fact: EventData, *, named: bool = True) -> str:
        """A thing happens at a store's till, and the hub cannot read it (`named`: but its id). Returns its id."""
        till = self.tills[store]
        if till.events:
            self.tell(store)
        event_id = f"e{next(self._ids)}"
        sealed = till.append(fact, self.clock.now, event_id=event_id)
        take_unread(self.stores.ledger, till.epoch_key, sealed, self.clock.now, named=named)
        return event_id

    def count_in(self) -> int:
        """Another version of the hub can read what is parked; returns how many that were."""
        ledger = self.stores.ledger
        done = sum(replay(ledger, ledger, store, self.clock.now) for store in self.tills)
        self.number()
        return done

    def number(self) -> None:
        """Number what changed for the web, as the control thread does."""
        self._projection.advance(self.stores.feeds.heads())

    def order(self, key: str, *lines: tuple[str, int], counted: bool = True) -> None:
        """A web order comes in: the shop reserves it, the hub takes it in (unless it has not heard of it yet)."""
        for sku, quantity in lines:
            self.shop.reservations[f"{key}-{sku}"] = (sku, "ware", quantity)
        if counted:
            self.take_in(key, *lines)

    def take_in(self, key: str, *lines: tuple[str, int]) -> None:
        """The hub hears of an order of the shop, or of how it is now."""
        self.take(said_order(next(self._versions), dict(lines), key=key))

    def take(self, said: SaidOrder) -> None:
        """The hub takes in a state of an order."""
        self.channel_orders.take(said, self.clock.now)
        self.number()

    def settle(self) -> None:
        """Let matters follow."""
        settle_all(self.database, self.clock.now)
        self.number()

    def process(self, name: str = "a", database: Database | None = None) -> Process:
        """Start a hub process: every part of the channel, opened anew, over a connection of its own if one is given."""
        own = database or self.database
        journals, parts = self._journals(own), SqlChannelParts(own)
        clock = self.clock
        outbox = OutboxTools(SqlOutbox(own), clock.wall, clock.clock_s, clock.chance)
        stock = StockTools(SqlChannelStock(own), parts, clock.chance, clock.clock_s)
        kinds = {
            STOCK_PART: PartKind(STOCK_PART, lambda opened: make_stock_part(stock, opened)),
            JOURNAL_PART: PartKind(JOURNAL_PART, lambda opened: make_journal_part(journals, (SALES_PART,), opened)),
            SALES_PART: PartKind(SALES_PART, lambda opened: make_sales_part(outbox, journals, opened), alone=False),
            OUT_PART: PartKind(OUT_PART, lambda opened: make_out_part(outbox, opened), alone=False),
            **self.more(outbox),
        }
        found = {part: self._open(name, kind, parts) for part, kind in kinds.items()}
        return Process(name, found)

    def run(self, *processes: Process, rounds: int = 60, pace_s: float = 0.1) -> None:
        """Let processes work, and time pass between, `pace_s` at least."""
        for _ in range(rounds):
            waits = [self.work(process, part) for process in processes for part in process.parts]
            self.clock.pass_s(max(pace_s, min(waits)))

    def work(self, process: Process, part: str, steps: int = 20) -> float:
        """Let a part work as long as it says that there is more; returns seconds until it wants to be called."""
        wait_s = 0.0
        for _ in range(steps):
            wait_s = process.step(part)
            if process.parts[part].reopen:
                self.reopen(process, part)
            if wait_s > 0:
                break
        return wait_s

    def reopen(self, process: Process, part: str) -> None:
        """Open a part anew, with the keys that are good now."""
        tries = process.parts[part]
        self.tables.setups.set_secret("web", "token", self.shop.token, self.clock.now)
        made = tries.kind.make(self._opened(process.name))
        assert made is not None
        tries.take_over(made)

    def told(self, part: str) -> str:
        """Why a part fails; "" if it does not."""
        return self.tables.parts.state("web", part).problem

    def available(self, sku: str) -> int:
        """What the shop may sell of a SKU, by the hub's own reckoning."""
        (want,) = self.stock.wanted("web", [sku]).levels
        return want.available

    def _open(self, name: str, kind: PartKind, parts: SqlChannelParts) -> PartAttempts:
        part: Part | None = kind.make(self._opened(name))
        assert part is not None
        trying = Trying(parts, name, self.clock.wall, self.clock.chance)
        return PartAttempts("web", kind, part, trying)

    def _opened(self, holder: str) -> Opened:
        setup = self.tables.setups.get("web")
        settings = complete("web", self._manifest, setup.settings)
        book = LinkBook(self.tables.links, "web", self.clock.clock_s)
        connecting = Connecting(
            "web", settings, self.tables.setups.secrets("web"), book.now, self.clock.wall,
            httpx.MockTransport(self.shop.handle),
        )  # fmt: skip
        channel = self._manifest.open(connecting)
        return Opened(
            "web", self._manifest, settings, channel, book.now, lambda _: None, holder, setup.created_at
        )  # fmt: skip
