"""The chain's office: it wants goods sent from one store to another, may think better of it, and holds some back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hub.errors import StorageUnavailable
from hub.stock.safety import Rule
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.records import DocumentPut
from hub.storage.rules import SqlRuleStore
from protocol.documents import Transfer
from protocol.events import StockLine
from protocol.ids import Sku, StoreId, store_feed
from tests.simulation.books import Wanted
from tests.simulation.reach import Reach, WorkerCrashed
from tests.simulation.scenario import SKUS

if TYPE_CHECKING:
    from tests.simulation.world import World

SAFETY = {"B": 1000}
"""What the web must leave on every shelf, in thousandths."""


class Office:
    """Puts and deletes documents by hand, and repeats what was not answered."""

    def __init__(self, world: World) -> None:
        assert world.sql is not None
        self._world = world
        self._hub = world.sql
        SqlRuleStore(world.sql.database).set([Rule("", sku, "", quantity) for sku, quantity in SAFETY.items()])
        self._documents = SqlDocumentStore(world.sql.ports(Reach(world, self._dies)).database)

    def want(self) -> None:
        """Goods are to go from one store to another."""
        world, dice = self._world, self._world.dice
        if len(world.stores) == 1:
            return
        from_store, to_store = dice.random.sample(list(world.stores), 2)
        goods = {dice.random.choice(SKUS): 1000 * dice.random.randint(1, 3)}
        if any(self._hub.level(from_store, Sku(sku)) is None for sku in goods):
            return  # nobody promises what was never there
        key = f"W{len(world.books.wanted) + 1}"
        world.books.wanted[key] = Wanted(from_store, to_store, goods)
        dice.count("transfer wanted by the office")
        self._put(key)
        if dice.chance(0.2):
            world.schedule.after(dice.pause(0.0, 6.0), self.take_back, key)

    def take_back(self, key: str) -> None:
        """They need not, after all."""
        wanted = self._world.books.wanted[key]
        if not wanted.is_put:
            self._world.schedule.after(0.5, self.take_back, key)
            return
        self._world.books.wanted[key] = wanted._replace(is_off=True)
        try:
            self._documents.delete(store_feed(StoreId(wanted.from_store)), "transfer", [key], self._world.hub_wall)
        except (StorageUnavailable, WorkerCrashed):
            self._world.schedule.after(self._world.dice.pause(0.3, 2.0), self.take_back, key)
            return
        self._world.dice.count("transfer wanted no more")
        self._wake()

    def _put(self, key: str) -> None:
        world = self._world
        wanted = world.books.wanted[key]
        body = Transfer(
            transfer=key, from_store=wanted.from_store, to_store=wanted.to_store, state="wanted",
            lines=tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in wanted.goods.items()),
        )  # fmt: skip
        try:
            feed = store_feed(StoreId(wanted.from_store))
            self._documents.put(feed, "transfer", [DocumentPut(key, body)], world.hub_wall)
        except (StorageUnavailable, WorkerCrashed):
            world.schedule.after(world.dice.pause(0.3, 2.0), self._put, key)
            return
        world.books.wanted[key] = world.books.wanted[key]._replace(is_put=True)
        world.note("office", f"wants {key}: {json.dumps(wanted.goods)} from {wanted.from_store}")
        self._wake()

    def _wake(self) -> None:
        for worker in self._world.workers:
            worker.poll_soon()

    def _dies(self, _where: str) -> bool:
        dice = self._world.dice
        return dice.chance(dice.rates.worker_crash)
