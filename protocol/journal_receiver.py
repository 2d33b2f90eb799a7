"""The receiving side of a journal: what of a batch is new, what was seen, what cannot be true.

A pure decision: the shell holds the terminal's cursor under a row lock, asks here, writes the verdict and the moved
cursor in one transaction, and acks after the commit. Nothing is ever dropped unseen: a duplicate is compared by
digest before it is let go, a fork and an event that nobody can read are parked with their bytes, and one poison
event never stops the events behind it. An event that comes again in a new epoch, because the ack of the old one was
lost, has its old id: the shell, which knows all ids, keeps it and lets it count for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from protocol.event import (
    Digest,
    Event,
    SealedEvent,
    Unreadable,
    chain_digest,
    declared_digest,
    read_data,
    read_event,
)
from protocol.events import EventData
from protocol.messages import AckStatus, Batch

ParkReason = Literal["unreadable", "unknown_type", "misplaced", "fork"]


class JournalCursor(msgspec.Struct, frozen=True, gc=False):
    """What the hub has of one epoch: everything up to `sequence`, ending in `digest`."""

    epoch: int
    sequence: int
    digest: Digest


class TakenEvent(msgspec.Struct, frozen=True, gc=False):
    """An event that is new. `event` and `data` are None when it must be parked, for `park_reason` in `park_text`."""

    sealed: SealedEvent
    event: Event | None
    data: EventData | None
    park_reason: ParkReason | None = None
    park_text: str = ""


class Verdict(msgspec.Struct, frozen=True):
    """What to do with a batch: store `taken`, park `forked`, move to `cursor`, answer with `status`."""

    status: AckStatus
    cursor: JournalCursor
    taken: tuple[TakenEvent, ...] = ()
    forked: tuple[SealedEvent, ...] = ()
    seen: int = 0


DigestAt = Callable[[int], Digest | None]
"""A sequence of the epoch -> the digest that is stored there, None if nothing is."""


def judge(batch: Batch, cursor: JournalCursor, source: str, digest_at: DigestAt) -> Verdict:
    """Compare a batch with what is already there.

    `source` is the CloudEvents source that the batch's topic proves. `digest_at` is asked only when the whole batch, or
    its start, lies behind the cursor.
    """
    assert batch.epoch == cursor.epoch
    if batch.first > cursor.sequence + 1:
        return Verdict("gap", cursor)
    known = cursor.digest if batch.first == cursor.sequence + 1 else _digest_before(batch, digest_at)
    if known is not None and known != batch.previous:
        return _fork(batch, cursor, digest_at)
    return _walk(batch, cursor, source, digest_at)


def _walk(batch: Batch, cursor: JournalCursor, source: str, digest_at: DigestAt) -> Verdict:
    digest = batch.previous
    taken: list[TakenEvent] = []
    seen = 0
    for index, raw in enumerate(batch.events):
        sequence = batch.first + index
        following = chain_digest(raw, digest)
        if following is None:
            return Verdict("broken", _moved(cursor, taken), tuple(taken), seen=seen)
        digest = following
        if sequence <= cursor.sequence:
            # The chain makes one comparison enough: equal here means equal everywhere before.
            is_last_known = sequence == cursor.sequence or index == len(batch.events) - 1
            if is_last_known and digest != _stored(cursor, sequence, digest_at):
                return _fork(batch, cursor, digest_at)
            seen += 1
            continue
        taken.append(_take(SealedEvent(sequence, digest, raw), batch.epoch, source))
    return Verdict("ok", _moved(cursor, taken), tuple(taken), seen=seen)


def _take(sealed: SealedEvent, epoch: int, source: str) -> TakenEvent:
    event = read_event(sealed.raw)
    if isinstance(event, Unreadable):
        return TakenEvent(sealed, None, None, "unreadable", event.reason)
    if (event.epoch, event.sequence, event.source) != (epoch, sealed.sequence, source):
        return TakenEvent(
            sealed, None, None, "misplaced",
            f"says epoch {event.epoch} sequence {event.sequence} source {event.source}, "
            f"came as epoch {epoch} sequence {sealed.sequence} source {source}",
        )  # fmt: skip
    data = read_data(event)
    if isinstance(data, Unreadable):
        reason: ParkReason = "unknown_type" if data.reason.startswith("unknown event type") else "unreadable"
        return TakenEvent(sealed, event, None, reason, data.reason)
    return TakenEvent(sealed, event, data)


def _digest_before(batch: Batch, digest_at: DigestAt) -> Digest | None:
    return digest_at(batch.first - 1) if batch.first > 1 else None


def _stored(cursor: JournalCursor, sequence: int, digest_at: DigestAt) -> Digest | None:
    return cursor.digest if sequence == cursor.sequence else digest_at(sequence)


def _fork(batch: Batch, cursor: JournalCursor, digest_at: DigestAt) -> Verdict:
    # What both histories share is in the log already; only what differs is parked.
    declared = [
        SealedEvent(batch.first + index, declared_digest(raw) or Digest(b""), raw)
        for index, raw in enumerate(batch.events)
    ]
    shared = 0
    for event in declared:
        if event.sequence > cursor.sequence or event.digest != _stored(cursor, event.sequence, digest_at):
            break
        shared += 1
    return Verdict("fork", cursor, forked=tuple(declared[shared:]), seen=shared)


def _moved(cursor: JournalCursor, taken: list[TakenEvent]) -> JournalCursor:
    if not taken:
        return cursor
    last = taken[-1].sealed
    return JournalCursor(cursor.epoch, last.sequence, last.digest)
