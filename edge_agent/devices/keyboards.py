"""Which keyboards this Linux system has, a scanner that types among them; elsewhere there are none to be had.

Read from /sys, so that nothing is opened to look. A keyboard is what has the keys 1 and Enter; a power button is none.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from edge_agent.devices.ports import UsbIdentity, exists, fits

_KEY_1, _KEY_ENTER = 2, 28
_WORD_BITS = 64
_DEVICES_MAX = 256


@dataclass(frozen=True, kw_only=True)
class Keyboard:
    """A keyboard that the system has: its device file, the name that stays if there is one, and what it is."""

    path: str
    by_id: str = ""
    name: str = ""
    usb: UsbIdentity | None = None


ListKeyboards = Callable[[], Iterable[Keyboard]]


def list_system_keyboards(
    devices: Path = Path("/dev/input"), classes: Path = Path("/sys/class/input")
) -> list[Keyboard]:
    """All keyboards, by the number of their device."""
    lasting = _lasting_names(devices / "by-id")
    found = []
    for entry in sorted(classes.glob("event*"), key=lambda path: (len(path.name), path.name))[:_DEVICES_MAX]:
        device = entry / "device"
        if not _has_keys(_text(device / "capabilities/key")):
            continue
        path = str(devices / entry.name)
        found.append(
            Keyboard(path=path, by_id=lasting.get(path, ""), name=_text(device / "name"), usb=_identity(device))
        )
    return found


def find_keyboard(path: str | None, usb: UsbIdentity | None, list_keyboards: ListKeyboards) -> str | None:
    """The device to open; None: there is no such keyboard now. A configured path wins over an identity."""
    if path is not None and exists(path):
        return path
    if usb is not None:
        return next((board.path for board in list_keyboards() if board.usb is not None and fits(board.usb, usb)), None)
    return None


def _has_keys(bitmap: str) -> bool:
    """Words in hexadecimal, the highest keys first."""
    try:
        words = [int(word, 16) for word in bitmap.split()]
    except ValueError:
        return False
    lowest = words[-1] if words else 0
    return all(lowest >> key & 1 for key in (_KEY_1, _KEY_ENTER)) and max(_KEY_1, _KEY_ENTER) < _WORD_BITS


def _identity(device: Path) -> UsbIdentity | None:
    try:
        vendor, product = (int(_text(device / "id" / name), 16) for name in ("vendor", "product"))
    except ValueError:
        return None
    return UsbIdentity(vendor=vendor, product=product, serial=_text(device / "uniq")) if vendor else None


def _lasting_names(folder: Path) -> dict[str, str]:
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
