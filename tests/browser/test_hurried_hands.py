"""Hands that are faster than the till's answers: what was opened last stays open."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from protocol.documents import BankAccount, Settings
from protocol.ids import store_feed
from tests.browser.real_till import RealTill, open_real_till
from tests.unit.edge_agent.counter.shop import STORE, Shop, load

WATER = "8934602100016"


async def _as_it_is(shop: Shop) -> None:
    """A shop with a bank account, so that all ways to pay are there."""
    bank = BankAccount(bin="970436", account="0123456789")
    await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Hà Nội", bank=bank)})
    shop.counter.refresh()
    await shop.counter.scan(WATER, source="scanner")


@pytest.fixture
def till(tmp_path: Path) -> Iterator[RealTill]:
    """A till with water on the receipt."""
    with open_real_till(tmp_path, _as_it_is) as opened:
        yield opened


@pytest.fixture
def page(till: RealTill, context: BrowserContext) -> Page:
    """Its page."""
    opened = context.new_page()
    till.enter(opened)
    return opened


@pytest.mark.parametrize(
    ("key", "opened"), [("F8", "#panel-cash"), ("Shift+F8", ".panel-body.pay"), ("F10", ".panel-body.qr")]
)
def test_what_was_opened_after_an_order_stays(page: Page, key: str, opened: str) -> None:
    """A card's part is on its way when she opens the next way to pay: its notice leaves that open."""
    held: list[Route] = []
    page.keyboard.press("F11")
    page.locator("#approval").fill("A1")
    page.locator("#card-amount").fill("1000")

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/order/pay_card", hold)
    page.locator("#card-amount").press("Enter")
    while not held:
        page.wait_for_timeout(10)
    page.keyboard.press(key)
    expect(page.locator(opened)).to_be_visible()
    held[0].continue_()
    expect(page.locator("#stage")).to_have_attribute("data-notice", "paid_part")
    page.wait_for_timeout(300)
    expect(page.locator(opened)).to_be_visible()


def test_a_press_that_bounces_leaves_the_change_on_the_screen(page: Page) -> None:
    """Enter twice pays once and shows what to give back; a third one, later, begins a new sale."""
    page.keyboard.press("F8")
    expect(page.locator("#panel-cash")).to_be_visible()
    for _ in range(12):
        page.keyboard.press("Enter")
    expect(page.locator("#go-new")).to_be_visible()
    page.wait_for_timeout(300)
    expect(page.locator("#go-new")).to_be_visible()
    page.wait_for_timeout(500)
    page.keyboard.press("Enter")
    expect(page.locator("#go-new")).to_have_count(0)
