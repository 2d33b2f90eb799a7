"""The TLS proxy that stands before a hub's web: what a shop would have nginx or Caddy for."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

_PIECE = 64 * 1024


@asynccontextmanager
async def tls_web(certificate: Path, key: Path, target_port: int) -> AsyncIterator[int]:
    """Listen on loopback with this certificate, pass on what comes; gives the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", target_port)
            try:
                await asyncio.wait(
                    [
                        asyncio.ensure_future(_pump(reader, far_writer)),
                        asyncio.ensure_future(_pump(far_reader, writer)),
                    ],
                    return_when=asyncio.FIRST_COMPLETED,
                )
            finally:
                far_writer.transport.abort()
        writer.transport.abort()

    async with await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context) as server:
        yield int(server.sockets[0].getsockname()[1])


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_PIECE):
            writer.write(piece)
            await writer.drain()
