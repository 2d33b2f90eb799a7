"""The cashier's page in a real Chromium, in front of a till in memory: what a cashier's hands and eyes do all day."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from fastapi import FastAPI
from playwright.sync_api import BrowserContext, Page, expect

from edge_agent.pages.app import build_pages, close_streams
from edge_agent.pages.settings import PageSettings
from edge_agent.till.view import DeviceView, LinkView, PrintQuestionView
from tests.browser.serving import Served, serve
from tests.unit.edge_agent.pages.fake_counter import FINE, NOW, FakeCounter, Goods

TOKEN = "a-secret-of-this-installation-0123456789"  # noqa: S105 - of the test
MILK, NOODLE, WATER = "8934673573399", "8934563138165", "8934588063053"
LINE_WITHIN_MS = 250
"""Scan to line on two busy cores; measured alone it is about 10 ms, see docs/reference/cashier-page.md."""


@dataclass
class Till:
    """A till in memory behind a real server."""

    counter: FakeCounter
    served: Served

    def scan(self, code: str) -> None:
        """Scan with the till's scanner: not through any browser."""
        self.served.call(self.counter.scan(code, source="scanner"))

    def change(self, **facts: object) -> None:
        """Let something happen at the till."""
        self.served.call(self.counter.change(**facts))

    @property
    def address(self) -> str:
        """The address of a first visit."""
        return f"{self.served.url}/?token={TOKEN}"


def application(counter: FakeCounter, version: str = "1") -> FastAPI:
    """The page of a till."""
    return build_pages(counter, PageSettings(TOKEN, version, lambda: NOW, heartbeat_s=0.5))


@pytest.fixture
def till() -> Iterator[Till]:
    """A till that is being served."""
    counter = FakeCounter()
    app = application(counter)
    with serve(lambda: app, closing=lambda: _close(app)) as served:
        yield Till(counter, served)


@pytest.fixture
def page(till: Till, context: BrowserContext) -> Iterator[Page]:
    """The page, open and connected; a script error or a violated policy fails the test."""
    faults: list[str] = []
    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective))"
    )
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", lambda message: faults.append(message.text) if message.type in {"error", "warning"} else None)
    enter(opened, till)
    yield opened
    assert [fault for fault in faults if "ERR_" not in fault] == []


def enter(page: Page, till: Till) -> None:
    """Open the page as a first visit and wait until it listens."""
    page.goto(till.address)
    page.wait_for_url(f"{till.served.url}/")
    expect(page.locator("#code")).to_be_focused()


def _close(app: FastAPI) -> None:
    closing = asyncio.ensure_future(close_streams(app))
    closing.add_done_callback(lambda done: done.result())


def test_a_whole_sale_with_the_keyboard_alone(till: Till, page: Page) -> None:
    """Scan, type a code, quantity ahead, quantity after, take off, cash, change, receipt, next customer."""
    till.scan(MILK)
    expect(page.locator(".line.now")).to_contain_text("Sữa tươi")
    expect(page.locator(".line.now")).to_contain_text("còn 19 ở cửa hàng")
    page.keyboard.type("3*")
    expect(page.locator("#pending")).to_contain_text("3")
    page.keyboard.type(f"{NOODLE}\n")
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
    page.keyboard.type("100000", delay=30)
    expect(page.locator("#given")).to_have_value("100.000")
    expect(page.locator("#preview")).to_contain_text("36.500")
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_have_text("36.500\N{NO-BREAK SPACE}₫")
    expect(page.locator("#sum")).to_contain_text("HB-2-000001")
    assert [(total, given) for _sale, total, given in till.counter.paid] == [(63_500, 100_000)]
    page.keyboard.press("Enter")
    expect(page.locator(".teach")).to_be_visible()
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)


def test_enter_alone_takes_the_exact_amount(till: Till, page: Page) -> None:
    """The big button is the next step: Enter opens cash, Enter takes what is on the screen."""
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator("#given")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_have_text("0\N{NO-BREAK SPACE}₫")
    assert till.counter.paid[0][1:] == (36_500, 36_500)


def test_a_sale_with_fingers_alone(till: Till, page: Page) -> None:
    """Quick amounts, digits and the line's buttons work by touch, and every target is large enough for a finger."""
    till.scan(MILK)
    page.get_by_role("button", name="Thêm một").click()
    expect(page.locator(".line.now")).to_contain_text("2 hộp")
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


def test_a_double_click_pays_once(till: Till, page: Page) -> None:
    """However often the button is hit, the cart is paid once."""
    till.scan(MILK)
    page.keyboard.press("F8")
    page.evaluate("for (let i = 0; i < 5; i++) document.getElementById('go-pay').click()")
    expect(page.locator(".huge")).to_be_visible()
    assert len(till.counter.paid) == 1


