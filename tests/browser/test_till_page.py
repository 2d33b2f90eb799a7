"""The cashier's page in a real Chromium, in front of a till in memory: what a cashier's hands do all day."""

from __future__ import annotations

from random import Random

from playwright.sync_api import BrowserContext, Page, expect

from hardware_sim.wedge import WedgeScanner
from tests.browser.till_stage import MILK, NOODLE, WATER, Till
from tests.browser.wedge_stage import Stage

BOUNCE_MS = 600
"""Sooner than half a second after a sale a press is taken for the one that paid, bouncing."""


def test_a_whole_sale_with_the_keyboard_alone(till: Till, till_page: Page) -> None:
    """Scan, type a code, quantity ahead, quantity after, take off, cash, change, receipt, next customer."""
    page = till_page
    till.scan(MILK)
    expect(page.locator(".line.now")).to_contain_text("Sữa tươi")
    expect(page.locator(".line.now")).to_contain_text("còn 19 ở cửa hàng")
    page.keyboard.type("3*", delay=100)
    expect(page.locator("#pending")).to_contain_text("3")
    page.keyboard.type(f"{NOODLE}\n", delay=100)
    expect(page.locator(".line.now")).to_contain_text("3 gói")
    page.keyboard.press("*")
    page.keyboard.type("6\n")
    expect(page.locator(".line.now")).to_contain_text("27.000")
    till.scan(WATER)
    expect(page.locator(".line")).to_have_count(3)
    page.keyboard.press("Delete")
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#total")).to_contain_text("63.500")
    page.keyboard.press("F8")
    page.keyboard.type("100000", delay=100)
    expect(page.locator("#given")).to_have_value("100.000")
    expect(page.locator("#preview")).to_contain_text("36.500")
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_have_text("36.500\N{NO-BREAK SPACE}₫")
    expect(page.locator("#sum")).to_contain_text("HB-2-000001")
    assert [(total, given) for _sale, total, given in till.counter.paid] == [(63_500, 100_000)]
    page.wait_for_timeout(BOUNCE_MS)
    page.keyboard.press("Enter")
    expect(page.locator(".teach")).to_be_visible()
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)


def test_enter_alone_takes_the_exact_amount(till: Till, till_page: Page) -> None:
    """The big button is the next step: Enter opens cash, Enter takes what is on the screen."""
    page = till_page
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#given")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_have_text("0\N{NO-BREAK SPACE}₫")
    assert till.counter.paid[0][1:] == (36_500, 36_500)


def test_a_sale_with_fingers_alone(till: Till, till_page: Page) -> None:
    """Quick amounts, digits and the line's buttons work by touch, and every target is large enough for a finger."""
    page = till_page
    till.scan(MILK)
    page.locator(".line.now .q").click()
    page.get_by_role("button", name="Thêm một").click()
    expect(page.locator(".line.now")).to_contain_text("2 hộp")
    page.get_by_role("button", name="Đóng").click()
    page.get_by_role("button", name="Tiền mặt").click()
    for key in ("9", "0", "000"):
        page.locator(f"#panel-cash [data-key='{key}']").click()
    expect(page.locator("#preview")).to_contain_text("17.000")
    sizes = page.evaluate(
        "[...document.querySelectorAll('button')].filter((b) => b.offsetParent)"
        ".map((b) => { const r = b.getBoundingClientRect(); return [b.textContent, r.width, r.height]; })"
    )
    assert [size for size in sizes if min(size[1:]) < 48] == []
    page.locator("#quick button", has_text="80.000").click()
    expect(page.locator(".huge")).to_have_text("7.000\N{NO-BREAK SPACE}₫")


def test_a_double_click_pays_once(till: Till, till_page: Page) -> None:
    """However often the button is hit, the cart is paid once."""
    page = till_page
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)  # paid before it is on the page, the cash would be for nothing
    page.keyboard.press("F8")
    page.evaluate("for (let i = 0; i < 5; i++) document.getElementById('go-pay').click()")
    expect(page.locator(".huge")).to_be_visible()
    assert len(till.counter.paid) == 1


