"""The wire between host and printer: one TCP client, or a serial port. Small answers, so sending never waits."""

import asyncio
import os
import socket
import struct
from typing import Protocol

from hardware_sim.errors import NotPlugged
from hardware_sim.serial_port import PtyPort


class Connection(Protocol):
    """A host that talks to the printer."""

    async def receive(self, size_max: int) -> bytes:
        """Bytes from the host; empty when it is gone."""

    def send(self, data: bytes) -> bool:
        """Give `data` to the host at once; `False` if it cannot take all of it (then some is lost)."""

    def close(self, *, reset: bool) -> None:
        """End it; `reset` lets the host see a connection reset instead of an orderly end."""


class TcpConnection:
    """A TCP client."""

    def __init__(self, client: socket.socket) -> None:
        client.setblocking(False)  # noqa: FBT003  the standard library wants it by position
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = client

    async def receive(self, size_max: int) -> bytes:
        """See `Connection`."""
        try:
            return await asyncio.get_running_loop().sock_recv(self._socket, size_max)
        except OSError:
            return b""

    def send(self, data: bytes) -> bool:
        """See `Connection`."""
        try:
            return self._socket.send(data) == len(data)
        except OSError:
            return False

    def close(self, *, reset: bool) -> None:
        """See `Connection`."""
        if self._socket.fileno() < 0:
            return
        if reset:
            # Linger on with zero seconds: close sends RST, which is what a printer that lost power looks like.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


class SerialConnection:
    """A host behind a serial port; it lasts as long as the port is plugged."""

    def __init__(self, port: PtyPort) -> None:
        self._port = port

    async def receive(self, size_max: int) -> bytes:
        """See `Connection`."""
        try:
            return await self._port.read(size_max)
        except NotPlugged:
            return b""

    def send(self, data: bytes) -> bool:
        """See `Connection`."""
        try:
            return self._port.attached and self._port.write_now(data) == len(data)
        except (NotPlugged, OSError):
            return False

    def close(self, *, reset: bool) -> None:  # noqa: ARG002  a cable knows no reset
        """Pull the cable."""
        self._port.unplug()


def bound_socket(host: str, port: int, receive_buffer_bytes: int) -> socket.socket:
    """A TCP socket that holds its port but does not listen: who connects is refused. `OSError` if the port is taken."""
    held = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # on Windows the option would let two programs share the port
            held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Clients inherit it. Without it the kernel takes megabytes that no printer has room for.
        held.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer_bytes)
        held.setblocking(False)  # noqa: FBT003  as above
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    return held
