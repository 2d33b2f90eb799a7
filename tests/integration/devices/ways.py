"""The five ways to a printer, each with the same simulated printer at its end (the folder: a folder)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PIL import Image

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
from edge_agent.devices.printer.transports.opening import open_line
from edge_agent.devices.printer.transports.serial_port import SerialWire
from edge_agent.devices.printer.transports.threaded import Wire
from edge_agent.devices.printer.transports.usb import UsbWire
from edge_agent.devices.printer.transports.windows import WindowsWire
from hardware_sim.printer import SimulatedPrinter, raster_digest
from tests.integration.devices.shop import patient
from tests.integration.devices.usb_backend import PRODUCT, SERIAL, VENDOR, OnePrinterBus
from tests.integration.devices.winspool import Spooler

WayName = Literal["tcp", "serial", "usb", "windows", "folder"]
WAYS: tuple[WayName, ...] = ("tcp", "serial", "usb", "windows", "folder")
WITH_A_PRINTER: tuple[WayName, ...] = ("tcp", "serial", "usb", "windows")
QUEUE = "EPSON TM-T20III Receipt"


@dataclass
class Way:
    """One way. `hears`: the printer's answers come back. `pull` takes the printer away, `put` brings it back."""

    name: WayName
    settings: PrinterSettings
    pull: Callable[[], None]
    put: Callable[[], None]
    printer: SimulatedPrinter | None = None
    folder: Path | None = None
    open_wire: Callable[[Reach], Wire] | None = None
    bus: OnePrinterBus | None = None
    spooler: Spooler | None = None

    @property
    def hears(self) -> bool:
        """Whether the printer's own answers come back on this way."""
        return self.name in {"tcp", "serial", "usb"}

    def line(
        self, settings: PrinterSettings | None = None, on_lost: Callable[[], None] = lambda: None
    ) -> AbstractAsyncContextManager[Line]:
        """Open it, as the driver does."""
        return open_line(settings or self.settings, on_lost, self.open_wire)

    def digests(self) -> list[str]:
        """What the whole papers show, in order."""
        if self.printer is not None:
            return [found.raster_sha256 for found in self.printer.receipts if found.complete]
        assert self.folder is not None
        shown = []
        for path in sorted(self.folder.glob("*.png")):
            with Image.open(path) as picture:
                shown.append(raster_digest(picture))
        return shown


@asynccontextmanager
async def way_to_a_printer(name: WayName, folder: Path, **printing: float) -> AsyncIterator[Way]:
    """That way, ready; `printing`: what the simulated printer is made with."""
    if name == "folder":
        target = folder / "receipts"
        yield _folder_way(target)
        return
    transport: dict[str, object] = {"serial": {"transport": "pty", "link": folder / "printer"}, "tcp": {}}.get(
        name, {"transport": "usb"}
    )
    async with SimulatedPrinter(socket_buffer_bytes=4096, **transport, **printing) as printer:  # type: ignore[arg-type]  # by name
        way = _printer_way(name, printer, folder)
        await printer.wait_listening()
        await asyncio.sleep(0)  # it serves from the next pass of the loop on; before that there is nothing to pull
        try:
            yield way
        finally:
            if way.spooler is not None:
                way.spooler.stop()


def _folder_way(target: Path) -> Way:
    def pull() -> None:
        target.rmdir()
        target.write_text("a file stands in the way")

    settings = replace(patient(), reach=FolderReach(folder=str(target)))
    return Way("folder", settings, pull, target.unlink, folder=target, open_wire=_folder_wire)


def _printer_way(name: WayName, printer: SimulatedPrinter, folder: Path) -> Way:
    faults = printer.faults
    if name == "tcp":
        settings = replace(patient(), reach=TcpReach(host="127.0.0.1", port=printer.port))
        return Way(name, settings, faults.power_off, faults.power_on, printer)
    if name == "serial":
        settings = replace(patient(), reach=SerialReach(path=str(folder / "printer")))
        return Way(name, settings, faults.power_off, faults.power_on, printer, open_wire=_serial_wire)
    assert printer.usb is not None
    if name == "usb":
        bus = OnePrinterBus(printer.usb)
        settings = replace(patient(), reach=UsbReach(vendor=VENDOR, product=PRODUCT, serial=SERIAL))
        return Way(name, settings, faults.power_off, faults.power_on, printer, bus=bus,
                   open_wire=lambda reach: _usb_wire(reach, bus))  # fmt: skip
    spooler = Spooler(printer, QUEUE)

    def install(*, there: bool) -> None:
        spooler.installed = there

    settings = replace(patient(), reach=WindowsReach(queue=QUEUE))
    return Way(name, settings, lambda: install(there=False), lambda: install(there=True), printer, spooler=spooler,
               open_wire=lambda reach: _windows_wire(reach, spooler))  # fmt: skip


def _folder_wire(reach: Reach) -> Wire:
    assert isinstance(reach, FolderReach)
    return FolderWire(reach)


def _serial_wire(reach: Reach) -> Wire:
    assert isinstance(reach, SerialReach)
    return SerialWire(reach)


def _usb_wire(reach: Reach, bus: OnePrinterBus) -> Wire:
    assert isinstance(reach, UsbReach)
    return UsbWire(reach, bus)


def _windows_wire(reach: Reach, spooler: Spooler) -> Wire:
    assert isinstance(reach, WindowsReach)
    return WindowsWire(reach, spooler.api())
