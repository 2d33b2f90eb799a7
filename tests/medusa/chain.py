"""A chain with a real Medusa for its web shop: a hub, two stores with a till each, all real processes.

Both stores stand behind the one location that the web sells from, so that either may send what was bought there.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import re
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import sqlalchemy as sa

from tests.contract.medusa.bed import Bed, Thing, wall
from tests.demo.baskets import PIECE, Basket
from tests.demo.baskets import Pick as Picked
from tests.demo.cashier import Cashier, Ledger
from tests.demo.plan import Plan, StorePlan
from tests.demo.stage import Stage
from tests.demo.till_page import TillPage
from tests.medusa.server import SECRET, MedusaServer

STORES = ("alpha", "beta")
DEPOT = "Web warehouse"
CHANNEL = "web"
WAIT_S, LOOK_S = 60.0, 0.02
T = TypeVar("T")
_WORK = re.compile(r'name="work_id" value="([^"]+)"')


class NeverCame(AssertionError):
    """What should have come about did not within the time."""


@dataclass
class Chain:
    """The world. `sold` is what tills gave away by (store, SKU), in pieces."""

    server: MedusaServer
    folder: Path
    sold: Counter[tuple[str, str]] = field(default_factory=Counter)
    opening: dict[tuple[str, str], int] = field(default_factory=dict)
    cashiers: dict[str, Cashier] = field(default_factory=dict)
    _closing: AsyncExitStack = field(default_factory=AsyncExitStack)
    stage: Stage = field(init=False)
    bed: Bed = field(init=False)
    began: str = field(default_factory=lambda: wall().isoformat())
    checkouts: int = 0

    async def __aenter__(self) -> Self:
        stores = tuple(StorePlan(name, name.title(), ("T1",)) for name in STORES)
        self.stage = Stage(Plan(stores, (), 0, "EUR", "en"), self.folder)
        try:
            await self._closing.enter_async_context(self.stage)
            await self._start_medusa()
            self._closing.callback(self.server.stop)
            mark, count = secrets.token_hex(3).upper(), itertools.count(1)
            self.bed = Bed(self.server.told, lambda: f"{mark}{next(count)}")
            self._closing.callback(self.bed.http.close)
            await self._join()
            for till in self.stage.tills:
                page = await self._closing.enter_async_context(TillPage(till.page_url))
                ledger = Ledger(self.folder / "paid.jsonl")
                self.cashiers[till.store] = Cashier(till.store, till.terminal, page, till.scanner, ledger)
        except BaseException:
            await self._closing.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._closing.aclose()

    async def start_medusa(self) -> None:
        """Start it again after it was stopped."""
        await self._start_medusa()

    async def _start_medusa(self) -> None:
        hook = f"{self.stage.web_url}/v1/channels/{CHANNEL}/webhooks"
        await asyncio.to_thread(self.server.start, TILLWIRE_WEBHOOK_URL=hook, TILLWIRE_WEBHOOK_SECRET=SECRET)

    async def _join(self) -> None:
        """As a shopkeeper would: docs/how-to/connect-medusa.md."""
        bed, told = self.bed, self.server.told
        await self.command(
            "channel", "add", CHANNEL, "medusa", f"url={told['url']}", f"email={told['email']}", "currency=EUR",
            f"web_channels={bed.channel('web')}", f"pos_channel={bed.channel('POS Store A')}",
        )  # fmt: skip
        for name, value in (("password", str(told["password"])), ("webhook_secret", SECRET)):
            file = self.folder / f"{name}.txt"
            file.write_text(value + "\n", "utf-8")
            await self.command("channel", "secret", CHANNEL, name, "--file", str(file))
        for store in STORES:
            await self.command("channel", "map", CHANNEL, "location", store, bed.place(DEPOT))
        await self.command("channel", "enable", CHANNEL)

    async def command(self, *words: str) -> str:
        """A command of the hub's."""
        return await self.stage.hub_command(*words)

    # arranging

    async def goods(self, number: int, stock: Mapping[str, int]) -> list[Thing]:
        """New things in Medusa that have come to the hub and the tills, with stock by store, offered on the web."""
        things = [await asyncio.to_thread(self.bed.thing) for _ in range(number)]
        await self.until(lambda: self._linked(things), "the catalogue at the hub")
        for cashier in self.cashiers.values():
            await self.until(lambda each=cashier: self._at_till(each), "the catalogue at a till")  # type: ignore[misc]
        await self.stock(things, stock)
        return things

    async def stock(self, things: list[Thing], stock: Mapping[str, int]) -> None:
        """Give every one of these so many pieces in each store."""
        for store in STORES:
            file = self.folder / f"stock-{store}.csv"
            with file.open("w", newline="", encoding="utf-8") as out:
                csv.writer(out).writerows(
                    [("sku", "quantity"), *((thing.sku, str(stock.get(store, 0))) for thing in things)]
                )
            await self.command("stock", "set", store, str(file))
            self.opening |= {(store, thing.sku): stock.get(store, 0) for thing in things}
        whole = sum(stock.values())
        for thing in things:
            await self.until(lambda each=thing: self.offers(each, whole), f"{thing.sku} offered")  # type: ignore[misc]

    async def sell(self, store: str, things: Mapping[Thing, int]) -> None:
        """A sale at a till, paid and printed."""
        picks = tuple(Picked(f"B-{thing.sku}", thing.sku, pieces * PIECE) for thing, pieces in things.items())
        await self.cashiers[store].sell(Basket(store, picks))
        self.sold.update({(store, thing.sku): pieces for thing, pieces in things.items()})

    async def checkout(self, things: Mapping[Thing, int]) -> dict[str, Any]:
        """A customer buys on the web."""
        placed = await asyncio.to_thread(self.bed.checkout, things)
        self.checkouts += 1
        return placed

    async def gather(self, store: str, order: str, things: Mapping[Thing, int]) -> None:
        """A till gathers an order: so much of each is there."""
        page = self.cashiers[store].page
        await page.post("/order/work_start", kind="pick", key=order)
        work = await self.until(lambda: self._work(page), "the pick at the till")
        for thing, pieces in things.items():
            if pieces:
                await page.post("/order/scan", code=f"{pieces}*B-{thing.sku}")
        await page.post("/order/work_finish", work_id=work)

    async def hand_over(self, store: str, order: str) -> None:
        """What was gathered leaves the store."""
        await self.cashiers[store].page.post("/order/hand_over", order=order)

    # looking

    async def until(self, look: Callable[[], Awaitable[T | None]], what: str, limit_s: float = WAIT_S) -> T:
        """Look until it is there. Raises NeverCame."""
        loop = asyncio.get_running_loop()
        ends_s = loop.time() + limit_s
        while loop.time() < ends_s:
            found = await look()
            if found:
                return found
            await asyncio.sleep(LOOK_S)
        raise NeverCame(f"{what} did not come within {limit_s:.0f} s")

    async def offers(self, thing: Thing, pieces: int) -> bool:
        """Whether the web may buy exactly so many."""
        try:
            return await asyncio.to_thread(self.bed.offered, thing, DEPOT) == pieces
        except AssertionError:
            return False

    async def picks(self, store: str) -> str:
        """The till's list of web orders, as it is shown."""
        return await self.cashiers[store].page.get_text("/panel/picks")

    async def has_pick(self, store: str, order: str) -> bool:
        """Whether a till shows an order to gather."""
        return order.partition(":")[2] in await self.picks(store)

    def rows(self, query: str, **values: object) -> list[Any]:
        """Read the hub's database, from outside."""
        engine = sa.create_engine(self.stage.database_url, poolclass=sa.pool.NullPool)
        with engine.connect() as connection:
            return list(connection.execute(sa.text(query), values))

    def level(self, store: str, thing: Thing) -> tuple[int, int]:
        """What a store has and what of it is promised, in thousandths."""
        found = self.rows("select on_hand, reserved from level where store = :s and sku = :k", s=store, k=thing.sku)
        return (int(found[0][0]), int(found[0][1])) if found else (0, 0)

    def order_row(self, order: str) -> tuple[str, str]:
        """An order's state at the hub and where it is to be gathered."""
        found = self.rows("select state from web_order where id = :o", o=order)
        asked = self.rows("select store, sum(quantity) from allotment where order_id = :o group by store", o=order)
        return (str(found[0][0]) if found else "", ",".join(f"{row[0]}:{row[1]}" for row in asked))

    def waiting(self) -> list[str]:
        """What is still on its way to Medusa."""
        rows = self.rows("select kind, key, state, words from outbox where state != 'done'")
        rows += self.rows("select location, sku, state, words from channel_offer where state != 'done'")
        return [" ".join(str(word) for word in row) for row in rows]

    async def drained(self) -> bool:
        """Whether nothing is on its way to Medusa any more."""
        return not await asyncio.to_thread(self.waiting)

    def available(self, thing: Thing) -> int:
        """What the hub has to give, over all stores, in pieces."""
        return sum(had - promised for had, promised in (self.level(store, thing) for store in STORES)) // PIECE

    async def where(self, order: str) -> str:
        """The store whose till shows an order to gather, once one does."""

        async def look() -> str | None:
            for store in STORES:
                if await self.has_pick(store, order):
                    return store
            return None

        return await self.until(look, f"{order} at a till")

    async def _linked(self, things: list[Thing]) -> bool:
        rows = await asyncio.to_thread(self.rows, "select ours from channel_link where kind = 'item'")
        known = {row[0] for row in rows}
        return all(thing.sku in known for thing in things)

    async def _at_till(self, cashier: Cashier) -> bool:
        told = await cashier.page.get_json("/v1/diagnostics")
        wanted = await asyncio.to_thread(self.rows, "select count(*) from item")
        return bool(told["items"] == wanted[0][0])

    async def _work(self, page: TillPage) -> str | None:
        found = _WORK.search(await page.get_text("/panel/work_finish"))
        return found.group(1) if found else None
