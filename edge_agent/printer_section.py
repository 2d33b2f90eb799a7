"""`[printer]` and `[pick_printer]` of the configuration: which way to the printer, and how its paper is set.

A table may hold keys of other connections as well, so that a shop can try one and go back; what its own connection
needs has to be there.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edge_agent.errors import ConfigError

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Connection = Literal["tcp", "serial", "usb", "windows", "file"]

_NEEDED: dict[Connection, str] = {
    "tcp": "host",
    "serial": "device",
    "usb": "usb",
    "windows": "queue",
    "file": "folder",
}


class PrinterSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An ESC/POS printer; 576 dots for 80 mm paper, 384 for 58 mm. `name` None: as the table is called."""

    connection: Connection = "tcp"
    name: Text | None = None
    host: Text | None = None
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 9100
    device: Text | None = None
    baud: Annotated[int, msgspec.Meta(ge=300, le=4_000_000)] = 115_200
    byte_bits: Literal[7, 8] = 8
    parity: Literal["N", "E", "O"] = "N"
    stop_bits: Literal[1, 2] = 1
    flow: Literal["none", "rtscts", "xonxoff"] = "none"
    usb: Text | None = None
    queue: Text | None = None
    folder: Text | None = None
    answers: bool = True
    width_dots: Annotated[int, msgspec.Meta(ge=192, le=1152, multiple_of=8)] = 576
    mode: Literal["raster", "text"] = "raster"
    code_page: Literal["tcvn3", "cp1258", "cp1252", "cp858", "cp850", "cp437"] = "tcvn3"
    code_page_number: Annotated[int, msgspec.Meta(ge=0, le=254)] | None = None
    logo: Text | None = None


def check_printer(section: PrinterSection, table: str, path: Path) -> None:
    """Raise ConfigError if the table lacks what its connection needs."""
    needed = _NEEDED[section.connection]
    if getattr(section, needed) is None:
        raise ConfigError(
            f"{path}: [{table}] lacks the key {needed!r}: add it, connection = {section.connection!r} needs it "
            "(see docs/reference/agent-config.md)"
        )
    if section.usb is not None:
        usb_of(section.usb, table, path)


def usb_of(text: str, table: str = "printer", path: Path | None = None) -> tuple[int, int, str]:
    """Vendor, product and serial number of "vid:pid" or "vid:pid:serial". Raises ConfigError."""
    match = re.fullmatch(r"([0-9A-Fa-f]{4}):([0-9A-Fa-f]{4})(?::(.+))?", text)
    if match is None:
        raise ConfigError(
            f"{path or 'configuration'}: [{table}] key 'usb', now {text!r}: write vid:pid in hexadecimal (04b8:0e28)"
        )
    return int(match[1], 16), int(match[2], 16), match[3] or ""
