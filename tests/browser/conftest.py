"""A real Chromium for the pages. Without one the tests are left out by name; where CI is set they fail instead."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.browser.till_stage import Till, open_till
from tests.unit.edge_agent.pages.fake_counter import FakeCounter

REMEDY = "no Chromium on this machine: install it (./dev setup --system, or apt-get install chromium)"

# Other jobs may keep this machine busy: a test waits for what it expects, and only a real fault makes it wait long.
expect.set_options(timeout=20_000)

# A browser for tests alone: it must neither look for updates nor speak to anybody but the page.
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium is."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found is None:
        if os.environ.get("CI"):  # noqa: TID251 - it decides between a missing program and a broken build
            pytest.fail(REMEDY)
        pytest.skip(REMEDY)
    return found


# Not for the whole session: Playwright keeps an event loop running in this thread, under which no other test of the
# session could call asyncio.run.
@pytest.fixture(scope="module")
def browser(chromium_path: str) -> Iterator[Browser]:
    """One Chromium for all tests of a module; each test takes its own context."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=chromium_path, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile of its own: no cookies, no storage, a till's screen."""
    fresh = browser.new_context(viewport={"width": 1024, "height": 768}, locale="vi-VN")
    fresh.set_default_timeout(20_000)
    yield fresh
    fresh.close()


@pytest.fixture
def till() -> Iterator[Till]:
    """A till that is being served."""
    with open_till(FakeCounter()) as opened:
        yield opened


@pytest.fixture
def till_page(till: Till, context: BrowserContext) -> Iterator[Page]:
    """The till's page, open and connected; a script error or a violated policy fails the test."""
    faults: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        # A connection that a test breaks on purpose is reported as net::ERR_...
        if message.type in {"error", "warning"} and "ERR_" not in message.text:
            faults.append(message.text)

    context.add_init_script(
        "document.addEventListener('securitypolicyviolation', (e) => console.error('CSP ' + e.violatedDirective))"
    )
    opened = context.new_page()
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on("console", heard)
    till.enter(opened)
    yield opened
    assert faults == []
