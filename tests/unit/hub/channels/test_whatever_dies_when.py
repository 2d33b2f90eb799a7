"""A small simulation: several processes, any of them dying at any write or call, any fault of the shop, in any order.

In the end each sale is in the shop once, a refund after its sale, and the shop offers what the hub says.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.channels.outbox_part import SALES_PART
from hub.channels.stock_part import STOCK_PART, StockCursor
from hub.channels.told import SALE_TYPE
from hub.storage.channel_journals import JOURNAL_PART, SqlChannelJournals
from hub.storage.database import Database, open_database, parse_url
from tests.channel_chain import HANOI, HUE, PHO, TEA, Chain, Process
from tests.channels.pretend.shop import Fault
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
index = st.integers(0, 1)
actions = st.one_of(
    st.tuples(st.just("sell"), index, index),
    st.tuples(st.just("refund"), index, st.integers(0, 5)),
    st.tuples(st.just("order"), index, st.booleans()),
    st.tuples(st.just("hear"), st.just(0), st.just(0)),
    st.tuples(st.just("work"), index, st.sampled_from(PARTS)),
    st.tuples(st.just("work"), index, st.sampled_from(PARTS)),
    st.tuples(st.just("fault"), st.sampled_from(CALLS), st.sampled_from(FAULTS)),
    st.tuples(
        st.just("die_at_write"), index, st.tuples(st.integers(0, 3), st.sampled_from(["begin", "commit", "after"]))
    ),
    st.tuples(st.just("die_in_call"), st.sampled_from(CALLS), st.just(0)),
    st.tuples(st.just("pass"), st.sampled_from([1, 20, 100, 400]), st.just(0)),
)


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

    def __init__(self, database: Database) -> None:
        self.chain = Chain(database)
        self.bodies = [Mortal(database) for _ in NAMES]
        self.lives = 0
        self.processes = [self._start(number) for number in range(2)]
        self.receipts: list[str] = []
        self.orders: list[str] = []
        self.unheard: list[str] = []

    def play(self, what: str, first: object, second: object) -> None:
        """Let something happen."""
        getattr(self, f"_{what}")(first, second)

    def end(self) -> None:
        """All faults end, all is heard, all that is parked is replayed: let everything come right."""
        shop = self.chain.shop
        shop.end_faults()
        self._hear(0, 0)
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
        return not (troubled or news.upto or behind or chain.outbox.counts() or chain.stock.counts())

    def _start(self, number: int) -> Process:
        self.lives += 1
        return self.chain.process(f"{NAMES[number]}{self.lives}", self.bodies[number])

    def _sell(self, store: int, sku: int) -> None:
        number = f"R{len(self.receipts)}"
        self.receipts.append(number)
        self.chain.tell(STORES[store], sold(number, (SKUS[sku], 100)), heard=len(self.receipts) % 3 > 0)

    def _refund(self, store: int, of: int) -> None:
        if of < len(self.receipts):
            number = f"B{len(self.receipts)}"
            self.chain.tell(STORES[store], given_back(number, self.receipts[of], (TEA, 50)))

    def _order(self, sku: int, counted: bool) -> None:
        key = f"o{len(self.orders)}"
        self.orders.append(key)
        self.chain.order(key, (SKUS[sku], 200), counted=counted)
        if not counted:
            self.unheard.append(f"{key} {SKUS[sku]}")

    def _hear(self, _: object, __: object) -> None:
        for store in STORES:
            if self.chain.tills[store].events:
                self.chain.tell(store)
        for order in self.unheard:
            key, sku = order.split()
            self.chain.take_in(key, (sku, 200))
        self.unheard.clear()

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


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated database in one file."""
    file = tmp_path_factory.mktemp("template") / "hub.db"
    opened = open_database(parse_url(f"sqlite:///{file}"))
    with opened.writing.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    opened.close()
    return file


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(actions, min_size=5, max_size=40))
def test_each_sale_is_told_once_in_order_and_stock_comes_right(
    template: Path, tmp_path_factory: pytest.TempPathFactory, script: list[tuple[str, object, object]]
) -> None:
    """Whatever dies when, and whatever the shop does."""
    file = tmp_path_factory.mktemp("run") / "hub.db"
    shutil.copy(template, file)
    database = open_database(parse_url(f"sqlite:///{file}"))
    try:
        world = World(database)
        for what, first, second in script:
            world.play(what, first, second)
        world.end()
        check(world)
    finally:
        database.close()
        file.unlink()


def check(world: World) -> None:
    """All promises."""
    chain = world.chain
    rows = chain.outbox.rows("web", limit=1_000)
    assert {row.state for row in rows} <= {"done"}
    told = chain.shop.keys()
    assert told == {row.key: 1 for row in rows}
    said = sum(len(till.events) for till in chain.tills.values())
    assert len(rows) == said
    place = {kept["key"]: number for number, kept in enumerate(chain.shop.sales.values())}
    for kept in chain.shop.sales.values():
        if kept["original"]:
            assert place[kept["original"]] < place[kept["key"]]
    for sku in SKUS:
        assert chain.shop.offers(sku, "ware") == chain.available(sku)
    assert chain.stock.counts() == {}
