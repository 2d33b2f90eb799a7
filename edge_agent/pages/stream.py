"""Every change of the counter is drawn once and reaches the page as one server-sent event.

A page gets the whole picture when it connects, and after that only what changed since the picture that it has. One
that reads slowly skips pictures and never makes anything wait: there is one newest picture, and no queue.

A cashier works in one window. The newest page that says which it is (`tab`) is the live one: the one before is told
so and its stream ends, so a second window takes over cleanly and connections never run out. Who listens without a
name only looks on (tests, tools); there is room for `tabs_max` of those.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import datetime

from edge_agent.pages.display import draw_display
from edge_agent.pages.picture import Picture, draw
from edge_agent.pages.port import CounterLike
from edge_agent.pages.settings import PageSettings
from edge_agent.till.view import CounterView

_LOG = logging.getLogger(__name__)

TICK_S = 1.0
RETRY_MS = 500
"""How long a browser waits before it connects again; short, since an agent restarts in a second or two."""


class Broadcast:
    """The newest picture, and all who wait for it. `run` is the task that draws; `close` ends all streams."""

    def __init__(self, counter: CounterLike, settings: PageSettings) -> None:
        self._counter = counter
        self._settings = settings
        self._news = asyncio.Condition()
        self._picture: Picture | None = None
        self._minute: datetime | None = None
        self._closed = False
        self._lookers = 0
        self._live = ""

    @property
    def full(self) -> bool:
        """Whether no further listener without a name may look on."""
        return self._lookers >= self._settings.tabs_max

    async def run(self) -> None:
        """Draw every change, and once a minute what tells the time, until cancelled."""
        ticking = asyncio.create_task(self._tick(), name="page clock")
        try:
            async for view in self._counter.changes():
                await self._show(view)
        finally:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking

    async def close(self) -> None:
        """End all streams now; the browsers connect again by themselves."""
        self._closed = True
        async with self._news:
            self._news.notify_all()

    async def events(self, tab: str = "") -> AsyncGenerator[bytes, None]:
        """Yield one page's stream: first everything, then changes, and a sign of life while there are none.

        It ends with "elsewhere" when a page with another `tab` begins to listen.
        """
        shown: Picture | None = None
        if tab:
            await self._take_over(tab)
        self._lookers += not tab
        try:
            yield f"retry: {RETRY_MS}\n\n".encode()
            while not self._closed:
                newest = await self._newer_than(shown, tab)
                if tab and tab != self._live:
                    yield b"event: elsewhere\ndata:\n\n"
                    return
                if newest is None:
                    yield b"event: alive\ndata:\n\n"
                    continue
                html = newest.since(shown)
                shown = newest
                if html:
                    yield event("view", html)
        finally:
            self._lookers -= not tab

    async def display_events(self) -> AsyncGenerator[bytes, None]:
        """Yield the customer display's stream: the whole of it at each change that the customer can see."""
        shown: str | None = None
        seen: Picture | None = None
        yield f"retry: {RETRY_MS}\n\n".encode()
        while not self._closed:
            newest = await self._newer_than(seen, "")
            if newest is None:
                yield b"event: alive\ndata:\n\n"
                continue
            seen = newest
            html = draw_display(self._counter.view(), self._settings.clock(), self._settings.version)
            if html != shown:
                shown = html
                yield event("view", html)

    async def _take_over(self, tab: str) -> None:
        async with self._news:
            self._live = tab
            self._news.notify_all()

    async def _newer_than(self, shown: Picture | None, tab: str) -> Picture | None:
        """Wait for another picture than `shown`, or another live page than `tab`; None: none within a heartbeat."""
        if self._picture is None:
            await self._show(self._counter.view())
        try:
            async with asyncio.timeout(self._settings.heartbeat_s), self._news:
                await self._news.wait_for(
                    lambda: self._closed or self._picture is not shown or (tab and tab != self._live)
                )
        except TimeoutError:
            return None
        return None if self._picture is shown else self._picture

    async def _show(self, view: CounterView) -> None:
        now = self._settings.clock()
        try:
            picture = draw(view, now, self._settings.version)
        except Exception:  # noqa: BLE001 - whatever a template stumbles over, the till goes on and draws the next one
            _LOG.exception("the page could not draw a change", extra={"action": "page_draw_failed"})
            return
        async with self._news:
            self._minute = now.replace(second=0, microsecond=0)
            self._picture = picture
            self._news.notify_all()

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self._minute != self._settings.clock().replace(second=0, microsecond=0):
                await self._show(self._counter.view())


def event(name: str, data: str) -> bytes:
    """Frame one server-sent event; each line of the data is a line of its own."""
    lines = "".join(f"data: {line}\n" for line in data.splitlines())
    return f"event: {name}\n{lines}\n".encode()
