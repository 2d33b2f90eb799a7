"""A hub and a web shop that is told of sales: several processes, any of them dying at any write or call, any fault.

In the end each sale is in the shop once, a refund after its sale and as one of it, and the shop offers what there is.
"""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec
import sqlalchemy as sa

from hub.channels.manifest import Manifest
from hub.channels.outbox_part import SALES_PART
from hub.channels.stock_part import STOCK_PART, StockCursor
from hub.channels.told import SALE_TYPE
from hub.storage import schema
from hub.storage.channel_journals import JOURNAL_PART, SqlChannelJournals
from hub.storage.database import Database
from tests.channel_chain import HANOI, HUE, PHO, TEA, Chain, Process
from tests.channels.pretend.manifest import MANIFEST
from tests.channels.pretend.shop import Fault
from tests.databases import sqlite_database
from tests.simulation.checks import Violation
from tests.unit.hub.matter_facts import given_back, sold

STORES, SKUS, NAMES = (HANOI, HUE), (TEA, PHO), ("a", "b")
PARTS = (STOCK_PART, JOURNAL_PART, SALES_PART)
CALLS = ("levels", "sales", "look")
ROUNDS_MAX = 40
FAULTS = (
    Fault("away"), Fault("wait", 7), Fault("wait"), Fault("refuse"), Fault("lost"), Fault("unsent"), Fault("half"),
    Fault("again"), Fault("expired"),
)  # fmt: skip

MOMENTS = ("begin", "commit", "after")
Action = tuple[str, object, object]
ACTIONS_MAX = 60


@dataclass(frozen=True)
class TellingParts:
    """Which classes a run is made of; a mutant has another one somewhere."""

    journals: type[SqlChannelJournals] = SqlChannelJournals
    manifest: Manifest = MANIFEST


def script_of(seed: int) -> list[Action]:
    """What happens in the run of a seed."""
    dice = random.Random(seed)  # noqa: S311 - a simulation wants numbers that can be had again
    return [_action(dice) for _ in range(dice.randint(10, ACTIONS_MAX))]


def _action(dice: random.Random) -> Action:
    number = dice.randrange(2)
    kinds: Sequence[Action] = (
        ("sell", number, dice.randrange(2)),
        ("sell", number, dice.randrange(2)),
        ("refund", number, dice.randrange(6)),
        ("unread", number, dice.random() < 0.5),
        ("count_in", 0, 0),
        ("offline", number, dice.random() < 0.5),
        ("order", number, dice.random() < 0.5),
        ("hear", 0, 0),
        ("work", number, dice.choice(PARTS)),
        ("work", number, dice.choice(PARTS)),
        ("work", number, dice.choice(PARTS)),
        ("fault", dice.choice(CALLS), dice.choice(FAULTS)),
        ("die_at_write", number, (dice.randrange(4), dice.choice(MOMENTS))),
        ("die_in_call", dice.choice(CALLS), 0),
        ("pass", dice.choice([1, 20, 100, 400]), 0),
    )
    return dice.choice(kinds)


def told(seed: int, parts: TellingParts, happened: Counter[str]) -> None:
    """One run. Raises Violation, AssertionError."""
    with tempfile.TemporaryDirectory(prefix="tillwire-telling-") as folder:
        database = sqlite_database(Path(folder) / "hub.db")
        try:
            play(database, script_of(seed), parts, happened)
        finally:
            database.close()


def play(database: Database, script: Sequence[Action], parts: TellingParts, happened: Counter[str]) -> None:
    """Let it all happen, then come right, then check it. Raises Violation, AssertionError."""
    world = World(database, parts)
    for what, first, second in script:
        happened[f"telling: {what}" + (f" {second.kind}" if isinstance(second, Fault) else "")] += 1
        world.play(what, first, second)
    world.end()
    happened["telling: refund before its sale was heard of"] += world.early
    check(world)


class Died(BaseException):
    """A process was killed."""


class Mortal(Database):
    """A process's own connection to the database, in which it may die: before, at, or after a commit."""

    def __init__(self, database: Database) -> None:
        self.url, self.is_sqlite = database.url, database.is_sqlite
        self.writing, self.reading = database.writing, database.reading
        self.dies: tuple[int, str] | None = None

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """See Database."""
        now = self._when()
        if now == "begin":
            raise Died
        with super().write() as connection:
            yield connection
            if now == "commit":
                raise Died
        if now == "after":
            raise Died

    def _when(self) -> str:
        if self.dies is None:
            return ""
        left, when = self.dies
        self.dies = None if left == 0 else (left - 1, when)
        return when if left == 0 else ""


