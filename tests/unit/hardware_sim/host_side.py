"""The host's side of the printer's wire, and the jobs that it sends."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import ClassVar

from hardware_sim.printer import SimulatedPrinter
from tests.unit.hardware_sim.escpos_streams import escpos, picture

IMAGE = picture(576, 300)
RECEIPT = escpos(lambda d: (d.hw("INIT"), d.image(IMAGE), d.cut()))
FENCE = b"\x1dr\x01"
STATUS = b"\x10\x04\x01"
NOTHING_S = 0.15


class Host:
    """A driver's side of the wire."""

    connected: ClassVar[list["Host"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, printer: SimulatedPrinter) -> "Host":
        """Connect to the printer."""
        host = cls(*await asyncio.wait_for(asyncio.open_connection(printer.host, printer.port), 5))
        cls.connected.append(host)
        return host

    async def send(self, data: bytes) -> None:
        """Write; waits while the printer takes nothing."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, timeout_s: float = 5.0) -> bytes:
        """The next answer; empty at the end of the connection."""
        return await asyncio.wait_for(self.reader.read(64), timeout_s)

    async def hears_nothing(self) -> bool:
        """Whether no answer comes for a while."""
        try:
            return not await self.answer(NOTHING_S)
        except TimeoutError:
            return True

    async def sees_the_end(self) -> bool:
        """Whether the connection ends."""
        try:
            return await self.answer() == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


def play(scenario: Coroutine[object, object, None]) -> None:
    """Run a scenario; hang up every host, also when it fails."""

    async def to_the_end() -> None:
        try:
            await scenario
        finally:
            for host in Host.connected:
                host.close()
                with contextlib.suppress(ConnectionError):
                    await host.writer.wait_closed()
            Host.connected.clear()

    asyncio.run(to_the_end())
