"""The bench of one till: scan to painted line, search while typing, payment to journal and to paper, start, memory.

Everything is real but the shop: the agent's process, its SQLite with synchronous FULL, bytes from a scanner's serial
line and to a printer, Chromium that paints. All on one machine, so the browser's work counts against the till.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from playwright.async_api import Page

from tests.bench.goods import Good
from tests.bench.shop import BenchTill, fill, running
from tests.demo.browser import chromium, open_page
from tests.demo.cashier import percentiles

LINES_A_SALE = 10
WAIT_S = 20.0

# Notes, per notice of the till, the first frame after it is in the document; and when keys went down.
_WATCH = """() => {
  window.painted = {};
  window.pressed = 0;
  const now = () => performance.timeOrigin + performance.now();
  let last = "";
  const look = () => {
    const stage = document.getElementById("stage");
    if (stage && stage.dataset.serial !== last) {
      last = stage.dataset.serial;
      const serial = last;
      requestAnimationFrame(() => { window.painted[serial] = now(); });
    }
    const found = document.querySelector("#panel-side [data-found]");
    if (found && found.dataset.found !== window.foundLast) {
      window.foundLast = found.dataset.found;
      const text = found.dataset.found;
      requestAnimationFrame(() => { window.found = [text, now()]; });
    }
  };
  new MutationObserver(look).observe(document.documentElement, {subtree: true, childList: true, attributes: true});
  addEventListener("keydown", (event) => { window.pressed = performance.timeOrigin + event.timeStamp; }, true);
}"""


@dataclass
class Figures:
    """Milliseconds, one a sample."""

    scan: list[float] = field(default_factory=list)
    search: list[float] = field(default_factory=list)
    pay_journal: list[float] = field(default_factory=list)
    pay_paper: list[float] = field(default_factory=list)


async def bench_till(  # noqa: PLR0913 - an option each
    folder: Path, *, items: int, sales: int, searches: int, seed: int, told: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Measure. `told(what, done, of)` hears the progress."""
    dice = Random(seed)  # noqa: S311 - which goods come, not a secret
    stock = await fill(folder, items, lambda done: told("catalogue", done, items))
    figures = Figures()
    executable = chromium()
    assert executable is not None, "the bench needs Chromium: ./dev setup --system"
    async with running(folder) as till, open_page(till.url, executable) as page:
        await page.evaluate(_WATCH)
        serial = 0
        for sale in range(sales):
            for good in dice.choices(stock, k=LINES_A_SALE):
                serial = await _scan(till, page, good, figures)
            await _pay(till, page, figures, serial)
            told("sales", sale + 1, sales)
        for number, text in enumerate(_texts(stock, dice, searches), 1):
            await _search(page, text, figures)
            told("searches", number, searches)
        return {
            "items": items,
            "scan_to_line_ms": percentiles(figures.scan),
            "search_ms": percentiles(figures.search),
            "pay_to_journal_ms": percentiles(figures.pay_journal),
            "pay_to_first_print_byte_ms": percentiles(figures.pay_paper),
            "start_s": round(till.start_s, 2),
            "rss_mb": round(till.rss_mb(), 1),
            "measured": {
                "scans": len(figures.scan), "searches": len(figures.search), "payments": len(figures.pay_journal),
            },
        }  # fmt: skip


async def _scan(till: BenchTill, page: Page, good: Good, figures: Figures) -> int:
    before = await _serial(page)
    sent = await till.scanner.scan(good.code)
    painted = await _painted_after(page, before)
    figures.scan.append(painted * 1000 - sent.sent_at * 1000)
    return await _serial(page)


async def _pay(till: BenchTill, page: Page, figures: Figures, serial: int) -> None:
    papers = len(till.wire.first_dots)
    known = len((await till.diagnostics())["sold"])
    await page.keyboard.press("F8")
    await page.wait_for_selector("body[data-panel=cash]")
    await page.keyboard.press("Enter")
    await _painted_after(page, serial)
    pressed_ms: float = await page.evaluate("() => window.pressed")
    sold = (await till.diagnostics())["sold"]
    assert len(sold) == min(known + 1, 1000), "the payment did not become a sale"
    figures.pay_journal.append(datetime.fromisoformat(sold[-1]["at"]).timestamp() * 1000 - pressed_ms)
    async with asyncio.timeout(WAIT_S):
        while len(till.wire.first_dots) == papers:  # noqa: ASYNC110 - the wire's own task notes it
            await asyncio.sleep(0.002)
    figures.pay_paper.append(till.wire.first_dots[-1] * 1000 - pressed_ms)


async def _search(page: Page, text: str, figures: Figures) -> None:
    """Type it, letter by letter; every state of the field is one search."""
    await page.keyboard.press("F3")
    for end in range(1, len(text) + 1):
        await page.keyboard.type(text[end - 1])
        if end < 2:
            continue
        pressed: float = await page.evaluate("() => window.pressed")
        figures.search.append(await _found(page, text[:end]) - pressed)
    await page.keyboard.press("Escape")
    await page.keyboard.press("Escape")


async def _found(page: Page, text: str) -> float:
    async with asyncio.timeout(WAIT_S):
        while True:
            found: list[Any] | None = await page.evaluate("() => window.found")
            if found is not None and found[0] == text.strip():
                return float(found[1])
            await asyncio.sleep(0.002)


async def _painted_after(page: Page, serial: int) -> float:
    """Seconds since 1970 at which the first notice after `serial` was painted."""
    async with asyncio.timeout(WAIT_S):
        while True:
            painted: Mapping[str, float] = await page.evaluate("() => window.painted")
            newer = [int(each) for each in painted if int(each) > serial]
            if newer:
                return painted[str(min(newer))] / 1000
            await asyncio.sleep(0.002)


async def _serial(page: Page) -> int:
    return int(await page.evaluate("() => document.getElementById('stage').dataset.serial"))


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
