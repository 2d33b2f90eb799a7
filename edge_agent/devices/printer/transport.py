"""One TCP connection to a printer: bounded waits, honest about what may have left.

`drained` says that the operating system took the bytes, which says nothing about the printer: a printer
behind full buffers stands still here, and the only proof of a print is its answer (`framing.Answers`).
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import AsyncIterator, Callable

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.framing import Answers

_SEND_BUFFER_BYTES = 16_384
"""What the system may hold of a job: the less, the sooner a printer that stands still is noticed."""

_LINGER = "hh" if os.name == "nt" else "ii"
"""How the system lays out `struct linger`."""

_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A printer that lost its power says no good-bye: found out after about 25 s (options that the system has)."""


class PrinterLine(asyncio.Protocol):
    """The wire and what came over it. Every wait ends when something arrives, when the line is lost, or in time."""

    def __init__(self) -> None:
        self.answers = Answers()
        self.lost = False
        self.abort_at_end = False
        """Set while bytes of a job are on their way: should the visit end now, none of them may arrive later."""
        self._transport: asyncio.Transport | None = None
        self._changed = asyncio.Event()
        self._writable = True

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: no buffer of our own, so that `drained` is about the system's."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        _prepare(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """The printer said something."""
        self.answers.feed(data)
        self._changed.set()

    def pause_writing(self) -> None:
        """The operating system takes no more for now."""
        self._writable = False

    def resume_writing(self) -> None:
        """All bytes were handed over."""
        self._writable = True
        self._changed.set()

    def eof_received(self) -> bool:
        """The printer closed its side: it will neither print nor answer."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  the reason makes no difference
        """The line is gone."""
        self.lost = True
        self._changed.set()

    # --- called by the driver

    def write(self, data: bytes) -> None:
        """Hand bytes to the system; look at `drained` before handing over more. Raises ConnectionLost."""
        if self.lost or self._transport is None or self._transport.is_closing():
            raise ConnectionLost("printer: the connection was closed")
        self._transport.write(data)

    @property
    def drained(self) -> bool:
        """Whether the system took all bytes."""
        return self._writable

    async def until(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a condition of this line; False: not in time. Raises ConnectionLost if the line went before."""
        try:
            async with asyncio.timeout(timeout_s):
                while not true():
                    if self.lost:
                        raise ConnectionLost("printer: the connection was lost")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def until_lost(self, timeout_s: float) -> None:
        """Say that nothing more comes and give the printer time to take what is on its way."""
        if self._transport is not None and not self.lost and self._transport.can_write_eof():
            with contextlib.suppress(OSError):
                self._transport.write_eof()
        with contextlib.suppress(ConnectionLost):
            await self.until(lambda: self.lost, timeout_s)

    def close(self) -> None:
        """End the connection; with `abort_at_end` what the system still holds is thrown away."""
        if self._transport is None:
            return
        if not self.abort_at_end:
            self._transport.close()
            return
        with contextlib.suppress(OSError):
            # Lingering for zero seconds: close sends a reset and forgets the send buffer.
            connection = self._transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack(_LINGER, 1, 0))
        self._transport.abort()


@contextlib.asynccontextmanager
async def connect(host: str, port: int, timeout_s: float) -> AsyncIterator[PrinterLine]:
    """A connection for one visit. Raises PrinterUnreachable."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            _, line = await loop.create_connection(PrinterLine, host, port)
    except (OSError, UnicodeError) as exc:  # refused, no route, no such name, TimeoutError; a name that cannot be one
        why = str(exc) or "no answer in time"
        raise PrinterUnreachable(f"printer {host}:{port}: cannot connect ({why}); check power, cable, address") from exc
    try:
        yield line
    finally:
        line.close()


def _prepare(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
