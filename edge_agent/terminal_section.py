"""`[terminal_device]` of the configuration: a card terminal behind a bridge of the shop's own, or a Square Terminal.

A table may hold keys of the other protocol as well, so that a shop can try one and go back.
"""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edge_agent.errors import ConfigError

Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Protocol = Literal["line", "square"]

_NEEDED: dict[Protocol, tuple[str, ...]] = {"line": ("host", "port"), "square": ("device_id", "token_file")}
_LOOPBACK = re.compile(r"http://(127\.0\.0\.1|localhost|\[::1\])(:[0-9]+)?/?")


class TerminalDeviceSection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`line`: `host` and `port` of the bridge. `square`: `device_id`, and the file with Square's access token."""

    protocol: Protocol = "line"
    name: Text = "card terminal"
    host: Text | None = None
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    device_id: Text | None = None
    token_file: Text | None = None
    base_url: Annotated[str, msgspec.Meta(max_length=200, pattern="^https?://[^ ?#@]+$")] = (
        "https://connect.squareup.com"
    )


def check_terminal(section: TerminalDeviceSection, path: Path) -> None:
    """Raise ConfigError if the table lacks what its protocol needs, or would show the token to others."""
    for needed in _NEEDED[section.protocol]:
        if getattr(section, needed) is None:
            raise ConfigError(
                f"{path}: [terminal_device] lacks the key {needed!r}: add it, protocol = {section.protocol!r} needs it "
                "(see docs/reference/agent-config.md)"
            )
    if section.base_url.startswith("http://") and not _LOOPBACK.fullmatch(section.base_url):
        raise ConfigError(
            f"{path}: [terminal_device] key 'base_url', now {section.base_url!r}: has to begin with https"
        )
    if section.protocol == "square" and section.token_file is not None:
        _check_token_file(Path(section.token_file), path)


def _check_token_file(token: Path, path: Path) -> None:
    if not token.exists():
        raise ConfigError(f"{path}: [terminal_device] key 'token_file': {token} is not there: write the token into it")
    if os.name == "posix" and token.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise ConfigError(f"{path}: {token}: other users of this PC may read this token: run `chmod 600 {token}`")
