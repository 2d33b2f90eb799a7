"""A TCP connection to a printer: one a visit, so that another till may have it in between."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable

from edge_agent.devices.errors import PrinterUnreachable
from edge_agent.devices.printer.transports.line import Line

_SEND_BUFFER_BYTES = 16_384
"""What the system may hold of a job: the less, the sooner a printer that stands still is noticed."""

_LINGER = "hh" if os.name == "nt" else "ii"
"""How the system lays out `struct linger`."""

_KEEPALIVE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
"""A printer that lost its power says no good-bye: found out after about 25 s (options that the system has)."""


class TcpLine(Line, asyncio.Protocol):
    """The wire and what came over it. `linger_s`: how long a printer that never answers may take what is on its way."""

    def __init__(self, on_lost: Callable[[], None], linger_s: float) -> None:
        super().__init__(on_lost)
        self._linger_s = linger_s
        self._transport: asyncio.Transport | None = None
        self._writable = True
        self._ended = False
        self._lingered = False
        self._closing = False

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Connected: no buffer of our own, so that `drained` is about the system's."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.set_write_buffer_limits(high=0)
        _prepare(transport.get_extra_info("socket"))

    def data_received(self, data: bytes) -> None:
        """The printer said something."""
        self._heard(data)

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
        """The line is gone; that is no news where we closed it."""
        if not self._closing:
            self._went()

    # --- called by the driver

    def write(self, data: bytes) -> None:
        """See `Line`."""
        if self._transport is None or self._transport.is_closing():
            self._went()
        self.must_be_open()
        assert self._transport is not None
        self._transport.write(data)

    @property
    def drained(self) -> bool:
        """See `Line`."""
        return self._writable

    def end_job(self) -> None:
        """Say that nothing more comes and give the printer time to take what is on its way."""
        self._ended = self.spent = True
        if self._transport is not None and not self.lost and self._transport.can_write_eof():
            with contextlib.suppress(OSError):
                self._transport.write_eof()
        asyncio.get_running_loop().call_later(self._linger_s, self._linger_over)

    @property
    def completed(self) -> bool:
        """The printer closed its side, or had time enough."""
        return self._ended and (self.lost or self._lingered)

    async def close(self) -> None:
        """See `Line`; a connection that has to abort is reset."""
        self._closing = True
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

    def _linger_over(self) -> None:
        self._lingered = True
        self._changed.set()


async def open_tcp(host: str, port: int, *, timeout_s: float, linger_s: float, on_lost: Callable[[], None]) -> Line:
    """A connection. Raises PrinterUnreachable."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            _, line = await loop.create_connection(lambda: TcpLine(on_lost, linger_s), host, port)
    except (OSError, UnicodeError) as exc:  # refused, no route, no such name, TimeoutError; a name that cannot be one
        why = str(exc) or "no answer in time"
        raise PrinterUnreachable(f"printer {host}:{port}: cannot connect ({why}); check power, cable, address") from exc
    return line


def _prepare(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in _KEEPALIVE.items():
            if hasattr(socket, name):
                connection.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
