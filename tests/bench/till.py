"""The bench of one till: scan to painted line, search while typing, payment to journal and to paper, start, memory.

Everything is real but the shop: the agent's process, its SQLite with synchronous FULL, bytes from a scanner's serial
line and to a printer, Chromium that paints. All on one machine, so the browser's work counts against the till.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from playwright.async_api import Page

from tests.bench.closing import close_after
from tests.bench.goods import Good
from tests.bench.shop import BenchTill, fill, running
from tests.bench.watching import WAIT_S, Watch
from tests.demo.browser import chromium, open_page
from tests.demo.cashier import percentiles

LINES_A_SALE = 10
LETTERS_MIN = 2
BETWEEN_SCANS_S = 0.05
BETWEEN_LETTERS_S = 0.05
"""So fast hands are: twenty a second, whichever."""
IDLE_S = 10.0


@dataclass
class Figures:
    """Milliseconds, one a sample."""

    scan: list[float] = field(default_factory=list)
    scan_changed: list[float] = field(default_factory=list)
    search: list[float] = field(default_factory=list)
    pay_journal: list[float] = field(default_factory=list)
    pay_paper: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    items: int
    sales: int
    searches: int
    closing: int
    seed: int


async def bench_till(folder: Path, extent: Extent, told: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Measure. `told(what, done, of)` hears the progress."""
    dice = Random(extent.seed)  # noqa: S311 - which goods come, not a secret
    stock = await fill(folder, extent.items, lambda done: told("catalogue", done, extent.items))
    figures = Figures()
    executable = chromium()
    assert executable is not None, "the bench needs Chromium: ./dev setup --system"
    async with running(folder) as till, open_page(till.url, executable) as page:
        watch = Watch(page)
        await watch.begin()
        for sale in range(extent.sales):
            for good in dice.choices(stock, k=LINES_A_SALE):
                await _scan(till, watch, good, figures)
            await _pay(till, page, watch, figures)
            told("sales", sale + 1, extent.sales)
        for number, text in enumerate(_texts(stock, dice, extent.searches), 1):
            await _search(page, watch, text, figures)
            told("searches", number, extent.searches)
        idle = await _idle_percent(till)
        start_s, rss_mb = till.start_s, till.rss_mb()
    (folder / "closing").mkdir(exist_ok=True)
    closing_ms = await close_after(
        folder / "closing", extent.closing, lambda sale: told("closing", sale, extent.closing)
    )
    return {
        "items": extent.items,
        "scan_to_line_ms": percentiles(figures.scan),
        "scan_to_document_ms": percentiles(figures.scan_changed),
        "search_ms": percentiles(figures.search),
        "pay_to_journal_ms": percentiles(figures.pay_journal),
        "pay_to_first_print_byte_ms": percentiles(figures.pay_paper),
        "close_shift_ms": round(closing_ms, 1),
        "start_s": round(start_s, 2),
        "rss_mb": round(rss_mb, 1),
        "idle_cpu_percent": round(idle, 1),
        "measured": {
            "scans": len(figures.scan), "searches": len(figures.search), "payments": len(figures.pay_journal),
            "sales_of_the_closed_shift": extent.closing,
        },
    }  # fmt: skip


async def _scan(till: BenchTill, watch: Watch, good: Good, figures: Figures) -> None:
    await watch.expect_notice()
    sent = await till.scanner.scan(good.code)
    seen = await watch.seen()
    figures.scan.append(seen.painted_ms - sent.sent_at * 1000)
    figures.scan_changed.append(seen.changed_ms - sent.sent_at * 1000)
    await asyncio.sleep(BETWEEN_SCANS_S)


async def _pay(till: BenchTill, page: Page, watch: Watch, figures: Figures) -> None:
    papers = len(till.wire.first_dots)
    known = len((await till.diagnostics())["sold"])
    await page.keyboard.press("F8")
    await page.wait_for_selector("body[data-panel=cash]")
    await watch.expect_notice()
    await page.keyboard.press("Enter")
    seen = await watch.seen()
    sold = (await till.diagnostics())["sold"]
    assert len(sold) == min(known + 1, 1000), "the payment did not become a sale"
    figures.pay_journal.append(datetime.fromisoformat(sold[-1]["at"]).timestamp() * 1000 - seen.pressed_ms)
    async with asyncio.timeout(WAIT_S):
        while len(till.wire.first_dots) == papers:  # noqa: ASYNC110 - the wire's own task notes it
            await asyncio.sleep(0.002)
    figures.pay_paper.append(till.wire.first_dots[-1] * 1000 - seen.pressed_ms)


async def _search(page: Page, watch: Watch, text: str, figures: Figures) -> None:
    """Type it, letter by letter; every state of the field is one search, but for a blank at its end."""
    await page.keyboard.press("F3")
    asked = ""
    for end in range(1, len(text) + 1):
        typed = text[:end].strip()
        if len(typed) < LETTERS_MIN or typed == asked:
            await page.keyboard.type(text[end - 1])
            continue
        asked = typed
        await watch.expect_found(typed)
        await page.keyboard.type(text[end - 1])
        seen = await watch.seen()
        figures.search.append(seen.painted_ms - seen.typed_ms)
        await asyncio.sleep(BETWEEN_LETTERS_S)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")


async def _idle_percent(till: BenchTill) -> float:
    """What of one core the agent takes while nobody does anything."""
    await asyncio.sleep(1)
    before = till.cpu_s()
    await asyncio.sleep(IDLE_S)
    return (till.cpu_s() - before) / IDLE_S * 100


def _texts(stock: tuple[Good, ...], dice: Random, count: int) -> list[str]:
    """What cashiers type: the first words of a name, some without its marks, some with a slip."""
    texts = []
    for good in dice.choices(stock, k=count):
        words = good.item.name.lower().split()
        text = " ".join(words[: dice.randint(1, 3)])
        if len(text) > 5 and dice.random() < 0.3:
            at = dice.randrange(1, len(text) - 1)
            text = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        texts.append(text)
    return texts
