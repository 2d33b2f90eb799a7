"""The play: cashiers sell, one store's line is cut and mended while it sells, and in the end everything must agree."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from tests.demo.baskets import Basket
from tests.demo.browser import Watcher, chromium, scan_to_paint_ms, watch
from tests.demo.cashier import Cashier, Ledger
from tests.demo.checks import compare
from tests.demo.report import Measured, as_json
from tests.demo.stage import Stage, Till
from tests.demo.statements import gather, settle, till_to_hub_ms, till_to_till_ms
from tests.demo.till_page import TillPage

Tell = Callable[[str], None]
OUTAGE_S = 20.0
CALM_S = 40.0


class Play:
    """One evening. `tell` gets a line for people whenever something happens; `step` after every sale."""

    def __init__(self, stage: Stage, tell: Tell, step: Tell, *, pace_s: float, browser: bool) -> None:
        self.stage = stage
        self.ledger = Ledger(stage.folder / "paid.jsonl")
        self.cashiers: list[Cashier] = []
        self.sold_offline: set[str] = set()
        self.recover_s = 0.0
        self._tell, self._step = tell, step
        self._pace_s = pace_s
        self._browser = browser
        self._watcher: Watcher | None = None
        self._started_s = 0.0

    @asynccontextmanager
    async def staffed(self) -> AsyncIterator[None]:
        """Put a cashier at every till, and a browser at the first."""
        async with AsyncExitStack() as stack:
            for till in self.stage.tills:
                page = await stack.enter_async_context(TillPage(till.page_url))
                cashier = Cashier(till.store, till.terminal, page, till.scanner, self.ledger, self._pace_s)
                await self._ready(cashier)
                self.cashiers.append(cashier)
            executable = chromium() if self._browser else None
            if executable is not None:
                self._watcher = await stack.enter_async_context(watch(self.stage.tills[0].page_url, executable))
            self._started_s = asyncio.get_running_loop().time()
            yield

    async def bounded(self) -> None:
        """Sell every basket of the plan; the middle third while a store is offline."""
        thirds = [self._share(part) for part in range(3)]
        await self._sell_all(thirds[0])
        cut = self._cut()
        await self._sell_all(thirds[1], offline=cut)
        self._mend(cut)
        self.recover_s = await self._recovered(cut)
        await self._sell_all(thirds[2])

    async def endless(self, stop: asyncio.Event) -> None:
        """Sell until `stop`; the line of a store goes down and comes back."""
        selling = [asyncio.create_task(self._sell_on(cashier, stop)) for cashier in self.cashiers]
        weather = asyncio.create_task(self._weather(stop))
        await asyncio.gather(*selling, weather)

    async def verdict(self, odd_rows: Any = None, picture: Path | None = None) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Let everything come to rest, ask everybody, and compare."""
        seconds = asyncio.get_running_loop().time() - self._started_s
        settle_s = await settle(self.stage, self.cashiers)
        said = await gather(self.stage, self.cashiers, self.ledger.paid)
        scans = [ms for cashier in self.cashiers for ms in cashier.scan_to_line_ms]
        seen_in = "event stream"
        if self._watcher is not None:
            painted = await self._watcher.painted()
            if painted is not None:
                scans, seen_in = scan_to_paint_ms(self.cashiers[0].scanned_at_s, painted), "browser"
            if picture is not None:
                await self._watcher.screenshot(picture)
        measured = Measured(
            scans, seen_in,
            await asyncio.to_thread(till_to_hub_ms, self.stage.database_url, frozenset(self.sold_offline)),
            await till_to_till_ms(self.cashiers), len(self.sold_offline), self.recover_s, seconds, settle_s,
        )  # fmt: skip
        return as_json(
            compare(said), measured, sales=len(said.paid), receipts=sum(said.printed.values()), odd_rows=odd_rows or {}
        )

    # --- acts

    async def _ready(self, cashier: Cashier) -> None:
        goods = len(self.stage.plan.goods)
        async with asyncio.timeout(30):
            while (await cashier.page.get_json("/v1/diagnostics"))["items"] != goods:  # noqa: ASYNC110 - another process
                await asyncio.sleep(0.1)
        left = await cashier.clear_cart()
        if left:
            self._tell(f"till {cashier.terminal} in {cashier.store}: took off {left} lines of an interrupted sale")

    def _share(self, part: int) -> dict[int, list[Basket]]:
        """The baskets of one third, by cashier (index)."""
        shares: dict[int, list[Basket]] = {index: [] for index in range(len(self.cashiers))}
        for store in self.stage.plan.stores:
            own = [index for index, cashier in enumerate(self.cashiers) if cashier.store == store.store]
            baskets = self.stage.plan.bounded.get(store.store, ())
            third = baskets[len(baskets) * part // 3 : len(baskets) * (part + 1) // 3]
            for number, basket in enumerate(third):
                shares[own[number % len(own)]].append(basket)
        return shares

    async def _sell_all(self, shares: dict[int, list[Basket]], offline: frozenset[str] = frozenset()) -> None:
        async def work(cashier: Cashier, baskets: list[Basket]) -> None:
            for basket in baskets:
                await self._sell(cashier, basket, offline)

        async with asyncio.TaskGroup() as group:
            for index, baskets in shares.items():
                group.create_task(work(self.cashiers[index], baskets))

    async def _sell_on(self, cashier: Cashier, stop: asyncio.Event) -> None:
        baskets: Iterator[Basket] = self.stage.plan.baskets(cashier.store, cashier.terminal)
        while not stop.is_set():
            cut = frozenset(store for store, line in self.stage.lines.items() if line.is_cut)
            await self._sell(cashier, next(baskets), cut)

    async def _sell(self, cashier: Cashier, basket: Basket, offline: frozenset[str]) -> None:
        sale = await cashier.sell(basket)
        drawer = next(till.drawer for till in self.stage.tills if _at(till, cashier))
        drawer.close()
        if cashier.store in offline:
            self.sold_offline.add(sale.receipt_number)
        self._step(f"{sale.receipt_number}: {len(basket.picks)} lines")

    async def _weather(self, stop: asyncio.Event) -> None:
        while not await _stopped(stop, CALM_S):
            cut = self._cut()
            await _stopped(stop, OUTAGE_S)
            self._mend(cut)

    async def _recovered(self, stores: frozenset[str]) -> float:
        """Wait until the tills of some stores have told the hub everything; return how many seconds that took."""
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        async with asyncio.timeout(60):
            for cashier in self.cashiers:
                while cashier.store in stores:
                    facts = await cashier.page.get_json("/v1/diagnostics")
                    if facts["online"] and not facts["backlog"]:
                        break
                    await asyncio.sleep(0.05)
        return loop.time() - started_s

    def _cut(self) -> frozenset[str]:
        chosen = frozenset(store.store for store in self.stage.plan.stores if store.goes_offline)
        for store in chosen:
            self.stage.lines[store].cut()
            self._tell(f"{store} is offline now; it goes on selling")
        return chosen

    def _mend(self, cut: frozenset[str]) -> None:
        for store in cut:
            self.stage.lines[store].mend()
            self._tell(f"{store} is back online")


def _at(till: Till, cashier: Cashier) -> bool:
    return (till.store, till.terminal) == (cashier.store, cashier.terminal)


async def _stopped(stop: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return False
    return True
