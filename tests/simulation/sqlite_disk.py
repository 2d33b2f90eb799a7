"""A till's disk in SQLite, as it ships: the same scenarios over the real journal and replica, for fewer seeds.

The database is in memory and one transaction is always open; a crash rolls it back, a backup copies the pages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from datetime import datetime

import msgspec
from sqlite_utils.db import Database

from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.sqlite import SqliteReplica
from protocol.documents import Document
from protocol.event import Digest, SealedEvent
from protocol.events import DrawerOpened, EventData
from protocol.ids import FeedName, StoreId, TerminalId
from tests.simulation.disk import chained, unchained
from tests.simulation.salvage import Salvage, remember

_PLACEHOLDER = DrawerOpened(by="placeholder", why="no_sale")


class SimSqliteJournal(SqliteJournal):
    """The shipped journal, and what only a simulation does to one."""

    @property
    def forgotten(self) -> int:
        """Up to where events are gone from this disk."""
        return self._one("SELECT coalesce(min(sequence) - 1, 0) FROM event WHERE epoch = ?", self.epoch)

    def append_bytes(self, body: bytes, *, event_id: str, time: datetime) -> SealedEvent:
        """Chain bytes that this version would not write; the last byte must be '}'."""
        sequence = self.append(_PLACEHOLDER, event_id=event_id, time=time).sequence
        return self._replace(body, sequence)

    def append_with(
        self, data: EventData, change: Callable[[bytes], bytes], *, event_id: str, time: datetime,
        clock_unchecked: bool,
    ) -> SealedEvent:  # fmt: skip
        """Append a fact as another version would write it."""
        sealed = self.append(data, event_id=event_id, time=time, clock_unchecked=clock_unchecked)
        return self._replace(change(unchained(sealed.raw)), sealed.sequence)

    def damage(self, sequence: int, raw: bytes) -> None:
        """The disk gives back other bytes for an event than were written."""
        self._connection.execute(
            "UPDATE event SET raw = ? WHERE epoch = ? AND sequence = ?", (raw, self.epoch, sequence)
        )

    def unacked(self) -> tuple[SealedEvent, ...]:
        """What the hub has not acknowledged."""
        return tuple(self._events(self.epoch, self.acked + 1, -1))

    def begin_with(self, damaged: SimSqliteJournal, salvage: Salvage) -> list[SealedEvent]:
        """Begin with what can be read of a damaged journal; returns the events that were saved."""
        acked = damaged.acked if salvage.knows_acked else 0
        rows = damaged.rows_after(acked)
        saved, aside = salvage.saved(rows, damaged.previous_digest(acked + 1), damaged.epoch, acked + 1)
        for epoch, sealed, at_us in damaged.rows_up_to(acked):
            self._insert(epoch, sealed, at_us)
        for sealed, at_us in saved:
            self._insert(self.epoch, sealed, at_us)
        self.mark_acked(acked)
        self.put_aside(self.epoch, [(0, raw) for raw in aside])
        self.lose_epoch(LostEpoch("broken", f"{salvage.nonce}-{self.epoch}"))
        return [sealed for sealed, _ in saved]

    def rows_after(self, sequence: int) -> list[tuple[SealedEvent, int]]:
        """This epoch's events behind one, each with its time in microseconds."""
        rows = self._connection.execute(
            "SELECT sequence, digest, raw, at_us FROM event WHERE epoch = ? AND sequence > ? ORDER BY sequence",
            (self.epoch, sequence),
        )
        return [(SealedEvent(number, Digest(digest), raw), at_us) for number, digest, raw, at_us in rows]

    def rows_up_to(self, sequence: int) -> list[tuple[int, SealedEvent, int]]:
        """Earlier epochs' events, and this one's up to one."""
        rows = self._connection.execute(
            "SELECT epoch, sequence, digest, raw, at_us FROM event WHERE epoch < ? OR (epoch = ? AND sequence <= ?)",
            (self.epoch, self.epoch, sequence),
        )
        return [(epoch, SealedEvent(number, Digest(digest), raw), at_us) for epoch, number, digest, raw, at_us in rows]

    def _replace(self, body: bytes, sequence: int) -> SealedEvent:
        sealed = chained(body, self.previous_digest(sequence), sequence)
        self._connection.execute(
            "UPDATE event SET raw = ?, digest = ? WHERE epoch = ? AND sequence = ?",
            (sealed.raw, sealed.digest, self.epoch, sequence),
        )
        return sealed


class SimSqliteReplica(SqliteReplica):
    """The shipped replica, whose documents can be compared."""

    def documents(self, feed: FeedName) -> Mapping[tuple[str, str], Document]:
        """All documents of a feed by (kind, key)."""
        rows = self._connection.execute(
            "SELECT kind, key, revision, body FROM document WHERE feed = ? AND generation ="
            " coalesce((SELECT current FROM feed_generation WHERE feed = ?), 0)",
            (feed, feed),
        )
        return {
            (kind, key): Document(kind=kind, key=key, revision=revision, body=msgspec.Raw(body))
            for kind, key, revision, body in rows
        }


class SqliteTransaction:
    """What an undo log is for the stores in memory."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        connection.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """What was done stays."""
        self._connection.execute("COMMIT")
        self._connection.execute("BEGIN IMMEDIATE")

    def rollback(self) -> None:
        """Put everything back as it was at the last commit."""
        self._connection.execute("ROLLBACK")
        self._connection.execute("BEGIN IMMEDIATE")


class SqliteDisk:
    """See `disk.Disk`."""

    def __init__(self, connection: sqlite3.Connection, store: StoreId, terminal: TerminalId) -> None:
        self._connection, self._store, self._terminal = connection, store, terminal
        self.journal = SimSqliteJournal(connection)
        self.replica = SimSqliteReplica(connection, store, terminal)
        self.undo = SqliteTransaction(connection)

    def snapshot(self) -> SqliteDisk:
        """What a backup of this disk, or a clone of this PC, has."""
        self.undo.commit()
        self._connection.execute("COMMIT")
        copied = _connect()
        self._connection.backup(copied)
        self._connection.execute("BEGIN IMMEDIATE")
        return SqliteDisk(copied, self._store, self._terminal)

    def salvaged(self, salvage: Salvage) -> SqliteDisk:
        """See disk.Disk."""
        self.undo.rollback()
        old = self.journal
        other = new_sqlite_disk(self._store, self._terminal, old.epoch)
        saved = other.journal.begin_with(old, salvage)
        remember(other.replica, old.epoch, saved)
        other.undo.commit()
        return other

    def __del__(self) -> None:
        self._connection.close()


def new_sqlite_disk(store: StoreId, terminal: TerminalId, epoch: int) -> SqliteDisk:
    """A fresh PC after its enrolment."""
    connection = _connect()
    till_migrations("").apply(Database(connection, execute_plugins=False))
    found_journal(connection, store, terminal, epoch=epoch)
    return SqliteDisk(connection, store, terminal)


def _connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None)
