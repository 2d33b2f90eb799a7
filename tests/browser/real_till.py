"""A till with its real counter and a real database behind the page, for tests that need the desks themselves."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from playwright.sync_api import Page

from edge_agent.pages.app import build_pages, close_streams
from edge_agent.pages.settings import PageSettings
from tests.browser.till_stage import TOKEN
from tests.unit.edge_agent.counter.shop import START, Shop, shop_in

START_TIMEOUT_S = 15
STOP_TIMEOUT_S = 10
Result = TypeVar("Result")


@dataclass
class RealTill:
    """A shop that is being served: its address, and a way to do something on its loop from the test's thread."""

    url: str
    shop: Shop
    loop: asyncio.AbstractEventLoop = field(repr=False)

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the till's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(STOP_TIMEOUT_S)

    def scan(self, code: str) -> None:
        """Scan with the till's scanner: not through any browser."""
        self.call(self.shop.counter.scan(code, source="scanner"))

    def enter(self, page: Page) -> None:
        """Open the page as a first visit."""
        page.goto(f"{self.url}/?token={TOKEN}")
        page.wait_for_url(f"{self.url}/")
        page.wait_for_selector("body[data-wire='up']")


@contextmanager
def open_real_till(
    folder: Path, prepare: Callable[[Shop], Coroutine[Any, Any, None]], *, has_terminal: bool = False
) -> Iterator[RealTill]:
    """Serve a shop on a free port of 127.0.0.1. `prepare` is what the hub has sent before the page is opened."""
    ready, ended = threading.Event(), threading.Event()
    opened: list[RealTill] = []
    failed: list[BaseException] = []
    listener = socket.create_server(("127.0.0.1", 0))

    async def run() -> None:
        async with shop_in(folder, has_terminal=has_terminal) as shop:
            await prepare(shop)
            app = build_pages(shop.counter, PageSettings(TOKEN, "1", lambda: START, heartbeat_s=0.5))
            config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=1, ws="none")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            url = f"http://127.0.0.1:{listener.getsockname()[1]}"
            opened.append(RealTill(url, shop, asyncio.get_running_loop()))
            ready.set()
            await asyncio.to_thread(ended.wait)
            await close_streams(app)
            server.should_exit = True
            await serving

    def live() -> None:
        try:
            asyncio.run(run())
        except BaseException as error:  # noqa: BLE001 - told in the test's thread
            failed.append(error)
            ready.set()

    thread = threading.Thread(target=live, name="served till", daemon=True)
    thread.start()
    try:
        assert ready.wait(START_TIMEOUT_S), "the till did not start"
        if failed:
            raise failed[0]
        yield opened[0]
    finally:
        ended.set()
        thread.join(STOP_TIMEOUT_S)
        listener.close()
    assert not failed
