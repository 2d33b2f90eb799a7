"""A till's disk: the shipped journal and replica in memory, committed together, and how disks go wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Protocol, Self

from edge_agent.journal.memory import MemoryJournal
from edge_agent.journal.port import Journal, LostEpoch
from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.port import Replica
from edge_agent.replica.undo import UndoLog
from protocol.documents import Document
from protocol.event import Digest, SealedEvent
from protocol.events import DrawerOpened, EventData
from protocol.ids import FeedName, StoreId, TerminalId
from tests.simulation.salvage import Salvage, remember


def chained(body: bytes, previous: Digest, sequence: int) -> SealedEvent:
    """Chain bytes that end in '}' by hand."""
    digest = Digest(hashlib.sha256(previous + body).digest())
    return SealedEvent(sequence, digest, body[:-1] + b',"digest":"' + digest.hex().encode() + b'"}')


def unchained(raw: bytes) -> bytes:
    """An event's bytes without its digest."""
    return raw.rpartition(b',"digest":"')[0] + b"}"


class SimJournal(MemoryJournal):
    """The shipped journal, and what only a simulation does to one."""

    @property
    def forgotten(self) -> int:
        """Up to where events are gone from this disk."""
        return self._state.forgotten

    def append_bytes(self, body: bytes, *, event_id: str, time: datetime) -> SealedEvent:
        """Chain bytes that this version would not write, as one to come or a fault might; the last byte must be '}'."""
        sealed = self.append(_PLACEHOLDER, event_id=event_id, time=time)
        other = chained(body, self.previous_digest(sealed.sequence), sealed.sequence)
        self._put(other)
        return other

    def append_with(
        self, data: EventData, change: Callable[[bytes], bytes], *, event_id: str, time: datetime,
        clock_unchecked: bool,
    ) -> SealedEvent:  # fmt: skip
        """Append a fact as another version would write it: `change` gets what this one writes, without its digest."""
        sealed = self.append(data, event_id=event_id, time=time, clock_unchecked=clock_unchecked)
        other = chained(change(unchained(sealed.raw)), self.previous_digest(sealed.sequence), sealed.sequence)
        self._put(other)
        return other

    def damage(self, sequence: int, raw: bytes) -> None:
        """The disk gives back other bytes for an event than were written."""
        digest = self.digest_at(sequence)
        assert digest is not None
        self._put(SealedEvent(sequence, digest, raw))

    def unacked(self) -> tuple[SealedEvent, ...]:
        """What the hub has not acknowledged."""
        return tuple(kept.sealed for kept in self._state.events[self.acked - self._state.forgotten :])

    def snapshot(self, undo: UndoLog) -> Self:
        """What a backup has."""
        other = type(self)(self._store, self._terminal, epoch=self.epoch, undo=undo)
        other._become(replace(self._state, events=list(self._state.events)))  # noqa: SLF001 - another of our own kind
        undo.commit()
        return other

    def salvaged(self, salvage: Salvage, undo: UndoLog) -> tuple[Self, list[SealedEvent]]:
        """A new journal of what can be read of this one, whose epoch is lost; with the events that were saved."""
        state = self._state
        acked, forgotten = (state.acked, state.forgotten) if salvage.knows_acked else (0, 0)
        cut = acked - forgotten
        previous = self.previous_digest(acked + 1)
        saved, aside = salvage.saved(
            [(kept.sealed, kept) for kept in state.events[cut:]], previous, state.epoch, acked + 1
        )
        other = type(self)(self._store, self._terminal, epoch=state.epoch, undo=undo)
        other._become(  # noqa: SLF001 - another of our own kind
            replace(
                state,
                acked=acked,
                forgotten=forgotten,
                events=[*state.events[:cut], *(kept._replace(sealed=sealed) for sealed, kept in saved)],
                lost=LostEpoch("broken", f"{salvage.nonce}-{state.epoch}"),
                set_aside=(*state.set_aside, *aside),
            )
        )
        undo.commit()
        return other, [sealed for sealed, _ in saved]

    def new_replica(self, kind: type[MemoryReplica], undo: UndoLog) -> MemoryReplica:
        """A replica of this terminal's, with nothing in it."""
        return kind(self._store, self._terminal, undo=undo)

    def _put(self, sealed: SealedEvent) -> None:
        index = sealed.sequence - self._state.forgotten - 1
        self._state.events[index] = self._state.events[index]._replace(sealed=sealed)