class World:
    """The chain, two processes that die and are started again, and what has been said."""

    def __init__(self, database: Database, parts: TellingParts) -> None:
        self.chain = Chain(database, journals=parts.journals, manifest=parts.manifest)
        self.bodies = [Mortal(database) for _ in NAMES]
        self.lives = 0
        self.processes = [self._start(number) for number in range(2)]
        self.receipts: list[str] = []
        self.ids: dict[str, str] = {}
        self.refund_of: dict[str, str] = {}
        self.offline: set[str] = set()
        self.early = 0
        self.orders: list[str] = []
        self.unheard: list[str] = []

    def play(self, what: str, first: object, second: object) -> None:
        """Let something happen."""
        getattr(self, f"_{what}")(first, second)

    def end(self) -> None:
        """All faults end, all is heard, all that is parked is replayed: let everything come right."""
        shop = self.chain.shop
        shop.end_faults()
        self.offline.clear()
        self._hear(0, 0)
        self._count_in(0, 0)
        for body in self.bodies:
            body.dies = None
        for _ in range(ROUNDS_MAX):
            self.chain.run(*self.processes, rounds=2, pace_s=45)
            replayed = self.chain.outbox.replay("web", self.chain.clock.now)
            replayed += self.chain.stock.replay("web", self.chain.clock.now)
            if not replayed and self._quiet():
                return
        raise AssertionError("it never came to rest")

    def _quiet(self) -> bool:
        """Whether nothing waits, and nobody is in trouble."""
        chain = self.chain
        troubled = [state.problem for state in chain.tables.parts.states("web").values() if state.problem]
        news = SqlChannelJournals(chain.database).news("web", [SALE_TYPE], 1)
        text = chain.tables.parts.state("web", STOCK_PART).cursor
        behind = not text or chain.stock.head("web").revision > msgspec.json.decode(text, type=StockCursor).revision
        return not (troubled or news.upto or news.again or behind or chain.outbox.counts() or chain.stock.counts())

    def _start(self, number: int) -> Process:
        self.lives += 1
        return self.chain.process(f"{NAMES[number]}{self.lives}", self.bodies[number])

    def _sell(self, store: int, sku: int) -> None:
        number = f"R{len(self.receipts)}"
        self.receipts.append(number)
        heard = STORES[store] not in self.offline
        (self.ids[number],) = self.chain.tell(STORES[store], sold(number, (SKUS[sku], 100)), heard=heard)

    def _unread(self, store: int, named: bool) -> None:
        if STORES[store] not in self.offline:
            number = f"R{len(self.receipts)}"
            self.receipts.append(number)
            self.ids[number] = self.chain.tell_unread(STORES[store], sold(number, (TEA, 100)), named=named)

    def _count_in(self, _: object, __: object) -> None:
        self.chain.count_in()

    def _refund(self, store: int, of: int) -> None:
        if of < len(self.receipts):
            number = f"B{len(self.receipts)}"
            receipt = self.receipts[-1 - of]
            heard = STORES[store] not in self.offline
            (key,) = self.chain.tell(STORES[store], given_back(number, receipt, (TEA, 50)), heard=heard)
            self.refund_of[key] = self.ids[receipt]
            self.early += heard and not self._is_heard(self.ids[receipt])

    def _is_heard(self, event: str) -> bool:
        logged = schema.event.c.event_id
        with self.chain.database.read() as connection:
            return connection.execute(sa.select(logged).where(logged == event)).first() is not None

    def _order(self, sku: int, counted: bool) -> None:
        key = f"o{len(self.orders)}"
        self.orders.append(key)
        self.chain.order(key, (SKUS[sku], 200), counted=counted)
        if not counted:
            self.unheard.append(f"{key} {SKUS[sku]}")

    def _hear(self, _: object, __: object) -> None:
        for store in STORES:
            if self.chain.tills[store].events and store not in self.offline:
                self.chain.tell(store)
        for order in self.unheard:
            key, sku = order.split()
            self.chain.take_in(key, (sku, 200))
        self.unheard.clear()

    def _offline(self, store: int, goes: object) -> None:
        (self.offline.add if goes else self.offline.discard)(STORES[store])

    def _fault(self, name: str, fault: Fault) -> None:
        self.chain.shop.fault(name, fault)

    def _pass(self, seconds: int, _: object) -> None:
        self.chain.clock.pass_s(seconds)

    def _die_at_write(self, number: int, dies: tuple[int, str]) -> None:
        self.bodies[number].dies = dies

    def _die_in_call(self, name: str, _: object) -> None:
        self.chain.shop.fault(name, Fault("killed"))

    def _work(self, number: int, part: str) -> None:
        try:
            self.chain.work(self.processes[number], part, steps=3)
        except (Died, KeyboardInterrupt):
            self.bodies[number].dies = None
            self.processes[number] = self._start(number)


def check(world: World) -> None:
    """All promises. Raises Violation."""
    found = list(_broken(world))
    if found:
        raise Violation("\n".join(found[:6]))


def _broken(world: World) -> Iterator[str]:
    chain = world.chain
    rows = chain.outbox.rows("web", limit=1_000)
    if any(row.state != "done" for row in rows):
        yield f"20: not told in the end: {[(row.key, row.state, row.words) for row in rows if row.state != 'done']}"
    said = sum(len(till.events) for till in chain.tills.values())
    if len(rows) != said:
        yield f"21: tills said {said} sales and refunds, {len(rows)} were to be told"
    told_keys = chain.shop.keys()
    if told_keys != {row.key: 1 for row in rows}:
        yield f"21: to be told once each were {sorted(row.key for row in rows)}, the shop has {dict(told_keys)}"
    place = {kept["key"]: number for number, kept in enumerate(chain.shop.sales.values())}
    for kept in chain.shop.sales.values():
        sale = world.refund_of.get(kept["key"], "")
        if kept["original"] != sale:
            yield f"22: {kept['key']} gives back of {sale or 'nothing'}, the shop was told {kept['original']!r}"
        elif sale and place.get(sale, place[kept["key"]]) >= place[kept["key"]]:
            yield f"22: {kept['key']} gives back of {sale}, of which the shop was told later"
    for sku in SKUS:
        offered, available = chain.shop.offers(sku, "ware"), chain.available(sku)
        if offered != available:
            yield f"23: the shop offers {offered} {sku}, the hub says {available}"
    if chain.stock.counts():
        yield f"23: levels wait: {chain.stock.counts()}"
