"""Paying and giving back in a real Chromium over a real counter, by keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from protocol.documents import BankAccount, Settings
from protocol.events import SaleCompleted, SaleRefunded
from protocol.ids import store_feed
from tests.browser.real_till import RealTill, open_real_till
from tests.unit.edge_agent.counter.shop import STORE, Shop, load

WATER = "8934602100016"
BY_HAND_MS = 120
"""Between two keys: faster is a scanner."""


async def equipped(shop: Shop) -> None:
    """What the hub has sent."""
    bank = BankAccount(bin="970436", account="0123456789", name="SHOP")
    await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Hà Nội 01", bank=bank)})
    shop.counter.refresh()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[RealTill]:
    """A till with a bank account, served."""
    with open_real_till(tmp_path, equipped) as opened:
        yield opened


@pytest.fixture
def shop_page(shop: RealTill, context: BrowserContext) -> Iterator[Page]:
    """Its page; a script error or a violated policy fails the test."""
    faults: list[str] = []
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective))"
    )
    page = context.new_page()
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    shop.enter(page)
    yield page
    assert faults == []


def test_a_card_part_a_code_part_and_a_return_by_keyboard_alone(shop: RealTill, shop_page: Page) -> None:
    """F11 with an approval and a part, F10 for the rest, confirmed; then F7, the receipt's number, all of it back."""
    page = shop_page
    shop.scan("2*" + WATER)
    expect(page.locator("#lines .line")).to_have_count(1)
    page.keyboard.press("F11")
    expect(page.locator("#approval")).to_be_focused()
    page.keyboard.type("A12", delay=BY_HAND_MS)
    page.keyboard.press("Tab")
    page.keyboard.type("4000", delay=BY_HAND_MS)
    page.wait_for_timeout(BY_HAND_MS)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-body.pay")).to_contain_text("A12")
    page.keyboard.press("F10")
    expect(page.locator(".panel-body.qr button[data-home]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".panel-body.qr .huge")).to_contain_text("6.000")
    expect(page.locator(".panel-body.qr button[data-home]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#go-new")).to_be_visible()
    [sale] = [fact for fact in shop.call(shop.shop.facts()) if isinstance(fact, SaleCompleted)]
    assert [(tender.kind, tender.amount) for tender in sale.tenders] == [("card", 4_000), ("vietqr", 6_000)]
    page.keyboard.press("F7")
    expect(page.locator("#return-number")).to_be_focused()
    page.keyboard.type("000001", delay=BY_HAND_MS)
    page.wait_for_timeout(BY_HAND_MS)
    page.keyboard.press("Enter")
    expect(page.locator("#back-1")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#go-next")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#refund-approval")).to_be_focused()
    page.keyboard.type("R7", delay=BY_HAND_MS)
    page.wait_for_timeout(BY_HAND_MS)
    page.keyboard.press("Enter")
    expect(page.locator(".panel-body.refund button[data-home]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#go-new")).to_be_visible()
    [refund] = [fact for fact in shop.call(shop.shop.facts()) if isinstance(fact, SaleRefunded)]
    assert [(tender.kind, tender.amount) for tender in refund.tenders] == [("card", 4_000), ("cash", 6_000)]