def test_a_scan_while_cash_is_open_is_kept(till: Till, page: Page) -> None:
    """The line appears, the total follows, and what was typed stays."""
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("F8")
    page.keyboard.type("50000", delay=30)
    till.scan(WATER)
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#total")).to_contain_text("43.500")
    expect(page.locator("#given")).to_have_value("50.000")
    expect(page.locator("#preview")).to_contain_text("6.500")
    page.keyboard.press("Enter")
    expect(page.locator(".huge")).to_have_text("6.500\N{NO-BREAK SPACE}₫")


def test_a_scanner_that_types_is_not_taken_for_money(till: Till, page: Page) -> None:
    """A code that arrives as keys while an amount is asked for becomes a line; the amount stays."""
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.keyboard.press("F8")
    page.keyboard.type("50000", delay=40)
    page.wait_for_timeout(100)
    page.evaluate(
        """(code) => {
            const field = document.getElementById("given");
            for (const key of code) {
                field.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
                field.value += key;
            }
            field.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true}));
        }""",
        WATER,
    )
    expect(page.locator(".line")).to_have_count(2)
    expect(page.locator("#given")).to_have_value("50.000")
    assert till.counter.paid == []


def test_an_unknown_code_is_red_and_says_what_was_read(till: Till, page: Page) -> None:
    """The field turns red, the code stands there, and the sale goes on."""
    till.scan(MILK)
    till.scan("8930000000000")
    expect(page.locator("#notice")).to_contain_text("8930000000000")
    expect(page.locator("body")).to_have_attribute("data-bad", "yes")
    till.scan(WATER)
    expect(page.locator("body")).to_have_attribute("data-bad", "no")
    expect(page.locator(".line")).to_have_count(2)


def test_codes_typed_in_a_hurry_arrive_in_order(till: Till, page: Page) -> None:
    """Nothing is lost when codes are typed faster than the till answers."""
    page.keyboard.type(f"{MILK}\n{WATER}\n{NOODLE}\n{MILK}\n")
    expect(page.locator(".line.now")).to_contain_text("2 hộp")
    assert [code for code, _source in till.counter.scans] == [MILK, WATER, NOODLE, MILK]
    expect(page.locator("#code")).to_have_value("")


def test_reload_and_second_tab_show_the_same_sale(till: Till, page: Page, context: BrowserContext) -> None:
    """The sale is the till's, not the tab's."""
    till.scan(MILK)
    expect(page.locator(".line")).to_have_count(1)
    page.reload()
    expect(page.locator(".line")).to_have_count(1)
    second = context.new_page()
    second.goto(till.served.url)
    expect(second.locator(".line")).to_have_count(1)
    till.scan(WATER)
    for tab in (page, second):
        expect(tab.locator(".line")).to_have_count(2)
        expect(tab.locator("#total")).to_contain_text("43.500")
    page.bring_to_front()
    page.keyboard.press("F8")
    page.keyboard.press("Enter")
    for tab in (page, second):
        expect(tab.locator(".huge")).to_be_visible()
    assert len(till.counter.paid) == 1


def test_names_from_outside_stay_text(till: Till, page: Page) -> None:
    """A name that is a script is shown, long names are cut, and nothing moves out of its place."""
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


def test_the_newest_of_sixty_lines_is_seen(till: Till, page: Page) -> None:
    """A long cart scrolls by itself; marking an old line and scanning on comes back to the newest."""
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


def test_troubles_open_with_words(till: Till, page: Page) -> None:
    """Offline and paper out are pills; each opens beside the cart with its remedy, by key and by hand."""
    till.scan(MILK)
    printer = DeviceView("printer", "p", "fault", "paper_out", "out", waiting=2, since=NOW - timedelta(minutes=3))
    till.change(link=LinkView(online=False, backlog=38, since=NOW - timedelta(minutes=12)), devices=(FINE[0], printer))
    expect(page.locator(".pill.look")).to_contain_text("Ngoại tuyến 12 phút · 38 chờ gửi")
    page.keyboard.press("F2")
    expect(page.locator(".panel.open")).to_contain_text("Cứ bán tiếp")
    page.keyboard.press("F2")
    expect(page.locator(".panel.open")).to_contain_text("Lắp cuộn giấy")
    page.keyboard.press("Escape")
    expect(page.locator(".panel.open")).to_have_count(0)
    page.locator(".pill.act").click()
    expect(page.locator(".panel.open")).to_contain_text("2 hoá đơn chờ in")
    expect(page.locator(".line")).to_be_visible()
    till.change(devices=FINE)
    expect(page.locator(".panel.open")).to_contain_text("Máy in sẵn sàng")


