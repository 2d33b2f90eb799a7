"""Moving the unacknowledged events of a lost epoch into the next one: same ids, another chain.

What is damaged does not enter the new chain under a fresh seal, where nobody could find it again: it is set aside
with its bytes for a person to look at.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from protocol.event import GENESIS, Digest, SealedEvent, chain_digest, declared_digest, reseal


@dataclass(frozen=True)
class Resealed:
    """`moved`: (old sequence, new event) in order. `damaged`: what no chain can take."""

    moved: tuple[tuple[int, SealedEvent], ...]
    damaged: tuple[SealedEvent, ...]


def reseal_all(events: Iterable[SealedEvent], *, before: Digest, epoch: int) -> Resealed:
    """Seal `events` again from sequence 1 of `epoch`. `before`: what the first was chained to in the old epoch."""
    moved: list[tuple[int, SealedEvent]] = []
    damaged: list[SealedEvent] = []
    # A damaged event must not take its successor with it, so either record of its digest will do.
    befores = {before}
    previous = GENESIS
    for event in events:
        is_whole = any(chain_digest(event.raw, candidate) is not None for candidate in befores)
        befores = {event.digest, declared_digest(event.raw) or event.digest}
        try:
            sealed = reseal(event.raw, previous=previous, epoch=epoch, sequence=len(moved) + 1)
        except (msgspec.DecodeError, UnicodeDecodeError):
            is_whole = False
        else:
            if is_whole:
                previous = sealed.digest
                moved.append((event.sequence, sealed))
        if not is_whole:
            damaged.append(event)
    return Resealed(tuple(moved), tuple(damaged))
