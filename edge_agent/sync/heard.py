"""What a session tells its shell: what a message changed, and what went wrong on the link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from edge_agent.sync.hub_clock import ClockSample
from protocol.ids import FeedName
from protocol.messages import Answer, Command, Cursor, SnapshotOffer


@dataclass(frozen=True)
class Offered:
    """The hub offers a feed's state as a file; at `at_s` of our monotonic clock its own showed `hub_time`."""

    feed: FeedName
    offer: SnapshotOffer
    hub_time: datetime | None
    at_s: float


@dataclass(frozen=True)
class Parts:
    """So many documents of a large answer have come over the link; all of them: the feed is as the hub says."""

    feed: FeedName
    done: int
    total: int


@dataclass(frozen=True)
class Heard:
    """What a message changed: the feed that was applied, the cursors that moved by it, the hub's clock.

    `answer` is the hub's to an open question of ours; `command` is for the counter, and `answer_command` tells the hub.
    """

    feed: FeedName | None = None
    cursors: tuple[Cursor, ...] = ()
    acked: bool = False
    clock: ClockSample | None = None
    answer: Answer | None = None
    command: Command | None = None
    offered: Offered | None = None
    parts: Parts | None = None


@dataclass
class LinkCounters:
    """What went wrong on the link; shared by all sessions of one run, so that a rebuilt session counts on."""

    bad_frames: int = 0
    foreign_topics: int = 0
    oversized: int = 0
    last_bad: str = ""
