"""A hub and a web shop that tells it of orders: one run from one seed, with everything that can go wrong between them.

Webhooks are lost, doubled and late; the shop is away, or behind itself; hub processes die before and after each commit,
lose their answers and steal each other's lease; tills tell late what they did. In the end all is calm, and what must
hold is checked (`channel_checks.py`).
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

from hub.channels.incoming import IncomingPart, IncomingStores
from hub.channels.links import Links
from hub.channels.manifest import Manifest, RateBudget
from hub.channels.order_intake import OrderIntake, OrderStores
from hub.channels.part import Opened
from hub.channels.ports import Channel
from hub.errors import ChannelError, StorageUnavailable
from hub.ingest.stocktake import set_stock
from hub.projections.matters import settle_some
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import HeardHint, SqlHeardStore
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_setups import SqlChannelSetups
from hub.storage.settling_orders import AllotmentPolicy
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, StoreId
from tests.simulation.channel_checks import ChannelChecks
from tests.simulation.channel_people import BEGIN, OPENING, SKUS, STORES, UNKNOWN, ChannelPeople, Parcel
from tests.simulation.channel_shop import CHANNEL, ChannelShop
from tests.simulation.checks import Violation
from tests.simulation.dice import Dice
from tests.simulation.reach import Reach
from tests.simulation.scenario import Rates
from tests.simulation.sql_hub import SqlHub, SqlPorts
from tests.unit.hub.journals import Journal

STEPS, CALM_STEPS = 150, 60
POLL_S, LEASE_S = 6.0, 15.0
_KEY = Key(b"g" * 32)


def _hub() -> SqlHub:
    return SqlHub("hub", _KEY)


class ProcessDied(BaseException):
    """A process of the hub is gone, in the middle of what it did: nothing of it catches that."""


@dataclass(frozen=True)
class ChannelParts:
    """Which classes a run is made of; a mutant has another one somewhere."""

    hub: Callable[[], SqlHub] = _hub
    intake: type[OrderIntake] = OrderIntake
    part: type[IncomingPart[Any]] = IncomingPart
    order_store: type[SqlChannelOrderStore] = SqlChannelOrderStore


@dataclass
class Process:
    """One process of the hub: what it remembers is gone when it dies."""

    holder: str
    part: IncomingPart[Any]
    parts: SqlChannelParts


@dataclass
class ChannelWorld(ChannelPeople):
    """One run."""

    seed: int
    made_of: ChannelParts = field(default_factory=ChannelParts)
    trace: list[str] | None = None

    def __post_init__(self) -> None:
        chance = random.Random(self.seed)  # noqa: S311 - a simulation wants numbers that can be had again
        rates = Rates(
            loss=chance.choice([0.0, 0.3, 0.9]), duplicate=chance.choice([0.0, 0.3]), reorder=chance.choice([0.0, 0.6]),
            worker_crash=chance.choice([0.0, 0.05, 0.15]), database_away=chance.choice([0.0, 0.1]),
            commit_fails=chance.choice([0.0, 0.1]), answer_lost=chance.choice([0.0, 0.1]),
        )  # fmt: skip
        self.names_hand_overs = chance.random() < 0.7
        self.dice = Dice(self.seed, rates)
        self.now = BEGIN
        self.faults = SimpleNamespace(outage=None)
        self.hub = self.made_of.hub()
        self.shop = ChannelShop(self.dice)
        self.shop.pause = self._pause
        self.checks = ChannelChecks(self)
        self.policy = AllotmentPolicy("nearest", STORES)
        self.tills = {store: Journal(store, "T1", key=b"k" * 32) for store in STORES}
        self.sent = Counter[StoreId]()
        self.parcels: list[Parcel] = []
        self.webhooks: list[tuple[int, str, str]] = []
        self._serial = 0
        self._set_up()
        self.processes = [self._process(f"p{number}") for number in range(2)]
        self._pausing = False
        self._about: frozenset[str] = frozenset()

    def run(self) -> None:
        """Chaos, then calm, then the checks. Raises Violation."""
        actions = (
            (self._place, 2), (self._change, 3), (self._cancel, 0.4), (self._ship, 4), (self._echo, 4),
            (self._return, 2), (self._gather, 4), (self._hand_over, 4), (self._tell, 5), (self._deliver, 5),
            (self._look, 9), (self._settle, 5), (self._import, 1),
        )  # fmt: skip
        weights = [weight for _, weight in actions]
        for _ in range(STEPS):
            self.now += timedelta(seconds=self.dice.random.uniform(0.1, 8.0))
            self._do(self.dice.random.choices(actions, weights)[0][0])
        self.dice.calm()
        self._import(sure=True)
        self.webhooks.clear()  # what has not come by now never will
        while any(self.sent[store] < len(till.events) for store, till in self.tills.items()):
            self._tell()
        for _ in range(CALM_STEPS):
            self.now += timedelta(seconds=POLL_S)
            self._do(self._look)
            self._settle()
        found = list(self.checks.at_the_end())
        if found:
            raise Violation("\n".join(found[:6]))

    def _do(self, action: Callable[[], None]) -> None:
        before = Counter(self.dice.happened) if self.trace is not None else None
        action()
        if self.trace is not None and before is not None:
            happened = ", ".join((self.dice.happened - before).elements())
            seconds = (self.now - BEGIN).total_seconds()
            self.trace.append(f"{seconds:8.1f}  {action.__name__.strip('_')}{f': {happened}' if happened else ''}")

    # what the hub does

    def _deliver(self) -> None:
        """A webhook arrives, in whatever order; the shop sends it again if it was not answered."""
        if not self.webhooks:
            return
        tries, event, key = self.webhooks.pop(self.dice.random.randrange(len(self.webhooks)))
        try:
            heard = SqlHeardStore(self._ports().database)
            new = heard.hear(CHANNEL, {"orders": (event, [HeardHint(key)])}, ({}, b"{}"), self.now)
            self.dice.count("webhook heard" if new else "webhook heard again")
        except (StorageUnavailable, ProcessDied):
            self.dice.count("webhook not answered")
            if tries:
                self.webhooks.append((tries - 1, event, key))

    def _look(self) -> None:
        """A process of the hub does a step of its work, if it is its turn."""
        number = self.dice.random.randrange(len(self.processes))
        process = self.processes[number]
        try:
            until = self.now + timedelta(seconds=LEASE_S)
            if process.parts.take(CHANNEL, "orders", process.holder, self.now, until):
                process.part.step(self.now)
        except ProcessDied:
            self.dice.count("hub process dies")
            self.processes[number] = self._process(f"p{number}-{self._serial}")
        except StorageUnavailable as error:
            self.dice.count("lease lost" if type(error).__name__ == "LeaseLost" else "database says no")
        except ChannelError:
            self.dice.count("poll fails")

    def _settle(self) -> None:
        try:
            settle_some(self._ports().database, self.now, self.policy)
        except (StorageUnavailable, ProcessDied):
            self.dice.count("settling fails")

    def _import(self, *, sure: bool = False) -> None:
        if sure or self.dice.chance(0.02):
            self.hub.put_items([Item(sku=UNKNOWN, name="x", price=1, currency="VND")], self.now)

    def _pause(self, told: Collection[str]) -> None:
        """A process stops between the shop's answer and what it makes of it; meanwhile just these orders go on."""
        if self._pausing or not self.dice.chance(self.dice.rates.worker_crash):
            return
        self._pausing, self._about = True, frozenset(told)
        self.now += timedelta(seconds=LEASE_S + 1)
        self.dice.count("process pauses past its lease")
        for _ in range(4):
            self.dice.random.choice((self._change, self._cancel, self._ship, self._return))()
            self.now += timedelta(seconds=POLL_S)
            self._look()
        self._pausing, self._about = False, frozenset()

    def _process(self, holder: str) -> Process:
        database = self._ports().database
        made = self.made_of
        parts = SqlChannelParts(database)
        channel = Channel(orders=cast("Any", self.shop))
        manifest = Manifest(
            kind="test", title="", ports=frozenset({"orders"}), settings=(), rate=RateBudget(1.0, 1),
            open=lambda _: channel, poll_s={"orders": POLL_S},
        )  # fmt: skip
        opened = Opened(
            CHANNEL, manifest, {}, channel, lambda: Links(CHANNEL, ()), lambda _: None, holder, BEGIN
        )  # fmt: skip
        orders = made.order_store(database, self.policy)
        asides = SqlAsideStore(database)
        intake = made.intake(OrderStores(orders, asides, parts), cast("Any", self.shop), None)
        stores = IncomingStores(parts, SqlHeardStore(database), asides, self._mapped)
        return Process(holder, made.part(opened, "orders", stores, intake), parts)

    def _mapped(self, channel: str) -> tuple[int, ...]:
        del channel
        return (self.hub.heads()[GLOBAL_FEED],)

    def _ports(self) -> SqlPorts:
        return self.hub.ports(Reach(cast("Any", self), self._dies))

    def _dies(self, where: str) -> bool:
        if self.dice.chance(self.dice.rates.worker_crash):
            self.dice.count(f"hub process dies {where}")
            raise ProcessDied
        return False

    def _set_up(self) -> None:
        hub = self.hub
        hub.put_items([Item(sku=sku, name=sku, price=1, currency="VND") for sku in SKUS], BEGIN)
        for store, till in self.tills.items():
            hub.add_store(store, Settings(store_name=store), Key(store.encode().ljust(32, b"s")), BEGIN)
            hub.add_terminal(store, till.terminal, "", till.key, BEGIN)
            set_stock(hub.stores.ledger, store, dict.fromkeys((*SKUS, UNKNOWN), OPENING), BEGIN - timedelta(hours=1))
        setups = SqlChannelSetups(hub.database)
        setups.add(CHANNEL, "test", {}, BEGIN)
