"""The receiving side of a feed: a terminal's copy of the hub's documents, in order and without a gap.

An update whose range starts at or before our revision applies in one transaction; anything that would leave a gap
makes us pull. A pull's parts are staged, and only the last one moves the revision and the cursors: a level applied
before its cursor would count a sale twice for a while, a cursor before its level would drop one.

A heartbeat that is behind us tells of a hub that was put back to an older state: broadcasts count for nothing then,
until its whole state has replaced ours.
"""

from __future__ import annotations

from dataclasses import dataclass

from protocol.documents import Document
from protocol.ids import FeedName
from protocol.messages import Cursor, FeedUpdate, Pull


@dataclass(frozen=True)
class FeedLimits:
    """How long to wait for a pull's next part before asking again."""

    pull_first_s: float = 2.0
    pull_max_s: float = 60.0


@dataclass(frozen=True)
class Stage:
    """Keep these documents aside, under `request`; forget what other requests staged.

    With `replace`, they are a part of a whole state, and the `Apply` that follows says so too.
    """

    request: str
    documents: tuple[Document, ...]
    replace: bool = False


@dataclass(frozen=True)
class Apply:
    """In one transaction: what `request` staged (if any), then `documents`, then revision, lineage and cursors.

    With `replace`, documents of this feed that are in neither are dropped first: it is the whole state.
    """

    documents: tuple[Document, ...]
    cursors: tuple[Cursor, ...]
    lineage: str
    revision: int
    request: str = ""
    replace: bool = False


class FeedReceiver:
    """One feed at one terminal. `next_request` ids are made from a counter and `nonce`, unique to this start."""

    def __init__(
        self, feed: FeedName, *, lineage: str, revision: int, nonce: str, limits: FeedLimits | None = None
    ) -> None:
        self.feed = feed
        self.lineage = lineage
        self.revision = revision
        self._nonce = nonce
        self._limits = limits or FeedLimits()
        self._connected = False
        self._wants_pull = False
        self._needs_all = False
        self._request = ""
        self._requests = 0
        self._next_part = 0
        self._answer = ("", 0, 0)
        self._asked_revision = 0
        self._asked_at_s = 0.0
        self._patience_s = self._limits.pull_first_s

    def connect(self) -> None:
        """The link is up: broadcasts may have passed us by, so pull."""
        self._connected = True
        self._patience_s = self._limits.pull_first_s
        self._give_up_pull()
        self._wants_pull = True

    def disconnect(self) -> None:
        """The link is down."""
        self._connected = False

    def next_pull(self, now_s: float) -> Pull | None:
        """The pull to send now, or None."""
        if not self._connected:
            return None
        late_at_s = self.wake_at_s()  # the same sum as the caller's timer, or rounding would make it fire in vain
        if late_at_s is not None and now_s >= late_at_s:
            self._patience_s = min(self._patience_s * 2, self._limits.pull_max_s)
            self._give_up_pull()
            self._wants_pull = True
        if not self._wants_pull or self._request:
            return None
        self._requests += 1
        self._request = f"{self._nonce}-{self._requests}"
        self._wants_pull = False
        self._asked_revision = self.revision
        self._asked_at_s = now_s
        revision = 0 if self._needs_all else self.revision
        return Pull(feed=self.feed, lineage=self.lineage, revision=revision, request=self._request)

    def wake_at_s(self) -> float | None:
        """When an unanswered pull is asked again; None when none is open."""
        return self._asked_at_s + self._patience_s if self._connected and self._request else None

    def receive(self, update: FeedUpdate, now_s: float) -> Stage | Apply | None:
        """Take a broadcast or a part of a pull's answer. What is returned must be done before the next call."""
        if update.feed != self.feed:
            return None
        return self._part(update, now_s) if update.request else self._broadcast(update)

    def _broadcast(self, update: FeedUpdate) -> Apply | None:
        if update.lineage != self.lineage:
            self._wants_pull = True
            return None
        if update.from_rev == update.to_rev < self.revision and not self._needs_all:
            self._needs_all = True
            self._give_up_pull()
            self._wants_pull = True
        if self._needs_all or update.to_rev < self.revision:
            return None
        if update.from_rev > self.revision:
            self._wants_pull = True
            return None
        # Documents are state, so a range that starts earlier than we stand covers ours as well.
        return self._apply(update, replace=False, request="")

    def _part(self, update: FeedUpdate, now_s: float) -> Stage | Apply | None:
        if update.request != self._request:
            return None
        # Several workers may answer one pull, each from its own snapshot: the first part decides whose parts count.
        answer = (update.lineage, update.from_rev, update.to_rev)
        if update.part < self._next_part or (self._next_part and answer != self._answer):
            return None
        if update.part > self._next_part:
            self._give_up_pull()
            self._wants_pull = True
            return None
        self._answer = answer
        self._next_part += 1
        self._asked_at_s = now_s
        return self._last_part(update) if update.last else Stage(update.request, update.documents, update.from_rev == 0)

    def _last_part(self, update: FeedUpdate) -> Apply | None:
        request = update.request if update.part else ""
        self._give_up_pull()
        self._patience_s = self._limits.pull_first_s
        # A hub that is behind what we asked from has been put back: then its whole state replaces ours.
        was_ahead = update.from_rev == 0 and update.to_rev < self._asked_revision
        if update.lineage == self.lineage and update.to_rev < self.revision and not (was_ahead or self._needs_all):
            return None  # a broadcast has overtaken the answer
        if update.from_rev and (update.lineage != self.lineage or update.from_rev > self.revision):
            self._wants_pull = True
            return None
        return self._apply(update, replace=update.from_rev == 0, request=request)

    def _apply(self, update: FeedUpdate, *, replace: bool, request: str) -> Apply:
        self._needs_all = self._needs_all and not replace
        self.lineage = update.lineage
        self.revision = update.to_rev
        return Apply(update.documents, update.cursors, update.lineage, update.to_rev, request, replace)

    def _give_up_pull(self) -> None:
        self._request = ""
        self._next_part = 0
