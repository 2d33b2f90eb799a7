"""The pages about channels in a real browser: on a phone and a desk, in both languages, and what a click does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser, Page, expect

from hub.api.settings import WebSettings
from tests.browser.serving import Served, serve
from tests.unit.hub.admin.sample_channels import new_database, sample_channels
from tests.unit.hub.admin.sample_hub import ADMIN_KEY, SampleHub

PAGES = (
    "/channels", "/channels/web", "/channels/square-hn", "/channels/pos-cu", "/channels/web/links",
    "/channels/web/links?kind=item&missing=1", "/channels/web/links?search=zzz",
)  # fmt: skip
SMALL = """() => [...document.querySelectorAll("main a, main button, main select, .tabs a, .tool")]
  .filter((it) => it.offsetParent && it.getBoundingClientRect().height < 31.5)
  .map((it) => it.outerHTML.slice(0, 120))"""


@pytest.fixture
def served() -> Iterator[Served]:
    """A hub with three channels."""
    now = datetime.now(UTC)  # noqa: TID251 - a browser has no other clock
    hub = SampleHub(WebSettings(coalesce_ms=50), clock=lambda: now).fill(3, sales=9)
    hub.channels = sample_channels(new_database(), now)
    with serve(hub.web, closing=hub.changes.stop) as serving:
        yield serving


def logged_in(browser: Browser, served: Served, language: str, width: int) -> tuple[Page, list[str]]:
    """A page, and what its console says."""
    context = browser.new_context(viewport={"width": width, "height": 844}, locale=language, color_scheme="dark")
    page, said = context.new_page(), list[str]()
    page.on("console", lambda message: said.append(message.text) if message.type in {"error", "warning"} else None)
    page.goto(served.url + "/login")
    page.locator("#key").fill(ADMIN_KEY)
    page.keyboard.press("Enter")
    page.wait_for_url(served.url + "/")
    return page, said


@pytest.mark.parametrize(("language", "width"), [("vi", 390), ("en", 390), ("vi", 1024), ("en", 1440)])
def test_nothing_is_wider_than_the_screen_and_all_can_be_pressed(
    browser: Browser, served: Served, language: str, width: int
) -> None:
    """On a phone, a tablet and a desk, in both languages."""
    page, said = logged_in(browser, served, language, width)
    for path in PAGES:
        page.goto(served.url + path)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, path
        assert not page.evaluate(SMALL), (path, page.evaluate(SMALL))
        cut = page.locator(".tabs .text").evaluate_all("all => all.filter((it) => it.scrollWidth > it.clientWidth + 1)")
        assert width > 820 or not cut, path
    assert not said
    page.context.close()


def test_a_parked_order_is_tried_again_by_a_click_and_a_store_is_mapped_by_hand(
    browser: Browser, served: Served
) -> None:
    """The page says what was done; the form keeps what the list names."""
    page, said = logged_in(browser, served, "en", 1440)
    page.goto(served.url + "/channels/web")
    page.locator(".entry", has_text="order_01KB4ZB1H2M7").get_by_role("button", name="Try again").click()
    expect(page.locator(".told")).to_contain_text("1 thing is tried again now")
    page.goto(served.url + "/channels/web/links?kind=location&missing=1")
    page.get_by_role("link", name="Map by hand st03").click()
    expect(page.locator("#link-ours")).to_have_value("st03")
    page.locator("#link-theirs").fill("sloc_NEW")
    page.keyboard.press("Enter")
    expect(page.locator("#list tbody tr")).to_contain_text("sloc_NEW")
    expect(page.locator("#list tbody tr")).to_contain_text("by hand")
    assert not said
    page.context.close()
