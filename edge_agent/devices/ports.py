"""Which serial port a device is on, now.

By its configured path (best: one that stays, such as /dev/serial/by-id/...), by VID/PID/serial number, and, once it was
found, by what it then was: a scanner that comes back under another number is the same scanner.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class UsbIdentity:
    """Vendor and product id, and the serial number if it has one ("" fits any)."""

    vendor: int
    product: int
    serial: str = ""


@dataclass(frozen=True, kw_only=True)
class Port:
    """A serial port that the system has; `usb` is None for one that is not on USB. `description` is the system's."""

    path: str
    usb: UsbIdentity | None = None
    description: str = ""


ListPorts = Callable[[], Iterable[Port]]


def list_system_ports() -> list[Port]:
    """The ports that pyserial finds on this system."""
    from serial.tools import list_ports  # noqa: PLC0415  its parts are chosen by platform when it is imported

    return [
        Port(
            path=port.device,
            usb=None
            if port.vid is None or port.pid is None
            else UsbIdentity(vendor=port.vid, product=port.pid, serial=port.serial_number or ""),
            description="" if port.description in {None, "n/a"} else port.description,
        )
        for port in list_ports.comports()
    ]


def find(path: str | None, usb: UsbIdentity | None, list_ports: ListPorts) -> str | None:
    """The path to open; None: there is no such port now. A configured path wins over an identity."""
    if path is not None and exists(path):
        return path
    if usb is not None:
        return next((port.path for port in list_ports() if port.usb is not None and fits(port.usb, usb)), None)
    return None


def identity_of(path: str, list_ports: ListPorts) -> UsbIdentity | None:
    """What is on that port, to know it again under another name."""
    real = os.path.realpath(path)
    return next((port.usb for port in list_ports() if os.path.realpath(port.path) == real), None)


def fits(found: UsbIdentity, wanted: UsbIdentity) -> bool:
    """Say whether what was found is what is wanted."""
    same_model = (found.vendor, found.product) == (wanted.vendor, wanted.product)
    return same_model and wanted.serial in {"", found.serial}


def exists(path: str) -> bool:
    """Say whether there is such a port; on Windows opening COM3 is the only way to know, so it is always said to be."""
    return os.path.exists(path) or path.upper().startswith("COM")  # noqa: PTH110  a device name, not a file of ours
