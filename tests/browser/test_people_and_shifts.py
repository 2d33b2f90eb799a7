"""People and shifts in a real Chromium over a real counter: by keyboard and by touch, and nothing typed is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from edge_agent.till.pins import store_pin
from protocol.documents import Settings, Staff
from protocol.ids import store_feed
from tests.browser.real_till import RealTill, open_real_till
from tests.unit.edge_agent.counter.shop import STORE, Shop, load

WATER = "8934602100016"
LAN = Staff(staff="101", name="Nguyễn Thị Lan", pin=store_pin("1111", b"l" * 16, log2n=4))
MAI = Staff(staff="102", name="Trần Mai", pin=store_pin("2222", b"m" * 16, log2n=4))
HOA = Staff(staff="900", name="Phạm Hoa", role="supervisor", pin=store_pin("7777", b"h" * 16, log2n=4))


async def staffed(shop: Shop) -> None:
    """What the hub has sent."""
    await load(shop.database, store_feed(STORE), "staff", {staff.staff: staff for staff in (LAN, MAI, HOA)})
    await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Hà Nội 01")})
    shop.counter.refresh()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[RealTill]:
    """A till with three people, served."""
    with open_real_till(tmp_path, staffed) as opened:
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


def sign_in(page: Page, number: str, pin: str) -> None:
    """By keyboard: number, Enter, PIN, Enter."""
    expect(page.locator("#staff")).to_be_focused()
    page.keyboard.type(f"{number}\n", delay=5)
    expect(page.locator("#staff-pin")).to_be_focused()
    page.keyboard.type(f"{pin}\n", delay=5)
    expect(page.locator(".sign-in")).to_have_count(0)


def test_a_locked_till_asks_who_is_there(shop: RealTill, shop_page: Page) -> None:
    """By touch: the names stand there, the pad takes the PIN, no digit is ever shown, and the till sells."""
    page = shop_page
    page.get_by_role("button", name=re.compile("Trần Mai")).click()
    expect(page.locator("#pin")).to_be_focused()
    for digit in "2223":
        page.locator(f".pad[data-for=pin] [data-key='{digit}']").click()
    assert page.locator("#pin").get_attribute("type") == "password"
    page.locator(".sign-in").get_by_role("button", name="Đăng nhập").click()
    expect(page.locator("#notice")).to_contain_text("Mã PIN sai")
    expect(page.locator("#pin")).to_have_value("")
    page.keyboard.type("2222\n", delay=5)
    expect(page.locator("#who")).to_contain_text("Trần Mai")
    expect(page.locator(".sign-in")).to_have_count(0)
    shop.scan(WATER)
    expect(page.locator(".line")).to_have_count(1)


def test_a_scan_at_a_locked_till_is_refused_and_asks_again(shop: RealTill, shop_page: Page) -> None:
    """Even if the panel was closed: the scan brings it back, and the receipt stays empty."""
    page = shop_page
    expect(page.locator("#staff")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(".sign-in")).to_have_count(0)
    shop.scan(WATER)
    expect(page.locator(".sign-in")).to_be_visible()
    expect(page.locator("#notice")).to_contain_text("Đăng nhập trước")
    assert "Ai đứng quầy?" in page.request.get(f"{shop.url}/panel/x_report").text()
    expect(page.locator(".line")).to_have_count(0)


def test_a_shift_with_the_keyboard_alone(shop: RealTill, shop_page: Page) -> None:
    """Sign in, count, sell, count again while a supervisor opens the drawer, close, read the Z report."""
    page = shop_page
    sign_in(page, "101", "1111")
    page.get_by_role("button", name="Ca và két").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".shift [data-home]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#notes-500000")).to_be_focused()
    page.keyboard.type("1\n2\n", delay=5)
    expect(page.locator("[data-sum]")).to_have_text("900.000")
    page.locator(".shift-open").get_by_role("button", name="Mở ca", exact=True).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Đã mở ca 1")
    expect(page.locator(".shift-open")).to_have_count(0)
    shop.scan(f"3*{WATER}")
    expect(page.locator(".line")).to_have_count(1)
    shop.call(shop.shop.counter.order("pay_cash", {"sale_id": shop.shop.counter.view().sale_id}))
    shop.call(shop.shop.counter.order("new_sale", {}))
    page.evaluate("window.tillwire.panel('@shift_close')")
    expect(page.locator("#notes-500000")).to_be_focused()
    page.keyboard.type("1", delay=5)
    expect(page.locator("#notes-500000")).to_have_value("1")
    shop.call(shop.shop.counter.order("no_sale", {"reason": "x"}))
    expect(page.locator(".approve")).to_contain_text("Nguyễn Thị Lan")
    expect(page.locator("#pin")).to_be_focused()
    page.keyboard.type("7777\n", delay=5)
    expect(page.locator("#notice")).to_contain_text("Két mở")
    expect(page.locator("#notes-500000")).to_have_value("1")
    page.locator("#notes-200000").fill("2")
    expect(page.locator("[data-over]")).to_have_text("\N{MINUS SIGN}15.000")
    page.get_by_role("button", name=re.compile("Đóng ca và in")).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#notice")).to_contain_text("Đã đóng ca 1")
    expect(page.locator(".report")).to_contain_text("thiếu 15.000")
    expect(page.locator(".report")).to_contain_text("Nguyễn Thị Lan")


def test_a_drawer_is_counted_with_fingers_alone(shop: RealTill, shop_page: Page) -> None:
    """The pad types into the field that was touched last, and the sum grows with every touch."""
    page = shop_page
    sign_in(page, "101", "1111")
    page.get_by_role("button", name="Ca và két").click()
    page.get_by_role("button", name="Đếm tiền và mở ca").click()
    page.locator("#notes-100000").click()
    for digit in "12":
        page.locator(f".count-pad [data-key='{digit}']").click()
    expect(page.locator("[data-sum]")).to_have_text("1.200.000")
    page.locator("#notes-1000").click()
    page.locator(".count-pad [data-key='5']").click()
    expect(page.locator("[data-sum]")).to_have_text("1.205.000")
    page.locator(".shift-open").get_by_role("button", name="Mở ca", exact=True).click()
    expect(page.locator("#notice")).to_contain_text("Đã mở ca 1")
    shift = shop.shop.counter.view().shift
    assert shift is not None
    assert shift.opened_by == "101"


def test_every_panel_speaks_both_languages(shop: RealTill, shop_page: Page) -> None:
    """Each panel opens in Vietnamese and in English, without an error of a script or a template."""
    page = shop_page
    sign_in(page, "900", "7777")
    for language, word in (("vi", "Ca và két"), ("en", "Shift and drawer")):
        shop.call(shop.shop.counter.order("set_language", {"language": language}))
        expect(page.locator("html")).to_have_attribute("lang", language)
        for name in (
            "shift",
            "shift_open",
            "shift_close",
            "cash_move",
            "x_report",
            "z_report",
            "shifts",
            "sign_in",
            "approve",
        ):
            answer = page.request.get(f"{shop.url}/panel/{name}")
            assert answer.ok, name
        assert word in page.request.get(f"{shop.url}/panel/shift").text()
