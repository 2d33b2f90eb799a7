"""The sending side of a feed: when to broadcast, and how to cut a pull's answer into bounded parts.

The hub's database is the feed; this machine only remembers how far it has broadcast. Losing that memory costs a few
pulls, never a document. A heartbeat (an update of an empty range) lets a terminal find out that it missed the last
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from protocol.documents import Document
from protocol.ids import FeedName
from protocol.messages import Cursor, FeedUpdate, Pull, SnapshotOffer


@dataclass(frozen=True)
class PublishLimits:
    """How often, how much. 50 ms of coalescing is invisible to a cashier and divides the load of a busy store.

    A part is one transaction at the till, about 10 ms for 250 items: so long may a scan wait behind it.
    """

    interval_s: float = 0.05
    heartbeat_s: float = 10.0
    documents_max: int = 500
    part_documents_max: int = 250
    part_bytes_max: int = 512 * 1024


@dataclass(frozen=True)
class FeedSnapshot:
    """What one read transaction saw: documents changed after `from_rev`, and how far each journal is counted in."""

    lineage: str
    from_rev: int
    to_rev: int
    documents: Sequence[Document]
    cursors: Sequence[Cursor]


class FeedSender:
    """The broadcaster of one feed. `published` is the revision up to which everything was broadcast."""

    def __init__(self, feed: FeedName, *, head: int, limits: PublishLimits | None = None) -> None:
        self.feed = feed
        self.published = head
        self._limits = limits or PublishLimits()
        self._broadcast_at_s: float | None = None

    def due(self, head: int, now_s: float) -> bool:
        """Say whether to take a snapshot since `published` and broadcast it now."""
        if self._broadcast_at_s is None:
            return True
        waited_s = now_s - self._broadcast_at_s
        return waited_s >= (self._limits.interval_s if head > self.published else self._limits.heartbeat_s)

    def broadcast(self, snapshot: FeedSnapshot, now_s: float) -> FeedUpdate:
        """The update to publish for a snapshot taken from `published` on.

        Too much for one message (a catalogue import) becomes a bare head, and the terminals pull in parts.
        """
        assert snapshot.from_rev == self.published <= snapshot.to_rev
        self._broadcast_at_s = now_s
        self.published = snapshot.to_rev
        if len(snapshot.documents) > self._limits.documents_max:
            return FeedUpdate(
                feed=self.feed, lineage=snapshot.lineage, from_rev=snapshot.to_rev, to_rev=snapshot.to_rev
            )
        return FeedUpdate(
            feed=self.feed, lineage=snapshot.lineage, from_rev=snapshot.from_rev, to_rev=snapshot.to_rev,
            documents=tuple(snapshot.documents), cursors=tuple(snapshot.cursors),
        )  # fmt: skip


def pull_from(pull: Pull, lineage: str, head: int) -> int:
    """From which revision to answer: what the terminal has, or 0 when it knows another database or the future."""
    return pull.revision if pull.lineage == lineage and pull.revision <= head else 0


def answer_parts(
    pull: Pull, snapshot: FeedSnapshot, limits: PublishLimits | None = None, *, hub_time: datetime | None = None
) -> Iterator[FeedUpdate]:
    """Cut a snapshot into the parts of a pull's answer; cursors travel with the last part, the time with the first."""
    limits = limits or PublishLimits()
    part, pending = 0, None
    for documents in _cut(snapshot.documents, limits):
        if pending is not None:
            yield _part(pull, snapshot, part, pending, last=False, hub_time=hub_time)
            part += 1
        pending = documents
    yield _part(pull, snapshot, part, pending or (), last=True, hub_time=hub_time)


def _part(  # noqa: PLR0913 - the parts of one message
    pull: Pull, snapshot: FeedSnapshot, part: int, documents: tuple[Document, ...], *, last: bool,
    hub_time: datetime | None,
) -> FeedUpdate:  # fmt: skip
    return FeedUpdate(
        feed=pull.feed, lineage=snapshot.lineage, from_rev=snapshot.from_rev, to_rev=snapshot.to_rev,
        documents=documents, cursors=tuple(snapshot.cursors) if last else (),
        request=pull.request, part=part, last=last, hub_time=None if part else hub_time,
        total=0 if part else len(snapshot.documents),
    )  # fmt: skip


def offer_answer(pull: Pull, lineage: str, offer: SnapshotOffer, *, hub_time: datetime | None = None) -> FeedUpdate:
    """The answer that sends a terminal to the hub's web: one part, not the last, as a file is still to come."""
    return FeedUpdate(
        feed=pull.feed, lineage=lineage, from_rev=0, to_rev=offer.revision, request=pull.request, last=False,
        hub_time=hub_time, offer=offer,
    )  # fmt: skip


def _cut(documents: Iterable[Document], limits: PublishLimits) -> Iterator[tuple[Document, ...]]:
    chunk: list[Document] = []
    chunk_bytes = 0
    for document in documents:
        size = len(document.body) + len(document.key) + 64  # the envelope of one document, generously
        if chunk and (len(chunk) >= limits.part_documents_max or chunk_bytes + size > limits.part_bytes_max):
            yield tuple(chunk)
            chunk, chunk_bytes = [], 0
        chunk.append(document)
        chunk_bytes += size
    if chunk:
        yield tuple(chunk)
