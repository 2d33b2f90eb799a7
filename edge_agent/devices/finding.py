"""What is plugged into this PC, for the page where a till is set up: ports, keyboards, printers.

Nothing is opened and no network is searched: a printer on TCP is looked for only at the addresses that are given. Each
find says how to name it so that it is found again (`stable`), which is what belongs into the configuration.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

from edge_agent.devices.keyboards import list_system_keyboards
from edge_agent.devices.ports import ListPorts, UsbIdentity, list_system_ports

Kind = Literal["serial", "keyboard", "usb_printer", "windows_printer", "tcp_printer"]

HOSTS_MAX = 16
_PRINTER_PORT = 9100
_PRINTER_CLASS = "07"
_DEVICES_MAX = 256
_PROBES_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class FoundDevice:
    """Something that a till could use.

    Attributes:
        kind: what it is.
        path: how it is opened now: a device, a printer's name, HOST:PORT.
        stable: how it is found again after a replug: a lasting path, or "vid:pid:serial"; as `path` if nothing better.
        name: what the system or its maker calls it.
        usb: what it is on USB.
    """

    kind: Kind
    path: str
    stable: str
    name: str = ""
    usb: UsbIdentity | None = None


def find_all(hosts: Sequence[str] = (), *, timeout_s: float = 0.5) -> tuple[FoundDevice, ...]:
    """Everything; blocks for some time-outs at most, so call it in a thread."""
    return (
        *find_serial_ports(),
        *find_keyboards(),
        *find_usb_printers(),
        *find_windows_printers(),
        *find_tcp_printers(hosts, timeout_s=timeout_s),
    )


def find_serial_ports(
    list_ports: ListPorts = list_system_ports, by_id: Path = Path("/dev/serial/by-id")
) -> tuple[FoundDevice, ...]:
    """Serial ports; the stable name is the link in /dev/serial/by-id, else what it is on USB."""
    lasting = _links(by_id)
    return tuple(
        FoundDevice(
            kind="serial",
            path=port.path,
            stable=lasting.get(os.path.realpath(port.path)) or usb_text(port.usb) or port.path,
            name=port.description,
            usb=port.usb,
        )
        for port in islice(list_ports(), _DEVICES_MAX)
    )


def find_keyboards() -> tuple[FoundDevice, ...]:
    """Keyboards of Linux, scanners that type among them: who sets up knows which one is the scanner by its name."""
    return tuple(
        FoundDevice(
            kind="keyboard",
            path=board.path,
            stable=board.by_id or usb_text(board.usb) or board.path,
            name=board.name,
            usb=board.usb,
        )
        for board in list_system_keyboards()
    )


def find_usb_printers(devices: Path = Path("/sys/bus/usb/devices")) -> tuple[FoundDevice, ...]:
    """USB devices with an interface of class 7, on Linux."""
    found: dict[str, FoundDevice] = {}
    for interface in islice(sorted(devices.glob("*:*")), _DEVICES_MAX):
        if _text(interface / "bInterfaceClass") != _PRINTER_CLASS:
            continue
        device = devices / interface.name.partition(":")[0]
        try:
            vendor, product = (int(_text(device / name), 16) for name in ("idVendor", "idProduct"))
        except ValueError:
            continue
        usb = UsbIdentity(vendor=vendor, product=product, serial=_text(device / "serial"))
        name = " ".join(filter(None, (_text(device / "manufacturer"), _text(device / "product"))))
        stable = usb_text(usb)
        found[device.name] = FoundDevice(kind="usb_printer", path=stable, stable=stable, name=name, usb=usb)
    return tuple(found.values())


def find_windows_printers() -> tuple[FoundDevice, ...]:
    """Printers of the Windows spooler, by name; elsewhere none."""
    if sys.platform != "win32":
        return ()
    import winreg  # noqa: PLC0415  only Windows has it

    names = []
    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, r"SYSTEM\CurrentControlSet\Control\Print\Printers") as key:
            names = [winreg.EnumKey(key, index) for index in range(min(winreg.QueryInfoKey(key)[0], _DEVICES_MAX))]
    except OSError:
        return ()
    return tuple(FoundDevice(kind="windows_printer", path=name, stable=name, name=name) for name in names)


def find_tcp_printers(hosts: Sequence[str], *, timeout_s: float = 0.5) -> tuple[FoundDevice, ...]:
    """Which of these hosts (HOST or HOST:PORT, at most HOSTS_MAX, the rest is not asked) take a connection.

    Nothing is sent. A printer that another till is printing on may refuse: one connection at a time is all it has.
    """
    addresses = [_address(host) for host in hosts[:HOSTS_MAX]]
    if not addresses:
        return ()
    with ThreadPoolExecutor(_PROBES_AT_ONCE, "probe") as pool:
        listening = list(pool.map(lambda address: _listens(address, timeout_s), addresses))
    return tuple(
        FoundDevice(kind="tcp_printer", path=f"{host}:{port}", stable=f"{host}:{port}", name=host)
        for (host, port), found in zip(addresses, listening, strict=True)
        if found
    )


def usb_text(usb: UsbIdentity | None) -> str:
    """As the configuration's key `usb` has it: "vid:pid" or "vid:pid:serial"; "" for what is not on USB."""
    if usb is None:
        return ""
    return f"{usb.vendor:04x}:{usb.product:04x}" + (f":{usb.serial}" if usb.serial else "")


def _address(host: str) -> tuple[str, int]:
    name, _, port = host.strip().rpartition(":")
    if name and port.isdigit() and ":" not in name.strip("[]").partition("]")[2]:
        return name.strip("[]"), min(int(port), 65_535)
    return host.strip().strip("[]"), _PRINTER_PORT


def _listens(address: tuple[str, int], timeout_s: float) -> bool:
    try:
        socket.create_connection(address, timeout_s).close()
    except (OSError, ValueError, UnicodeError):  # a name that no resolver takes raises the last two
        return False
    return True


def _links(folder: Path) -> dict[str, str]:
    try:
        links = sorted(folder.iterdir())
    except OSError:
        return {}
    return {os.path.realpath(link): str(link) for link in links}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
