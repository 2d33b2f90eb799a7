"""Open a line to a printer, whichever way the settings name."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable

from edge_agent.devices.printer.settings import (
    FolderReach,
    PrinterSettings,
    Reach,
    SerialReach,
    TcpReach,
    UsbReach,
    WindowsReach,
)
from edge_agent.devices.printer.transports.folder import FolderWire
from edge_agent.devices.printer.transports.line import Line
from edge_agent.devices.printer.transports.serial_port import SerialWire
from edge_agent.devices.printer.transports.tcp import open_tcp
from edge_agent.devices.printer.transports.threaded import Wire, open_threaded
from edge_agent.devices.printer.transports.usb import UsbWire
from edge_agent.devices.printer.transports.windows import WindowsWire


@contextlib.asynccontextmanager
async def open_line(
    settings: PrinterSettings, on_lost: Callable[[], None], open_wire: Callable[[Reach], Wire] | None = None
) -> AsyncIterator[Line]:
    """A line, closed at the end; `open_wire` opens what blocks. Raises PrinterUnreachable."""
    reach = settings.reach
    if isinstance(reach, TcpReach):
        line = await open_tcp(
            reach.host,
            reach.port,
            timeout_s=settings.connect_timeout_s,
            linger_s=settings.answer_timeout_s,
            on_lost=on_lost,
        )
    else:
        line = await open_threaded(
            lambda: (open_wire or wire_to)(reach), timeout_s=settings.connect_timeout_s, on_lost=on_lost
        )
    try:
        yield line
    finally:
        await line.close()


def wire_to(reach: Reach) -> Wire:
    """Open a way that blocks; it may take its time. Raises PrinterUnreachable."""
    match reach:
        case SerialReach():
            return SerialWire(reach)
        case UsbReach():
            return UsbWire(reach)
        case FolderReach():
            return FolderWire(reach)
        case WindowsReach():
            return WindowsWire(reach)
        case TcpReach():
            raise TypeError("TCP runs on the event loop: see open_line")
