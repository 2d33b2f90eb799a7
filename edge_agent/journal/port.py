"""What the link and the till may ask of the journal.

One port, two makers: `sqlite.py` for a till, `memory.py` for simulation and tests; the same contract tests run over
both. All methods are synchronous and take part in the caller's transaction: a fact is safe when that is committed,
not when `append` returns. `mark_acked` follows the hub's ack and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from protocol.event import Digest, SealedEvent
from protocol.events import EventData
from protocol.journal_sender import EpochLoss


@dataclass(frozen=True)
class LostEpoch:
    """The hub and this journal disagree about the epoch; the request for a new one, as a restart repeats it."""

    reason: EpochLoss
    nonce: str


class Journal(Protocol):
    """One terminal's events, in the current epoch 1 to `tail` without a gap, chained by digest."""

    @property
    def epoch(self) -> int:
        """The epoch in which events are appended."""
        ...

    @property
    def tail(self) -> int:
        """The last sequence of the epoch; 0 before the first."""
        ...

    @property
    def acked(self) -> int:
        """The last sequence of the epoch that the hub has."""
        ...

    @property
    def lost_epoch(self) -> LostEpoch | None:
        """Why this epoch can be used no more, until `start_epoch`."""
        ...

    def append(self, data: EventData, *, event_id: str, time: datetime, clock_unchecked: bool = False) -> SealedEvent:
        """Seal a fact behind the tail."""
        ...

    def read(self, first: int, events_max: int, bytes_max: int) -> tuple[SealedEvent, ...]:
        """Events from `first` on, within both bounds; one event always fits. Empty when `first` is past the tail."""
        ...

    def previous_digest(self, first: int) -> Digest:
        """What the event `first` is chained to. Raises JournalUnreadable if that was forgotten already."""
        ...

    def digest_at(self, sequence: int) -> Digest | None:
        """The digest of one event of this epoch; None if it is unknown or forgotten."""
        ...

    def mark_acked(self, sequence: int) -> None:
        """The hub has everything up to `sequence`; a number that is not news changes nothing."""
        ...

    def lose_epoch(self, lost: LostEpoch) -> None:
        """Remember that the epoch is lost, and the nonce of the request for the next one."""
        ...

    def start_epoch(self, epoch: int) -> Mapping[int, int]:
        """Go on in a new epoch: seal all unacked events again (same ids); returns their sequences, old -> new.

        An event that cannot be read is set aside with its bytes, and is missing in what is returned.
        """
        ...

    def oldest_unsent_at(self) -> datetime | None:
        """The event time of the oldest event that the hub does not have."""
        ...

    def forget_older_than(self, before: datetime) -> int:
        """Delete events that the hub has and that happened before; returns how many. Never one that is unacked."""
        ...
