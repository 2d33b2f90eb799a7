"""The hub's pages in a real browser: alive, drawn, in two languages and themes, by keyboard, under a strict policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from hub.admin.session import login_link_token
from hub.api.settings import WebSettings
from hub.storage.people_records import TILLS, person_id
from tests.browser.serving import Served, serve
from tests.unit.hub.admin.sample_hub import ADMIN_KEY, SECRET, SampleHub
from tests.unit.hub.admin.sample_offices import with_offices

SIZES = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
# How many pixels of the plot have each of the page's own colours, or one close to it.
COUNT_PIXELS = """(names) => {
  const canvas = document.querySelector("[data-plot] canvas");
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  const style = getComputedStyle(document.documentElement);
  return names.map((name) => {
    const hex = style.getPropertyValue(name).trim();
    const wanted = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at + 3] > 200 && wanted.every((value, n) => Math.abs(value - data[at + n]) < 12)) count += 1;
    return count;
  });
}"""


@dataclass
class Visit:
    """A logged-in page over a sample hub, and all that its console said."""

    hub: SampleHub
    served: Served
    page: Page
    said: list[str]

    def go(self, path: str) -> None:
        """Open a page and wait until its stream is open."""
        self.page.goto(self.served.url + path)
        expect(self.page.locator(".connection")).to_have_attribute("data-state", "live")
        self.page.evaluate("document.fonts.ready.then(() => true)")  # a font that comes late moves the lines

    def sell(self, store: str = "st01") -> str:
        """Let a sale arrive at the hub; its receipt number."""

        async def arrive() -> str:
            sale = self.hub.sell(store)
            self.hub.changes.announce("sales", "stock")
            return sale.receipt_number

        return self.served.call(arrive())


def visit(  # noqa: PLR0913 - what differs between two visits
    browser: Browser, stores: int, *, language: str = "en", size: str = "desk", theme: str = "light",
    offices: Path | None = None,
) -> Iterator[Visit]:  # fmt: skip
    """Serve a sample hub (with `offices`, also what it has of money and customers, kept there) and log in to it."""
    settings = WebSettings(coalesce_ms=50)
    hub = SampleHub(settings, clock=lambda: datetime.now(UTC)).fill(stores, sales=60 * min(stores, 3))  # noqa: TID251
    if offices is not None:
        with_offices(hub, offices)
    width, height = SIZES[size]
    with serve(hub.web, closing=hub.changes.stop) as served:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale=language,
            color_scheme="dark" if theme == "dark" else "light",
        )
        try:
            context.set_default_timeout(10_000)
            page = context.new_page()
            said: list[str] = []

            def hear(message: ConsoleMessage) -> None:
                if message.type in {"error", "warning"}:
                    said.append(message.text)

            page.on("console", hear)
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(served.url + "/login")
            page.locator("#key").fill(ADMIN_KEY)
            page.keyboard.press("Enter")
            page.wait_for_url(served.url + "/")
            yield Visit(hub, served, page, said)
        finally:
            context.close()
    assert not said, said


@pytest.fixture
def desk(browser: Browser) -> Iterator[Visit]:
    """Three stores on a desk."""
    yield from visit(browser, 3)


@pytest.fixture
def phone(browser: Browser, tmp_path: Path) -> Iterator[Visit]:
    """Three stores on a phone, in Vietnamese, in the dark."""
    yield from visit(browser, 3, language="vi", size="phone", theme="dark", offices=tmp_path)


@pytest.fixture
def empty(browser: Browser) -> Iterator[Visit]:
    """A hub of its first day."""
    yield from visit(browser, 0)


def test_a_sale_appears_by_itself_and_is_tinted_once(desk: Visit) -> None:
    """No reload: the row comes, the count goes up, nothing else moves."""
    desk.go("/")
    page = desk.page
    before = page.locator("#sales").bounding_box()
    number = desk.sell()
    row = page.locator("#sales tbody tr").first
    expect(row).to_contain_text(number)
    expect(row).to_have_class("fresh")
    expect(page.locator("#sales tr.fresh")).to_have_count(1)
    expect(row).not_to_have_class("fresh")
    assert page.locator("#sales").bounding_box()["y"] == before["y"]  # type: ignore[index]  # both are on the page
    expect(page.locator("#cards")).to_contain_text(f"{len(desk.hub.queries.recent_sales(1000))} sales")


def test_the_list_of_sales_stays_bounded(desk: Visit) -> None:
    """Fifty rows, however many come."""
    desk.go("/")
    for _ in range(5):
        desk.sell()
    expect(desk.page.locator("#sales tbody tr").first).to_contain_text(f"{desk.hub.receipts:06}")
    assert desk.page.locator("#sales tbody tr").count() == 50


def test_the_plot_is_drawn_and_follows_the_theme(desk: Visit) -> None:
    """Lines and goal are there in the light theme's colours, then in the dark one's; the choice outlives a reload."""
    desk.go("/")
    page = desk.page
    names = ["--plot-50", "--plot-95", "--plot-99", "--plot-goal"]
    expect(page.locator("[data-plot] canvas")).to_be_visible()
    page.wait_for_function(f"({COUNT_PIXELS})({names}).every((count) => count > 40)")
    with page.expect_response("**/theme"):  # a reload before it is stored would show the old one
        page.get_by_role("button", name="Light or dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.wait_for_function(f"({COUNT_PIXELS})({names}).every((count) => count > 40)")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")


def test_the_plot_reads_a_minute_under_the_pointer(desk: Visit) -> None:
    """Time, percentiles with their unit, and how many sales."""
    desk.go("/sync")
    box = desk.page.locator("[data-plot] .u-over").bounding_box()
    assert box
    desk.page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 20)
    expect(desk.page.locator("#plot-readout")).to_contain_text("p95")
    expect(desk.page.locator("#plot-readout")).to_contain_text("ms")


def test_the_language_is_switched_and_kept(desk: Visit) -> None:
    """One press; the same page comes back in Vietnamese, and so does the next."""
    desk.go("/stock?q=cola")
    desk.page.get_by_role("button", name="Tiếng Việt").click()
    expect(desk.page.locator("h1")).to_have_text("Tồn kho")
    expect(desk.page.locator("#q")).to_have_value("cola")
    desk.go("/")
    expect(desk.page.locator("h1")).to_have_text("Tổng quan")


def test_stock_is_searched_as_one_types(desk: Visit) -> None:
    """The list follows, the address can be sent to somebody, and going back goes back."""
    desk.go("/stock")
    page = desk.page
    page.keyboard.press("/")
    # At once and not letter by letter: a busy machine would ask for "co" on the way, and so have one more step back.
    page.keyboard.insert_text("cola")
    expect(page.locator("#list tbody tr")).to_have_count(3)
    expect(page).to_have_url(re.compile(r"/stock\?q=cola&"))
    expect(page.locator("#q")).to_be_focused()
    searched = page.url
    page.locator("#by-on_hand").click()
    expect(page.locator("th[aria-sort=ascending]")).to_contain_text("On hand")
    expect(page).not_to_have_url(searched)  # the address follows the list; a step back before that would be one too far
    page.go_back()
    expect(page).to_have_url(searched)
    page.go_back()
    expect(page.locator("#list tbody tr").nth(20)).to_be_visible()


def test_everything_is_reached_with_the_keyboard(desk: Visit) -> None:
    """Tab goes through the page in its order, what has the focus can be seen, Enter opens it."""
    desk.go("/")
    page = desk.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.className"))
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", reached[-1]
    for wanted in ("tab-stock", "tool", "card figure", "more", "store-st03"):
        assert wanted in reached, (wanted, reached)
    page.locator("#tab-stock").focus()
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_have_text("Stock")


def test_a_refresh_keeps_the_focus(desk: Visit) -> None:
    """Somebody who is at a link by keyboard must not be thrown to the top by a sale."""
    desk.go("/")
    link = desk.page.locator("#store-st02")
    link.focus()
    desk.sell("st02")
    expect(desk.page.locator("#sales tbody tr").first).to_contain_text(f"{desk.hub.receipts:06}")
    expect(link).to_be_focused()


def test_a_phone_shows_every_page_without_scrolling_sideways(phone: Visit) -> None:
    """390 points wide, everything within, and what is pressed is at least 32 high."""
    page = phone.page
    customer = f"/customers/{person_id(TILLS, 'KH-0000')}"
    offices = ("/money", "/money/lines", "/money/lines/1", "/customers", "/customers?q=ph", customer)
    for path in ("/", "/stores", "/stores/st01", "/stock", "/sales", "/sales/1", "/sync", "/alarms", *offices):
        page.goto(phone.served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        small = page.evaluate("""() => [
              ...document.querySelectorAll("main a, main button, main select, .tabs a, .tool")
            ].filter((it) => it.offsetParent && it.getBoundingClientRect().height < 31.5)
            .map((it) => it.outerHTML.slice(0, 120))""")
        assert not small, (path, small)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 19, 25)"


def test_a_first_store_replaces_the_first_steps_by_itself(empty: Visit) -> None:
    """The page that teaches is watched while one follows it."""
    empty.go("/")
    expect(empty.page.locator("#first-steps")).to_contain_text("tillwire-hub terminal add")

    async def arrive() -> None:
        empty.hub.fill(1, items=1, sales=0, trouble=False)
        empty.hub.changes.announce("terminals")

    empty.served.call(arrive())
    expect(empty.page.locator("#cards")).to_contain_text("2 of 2")


def test_a_lost_connection_is_said_and_healed(browser: Browser) -> None:
    """Old figures are called old; when the hub is back the page catches up without a reload."""
    hub = SampleHub(WebSettings(coalesce_ms=50), clock=lambda: datetime.now(UTC)).fill(1, sales=3)  # noqa: TID251
    context = browser.new_context(locale="en")
    page = context.new_page()
    with serve(hub.web, closing=hub.changes.stop) as served:
        token = login_link_token(SECRET, "a-random-id-of-the-test", datetime.now(UTC))  # noqa: TID251
        page.goto(f"{served.url}/login?token={token}")
        page.wait_for_url(f"{served.url}/")
        expect(page.locator(".connection")).to_have_attribute("data-state", "live")
    expect(page.locator(".connection")).to_contain_text("Connection lost")
    hub.changes.resume()
    number = hub.sell("st01").receipt_number
    with serve(hub.web, port=served.port, closing=hub.changes.stop):
        expect(page.locator("#sales tbody tr").first).to_contain_text(number, timeout=15_000)
        expect(page.locator(".connection")).to_have_attribute("data-state", "live")
    context.close()


def test_logging_out_closes_the_pages(desk: Visit) -> None:
    """The login comes, and the way back is shut."""
    desk.go("/")
    desk.page.get_by_role("button", name="Log out").click()
    expect(desk.page.locator("h1")).to_have_text("Log in")
    desk.page.goto(desk.served.url + "/sales")
    expect(desk.page.locator("h1")).to_have_text("Log in")
    # A part of the page that was being fetched at that moment is refused, as it should be; Chromium says so.
    desk.said[:] = [said for said in desk.said if "401" not in said]
