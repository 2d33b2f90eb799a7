"""The page's server: uvicorn on a socket of ours, started and stopped by the agent and by nobody else."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import sys
from collections.abc import Generator

import uvicorn
from fastapi import FastAPI

from edge_agent.errors import EdgeAgentError, PortInUse
from edge_agent.pages.app import close_streams

PAGE_HOST = "127.0.0.1"
_START_S = 20.0
_STOP_S = 2
_TAKEN = frozenset({errno.EADDRINUSE, errno.EACCES, getattr(errno, "WSAEACCES", errno.EACCES)})


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: Ctrl-C is the agent's, and tests have their own."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class PageServer:
    """Serves one application on 127.0.0.1."""

    def __init__(self, app: FastAPI, listener: socket.socket) -> None:
        self._app = app
        self._listener = listener
        config = uvicorn.Config(
            app, log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=_STOP_S, ws="none"
        )
        self._server = _Server(config)
        self._serving: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{PAGE_HOST}:{self._listener.getsockname()[1]}"

    async def start(self) -> None:
        """Return when it answers. Raises EdgeAgentError."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[self._listener]), name="page-server")
        async with asyncio.timeout(_START_S):
            while not self._server.started:
                if self._serving.done():
                    raise EdgeAgentError("the page's server did not start; the log says why")
                await asyncio.sleep(0.01)

    async def stop(self) -> None:
        """End all streams, then the server."""
        await close_streams(self._app)
        self._server.should_exit = True
        if self._serving is not None:
            await self._serving


def listen(port: int) -> socket.socket:
    """Take the page's port. Raises PortInUse."""
    # Named TCP, since asyncio switches Nagle's delay off only then: an answer's second part would wait 40 ms for it.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR would let two programs share a port.
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((PAGE_HOST, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno in _TAKEN:
            raise PortInUse(
                f"port {port} of {PAGE_HOST} is taken by another program: end that one, or choose another with "
                f"[page] port in the configuration"
            ) from error
        raise
    listener.setblocking(False)  # noqa: FBT003 - the socket's own word
    return listener
