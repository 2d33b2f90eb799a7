"""The stream that keeps an open page alive: it names what changed, and the page asks for those parts anew."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.port import Changes
from hub.api.settings import WebSettings
from hub.api.stream import HEARTBEAT, EventStream, StreamSlots, batches, sse_event


class LiveRoutes:
    """/live, for pages only."""

    def __init__(self, changes: Changes, settings: WebSettings) -> None:
        self._changes = changes
        self._settings = settings
        self._slots = StreamSlots(settings.streams_max)

    def router(self) -> APIRouter:
        """The one route."""
        router = APIRouter(include_in_schema=False)
        router.add_api_route("/live", self.live)
        return router

    async def live(self) -> Response:
        """Server-sent events: `hello` once, then one event for each kind of change."""
        self._slots.take()
        return EventStream(self._events(), self._slots)

    async def _events(self) -> AsyncGenerator[bytes, None]:
        every_s, heartbeat_s = self._settings.coalesce_ms / 1000, self._settings.heartbeat_s
        async with aclosing(batches(self._changes, every_s=every_s, heartbeat_s=heartbeat_s)) as woken:
            await anext(woken)  # from here on nothing is missed: the page reads anew when it hears the hello
            yield b"retry: 2000\n" + sse_event("hello", b"{}")
            async for kinds in woken:
                if not kinds:
                    yield HEARTBEAT
                for kind in sorted(kinds):
                    yield sse_event(kind, b"{}")
