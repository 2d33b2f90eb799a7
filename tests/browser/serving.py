"""Serve an application to a real browser: a real server in its own thread, on a free port of 127.0.0.1."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI

START_TIMEOUT_S = 15
STOP_TIMEOUT_S = 10
Result = TypeVar("Result")


@dataclass
class Served:
    """A running server: its address, and a way to run something on its event loop from the test's thread."""

    port: int
    loop: asyncio.AbstractEventLoop = field(repr=False)

    @property
    def url(self) -> str:
        """The address without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def call(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine on the server's loop and wait for it."""
        waiting: Future[Result] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return waiting.result(STOP_TIMEOUT_S)


class _AnnouncedServer(uvicorn.Server):
    """A server that tells the test's thread when it listens."""

    def __init__(self, config: uvicorn.Config, ready: threading.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready.set()


@contextmanager
def serve(
    build: Callable[[], FastAPI], *, port: int = 0, closing: Callable[[], None] = lambda: None
) -> Iterator[Served]:
    """Build the application on a fresh event loop and serve it; `closing` runs on that loop before the server stops.

    A `port` other than 0 is for a server that comes back under the address which it had before.
    """
    listener = socket.create_server(("127.0.0.1", port))
    ready = threading.Event()
    started: dict[str, Any] = {}

    async def run() -> None:
        settings = uvicorn.Config(
            build(), log_level="warning", access_log=False, timeout_graceful_shutdown=1, ws="none"
        )
        server = _AnnouncedServer(settings, ready)
        started.update(server=server, loop=asyncio.get_running_loop())
        await server.serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(run()), name="served application", daemon=True)
    thread.start()
    try:
        assert ready.wait(START_TIMEOUT_S), "the server did not start"
        yield Served(port=listener.getsockname()[1], loop=started["loop"])
    finally:
        if "server" in started:
            if thread.is_alive():
                started["loop"].call_soon_threadsafe(closing)
            started["server"].should_exit = True
        thread.join(STOP_TIMEOUT_S)
        listener.close()
    assert not thread.is_alive(), "the server did not stop"
