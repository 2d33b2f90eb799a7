"""Where a running hub listens, for the commands beside it: a port of 0 in the settings is another one at each start.

The file is a hint for people's convenience, never trusted for more; a hub that was killed leaves an old one behind.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

_FILE = "addresses.json"


class Addresses(msgspec.Struct, frozen=True):
    """(host, port) of the broker, and of the pages unless they are switched off."""

    broker: tuple[str, int]
    web: tuple[str, int] | None = None


def tell_addresses(folder: Path, addresses: Addresses) -> None:
    """Write them down for `running_addresses`."""
    (folder / _FILE).write_bytes(msgspec.json.encode(addresses))


def forget_addresses(folder: Path) -> None:
    """The hub listens no more."""
    (folder / _FILE).unlink(missing_ok=True)


def running_addresses(folder: Path) -> Addresses | None:
    """Where the hub with this data folder listens; None if none runs here."""
    try:
        return msgspec.json.decode((folder / _FILE).read_bytes(), type=Addresses)
    except (OSError, msgspec.DecodeError):
        return None
