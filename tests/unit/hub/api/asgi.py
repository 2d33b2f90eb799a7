"""Asks an ASGI application without a socket: whole answers by httpx, endless ones by hand, line by line."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from tests.unit.hub.admin.sample_hub import ADMIN_KEY

ORIGIN = "http://localhost:8080"
BEARER = {"authorization": f"Bearer {ADMIN_KEY}"}


def client(web: FastAPI, headers: Mapping[str, str] | None = None) -> httpx.AsyncClient:
    """A client that speaks as a program would: no cookies, no browser headers."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url=ORIGIN, headers=dict(headers or {}))


class Stream:
    """An open answer: `status`, `headers`, and `event` for the next server-sent event."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.bodies: asyncio.Queue[bytes] = asyncio.Queue()
        self.started = asyncio.Event()
        self.ended = asyncio.Event()
        self._text = ""

    async def event(self, timeout_s: float = 3) -> str:
        """The next event or comment, as its lines."""
        async with asyncio.timeout(timeout_s):
            while "\n\n" not in self._text:
                self._text += (await self.bodies.get()).decode()
        event, _, self._text = self._text.partition("\n\n")
        return event


@asynccontextmanager
async def opened(web: FastAPI, path: str, headers: Mapping[str, str] | None = None) -> AsyncIterator[Stream]:
    """Open a stream; leaving the context is the client's disconnect."""
    stream = Stream()
    left = asyncio.Event()
    scope = _scope(path, {"host": "localhost", **BEARER, **(headers or {})})
    asked = False

    async def receive() -> dict[str, object]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, object]) -> None:
        if message["type"] == "http.response.start":
            stream.status = int(str(message["status"]))
            raw: list[tuple[bytes, bytes]] = message["headers"]  # type: ignore[assignment]  # as ASGI says
            stream.headers = {name.decode(): value.decode() for name, value in raw}
            stream.started.set()
        else:
            body = message.get("body", b"")
            assert isinstance(body, bytes)
            stream.bodies.put_nowait(body)

    async def serve() -> None:
        await web(scope, receive, send)  # type: ignore[arg-type]  # plain dicts are what ASGI servers pass
        stream.ended.set()

    serving = asyncio.create_task(serve())
    async with asyncio.timeout(3):
        await stream.started.wait()
    try:
        yield stream
    finally:
        left.set()
        async with asyncio.timeout(3):
            await serving


def _scope(address: str, headers: Mapping[str, str]) -> dict[str, object]:
    path, _, query = address.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50000),
        "server": ("localhost", 80),
    }
