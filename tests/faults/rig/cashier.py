"""Who sells at one till of the rig. What the screen confirmed is in the test's memory, where no fault reaches it.

She works as one does at a till that may die at any moment: when it is back she looks at the screen, goes on with the
cart that is there, and takes a receipt number for her sale as soon as she sees one.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from random import Random

import httpx

from tests.demo.till_page import Shown, TillPage, TillSilent
from tests.faults.rig.plan import Place, sku_of

ANSWER_S = 2.0
LINES_MAX = 3
REST_S, REST_LOOKS_MAX = 0.5, 10
"""After trouble she looks at the screen so long, and so often."""
_TROUBLE_PAUSE_S = 0.1
_TROUBLE = (httpx.HTTPError, TillSilent, OSError)


class LivePage(TillPage):
    """A page that knows whether its picture is of the till as it is now, as the browser's does: it dims what is old."""

    is_live = False

    async def _events(self) -> AsyncIterator[str]:
        try:
            async for html in super()._events():
                yield html
        finally:
            self.is_live = False

    async def _take(self, html: str) -> None:
        self.is_live = True
        await super()._take(html)


@dataclass(frozen=True)
class Confirmed:
    """A sale whose receipt number was on the screen; goods in thousandths, summed up."""

    place: Place
    receipt: str
    goods: tuple[tuple[str, int], ...]


@dataclass
class Cashier:
    """`told` hears of each sale in the moment in which it is confirmed."""

    place: Place
    page: LivePage
    codes: tuple[str, ...]
    rng: Random
    pause_s: float
    told: Callable[[Confirmed], None]
    refused: Counter[str] = field(default_factory=Counter)
    _paying: Shown | None = None

    async def sell_until(self, stop: asyncio.Event) -> None:
        """Sell on until `stop`; what she has begun to pay is waited for a little."""
        while not stop.is_set():
            try:
                await self._step()
            except _TROUBLE as trouble:
                self.refused[type(trouble).__name__] += 1
                await asyncio.sleep(_TROUBLE_PAUSE_S)
                await self._wait_for_rest(stop)
        self._look()

    async def _wait_for_rest(self, stop: asyncio.Event) -> None:
        """A scan that was not answered may still be under way: nobody pays before the screen stood still."""
        for _ in range(REST_LOOKS_MAX):
            before = self.page.shown.serial
            await asyncio.sleep(REST_S)
            if stop.is_set() or (self.page.is_live and self.page.shown.serial == before):
                return

    async def _step(self) -> None:
        self._look()
        shown = self.page.shown
        if shown.locked or not self.page.is_live:
            await asyncio.sleep(_TROUBLE_PAUSE_S)
            return
        wanted = self.rng.randint(1, LINES_MAX)
        while len(shown.lines) < wanted and sum(self._pieces(shown).values()) < wanted:
            await self.page.post("/order/scan", code=self.rng.choice(self.codes))
            shown = await self.page.wait(lambda now, before=shown: now.serial != before.serial, "a line", ANSWER_S)  # type: ignore[misc]
            if not shown.lines:
                self.refused[shown.notice] += 1
                return
        if not self.page.is_live:
            return
        self._paying = shown
        await self.page.post("/order/pay_cash", sale_id=shown.sale_id)
        await self.page.wait(lambda now: now.stage == "done" and now.sale_id != shown.sale_id, "a receipt", ANSWER_S)
        self._look()
        await asyncio.sleep(self.pause_s * self.rng.uniform(0.5, 1.5))

    def _look(self) -> None:
        """Take a receipt number that is on the screen for what was being paid, once."""
        paying, shown = self._paying, self.page.shown
        if paying is None or shown.sale_id == paying.sale_id:
            return
        self._paying = None
        if shown.stage == "done" and shown.receipt:
            goods = tuple(sorted((sku, 1000 * count) for sku, count in self._pieces(paying).items()))
            self.told(Confirmed(self.place, shown.receipt, goods))

    @staticmethod
    def _pieces(shown: Shown) -> Counter[str]:
        pieces: Counter[str] = Counter()
        for code, quantity in shown.lines.values():
            pieces[sku_of(code)] += int(quantity)
        return pieces
