"""What both programs' pages listen on: an answer in two parts must not wait for the browser's acknowledgement."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

import pytest

from edge_agent.server import listen as listen_at_till
from hub.running.web import listen as listen_at_hub

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Asyncio only: the programs use nothing else."""
    return "asyncio"


@pytest.mark.parametrize("listen", [lambda: listen_at_till(0), lambda: listen_at_hub("127.0.0.1", 0)])
async def test_answers_are_sent_without_nagles_delay(listen: Callable[[], socket.socket]) -> None:
    """With it, every answer's body came 40 ms after its head: each panel, each search, each request of the API."""
    listener = listen()
    delays: asyncio.Queue[bool] = asyncio.Queue()

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        delays.put_nowait(not connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    async with await asyncio.start_server(connected, sock=listener):
        _, writer = await asyncio.open_connection(*listener.getsockname()[:2])
        async with asyncio.timeout(5):
            assert await delays.get() is False
        writer.close()
