"""What a channel does is done in parts: stock, the outbox, orders in, and so on.

Each runs by itself (`runner.py`), so that none ever waits for another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.channels.links import Links
from hub.channels.manifest import Manifest
from hub.channels.ports import Channel

URGENT, ORDINARY, PATIENT = 0, 1, 2
"""Who gets a call first when a channel's budget is short: stock; what customers wait for; sales and people to keep."""


class Part(Protocol):
    """A part of one channel's work. Used from one thread; it keeps nothing that a restart may not lose."""

    def step(self, now: datetime) -> float:
        """Do one portion of work, some seconds at most; returns seconds until the next (0: there is more at once).

        Raises ChannelError's children and StorageUnavailable; then the runner waits, and the same is to be done again.
        """
        ...


@dataclass(frozen=True)
class Opened:
    """What a part is made with: its channel, connected for it alone.

    `links` is as of the start of the step. `wake` makes another part of this channel run at once, in this process.
    `holder` names this process: with it, a part that is alone writes its cursor.
    """

    name: str
    manifest: Manifest
    settings: Mapping[str, str]
    channel: Channel
    links: Callable[[], Links]
    wake: Callable[[str], None]
    holder: str
    created_at: datetime


@dataclass(frozen=True)
class PartKind:
    """A kind of part. `make` returns None for a channel that has no such part.

    A part that is `alone` is run by one hub process at a time; others share their work by row locks.
    """

    name: str
    make: Callable[[Opened], Part | None]
    alone: bool = True
    urgency: int = ORDINARY


PartKinds = Sequence[PartKind]