def test_a_question_about_a_receipt_is_answered(till: Till, page: Page) -> None:
    """One sentence, two buttons; F2 and Enter answer it without a mouse."""
    till.served.call(till.counter.ask(PrintQuestionView("j1", "HB-2-000041", "unknown")))
    expect(page.locator(".question")).to_contain_text("HB-2-000041")
    page.keyboard.press("F2")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".question")).to_have_count(0)
    assert till.counter.answers == [("j1", False)]


def test_the_receipts_way_to_paper_is_live(till: Till, page: Page) -> None:
    """Printing, waiting for paper, printed: the cashier sees it without doing anything."""
    till.scan(MILK)
    till.served.call(till.counter.pay_cash(till.counter.view().sale_id, None))
    expect(page.locator(".print")).to_have_text("Đang in…")
    till.change(devices=(FINE[0], DeviceView("printer", "p", "fault", "paper_out", "out", waiting=1)))
    till.served.call(till.counter.print_progress("held"))
    expect(page.locator(".print")).to_have_text("Hết giấy: hoá đơn đang chờ")
    till.change(devices=FINE)
    till.served.call(till.counter.print_progress("printed"))
    expect(page.locator(".print")).to_have_text("Đã in")


def test_language_and_theme_change_while_selling(till: Till, page: Page) -> None:
    """English and dark at a press; the sale stays; the theme is remembered by this browser."""
    till.scan(MILK)
    page.locator("button[name=language]").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("#go-cash")).to_contain_text("Cash")
    expect(page.locator(".line")).to_have_count(1)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.reload()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before


def test_the_browsers_own_keys_do_nothing(till: Till, page: Page) -> None:
    """F5, Ctrl+R, F3 and Ctrl+P do not take the cashier away; F1 shows the keys beside the cart."""
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
    counter = FakeCounter()
    first = application(counter)
    page = context.new_page()
    with serve(lambda: first, closing=lambda: _close(first)) as served:
        till = Till(counter, served)
        enter(page, till)
        till.scan(MILK)
        expect(page.locator(".line")).to_have_count(1)
        page.evaluate("window.same = true")
        port = served.port
    expect(page.locator("#lost")).to_be_visible()
    page.keyboard.press("F8")
    again = FakeCounter()
    second = application(again)
    with serve(lambda: second, port=port, closing=lambda: _close(second)) as served:
        expect(page.locator("#lost")).to_be_hidden()
        expect(page.locator(".line")).to_have_count(0)
        Till(again, served).scan(WATER)
        expect(page.locator(".line")).to_contain_text("Nước khoáng")
        assert page.evaluate("window.same") is True
    third = application(FakeCounter(), version="2")
    with serve(lambda: third, port=port, closing=lambda: _close(third)):
        expect(page.locator("#stage")).to_have_attribute("data-version", "2")
        page.wait_for_load_state()
        assert page.evaluate("window.same") is None


def test_an_order_that_the_till_did_not_hear_is_told(context: BrowserContext) -> None:
    """A code that was typed while the till was away is not silently gone: the page says so."""
    counter = FakeCounter()
    app = application(counter)
    page = context.new_page()
    with serve(lambda: app, closing=lambda: _close(app)) as served:
        enter(page, Till(counter, served))
        page.route("**/scan", lambda route: route.abort())
        page.keyboard.type(f"{MILK}\n")
        expect(page.locator("#failed")).to_be_visible()
        expect(page.locator("#code")).to_have_value(MILK)


def test_scan_to_line_is_a_matter_of_milliseconds(till: Till, page: Page) -> None:
    """From the counter's change to the line in the document, over the stream, p95, in a cart of sixty lines."""
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
    assert waits[len(waits) * 95 // 100] < LINE_WITHIN_MS, waits


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
    enter(page, till)
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
    assert page.evaluate("document.querySelector('.slot').scrollHeight <= document.querySelector('.slot').clientHeight")
    printer = DeviceView("printer", "p", "fault", "paper_out", "out", waiting=2)
    till.change(link=LinkView(online=False, backlog=1_238, since=NOW - timedelta(days=3)), devices=(FINE[0], printer))
    till.served.call(till.counter.ask(PrintQuestionView("j1", "HB-2-000041", "unknown")))
    till.scan("8930000000000")
    page.keyboard.press("Escape")
    check("everything wrong at once")
    till.served.call(till.counter.pay_cash(till.counter.view().sale_id, None))
    expect(page.locator(".huge")).to_be_visible()
    check("paid")
