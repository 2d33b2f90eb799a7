"""Fetches a channel's past: what changed since a moment, taken in as the polls do, as often as one likes.

The cursor of the running hub is left alone. Whatever comes a second time is known by its id and version.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.channels.incoming import Intake
from hub.channels.links import Links
from hub.channels.ports import PortName, Rewindable
from hub.errors import ChannelUnavailable
from hub.storage.channel_pages import NotTaken, PageEnd

PAGES_MAX = 100_000
REWINDABLE: tuple[PortName, ...] = ("orders", "payments")
"""Ports whose past is asked for by time; people and goods come whole at the first poll."""


@dataclass(frozen=True)
class Filled:
    """What came of a port's past: how many things, and how many of them could not be read and are parked."""

    port: PortName
    found: int = 0
    parked: int = 0


@dataclass(frozen=True)
class Past:
    """Where the past of a port comes from and where it goes. `told` hears what has come so far."""

    channel: str
    port: PortName
    source: Rewindable
    intake: Intake[Any]
    links: Callable[[], Links]
    told: Callable[[Filled], None]


def backfill(past: Past, since: datetime, now: Callable[[], datetime]) -> Filled:
    """Take in all that changed since a moment. Raises ChannelError, StorageUnavailable: what came before it stays."""
    filled = Filled(past.port)
    cursor = past.source.cursor_at(since)
    for _ in range(PAGES_MAX):
        page = past.intake.page(cursor)
        unread = [NotTaken(one.key, one.why, one.raw) for one in page.unread]
        past.intake.take(page.found, PageEnd(past.channel, past.port, "", None, unread), past.links(), now())
        filled = Filled(past.port, filled.found + len(page.found), filled.parked + len(unread))
        past.told(filled)
        if not page.more:
            return filled
        cursor = page.cursor
    raise ChannelUnavailable(f"channel {past.channel}: {PAGES_MAX} pages of {past.port} and more: ask for fewer days")
