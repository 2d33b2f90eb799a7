"""A printer that cannot be reached is told as such, whatever stands in the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge_agent.devices.errors import PrinterUnreachable
from edge_agent.devices.printer.settings import PrinterSettings, TcpReach
from edge_agent.devices.printer.transports.opening import open_line

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("host", ["p" * 80, "a..b", "x" * 70 + ".example"])
async def test_a_host_that_is_no_name_is_unreachable(host: str) -> None:
    """A name that cannot even be asked for is one more reason to be unreachable, not a fault of ours in the log."""
    with pytest.raises(PrinterUnreachable):
        async with open_line(PrinterSettings(reach=TcpReach(host=host)), lambda: None):
            pass


@asynccontextmanager
async def a_printer() -> AsyncIterator[tuple[int, asyncio.Queue[asyncio.StreamWriter], asyncio.Event]]:
    """A listener: its port, who has connected, and whether the last one has hung up."""
    came: asyncio.Queue[asyncio.StreamWriter] = asyncio.Queue()
    left = asyncio.Event()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.put_nowait(writer)
        while await reader.read(1_024):
            pass
        writer.close()
        left.set()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came, left


async def test_a_line_that_we_close_wakes_nobody() -> None:
    """The end of a visit is no news: it used to start the next visit at once, a thousand times a second."""
    woken: list[str] = []
    async with a_printer() as (port, came, left):
        settings = PrinterSettings(reach=TcpReach(host="127.0.0.1", port=port))
        async with open_line(settings, lambda: woken.append("lost")):
            await came.get()
        await left.wait()
        await asyncio.sleep(0.05)
    assert woken == []


async def test_a_printer_that_hangs_up_wakes_its_driver() -> None:
    """Else a lost printer would be noticed with the next look only."""
    woken = asyncio.Event()
    async with a_printer() as (port, came, _):
        settings = PrinterSettings(reach=TcpReach(host="127.0.0.1", port=port))
        async with open_line(settings, woken.set) as line, asyncio.timeout(5):
            (await came.get()).close()
            await woken.wait()
            assert line.lost
