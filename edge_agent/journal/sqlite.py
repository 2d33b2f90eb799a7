"""The journal in SQLite: on a connection, inside the caller's transaction.

Nothing is remembered between calls, so a rolled-back transaction leaves no trace here either. `Database` commits
with synchronous FULL; until then nothing is safe.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, cast

from edge_agent.errors import JournalUnreadable
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.resealing import reseal_all
from edge_agent.till.moments import from_us, to_us
from protocol.event import GENESIS, Digest, SealedEvent, chain_digest, seal, source_of
from protocol.events import EventData
from protocol.ids import StoreId, TerminalId
from protocol.journal_sender import EpochLoss

HASH_BYTES = 16
_CHECKED_AT_ONCE = 1_000


class SqliteJournal:
    """See `port.Journal`."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @property
    def epoch(self) -> int:
        """The epoch in which events are appended."""
        return cast("int", self._state("epoch"))

    @property
    def tail(self) -> int:
        """The last sequence of the epoch."""
        return self._one("SELECT coalesce(max(sequence), 0) FROM event WHERE epoch = ?", self.epoch)

    @property
    def acked(self) -> int:
        """The last sequence that the hub has."""
        return cast("int", self._state("acked"))

    @property
    def lost_epoch(self) -> LostEpoch | None:
        """Why this epoch can be used no more."""
        reason = cast("EpochLoss | None", self._state("lost_reason"))
        return LostEpoch(reason, cast("str", self._state("lost_nonce"))) if reason is not None else None

    @property
    def last_time(self) -> datetime:
        """The time of the newest event: the next one is not to be older."""
        return from_us(cast("int", self._state("last_time_us")))

    @property
    def set_aside(self) -> tuple[bytes, ...]:
        """Events that no epoch could take, as they were."""
        return tuple(row[0] for row in self._connection.execute("SELECT raw FROM event_set_aside ORDER BY position"))

    @property
    def set_aside_count(self) -> int:
        """How many events no epoch could take."""
        return self._one("SELECT count(*) FROM event_set_aside")

    def append(self, data: EventData, *, event_id: str, time: datetime, clock_unchecked: bool = False) -> SealedEvent:
        """Seal a fact behind the tail."""
        epoch, sequence = self.epoch, self.tail + 1
        store, terminal = self._connection.execute("SELECT store, terminal FROM journal_state").fetchone()
        sealed = seal(
            data, previous=self.previous_digest(sequence), epoch=epoch, sequence=sequence, event_id=event_id,
            time=time, source=source_of(StoreId(store), TerminalId(terminal)), clock_unchecked=clock_unchecked,
        )  # fmt: skip
        self._insert(epoch, sealed, to_us(time))
        self._connection.execute("UPDATE journal_state SET last_time_us = max(last_time_us, ?)", (to_us(time),))
        return sealed

    def read(self, first: int, events_max: int, bytes_max: int) -> tuple[SealedEvent, ...]:
        """Events from `first` on, within both bounds."""
        found: list[SealedEvent] = []
        size = 0
        for event in self._events(self.epoch, first, events_max):
            size += len(event.raw)
            if found and size > bytes_max:
                break
            found.append(event)
        return tuple(found)

    def previous_digest(self, first: int) -> Digest:
        """What the event `first` is chained to."""
        if first == 1:
            return GENESIS
        digest = self.digest_at(first - 1)
        if digest is None:
            raise JournalUnreadable(f"epoch {self.epoch}: event {first - 1}, before {first}, is missing")
        return digest

    def digest_at(self, sequence: int) -> Digest | None:
        """The digest of one event of this epoch."""
        row = self._connection.execute(
            "SELECT digest FROM event WHERE epoch = ? AND sequence = ?", (self.epoch, sequence)
        ).fetchone()
        return Digest(row[0]) if row is not None else None

    def mark_acked(self, sequence: int) -> None:
        """The hub has everything up to `sequence`."""
        assert sequence <= self.tail
        self._connection.execute(
            "UPDATE journal_state SET acked = ?, again = epoch || '.' || ? WHERE acked < ?",
            (sequence, sequence, sequence),
        )

    def lose_epoch(self, lost: LostEpoch) -> None:
        """Remember that the epoch is lost."""
        self._connection.execute("UPDATE journal_state SET lost_reason = ?, lost_nonce = ?", (lost.reason, lost.nonce))

    def start_epoch(self, epoch: int) -> Mapping[int, int]:
        """Go on in a new epoch with all unacked events."""
        old, acked = self.epoch, self.acked
        assert epoch > old
        place = (old, acked)
        times = dict(
            self._connection.execute("SELECT sequence, at_us FROM event WHERE epoch = ? AND sequence > ?", place)
        )
        events = self._events(old, acked + 1, len(times))
        resealed = reseal_all(events, before=self.previous_digest(acked + 1), epoch=epoch)
        self._connection.execute("DELETE FROM event WHERE epoch = ? AND sequence > ?", place)
        for sequence, sealed in resealed.moved:
            self._insert(epoch, sealed, times[sequence])
        self.put_aside(old, [(event.sequence, event.raw) for event in resealed.damaged])
        self._connection.execute(
            "UPDATE journal_state SET epoch = ?, acked = 0, again = ? || '.0', lost_reason = NULL, lost_nonce = NULL,"
            " lost_before = coalesce(lost_reason, lost_before)",
            (epoch, epoch),
        )
        return {sequence: sealed.sequence for sequence, sealed in resealed.moved}

    def found_at(self, acked: SealedEvent, time: datetime) -> None:
        """Begin an empty journal behind an event that the hub has; for one that is made of a damaged one's events."""
        self.take_over(acked, time)
        self.mark_acked(acked.sequence)

    def take_over(self, sealed: SealedEvent, time: datetime) -> None:
        """Put an event that is sealed already behind the tail."""
        self._insert(self.epoch, sealed, to_us(time))
        self._connection.execute("UPDATE journal_state SET last_time_us = max(last_time_us, ?)", (to_us(time),))

    def put_aside(self, epoch: int, events: Sequence[tuple[int, bytes]]) -> None:
        """Keep bytes that no epoch can take, as (sequence, bytes)."""
        self._connection.executemany(
            "INSERT INTO event_set_aside (epoch, sequence, raw) VALUES (?, ?, ?)",
            [(epoch, sequence, raw) for sequence, raw in events],
        )

    def oldest_unsent_at(self) -> datetime | None:
        """The event time of the oldest event that the hub does not have."""
        row = self._connection.execute(
            "SELECT at_us FROM event WHERE epoch = ? AND sequence = ?", (self.epoch, self.acked + 1)
        ).fetchone()
        return from_us(row[0]) if row is not None else None

    def forget_older_than(self, before: datetime) -> int:
        """Delete events that the hub has and that happened before; the last acked one stays, for its digest."""
        epoch, at_us = self.epoch, to_us(before)
        earlier = self._connection.execute("DELETE FROM event WHERE epoch < ? AND at_us < ?", (epoch, at_us))
        current = self._connection.execute(
            "DELETE FROM event WHERE epoch = ? AND sequence < ? AND sequence < coalesce("
            " (SELECT min(sequence) FROM event WHERE epoch = ? AND at_us >= ?), ?)",
            (epoch, self.acked, epoch, at_us, self.acked),
        )
        return earlier.rowcount + current.rowcount

    def newest(self, count: int) -> tuple[SealedEvent, ...]:
        """The last events of this epoch, oldest first."""
        return tuple(self._events(self.epoch, max(1, self.tail - count + 1), count))

    def all_kept(self) -> Iterator[bytes]:
        """The bytes of every event that is still here, earlier epochs included, in order."""
        for (raw,) in self._connection.execute("SELECT raw FROM event ORDER BY epoch, sequence"):
            yield raw

    def integrity(self) -> str:
        """SQLite's own verdict on the whole file: "ok", or what is wrong."""
        return str(self._connection.execute("PRAGMA integrity_check(1)").fetchone()[0])

    @property
    def lost_before(self) -> EpochLoss | Literal[""]:
        """Why the epoch before this one was lost, as long as nobody has said that it was read."""
        return cast("EpochLoss", self._state("lost_before"))

    def forget_loss(self) -> None:
        """Somebody has read why the last epoch was lost."""
        self._connection.execute("UPDATE journal_state SET lost_before = ''")

    def is_sure(self) -> bool:
        """Whether the numbers that decide what is still sent are those that were written, as far as can be told."""
        epoch, acked, again = self._connection.execute("SELECT epoch, acked, again FROM journal_state").fetchone()
        return 0 <= acked <= self.tail and again in {None, f"{epoch}.{acked}"}

    def broken_at(self, told: Callable[[int], None] = lambda _: None) -> int | None:
        """The first unacked sequence whose bytes or digest are not what was chained; None if all is whole.

        Takes some seconds for 100,000 events; `told` hears how many are checked.
        """
        epoch, acked = self.epoch, self.acked
        previous = self.previous_digest(acked + 1)
        expected = acked + 1
        while events := self._events(epoch, expected, _CHECKED_AT_ONCE):
            for event in events:
                if event.sequence != expected or chain_digest(event.raw, previous) != event.digest:
                    return expected
                previous = event.digest
                expected += 1
            told(expected - acked - 1)
        return None

    def _events(self, epoch: int, first: int, events_max: int) -> list[SealedEvent]:
        rows = self._connection.execute(
            "SELECT sequence, digest, raw FROM event WHERE epoch = ? AND sequence >= ? ORDER BY sequence LIMIT ?",
            (epoch, first, events_max),
        )
        return [SealedEvent(sequence, Digest(digest), raw) for sequence, digest, raw in rows]

    def _insert(self, epoch: int, sealed: SealedEvent, at_us: int) -> None:
        self._connection.execute(
            "INSERT INTO event (epoch, sequence, digest, at_us, raw, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (epoch, sealed.sequence, sealed.digest, at_us, sealed.raw, hash_of(sealed.raw)),
        )

    def _state(self, column: str) -> object:
        row = self._connection.execute(f"SELECT {column} FROM journal_state").fetchone()  # noqa: S608 - our own words
        if row is None:
            raise JournalUnreadable("this database holds no journal yet: found_journal was not called")
        return row[0]

    def _one(self, query: str, *values: object) -> int:
        return cast("int", self._connection.execute(query, values).fetchone()[0])


def hash_of(raw: bytes) -> bytes:
    """What proves an event's bytes without the event before it."""
    return hashlib.sha256(raw).digest()[:HASH_BYTES]


def found_journal(connection: sqlite3.Connection, store: StoreId, terminal: TerminalId, *, epoch: int) -> None:
    """Begin the journal in a new database; in an old one, check that it is this terminal's.

    Raises JournalUnreadable for another terminal's journal: two tills' sales in one chain could never be told apart.
    """
    connection.execute(
        "INSERT INTO journal_state (id, store, terminal, epoch, again) VALUES (1, ?, ?, ?, ? || '.0')"
        " ON CONFLICT (id) DO NOTHING",
        (store, terminal, epoch, epoch),
    )
    found = connection.execute("SELECT store, terminal FROM journal_state").fetchone()
    if found != (store, terminal):
        raise JournalUnreadable(
            f"the journal belongs to terminal {found[1]} of store {found[0]}, the configuration says terminal "
            f"{terminal} of store {store}: mend [store] id and [terminal] id, or choose another [data] folder"
        )
