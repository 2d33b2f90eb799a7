"""Which of the events that were found can be believed, and what is missing between them. Without I/O.

An event is believed for its own hash, or for its place in the digest chain; then its own attributes say where it
stood, whatever the row around it says. Everything else that looks like one is kept for a person to look at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from edge_agent.journal.salvage.cells import FoundEvent
from edge_agent.journal.sqlite import HASH_BYTES, hash_of
from protocol.event import GENESIS, Digest, Event, Unreadable, chain_digest, declared_digest, read_data, read_event
from protocol.events import EventData

MENDED_MAX = 16
"""Events whose wrong byte is looked for: half a second each, and much damage is no single byte."""

_MENDED_BYTES_MAX = 16_384


@dataclass(frozen=True)
class Proved:
    """An event that is what was written. `fact` is None where this version cannot read its data."""

    epoch: int
    sequence: int
    id: str
    time: datetime
    raw: bytes
    fact: EventData | None


@dataclass(frozen=True)
class Unproved:
    """Bytes that look like an event of this place, and that nothing proves."""

    epoch: int
    sequence: int
    raw: bytes


@dataclass(frozen=True)
class Sorted:
    """What was found of one epoch.

    `unsent` is what the hub may lack, `sent` the rest, both in order. `missing` counts those before the last one that
    is known.
    """

    epoch: int
    acked: int
    sent: tuple[Proved, ...]
    unsent: tuple[Proved, ...]
    unproved: tuple[Unproved, ...]
    missing: int
    is_tail_known: bool


def sort_out(
    found: Iterable[FoundEvent], *, source: str, epoch: int | None, acked: int | None, tail: int | None
) -> Sorted:
    """Sort what was found.

    `epoch` and `acked` as far as they are known; `tail` is the last sequence, if that is known.
    """
    proved, doubtful = _prove(list(found), source)
    if epoch is None:
        epoch = max((event.epoch for event in proved), default=0)
    own = sorted((event for event in proved if event.epoch == epoch), key=lambda event: event.sequence)
    last = max([tail or 0, *(event.sequence for event in own)])
    if acked is None or acked > last:
        acked = 0  # what the hub has already it knows by its id
    there = {event.sequence for event in own}
    aside = {
        event.sequence: Unproved(event.epoch, event.sequence, event.raw)
        for event in doubtful
        if event.epoch == epoch and event.sequence > acked and event.sequence not in there
    }
    last = max([last, *aside]) if aside and max(aside) <= last + 1 else last
    unproved = tuple(event for sequence, event in sorted(aside.items()) if sequence <= last)
    first = acked + 1 if acked else min([1, *there])
    gone = sum(1 for sequence in range(first, last + 1) if sequence not in there) - len(unproved)
    return Sorted(
        epoch, acked,
        sent=tuple(event for event in own if event.sequence <= acked),
        unsent=tuple(event for event in own if event.sequence > acked),
        unproved=unproved, missing=max(0, gone), is_tail_known=tail is not None,
    )  # fmt: skip


def _prove(found: list[FoundEvent], source: str) -> tuple[list[Proved], list[FoundEvent]]:
    befores: dict[tuple[int, int], set[Digest]] = {}
    for event in found:
        known = befores.setdefault((event.epoch, event.sequence + 1), set())
        known.add(Digest(event.digest))
        if (declared := declared_digest(event.raw)) is not None:
            known.add(declared)
    proved: dict[tuple[int, int], Proved] = {}
    doubtful: list[FoundEvent] = []
    mended = 0
    for event in found:
        known = befores.get((event.epoch, event.sequence), set()) | ({GENESIS} if event.sequence == 1 else set())
        is_proved = event.hash == hash_of(event.raw) or any(chain_digest(event.raw, each) for each in known)
        raw = event.raw if is_proved else None
        if raw is None and event.hash is not None and mended < MENDED_MAX:
            mended += 1
            raw = with_one_byte_mended(event.raw, event.hash)
        read = read_event(raw) if raw is not None else Unreadable("not proved")
        if raw is not None and isinstance(read, Event) and read.source == source:
            fact = read_data(read)
            proved[read.epoch, read.sequence] = Proved(
                read.epoch, read.sequence, read.id, read.time, raw, None if isinstance(fact, Unreadable) else fact
            )
        else:
            doubtful.append(event)
    # An event that was moved to a later epoch may still lie where it was before.
    newest: dict[str, Proved] = {}
    for key in sorted(proved):
        newest[proved[key].id] = proved[key]
    return list(newest.values()), doubtful


def with_one_byte_mended(raw: bytes, own_hash: bytes) -> bytes | None:
    """What `raw` was if one of its bytes is wrong, which is what an ageing disk does; None if more are.

    Tries bytes until the hash fits: half a second for an event of a thousand.
    """
    if len(raw) > _MENDED_BYTES_MAX:
        return None
    before = hashlib.sha256()
    for place, wrong in enumerate(raw):
        behind = raw[place + 1 :]
        for byte in range(0x20, 0x100):  # JSON without blanks has no control characters
            if byte != wrong:
                tried = before.copy()
                tried.update(bytes((byte,)) + behind)
                if tried.digest()[:HASH_BYTES] == own_hash:
                    return raw[:place] + bytes((byte,)) + behind
        before.update(raw[place : place + 1])
    return None