def test_a_scan_while_cash_is_open_is_kept(till: Till, till_page: Page) -> None:
    """The line appears, the total follows, and what was typed stays."""
    page = till_page
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("F8")
    page.keyboard.type("50000", delay=100)
    till.scan(WATER)
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#total")).to_contain_text("43.500")
    expect(page.locator("#given")).to_have_value("50.000")
    expect(page.locator("#preview")).to_contain_text("6.500")
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_have_text("6.500\N{NO-BREAK SPACE}₫")


def test_a_scanner_that_types_is_not_taken_for_money(till: Till, till_page: Page) -> None:
    """A code that arrives as keys while an amount is asked for becomes a line; the amount stays."""
    page = till_page
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("F8")
    page.keyboard.type("50000", delay=100)
    expect(page.locator("#given")).to_have_value("50.000")
    keyboard = Stage(page, page.context.new_cdp_session(page))
    keyboard.play(WedgeScanner(layout="vietnamese").scan(WATER, Random(1)))  # noqa: S311 - a seed, no secret
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#given")).to_have_value("50.000")
    assert till.counter.paid == []


def test_an_unknown_code_is_red_and_says_what_was_read(till: Till, till_page: Page) -> None:
    """The field turns red, the code stands there, and the sale goes on."""
    page = till_page
    till.scan(MILK)
    till.scan("8930000000000")
    expect(page.locator("#notice")).to_contain_text("8930000000000")
    expect(page.locator("body")).to_have_attribute("data-bad", "yes")
    till.scan(WATER)
    expect(page.locator("body")).to_have_attribute("data-bad", "no")
    expect(page.locator(".line")).to_have_count(2)


def test_codes_typed_in_a_hurry_arrive_in_order(till: Till, till_page: Page) -> None:
    """Nothing is lost when codes are typed faster than the till answers."""
    page = till_page
    page.keyboard.type(f"{MILK}\n{WATER}\n{NOODLE}\n{MILK}\n", delay=90)  # quicker ones are a scanner's
    expect(page.locator(".line.now")).to_contain_text("2 hộp")
    assert [code for code, _source in till.counter.scans] == [MILK, WATER, NOODLE, MILK]
    expect(page.locator("#code")).to_have_value("")


def test_a_reload_and_a_second_window_lose_nothing(till: Till, till_page: Page, context: BrowserContext) -> None:
    """The sale is the till's: the newest window is the live one, the older one says so and takes over at a press."""
    page = till_page
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.reload()
    expect(page.locator(".line")).to_have_count(1)
    second = context.new_page()
    second.goto(till.served.url)
    expect(second.locator(".line")).to_have_count(1)
    expect(page.locator("#other-window")).to_be_visible()
    till.scan(WATER)
    expect(second.locator(".line")).to_have_count(2)
    page.bring_to_front()
    expect(page.locator("#other-window button")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#other-window")).to_be_hidden()
    expect(page.locator(".line")).to_have_count(2)
    expect(second.locator("#other-window")).to_be_visible()
    page.keyboard.press("F8")
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_be_visible()
    assert len(till.counter.paid) == 1


def test_any_number_of_windows_may_have_been_open(till: Till, till_page: Page, context: BrowserContext) -> None:
    """Windows that were left open hold no connection: the eighth works as the first did."""
    window = till_page
    for _ in range(7):
        window = context.new_page()
        window.goto(till.served.url)
        expect(window.locator("#code")).to_be_focused()
    till.scan(MILK)
    expect(window.locator(".line")).to_have_count(1)
    window.keyboard.type(f"{WATER}\n", delay=90)
    expect(window.locator(".line")).to_have_count(2)
    expect(till_page.locator("#other-window")).to_be_visible()