class JournalUnderTest(Journal, Protocol):
    """A shipped journal, with what the simulation asks of it and does to it beside the port."""

    @property
    def forgotten(self) -> int:
        """Up to where events are gone from this disk."""
        ...

    @property
    def set_aside(self) -> tuple[bytes, ...]:
        """Events that no epoch could take."""
        ...

    def append_bytes(self, body: bytes, *, event_id: str, time: datetime) -> SealedEvent:
        """Chain bytes that this version would not write."""
        ...

    def append_with(
        self, data: EventData, change: Callable[[bytes], bytes], *, event_id: str, time: datetime,
        clock_unchecked: bool,
    ) -> SealedEvent:  # fmt: skip
        """Append a fact as another version would write it."""
        ...

    def damage(self, sequence: int, raw: bytes) -> None:
        """The disk gives back other bytes for an event than were written."""
        ...

    def unacked(self) -> tuple[SealedEvent, ...]:
        """What the hub has not acknowledged."""
        ...


class ReplicaUnderTest(Replica, Protocol):
    """A shipped replica, whose documents can be compared."""

    def documents(self, feed: FeedName) -> Mapping[tuple[str, str], Document]:
        """All documents of a feed by (kind, key)."""
        ...


class Transaction(Protocol):
    """Ends what a step has done to a disk."""

    def commit(self) -> None:
        """It stays."""
        ...

    def rollback(self) -> None:
        """It never was."""
        ...


class Disk(Protocol):
    """One till's disk. What `undo.commit()` has seen is on it; the rest goes with the next crash."""

    @property
    def journal(self) -> JournalUnderTest:
        """The journal."""
        ...

    @property
    def replica(self) -> ReplicaUnderTest:
        """The replica."""
        ...

    @property
    def undo(self) -> Transaction:
        """The transaction that is always open."""
        ...

    def snapshot(self) -> Disk:
        """What a backup of this disk, or a clone of this PC, has."""
        ...

    def salvaged(self, salvage: Salvage) -> Disk:
        """The disk after it was found damaged: what could be read of the journal, and no documents."""
        ...


MakeDisk = Callable[[StoreId, TerminalId, int], Disk]
"""A fresh PC after its enrolment, by store, terminal and epoch."""

_PLACEHOLDER = DrawerOpened(by="placeholder", why="no_sale")


class MemoryDisk:
    """Journal and replica in memory under one undo log."""

    def __init__(self, journal: SimJournal, replica: MemoryReplica, undo: UndoLog) -> None:
        self.journal = journal
        self.replica = replica
        self.undo = undo

    def snapshot(self) -> MemoryDisk:
        """What a backup has."""
        undo = UndoLog()
        return MemoryDisk(self.journal.snapshot(undo), self.replica.copy(undo=undo), undo)

    def salvaged(self, salvage: Salvage) -> MemoryDisk:
        """See Disk."""
        undo = UndoLog()
        journal, saved = self.journal.salvaged(salvage, undo)
        replica = self.journal.new_replica(type(self.replica), undo)
        remember(replica, journal.epoch, saved)
        undo.commit()
        return MemoryDisk(journal, replica, undo)


def memory_disks(journal: type[SimJournal] = SimJournal, replica: type[MemoryReplica] = MemoryReplica) -> MakeDisk:
    """Disks of these parts."""

    def make(store: StoreId, terminal: TerminalId, epoch: int) -> Disk:
        undo = UndoLog()
        return MemoryDisk(journal(store, terminal, epoch=epoch, undo=undo), replica(store, terminal, undo=undo), undo)

    return make
