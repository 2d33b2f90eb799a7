"""Packs, bundles and lots on the page: what a case takes, which lot came, and what should be counted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from protocol.documents import Item, Part, Recount, Settings, Stock
from protocol.events import StockReceived
from protocol.ids import GLOBAL_FEED, store_feed
from tests.browser.real_till import RealTill, open_real_till
from tests.unit.edge_agent.counter.shop import START, STORE, Shop, load

ITEMS = (
    Item(sku="BIA", name="Bia Hà Nội lon 330 ml", barcodes=("CAN-1",), price=15_000, currency="VND"),
    Item(
        sku="BIA-24", name="Bia Hà Nội thùng 24 lon", barcodes=("CASE-1",), price=330_000, currency="VND",
        pack_of="BIA", pack_size=24_000,
    ),
    Item(sku="TRA", name="Trà sen", price=90_000, currency="VND"),
    Item(
        sku="GIO", name="Giỏ quà Tết", barcodes=("GIFT-1",), price=250_000, currency="VND",
        parts=(Part(sku="TRA", quantity=2_000), Part(sku="BIA", quantity=6_000)),
    ),
    Item(sku="SUA", name="Sữa tươi", barcodes=("MILK-1",), price=9_000, currency="VND", asks_lot=True,
         asks_expiry=True),
)  # fmt: skip


async def stocked(shop: Shop) -> None:
    """What the hub has sent."""
    feed = store_feed(STORE)
    await load(shop.database, GLOBAL_FEED, "item", {item.sku: item for item in ITEMS})
    await load(shop.database, feed, "settings", {"store": Settings(store_name="Hàng Bài", language="en")})
    await load(shop.database, feed, "stock", {
        "BIA": Stock(sku="BIA", on_hand=100_000), "TRA": Stock(sku="TRA", on_hand=9_000)
    })  # fmt: skip
    wanted = Recount(sku="BIA", reason="negative", since=START - timedelta(days=1))
    await load(shop.database, feed, "recount", {"BIA": wanted})
    shop.counter.refresh()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[RealTill]:
    """A till, served."""
    with open_real_till(tmp_path, stocked) as opened:
        yield opened


@pytest.fixture
def page(shop: RealTill, context: BrowserContext) -> Page:
    """Its page."""
    page = context.new_page()
    shop.enter(page)
    return page


def test_a_case_and_a_basket_say_what_they_take(shop: RealTill, page: Page) -> None:
    """At the pack's own price, with what leaves the shelf below the line."""
    shop.scan("CASE-1")
    line = page.locator("#lines .line", has_text="thùng 24")
    expect(line).to_contain_text("from the shelf: 24 \N{MULTIPLICATION SIGN} Bia Hà Nội lon 330 ml")
    expect(line).to_contain_text("3 left in the store")
    shop.scan("GIFT-1")
    expect(page.locator("#lines .line", has_text="Giỏ quà")).to_contain_text("2 \N{MULTIPLICATION SIGN} Trà sen")


def test_goods_that_come_are_asked_for_lot_and_date(shop: RealTill, page: Page) -> None:
    """The panel opens by itself, and what is typed there stands on the line and in the event."""
    shop.call(shop.shop.counter.order("work_start", {"kind": "receive"}))
    shop.scan("MILK-1")
    page.locator(".panel-body.work-lot input[name=lot]").fill("A1")
    page.locator(".panel-body.work-lot input[name=expires]").fill("9/12/2026")
    page.locator(".panel-body.work-lot").get_by_role("button", name="Take it").click()
    line = page.locator("#lines .line", has_text="Sữa tươi")
    expect(line).to_contain_text("lot A1")
    expect(line).to_contain_text("best before 09.12.2026")
    expect(page.locator(".panel-body.work-lot")).to_have_count(0)
    work = shop.shop.counter.view().work
    assert work is not None
    shop.call(shop.shop.counter.order("work_finish", {"work_id": work.id}))
    (fact,) = shop.call(shop.shop.facts())
    assert isinstance(fact, StockReceived)
    assert [(line.lot, str(line.expires)) for line in fact.lines] == [("A1", "2026-12-09")]


def test_what_should_be_counted_is_one_touch_away(page: Page) -> None:
    """The menu of work says how many; the list says what."""
    page.keyboard.press("F5")
    page.locator("[data-panel-open='@work']").first.click()
    page.get_by_role("button", name="1 item should be counted").click()
    expect(page.locator("#lines .line", has_text="Bia Hà Nội lon")).to_contain_text("to be counted")
