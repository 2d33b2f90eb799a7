"""The cashier's page in a real Chromium when things are not as they should be: names, troubles, restarts, screens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from edge_agent.till.view import DeviceView, LinkView, PrintQuestionView
from tests.browser.till_stage import MILK, WATER, Till, open_till
from tests.unit.edge_agent.pages.fake_counter import FINE, NOW, FakeCounter, Goods

LINE_WITHIN_MS = 250
"""Scan to line, median, on a machine that runs other tests too; docs/reference/cashier-page.md has measured figures."""


def test_names_from_outside_stay_text(till: Till, till_page: Page) -> None:
    """A name that is a script is shown, long names are cut, and nothing moves out of its place."""
    page = till_page
    till.counter.catalogue["666"] = Goods(
        "EVIL", "<script>window.evil=1</script><img src=x onerror='window.evil=1'>", 1
    )
    till.counter.catalogue["667"] = Goods("LONG", "Bánh rất dài " * 80, 1_250_000_000, "hộp quà")
    till.scan("666")
    till.scan("667")
    expect(page.locator(".line").first).to_contain_text("<script>")
    page.reload()
    expect(page.locator(".line").first).to_contain_text("<script>")
    assert page.evaluate("window.evil") is None
    assert page.evaluate("document.querySelectorAll('.line img, .line script').length") == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator(".line.now").bounding_box()["height"] < 130  # type: ignore[index]  # it is visible


def test_the_newest_of_sixty_lines_is_seen(till: Till, till_page: Page) -> None:
    """A long cart scrolls by itself; marking an old line and scanning on comes back to the newest."""
    page = till_page
    for number in range(60):
        till.counter.catalogue[f"{number:08d}"] = Goods(f"S{number}", f"Hàng số {number}", 1000)
        till.scan(f"{number:08d}")
    expect(page.locator(".line")).to_have_count(60)
    expect(page.locator(".line.now")).to_be_in_viewport(ratio=1)
    for _ in range(30):
        page.keyboard.press("ArrowUp")
    expect(page.locator(".line.marked")).to_contain_text("Hàng số 29")
    expect(page.locator(".line.marked")).to_be_in_viewport()
    till.scan("00000000")
    expect(page.locator(".line.now")).to_contain_text("2 cái")
    expect(page.locator(".line.now")).to_be_in_viewport(ratio=1)
    expect(page.locator(".line")).to_have_count(60)


def test_troubles_open_with_words(till: Till, till_page: Page) -> None:
    """Offline and paper out are pills; each opens beside the cart with its remedy, by key and by hand."""
    page = till_page
    till.scan(MILK)
    printer = DeviceView("printer", "p", "fault", "paper_out", "out", waiting=2, since=NOW - timedelta(minutes=3))
    till.change(link=LinkView(online=False, backlog=38, since=NOW - timedelta(minutes=12)), devices=(FINE[0], printer))
    expect(page.locator(".pill.look")).to_contain_text("Mất mạng 12 phút · 38 chờ gửi")
    page.keyboard.press("F2")
    expect(page.locator(".panel.open")).to_contain_text("Cứ bán tiếp")
    page.keyboard.press("F2")
    expect(page.locator(".panel.open")).to_contain_text("Lắp cuộn giấy")
    page.keyboard.press("Escape")
    expect(page.locator(".panel.open")).to_have_count(0)
    page.locator(".pill.act").click()
    expect(page.locator(".panel.open")).to_contain_text("2 hóa đơn chờ in")
    expect(page.locator(".line")).to_be_visible()
    till.change(devices=FINE)
    expect(page.locator(".panel.open")).to_contain_text("Máy in sẵn sàng")


def test_a_question_about_a_receipt_is_answered(till: Till, till_page: Page) -> None:
    """One sentence, two buttons; F2 and Enter answer it without a mouse."""
    page = till_page
    till.served.call(till.counter.ask_about(PrintQuestionView("j1", "HB-2-000041", "unknown")))
    expect(page.locator(".question")).to_contain_text("HB-2-000041")
    page.keyboard.press("F2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_count(0)
    assert till.counter.answers == [("j1", False)]


def test_the_receipts_way_to_paper_is_live(till: Till, till_page: Page) -> None:
    """Printing, waiting for paper, printed: the cashier sees it without doing anything."""
    page = till_page
    till.scan(MILK)
    till.served.call(till.counter.order("pay_cash", {"sale_id": till.counter.view().sale_id}))
    expect(page.locator(".print")).to_have_text("Đang in…")
    till.change(devices=(FINE[0], DeviceView("printer", "p", "fault", "paper_out", "out", waiting=1)))
    till.served.call(till.counter.print_progress("held"))
    expect(page.locator(".print")).to_have_text("Hết giấy: hóa đơn đang chờ")
    till.change(devices=FINE)
    till.served.call(till.counter.print_progress("printed"))
    expect(page.locator(".print")).to_have_text("Đã in")


def test_language_and_theme_change_while_selling(till: Till, till_page: Page) -> None:
    """English and dark at a press; the sale stays; the theme is remembered by this browser."""
    page = till_page
    till.scan(MILK)
    page.keyboard.press("F5")
    page.locator("button[name=language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#go-cash")).to_contain_text("Cash")
    expect(page.locator(".line")).to_have_count(1)
    expect(page.locator("#code")).to_be_focused()  # the page was loaded anew: only now does it hear keys
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("F5")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_the_browsers_own_keys_do_nothing(till: Till, till_page: Page) -> None:
    """F5, Ctrl+R, F3 and Ctrl+P do not take the cashier away; F1 shows the keys beside the cart."""
    page = till_page
    till.scan(MILK)
    page.evaluate("window.same = true")
    for key in ("F5", "Control+r", "Control+p", "F3", "Alt+ArrowLeft", "F7"):
        page.keyboard.press(key)
    page.keyboard.press("F1")
    expect(page.locator("#panel-help")).to_be_visible()
    expect(page.locator(".line")).to_be_visible()
    assert page.evaluate("window.same") is True


def test_a_till_that_restarts_is_found_again(context: BrowserContext) -> None:
    """The page says that it connects, comes back by itself with the sale, and loads itself anew for a new build."""
    page = context.new_page()
    with open_till(FakeCounter()) as till:
        till.enter(page)
        till.scan(MILK)
        expect(page.locator(".line")).to_have_count(1)
        page.evaluate("window.same = true")
        port = till.served.port
    expect(page.locator("#lost")).to_be_visible()
    page.keyboard.press("F8")
    with open_till(FakeCounter(), port=port) as till:
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator(".line")).to_have_count(0)
        till.scan(WATER)
        expect(page.locator(".line")).to_contain_text("Nước khoáng")
        assert page.evaluate("window.same") is True
    with open_till(FakeCounter(), port=port, version="2"):
        # Only a page that was loaded anew asks for the new build's script; before that its stage alone says "2".
        expect(page.locator('script[src="/static/till.js?v=2"]')).to_have_count(1)
        assert page.evaluate("window.same") is None


def test_an_order_that_the_till_did_not_hear_is_told(context: BrowserContext, till: Till) -> None:
    """A code that was typed while the till was away is not silently gone: the page says so, and keeps it."""
    page = context.new_page()
    till.enter(page)
    page.route("**/scan", lambda route: route.abort())
    page.keyboard.type(f"{MILK}\n", delay=90)
    expect(page.locator("#failed")).to_be_visible()
    expect(page.locator("#code")).to_have_value(MILK)


def test_scan_to_line_is_a_matter_of_milliseconds(till: Till, till_page: Page) -> None:
    """From the counter's change to the line in the document, over the stream, in a cart of sixty lines."""
    page = till_page
    for number in range(60):
        till.counter.catalogue[f"{number:08d}"] = Goods(f"S{number}", f"Hàng số {number}", 1000)
        till.scan(f"{number:08d}")
    page.evaluate(
        """() => {
            window.seen = {};
            const now = () => performance.timeOrigin + performance.now();
            new MutationObserver(() => { window.seen[document.body.dataset.revision] = now(); })
                .observe(document.body, {attributes: true, attributeFilter: ["data-revision"]});
        }"""
    )
    scanned: dict[str, float] = {}
    for _ in range(40):
        scanned[str(till.counter.view().revision + 1)] = page.evaluate("performance.timeOrigin + performance.now()")
        till.scan(WATER)
        page.wait_for_timeout(20)
    seen: dict[str, float] = page.evaluate("window.seen")
    waits = sorted(seen[revision] - at for revision, at in scanned.items() if revision in seen)
    assert len(waits) >= 35
    assert waits[len(waits) // 2] < LINE_WITHIN_MS, waits


def test_without_the_token_a_page_says_what_to_do(till: Till, context: BrowserContext) -> None:
    """A browser that the till does not know reads why, in words and in style."""
    page = context.new_page()
    answer = page.goto(till.served.url)
    assert answer is not None
    assert answer.status == 401
    expect(page.locator("h1")).to_contain_text("chưa nhận ra trình duyệt")


@pytest.mark.parametrize(("width", "height"), [(800, 600), (1024, 768), (1366, 768), (1920, 1080)])
def test_nothing_moves_out_of_its_place(till: Till, context: BrowserContext, width: int, height: int) -> None:
    """Whatever happens, field, receipt, total and the big button stay where the hand expects them, and all fits."""
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": height})
    till.enter(page)
    places = (
        "[...document.querySelectorAll('.find, .said, .paper, .keys, .slot, #total, #go, .clock, main')]"
        ".map((part) => { const r = part.getBoundingClientRect(); return [r.x, r.y, r.width, r.height].join(' '); })"
    )
    fits = "document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth"
    still = page.evaluate(places)

    def check(what: str) -> None:
        page.wait_for_timeout(60)
        assert page.evaluate(places) == still, what
        assert page.evaluate(fits), what

    till.scan(MILK)
    till.scan(WATER)
    expect(page.locator(".line")).to_have_count(2)
    check("two lines")
    for key in ("F1", "*", "F8"):
        page.keyboard.press("Escape")
        page.keyboard.press(key)
        check(f"panel of {key}")
    cash = "document.getElementById('panel-cash')"
    assert page.evaluate(f"{cash}.scrollHeight <= {cash}.clientHeight")
    printer = DeviceView("printer", "p", "fault", "paper_out", "out", waiting=2)
    till.change(link=LinkView(online=False, backlog=1_238, since=NOW - timedelta(days=3)), devices=(FINE[0], printer))
    till.served.call(till.counter.ask_about(PrintQuestionView("j1", "HB-2-000041", "unknown")))
    till.scan("8930000000000")
    page.keyboard.press("Escape")
    check("everything wrong at once")
    till.served.call(till.counter.order("pay_cash", {"sale_id": till.counter.view().sale_id}))
    expect(page.locator(".huge")).to_be_visible()
    check("paid")
