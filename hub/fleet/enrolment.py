"""What a new terminal is given: its epoch and its keys, in a file that only its owner can read."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from hub.errors import HubError
from protocol.frame import Key
from protocol.ids import StoreId, TerminalId


class HubPlace(msgspec.Struct, frozen=True):
    """Where the terminal finds the broker."""

    host: str
    port: int
    tls: bool


class Credentials(msgspec.Struct, frozen=True):
    """The file that `tillwire-agent enrol` takes; keys are in hexadecimal.

    `has_staff`: people sign in at this store; the till stays locked until it has heard of them.
    """

    store: str
    terminal: str
    epoch: int
    terminal_key: str
    store_feed_key: str
    global_feed_key: str
    hub: HubPlace
    has_staff: bool = False


def credentials(  # noqa: PLR0913 - the file has these parts
    store: StoreId,
    terminal: TerminalId,
    *,
    epoch: int,
    key: Key,
    store_key: Key,
    global_key: Key,
    hub: HubPlace,
    has_staff: bool,
) -> Credentials:
    """Put a terminal's credentials together."""
    return Credentials(store, terminal, epoch, key.hex(), store_key.hex(), global_key.hex(), hub, has_staff)


def as_json(given: Credentials) -> bytes:
    """The file's bytes."""
    return msgspec.json.format(msgspec.json.encode(given), indent=2) + b"\n"


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner may read; never over another one. Raises HubError."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise HubError(f"{path}: is there already; move it away or name another file with --out") from error
    except OSError as error:
        raise HubError(f"{path}: cannot be written: {error.strerror}") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
