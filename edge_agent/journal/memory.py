"""A journal in memory: shipped, because simulation, tests and demonstrations need one that is honest.

With an `UndoLog` it can lose a transaction; `copy` is a backup of the disk, or a cloned PC.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from edge_agent.errors import JournalUnreadable
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.resealing import reseal_all
from edge_agent.replica.undo import UndoLog
from protocol.event import GENESIS, Digest, SealedEvent, seal, source_of
from protocol.events import EventData
from protocol.ids import StoreId, TerminalId


class _Kept(NamedTuple):
    sealed: SealedEvent
    time: datetime


@dataclass(frozen=True)
class _State:
    """Replaced as a whole, so that undoing is one assignment; only an append changes `events` in place."""

    epoch: int
    acked: int = 0
    lost: LostEpoch | None = None
    forgotten: int = 0
    events: list[_Kept] = field(default_factory=list)
    earlier: tuple[_Kept, ...] = ()
    set_aside: tuple[bytes, ...] = ()


class MemoryJournal:
    """See `port.Journal`. `epoch` is the one of the terminal's enrolment."""

    def __init__(self, store: StoreId, terminal: TerminalId, *, epoch: int, undo: UndoLog | None = None) -> None:
        self._store, self._terminal = store, terminal
        self._undo = undo
        self._state = _State(epoch)

    @property
    def epoch(self) -> int:
        """The epoch in which events are appended."""
        return self._state.epoch

    @property
    def tail(self) -> int:
        """The last sequence of the epoch."""
        return self._state.forgotten + len(self._state.events)

    @property
    def acked(self) -> int:
        """The last sequence that the hub has."""
        return self._state.acked

    @property
    def lost_epoch(self) -> LostEpoch | None:
        """Why this epoch can be used no more."""
        return self._state.lost

    @property
    def set_aside(self) -> tuple[bytes, ...]:
        """Events that no epoch could take, as they were."""
        return self._state.set_aside

    def append(self, data: EventData, *, event_id: str, time: datetime, clock_unchecked: bool = False) -> SealedEvent:
        """Seal a fact behind the tail."""
        sealed = seal(
            data, previous=self.previous_digest(self.tail + 1), epoch=self.epoch, sequence=self.tail + 1,
            event_id=event_id, time=time, source=source_of(self._store, self._terminal),
            clock_unchecked=clock_unchecked,
        )  # fmt: skip
        events = self._state.events
        events.append(_Kept(sealed, time))
        if self._undo is not None:
            self._undo.note(events.pop)
        return sealed

    def read(self, first: int, events_max: int, bytes_max: int) -> tuple[SealedEvent, ...]:
        """Events from `first` on, within both bounds."""
        start = first - self._state.forgotten - 1
        found: list[SealedEvent] = []
        size = 0
        for kept in self._state.events[start : start + events_max] if start >= 0 else ():
            size += len(kept.sealed.raw)
            if found and size > bytes_max:
                break
            found.append(kept.sealed)
        return tuple(found)

    def previous_digest(self, first: int) -> Digest:
        """What the event `first` is chained to."""
        if first == 1:
            return GENESIS
        digest = self.digest_at(first - 1)
        if digest is None:
            raise JournalUnreadable(f"epoch {self.epoch}: event {first - 1}, before {first}, was forgotten")
        return digest

    def digest_at(self, sequence: int) -> Digest | None:
        """The digest of one event of this epoch."""
        index = sequence - self._state.forgotten - 1
        return self._state.events[index].sealed.digest if 0 <= index < len(self._state.events) else None

    def mark_acked(self, sequence: int) -> None:
        """The hub has everything up to `sequence`."""
        assert sequence <= self.tail
        if sequence > self.acked:
            self._become(replace(self._state, acked=sequence))

    def lose_epoch(self, lost: LostEpoch) -> None:
        """Remember that the epoch is lost."""
        self._become(replace(self._state, lost=lost))

    def start_epoch(self, epoch: int) -> Mapping[int, int]:
        """Go on in a new epoch with all unacked events."""
        assert epoch > self.epoch
        cut = self.acked - self._state.forgotten
        old = self._state.events[cut:]
        resealed = reseal_all((kept.sealed for kept in old), before=self.previous_digest(self.acked + 1), epoch=epoch)
        times = {kept.sealed.sequence: kept.time for kept in old}
        self._become(
            _State(
                epoch,
                events=[_Kept(sealed, times[sequence]) for sequence, sealed in resealed.moved],
                earlier=(*self._state.earlier, *self._state.events[:cut]),
                set_aside=(*self._state.set_aside, *(event.raw for event in resealed.damaged)),
            )
        )
        return {sequence: sealed.sequence for sequence, sealed in resealed.moved}

    def oldest_unsent_at(self) -> datetime | None:
        """The event time of the oldest event that the hub does not have."""
        index = self.acked - self._state.forgotten
        return self._state.events[index].time if index < len(self._state.events) else None

    def forget_older_than(self, before: datetime) -> int:
        """Delete events that the hub has and that happened before; the last acked one stays, for its digest."""
        events = self._state.events
        count = 0
        while self._state.forgotten + count + 1 < self.acked and events[count].time < before:
            count += 1
        earlier = tuple(kept for kept in self._state.earlier if kept.time >= before)
        total = count + len(self._state.earlier) - len(earlier)
        if total:
            forgotten = self._state.forgotten + count
            self._become(replace(self._state, forgotten=forgotten, events=events[count:], earlier=earlier))
        return total

    def copy(self, *, undo: UndoLog | None = None) -> MemoryJournal:
        """What a backup of this disk would hold."""
        other = MemoryJournal(self._store, self._terminal, epoch=self.epoch, undo=undo)
        other._state = replace(self._state, events=list(self._state.events))
        return other

    def _become(self, state: _State) -> None:
        old = self._state
        if self._undo is not None:
            self._undo.note(lambda: setattr(self, "_state", old))
        self._state = state
