"""The web server inside the hub's event loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator, Sequence

import uvicorn
from starlette.types import ASGIApp

from hub.errors import PortInUse

STOP_TIMEOUT_S = 5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever runs the hub."""
        yield


class WebServer:
    """Serves one ASGI application on one address. Port 0 takes a free one."""

    def __init__(self, app: ASGIApp, host: str, port: int, trusted_proxies: Sequence[str]) -> None:
        self._socket = listen(host, port)
        self.address: tuple[str, int] = self._socket.getsockname()[:2]
        self._server = _Server(
            uvicorn.Config(
                app, log_config=None, access_log=False, lifespan="off", server_header=False,
                timeout_graceful_shutdown=STOP_TIMEOUT_S, forwarded_allow_ips=list(trusted_proxies),
            )
        )  # fmt: skip
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Serve in the background; returns when requests are answered."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="web")
        while not self._server.started:
            if self._task.done():
                await self._task
                return
            await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """Let open requests end, for a while."""
        self._server.should_exit = True
        if self._task is not None:
            await asyncio.gather(self._task, return_exceptions=True)
        self._socket.close()


def listen(host: str, port: int) -> socket.socket:
    """Take an address. Raises PortInUse."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named TCP, since asyncio switches Nagle's delay off only then: an answer's second part would wait 40 ms for it.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUse(
            f"[web] port: cannot listen on {host}:{port} ({error.strerror}); stop what uses it, or set another port"
        ) from error
    return listener
