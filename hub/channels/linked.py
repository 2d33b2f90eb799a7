"""A channel's links as the database has them: read when they change, kept in memory, shared by all parts.

Links of sales, orders and people are as many as those: they are looked up when somebody asks for one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import msgspec

from hub.channels.links import Link, LinkKind, Links
from hub.storage.channel_links import MANY, SqlChannelLinks
from hub.storage.channel_records import LinkRow

REST = 10.0
"""A mapping of 100,000 links takes half a second to read; while it changes all the time, reading it may take no more
than a tenth of the time. A small one is read at once."""


class LinkBook:
    """The links of one channel. Thread-safe."""

    def __init__(self, store: SqlChannelLinks, channel: str, clock_s: Callable[[], float]) -> None:
        self._store = store
        self._channel = channel
        self._clock_s = clock_s
        self._lock = threading.Lock()
        self._version = -1
        self._rest_until_s = float("-inf")
        self._links = Links(channel, ())

    def now(self) -> Links:
        """The links as they are. Raises StorageUnavailable."""
        with self._lock:
            begun_s = self._clock_s()
            if begun_s < self._rest_until_s or self._store.version(self._channel) == self._version:
                return self._links
            self._version, rows = self._store.mapping(self._channel)
            self._links = Links(self._channel, map(as_link, rows), self._look_up)
            ended_s = self._clock_s()
            self._rest_until_s = ended_s + REST * (ended_s - begun_s)
            return self._links

    def _look_up(self, kind: LinkKind, ours: str | None, theirs: str | None) -> Sequence[Link]:
        if kind not in MANY:
            return ()
        return [as_link(row) for row in self._store.find(self._channel, kind, ours=ours, theirs=theirs)]


def as_link(row: LinkRow) -> Link:
    """A stored link as connectors know it."""
    return Link(msgspec.convert(row.kind, LinkKind), row.ours, row.theirs, row.more)
