"""A Chromium that can be killed: a process of our own, steered from outside, and what its screen has shown."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from playwright.async_api import Browser, Page, Playwright
from playwright.async_api import Error as PlaywrightError

from tests.demo.browser import QUIET

START_S_MAX = 60.0
"""For the start and for each step: on a busy machine a Chromium takes long."""
_PORT_FILE = "DevToolsActivePort"

# Tells each receipt number as soon as it stands on a page that says that a sale is done; also after a reload.
_WATCH = """(pattern) => {
  const told = new Set();
  const look = () => {
    const stage = document.getElementById("stage");
    if (!stage || stage.dataset.stage !== "done") return;
    for (const number of document.getElementById("sum")?.textContent.match(new RegExp(pattern, "g")) ?? []) {
      if (!told.has(number)) { told.add(number); window.tillwireSaw(number); }
    }
  };
  const begin = () => new MutationObserver(look).observe(document, {
    subtree: true, childList: true, attributes: true, characterData: true,
  });
  begin();
  look();
}"""


class BrowserFailed(RuntimeError):
    """Chromium did not start, or its page did not do what it was told."""


class KillableChromium:
    """One browser on one till's page. `saw` is told each receipt number that the screen shows."""

    def __init__(self, playwright: Playwright, executable: str, folder: Path, saw: Callable[[str], None]) -> None:
        self._playwright = playwright
        self._executable = executable
        self._folder = folder
        self._saw = saw
        self._process: asyncio.subprocess.Process | None = None
        self._browser: Browser | None = None
        self._page: Page | None = None

    @property
    def running(self) -> bool:
        """Whether it lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def page(self) -> Page:
        """The till's page. Only while it runs."""
        assert self._page is not None
        return self._page

    async def start(self, url: str, pattern: str) -> None:
        """Start it on the till's page; receipt numbers look like `pattern`. Raises BrowserFailed."""
        port_file = self._folder / _PORT_FILE
        port_file.unlink(missing_ok=True)
        self._process = await asyncio.create_subprocess_exec(
            self._executable, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={self._folder}",
            "--window-size=1024,768", "--hide-crash-restore-bubble", *QUIET, "about:blank",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        try:
            async with asyncio.timeout(START_S_MAX):
                port = await self._port(port_file)
                self._browser = await self._playwright.chromium.connect_over_cdp(f"http://127.0.0.1:{port}")
                context = self._browser.contexts[0]
                self._page = context.pages[0] if context.pages else await context.new_page()
                self._page.set_default_timeout(START_S_MAX * 1000)
                await self._page.expose_function("tillwireSaw", self._told)
                await self._page.add_init_script(f"({_WATCH})({json.dumps(pattern)})")
                await self._page.goto(url)
                await self._page.wait_for_url("**/")
                await self._page.wait_for_selector("body[data-wire='up'][data-revision]")
        except (PlaywrightError, TimeoutError, OSError) as error:
            await self.kill()
            raise BrowserFailed(f"Chromium did not come up on the till's page: {error}") from error

    async def kill(self) -> None:
        """SIGKILL, with all its children; what the screen showed before has been told."""
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
        browser, self._browser, self._page = self._browser, None, None
        if browser is not None:
            with contextlib.suppress(PlaywrightError):
                await browser.close()

    def _told(self, number: str) -> None:
        self._saw(number)  # a method of ours: Playwright cannot hang what it needs on a built-in one

    async def _port(self, port_file: Path) -> str:
        assert self._process is not None
        while not (text := _first_line(port_file)):
            if self._process.returncode is not None:
                raise BrowserFailed(f"Chromium ended with {self._process.returncode} while it was starting")
            await asyncio.sleep(0.01)
        return text


def _first_line(path: Path) -> str:
    try:
        lines = path.read_text("ascii").splitlines()
    except FileNotFoundError:
        return ""
    return lines[0] if len(lines) > 1 else ""
