"""The terminal's copies of the hub's feeds, without I/O: the machines of both feeds, and what they make of the replica.

A feed may be offered as a file. Then whoever fetches it says by its digest what he has: a step for anything but what is
offered on this link, now, does nothing and says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from edge_agent.replica.port import Replica
from edge_agent.sync.heard import Heard, Offered, Parts
from protocol.documents import Document
from protocol.errors import BadFrame, BadSnapshot
from protocol.feed_receiver import Apply, FeedLimits, FeedReceiver, Stage
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, store_feed
from protocol.messages import Cursor, FeedUpdate, Pull
from protocol.snapshot import SnapshotHead

INT64_MAX = 2**63 - 1
"""What the store can hold; a larger number in a message is nonsense."""

TIDY_ROWS_MAX = 500
"""Rows of a replaced state that one transaction removes: some milliseconds."""

PARTS_TOLD_FROM = 2_000
"""So many documents are worth a progress bar; fewer are there before anybody has read it."""


class TerminalFeeds:
    """The global feed and the store's. `nonce` is unique to this start.

    `snapshots`: the caller fetches what is offered.
    """

    def __init__(self, replica: Replica, store: StoreId, *, nonce: str, limits: FeedLimits, snapshots: bool) -> None:
        self._replica = replica
        self._receivers = {
            feed: FeedReceiver(
                feed, lineage=state.lineage, revision=state.revision, nonce=nonce, limits=limits, snapshots=snapshots
            )
            for feed in (GLOBAL_FEED, store_feed(store))
            for state in (replica.feed_state(feed),)
        }
        self._parts: dict[FeedName, tuple[int, int]] = {}
        self._replacing: list[Cursor] = []
        self.untidy = True

    @property
    def names(self) -> tuple[FeedName, ...]:
        """Both feeds."""
        return tuple(self._receivers)

    def connect(self) -> None:
        """The link is up, or everything is to be asked anew."""
        for receiver in self._receivers.values():
            receiver.connect()

    def disconnect(self) -> None:
        """The link is down."""
        for receiver in self._receivers.values():
            receiver.disconnect()

    def pulls(self, now_s: float) -> list[Pull]:
        """What to ask now."""
        asked = (receiver.next_pull(now_s) for receiver in self._receivers.values())
        return [pull for pull in asked if pull is not None]

    def wakes_at_s(self) -> Iterable[float | None]:
        """When to ask again."""
        return (receiver.wake_at_s() for receiver in self._receivers.values())

    def tidy(self) -> bool:
        """Clear away some of what a replaced state left; True if there is more."""
        if self.untidy:
            self.untidy = self._replica.tidy(TIDY_ROWS_MAX)
        return self.untidy

    def take_replacing(self) -> Sequence[Cursor]:
        """The cursors of whole states that replaced ours since the last call: how far that hub has each journal."""
        found, self._replacing = self._replacing, []
        return found

    def take(self, update: FeedUpdate, now_s: float) -> Heard:
        """Take a broadcast or a part of an answer. Raises BadFrame."""
        receiver = self._receivers.get(FeedName(update.feed))
        if receiver is None:
            raise BadFrame(f"feed {update.feed!r} is none of ours")
        _check_numbers(update)
        had = receiver.offered
        match receiver.receive(update, now_s):
            case Stage() as stage:
                self._replica.stage(receiver.feed, stage)
                self.untidy = True  # what another request had begun is given up
                return Heard(parts=self._count(receiver.feed, update))
            case Apply() as change:
                return self._apply(receiver.feed, change)
            case None:
                pass
        offer = receiver.offered
        if offer is not None and had is None:
            return Heard(offered=Offered(receiver.feed, offer, update.hub_time, now_s))
        return Heard()

    def staged(self, feed: FeedName, digest: str) -> int | None:
        """How many documents of the file are staged; None if it is not offered."""
        self.untidy = True  # what another request had begun will be given up
        return self._replica.staged(feed, _request(digest)) if self._is_offered(feed, digest) else None

    def stage(self, feed: FeedName, digest: str, documents: Sequence[Document]) -> bool:
        """Stage the next documents of the file; False if it is not offered."""
        if not self._is_offered(feed, digest):
            return False
        self._replica.stage(feed, Stage(_request(digest), tuple(documents), replace=True))
        return True

    def take_snapshot(self, feed: FeedName, digest: str, head: SnapshotHead) -> Heard | None:
        """All of the file is staged: it is the state now. None if it is not what is wanted."""
        change = self._receivers[feed].take_snapshot(digest, head, _request(digest))
        return self._apply(feed, change) if change is not None else None

    def decline(self, feed: FeedName, digest: str) -> None:
        """The file cannot be had: parts, please, until the link comes anew."""
        if self._is_offered(feed, digest):
            self._receivers[feed].decline_snapshot()

    def ask_again(self, feed: FeedName, digest: str) -> None:
        """The file is not there any more."""
        if self._is_offered(feed, digest):
            self._receivers[feed].ask_again()

    def _is_offered(self, feed: FeedName, digest: str) -> bool:
        offer = self._receivers[feed].offered
        return offer is not None and offer.digest == digest

    def _apply(self, feed: FeedName, change: Apply) -> Heard:
        if change.replace:
            self.untidy = True
            self._replacing += change.cursors
        self._parts.pop(feed, None)
        done = Parts(feed, 1, 1) if change.request or change.replace else None
        return Heard(feed=feed, cursors=self._replica.apply(feed, change), parts=done)

    def _count(self, feed: FeedName, update: FeedUpdate) -> Parts | None:
        before, total = (0, update.total) if update.part == 0 else self._parts.get(feed, (0, 0))
        done = before + len(update.documents)
        self._parts[feed] = (done, total)
        return Parts(feed, min(done, total), total) if total >= PARTS_TOLD_FROM else None


def check_head(head: SnapshotHead, done: int) -> None:
    """Raise BadSnapshot for numbers that the store cannot hold, or fewer documents than are staged already."""
    if head.documents < done or not _storable([head.revision], head.cursors):
        raise BadSnapshot(f"feed {head.feed!r}: its head has numbers that cannot be")


def _request(digest: str) -> str:
    # Named after the file, so that a restart goes on where the till was.
    return f"snapshot-{digest}"


def _check_numbers(update: FeedUpdate) -> None:
    numbers = [update.from_rev, update.to_rev, *(document.revision for document in update.documents)]
    if update.offer is not None:
        numbers += [update.offer.revision, update.offer.documents, update.offer.size_bytes]
    if not _storable(numbers, update.cursors):
        raise BadFrame(f"feed {update.feed!r}: a revision or cursor is negative or beyond 64 bits")


def _storable(numbers: list[int], cursors: Sequence[Cursor]) -> bool:
    for cursor in cursors:
        numbers += [cursor.epoch, cursor.sequence]
    return all(0 <= number <= INT64_MAX for number in numbers)
