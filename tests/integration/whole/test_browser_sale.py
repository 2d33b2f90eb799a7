"""A person's view of the whole: a real Chromium sells at the till, another page of it watches at the hub."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.demo.browser import QUIET, chromium
from tests.demo.play import Play
from tests.integration.whole.conftest import run, shop

NEEDED = "needs Chromium (./dev setup --system, or apt-get install chromium)"
PICTURES = os.environ.get("TILLWIRE_TEST_PICTURES")  # noqa: TID251 - a folder for whoever wants to look at the screens


async def picture(page: Page, name: str) -> None:
    """Keep a screenshot, if somebody asked for them."""
    if PICTURES:
        await page.screenshot(path=Path(PICTURES) / f"{name}.png")


async def sale_by_keyboard(play: Play, till: Page) -> str:
    """Scan two things, press F8 and Enter, and return the receipt number that the page shows."""
    scanner = play.stage.tills[0].scanner
    first, second = play.stage.plan.goods[0], play.stage.plan.goods[3]
    await scanner.scan(first.code)
    await expect(till.locator("#lines")).to_contain_text(first.name)
    await scanner.scan(second.code)
    await expect(till.locator("#lines")).to_contain_text(second.name)
    await picture(till, "till-cart")
    await till.keyboard.press("F8")
    await till.keyboard.press("Enter")
    number = till.locator("#sum .receipt b.code")
    await expect(till.locator("body")).to_have_attribute("data-stage", "done")
    await expect(number).to_be_visible()
    return (await number.inner_text()).strip()


@pytest.mark.timeout(240)
def test_scan_and_pay_in_chromium_and_see_it_on_the_dashboard(tmp_path: Path) -> None:
    """Scan, F8, Enter: the till shows the receipt's number, the printer prints it once, the dashboard shows it live."""
    executable = chromium()
    if executable is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NEEDED)  # noqa: TID251 - missing is a failure in CI only

    async def scenario() -> None:
        async with shop(tmp_path / "shop") as play, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=executable, args=list(QUIET))
            complaints: list[str] = []
            till = await browser.new_page(viewport={"width": 1024, "height": 768})
            till.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            await till.goto(play.stage.tills[0].page_url)
            await till.wait_for_url("**/")
            first = await sale_by_keyboard(play, till)
            await picture(till, "till-done")

            hub = await browser.new_page(viewport={"width": 1440, "height": 900})
            hub.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
            await hub.goto((await play.stage.hub_command("admin", "link")).split()[-1])
            await expect(hub.locator("body")).to_contain_text(first)
            await till.bring_to_front()
            second = await sale_by_keyboard(play, till)
            assert second != first
            await hub.bring_to_front()
            await expect(hub.locator("body")).to_contain_text(second)
            await picture(hub, "hub")

            receipts = await play.stage.tills[0].printer.wait_receipts(2, timeout_s=20)
            assert all(receipt.complete for receipt in receipts)
            assert play.stage.tills[0].drawer.openings >= 1
            assert complaints == []
            await browser.close()

    run(scenario)
