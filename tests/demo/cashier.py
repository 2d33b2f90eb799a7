"""A cashier at one till: scans a basket, takes cash, and remembers what she did.

Her memory (`Ledger`) is the demo's own evidence: what the scanner sent and which receipt number her screen showed. It
is written to disk, so that a demo that is stopped and started again still knows what should be in the hub.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path

from hardware_sim.scanner import SimulatedScanner
from tests.demo.baskets import PIECE, Basket, Pick
from tests.demo.checks import PaidSale
from tests.demo.till_page import Shown, TillPage

SCANS_AT_MOST = 4
"""Up to here a cashier scans each piece; from there on she types the quantity."""


class Ledger:
    """The sales of the demo, one JSON line each, appended when the receipt number is on the screen."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.paid: list[PaidSale] = []
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                fact = json.loads(line)
                picks = tuple((sku, quantity) for sku, quantity in fact["picks"])
                self.paid.append(PaidSale(fact["store"], fact["terminal"], fact["receipt_number"], picks))

    def append(self, sale: PaidSale) -> None:
        """Remember a sale."""
        self.paid.append(sale)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**vars(sale), "picks": sale.picks}) + "\n")


@dataclass
class Cashier:
    """One till's cashier. `pace_s` is the pause between two scans; 0 is as fast as the till shows them."""

    store: str
    terminal: str
    page: TillPage
    scanner: SimulatedScanner
    ledger: Ledger
    pace_s: float = 0.0
    scan_to_line_ms: list[float] = field(default_factory=list)
    scanned_at_s: dict[int, float] = field(default_factory=dict)

    async def sell(self, basket: Basket) -> PaidSale:
        """Scan everything, take the exact cash, and return the sale as the screen confirmed it."""
        for pick in basket.picks:
            await self._bring(pick)
        before = self.page.shown
        await self.page.post("/order/pay_cash", sale_id=before.sale_id)
        done = await self.page.wait(
            lambda shown: shown.stage == "done" and shown.sale_id != before.sale_id and bool(shown.receipt),
            f"a receipt number for {len(basket.picks)} lines",
        )
        sale = PaidSale(self.store, self.terminal, done.receipt, _sold(basket))
        self.ledger.append(sale)
        return sale

    async def clear_cart(self) -> int:
        """Take off what an interrupted run has left in the cart; return how many lines that were."""
        found = sorted(self.page.shown.lines)
        for number in reversed(found):
            shown = self.page.shown
            await self.page.post("/order/void_line", sale_id=shown.sale_id, number=str(number))
            await self.page.wait(lambda shown, gone=number: gone not in shown.lines, f"line {number} gone")  # type: ignore[misc]
        return len(found)

    async def _bring(self, pick: Pick) -> None:
        pieces, rest = divmod(pick.quantity, PIECE)
        if rest == 0 and pieces <= SCANS_AT_MOST:
            for _ in range(pieces):
                await self._scan(pick.code)
        else:
            before = self.page.shown.serial
            await self.page.post("/order/scan", code=f"{pick.quantity / PIECE:g}*{pick.code}")
            await self._accepted(before, pick.code)
        if self.pace_s:
            await asyncio.sleep(self.pace_s)

    async def _scan(self, code: str) -> None:
        before = self.page.shown.serial
        await self.scanner.scan(code)
        sent_at_s = self.scanner.sent[-1].sent_at
        shown = await self._accepted(before, code)
        self.scan_to_line_ms.append((shown.at_s - sent_at_s) * 1000)
        self.scanned_at_s[shown.serial] = sent_at_s

    async def _accepted(self, before: int, code: str) -> Shown:
        shown = await self.page.wait(lambda shown: shown.serial > before, f"an answer to {code}")
        if shown.notice not in ("line_added", "stock_negative"):
            raise UnexpectedNotice(f"till {self.terminal} in {self.store} answered {shown.notice!r} to {code}")
        return shown


class UnexpectedNotice(RuntimeError):
    """The till did not take a code that it should know."""


def _sold(basket: Basket) -> tuple[tuple[str, int], ...]:
    total: dict[str, int] = {}
    for pick in basket.picks:
        total[pick.sku] = total.get(pick.sku, 0) + pick.quantity
    return tuple(sorted(total.items()))


def percentiles(values: list[float]) -> dict[str, float | None]:
    """p50, p95 and p99 by nearest rank; None where nothing was measured."""
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        f"p{rank}": round(ordered[min(last, len(ordered) * rank // 100)], 1) if ordered else None
        for rank in (50, 95, 99)
    }
