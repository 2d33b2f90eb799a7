"""A real browser on one till's page: it tells when a scanned line was really painted.

It only looks. A script notes, for each notice of the till, the first frame after the line is in the document; the demo
compares that with the moment when the scanner sent the code's last byte.
"""

from __future__ import annotations

import shutil
import signal
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path

from playwright.async_api import Error as PlaywrightError
from playwright.async_api import Page, async_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

_WATCH = """() => {
  window.painted = [];
  let last = "";
  new MutationObserver(() => {
    const stage = document.getElementById("stage");
    if (!stage || stage.dataset.serial === last) return;
    last = stage.dataset.serial;
    const serial = Number(last);
    requestAnimationFrame(() => window.painted.push([serial, performance.timeOrigin + performance.now()]));
  }).observe(document.documentElement, {subtree: true, childList: true, attributes: true});
}"""


class Watcher:
    """Collects, per notice serial, the wall time (seconds) at which the page had painted it."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def painted(self) -> Mapping[int, float] | None:
        """Serial -> seconds since 1970; None if the browser has gone."""
        try:
            pairs: list[tuple[int, float]] = await self._page.evaluate("() => window.painted")
        except PlaywrightError:
            return None
        return {serial: at_ms / 1000 for serial, at_ms in pairs}

    async def screenshot(self, path: Path) -> None:
        """Keep a picture of what the cashier sees, if the browser is still there."""
        with suppress(PlaywrightError):
            await self._page.screenshot(path=path)


def chromium() -> str | None:
    """The path of a Chromium on this machine, or None."""
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


@asynccontextmanager
async def watch(url_with_token: str, executable: str) -> AsyncIterator[Watcher]:
    """Open a till's page in a headless Chromium and watch it."""
    async with open_page(url_with_token, executable) as page:
        await page.evaluate(_WATCH)
        yield Watcher(page)


@asynccontextmanager
async def open_page(url_with_token: str, executable: str) -> AsyncIterator[Page]:
    """Open a till's page in a headless Chromium."""
    async with AsyncExitStack() as stack:
        with _deaf_to_ctrl_c():
            playwright = await stack.enter_async_context(async_playwright())
            browser = await playwright.chromium.launch(
                executable_path=executable, args=list(QUIET), handle_sigint=False, handle_sigterm=False
            )
        try:
            page = await browser.new_page(viewport={"width": 1024, "height": 768})
            await page.goto(url_with_token)
            await page.wait_for_selector("#stage", state="attached")
            await page.wait_for_url("**/")
            yield page
        finally:
            with suppress(PlaywrightError):
                await browser.close()


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """What is started here does not hear the Ctrl-C that a terminal sends to all; the demo ends it itself."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def scan_to_paint_ms(scanned_at_s: Mapping[int, float], painted_at_s: Mapping[int, float]) -> list[float]:
    """Milliseconds from the scanner's last byte to the painted line, for the notices that both saw."""
    return [
        (painted_at_s[serial] - sent_at_s) * 1000
        for serial, sent_at_s in scanned_at_s.items()
        if serial in painted_at_s
    ]
