"""A till's disk: the shipped journal and replica in memory, committed together, and how disks go wrong."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Self

from edge_agent.journal.memory import MemoryJournal
from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.undo import UndoLog
from protocol.event import Digest, SealedEvent
from protocol.events import DrawerOpened
from protocol.ids import StoreId, TerminalId


class SimJournal(MemoryJournal):
    """The shipped journal, and what only a simulation does to one."""

    @property
    def forgotten(self) -> int:
        """Up to where events are gone from this disk."""
        return self._state.forgotten

    def append_bytes(self, body: bytes, *, event_id: str, time: datetime) -> SealedEvent:
        """Chain bytes that this version would not write, as one to come or a fault might; the last byte must be '}'."""
        sealed = self.append(_PLACEHOLDER, event_id=event_id, time=time)
        digest = Digest(hashlib.sha256(self.previous_digest(sealed.sequence) + body).digest())
        raw = body[:-1] + b',"digest":"' + digest.hex().encode() + b'"}'
        self._put(SealedEvent(sealed.sequence, digest, raw))
        return SealedEvent(sealed.sequence, digest, raw)

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

    def _put(self, sealed: SealedEvent) -> None:
        index = sealed.sequence - self._state.forgotten - 1
        self._state.events[index] = self._state.events[index]._replace(sealed=sealed)


_PLACEHOLDER = DrawerOpened(by="placeholder", why="no_sale")


class Disk:
    """One till's disk. What `undo.commit()` has seen is on it; the rest goes with the next crash."""

    def __init__(self, journal: SimJournal, replica: MemoryReplica, undo: UndoLog) -> None:
        self.journal = journal
        self.replica = replica
        self.undo = undo

    def snapshot(self) -> Disk:
        """What a backup of this disk, or a clone of this PC, has."""
        undo = UndoLog()
        return Disk(self.journal.snapshot(undo), self.replica.copy(undo=undo), undo)


def new_disk(
    journal: type[SimJournal], replica: type[MemoryReplica], store: StoreId, terminal: TerminalId, epoch: int
) -> Disk:
    """A fresh PC after its enrolment."""
    undo = UndoLog()
    return Disk(journal(store, terminal, epoch=epoch, undo=undo), replica(store, terminal, undo=undo), undo)
