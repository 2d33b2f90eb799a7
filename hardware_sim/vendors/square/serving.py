"""The simulated Square on a port of loopback."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import uvicorn

from hardware_sim.connection import bound_socket
from hardware_sim.vendors.square.asgi import SquareApp
from hardware_sim.vendors.square.service import SquareService

_BUFFER_BYTES = 65_536


class SquareServer:
    """`async with` opens and closes it. Port 0 lets the system choose; `unplug` and `plug` are the network."""

    def __init__(self, service: SquareService, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.app = SquareApp(service)
        self.host, self.port = host, port
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    async def __aenter__(self) -> Self:
        await self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.unplug()

    async def plug(self) -> None:
        """Be reachable, at the same port as before."""
        if self._task is not None:
            return
        self._socket = bound_socket(self.host, self.port, _BUFFER_BYTES)
        self._socket.listen(128)  # connections are accepted from now on, and answered as soon as it runs
        self.port = self._socket.getsockname()[1]
        config = uvicorn.Config(
            self.app, log_level="critical", access_log=False, timeout_graceful_shutdown=1, ws="none", lifespan="off"
        )
        self._server = _Quiet(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]))

    async def unplug(self) -> None:
        """Be unreachable: connections are refused."""
        server, task, self._server, self._task = self._server, self._task, None, None
        if server is None or task is None:
            return
        server.should_exit = True
        await asyncio.wait([task], timeout=5)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        if self._socket is not None:
            self._socket.close()


class _Quiet(uvicorn.Server):
    """Leaves the process's signals alone: they are for whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """See above."""
        yield
