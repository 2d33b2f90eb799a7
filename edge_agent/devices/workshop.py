"""What the set-up page asks of the devices: look what is plugged in, listen to a port. Each blocks, so in a thread."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from edge_agent.devices.errors import PortUnusable
from edge_agent.devices.finding import FoundDevice, find_all
from edge_agent.devices.serial_line import Line
from edge_agent.devices.sniffing import Sniffed, listen


class Workshop:
    """Finds and tries devices. Nothing is opened unless a person asks for that port."""

    def __init__(self, *, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic

    async def find(self, hosts: Sequence[str]) -> tuple[FoundDevice, ...]:
        """Everything that is plugged in, and printers at these addresses."""
        return await asyncio.to_thread(find_all, hosts)

    async def listen(self, path: str, *, baud: int, seven_bits: bool, seconds: float) -> Sniffed | str:
        """What comes out of a port, or the code of why it cannot be opened. A scale is asked: it says nothing else."""
        line = Line(baud=baud, byte_bits=7, parity="E") if seven_bits else Line(baud=baud)
        ask = b"W" if seven_bits else b""
        try:
            return await asyncio.to_thread(listen, path, line, seconds, monotonic=self._monotonic, ask=ask)
        except PortUnusable as error:
            return error.problem
