"""A browser that dies in the middle of a payment, and two of them on one till."""

from __future__ import annotations

from contextlib import AsyncExitStack, closing
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from protocol.ids import TerminalId
from tests.demo.browser import chromium
from tests.endurance.chromium import KillableChromium
from tests.endurance.till import FLOAT, STOCK, till_on
from tests.endurance.witness import Witness
from tests.integration.edge.till_process import SLOW_TEST_S, has_ptys

EXECUTABLE = chromium()
pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(EXECUTABLE is None, reason="needs Chromium"),
    pytest.mark.skipif(not has_ptys(), reason="needs pseudo terminals"),
    pytest.mark.timeout(SLOW_TEST_S),
]


@pytest.fixture
def anyio_backend() -> str:
    """Playwright runs on asyncio."""
    return "asyncio"


async def test_a_browser_that_was_killed_comes_back_with_cart_and_money(tmp_path: Path) -> None:
    """Half is paid when it dies: the next one shows what was there, another takes over from it, and it is paid once."""
    assert EXECUTABLE is not None
    seen: list[list[str]] = [[], [], []]
    async with AsyncExitStack() as stack:
        witness = stack.enter_context(closing(Witness(tmp_path / "witness.jsonl")))
        till = await stack.enter_async_context(till_on(tmp_path, TerminalId("t1"), witness))
        playwright = await stack.enter_async_context(async_playwright())
        browsers = [
            KillableChromium(playwright, EXECUTABLE, tmp_path / f"chromium-{index}", saw.append)
            for index, saw in enumerate(seen)
        ]
        for browser in browsers:
            stack.push_async_callback(browser.kill)
        await till.start()
        await till.give("open_shift", number="1", amount=str(FLOAT))
        await browsers[0].start(till.url, till.pattern)
        for good in STOCK[:3]:
            await till.scanner.scan(good.code)
        cart = await till.until(lambda: len(till.cart().lines) == 3 and till.cart(), "three lines")
        await till.give("pay_cash", sale_id=cart.sale_id, take=f"{cart.sale_id}-1", given="500", part="true")
        await browsers[0].kill()
        for browser in browsers[1:]:
            await browser.start(till.url, till.pattern)
            assert await browser.page.locator("#lines > li").count() == 3
            await browser.page.wait_for_selector("#sum .paid")
        old, live = browsers[1].page, browsers[2].page
        await old.wait_for_selector("body[data-wire=elsewhere]")
        await live.keyboard.press("F8")
        await live.wait_for_selector("body[data-panel=cash]")
        for _ in range(2):
            await live.keyboard.press("Enter")
        await till.until(lambda: seen[2], "the receipt number on the live screen")
        await old.locator("#other-window button").click()
        await old.wait_for_selector("body[data-wire=up]")
        await till.until(lambda: seen[1], "the receipt number on the screen that took over again")
        with till.books() as connection:
            sales = connection.execute("SELECT sale_id, receipt_number, total FROM sale").fetchall()
        number = sales[0][1]
        assert sales == [(cart.sale_id, number, sum(good.item.price for good in STOCK[:3]))]
        assert (seen[0], set(seen[1]), set(seen[2])) == ([], {number}, {number})
