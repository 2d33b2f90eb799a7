"""A till in memory behind a real server, for the tests of its page in a real browser."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from fastapi import FastAPI
from playwright.sync_api import Page, expect

from edge_agent.pages.app import build_pages, close_streams
from edge_agent.pages.settings import PageSettings
from tests.browser.serving import Served, serve
from tests.unit.edge_agent.pages.fake_counter import NOW, FakeCounter

TOKEN = "a-secret-of-this-installation-0123456789"  # noqa: S105 - of the test
MILK, NOODLE, WATER = "8934673573399", "8934563138165", "8934588063053"


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

    def enter(self, page: Page) -> None:
        """Open the page as a first visit and wait until it can be typed into."""
        page.goto(f"{self.served.url}/?token={TOKEN}")
        page.wait_for_url(f"{self.served.url}/")
        expect(page.locator("#code")).to_be_focused()


@contextmanager
def open_till(counter: FakeCounter, *, version: str = "1", port: int = 0) -> Iterator[Till]:
    """Serve a till's page; `port` is for one that comes back where it was."""
    app = build_pages(counter, PageSettings(TOKEN, version, lambda: NOW, heartbeat_s=0.5))
    with serve(lambda: app, port=port, closing=lambda: _close(app)) as served:
        yield Till(counter, served)


def _close(app: FastAPI) -> None:
    closing = asyncio.ensure_future(close_streams(app))
    closing.add_done_callback(lambda done: done.result())
