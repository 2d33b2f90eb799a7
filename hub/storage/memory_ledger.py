"""The memory store's tables, and a ledger transaction over them; see `memory.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec

from hub.errors import AlreadyLogged
from hub.stock.level import Level
from hub.storage.level_moves import derived_moves, moved_keys
from hub.storage.port import BadFrame
from hub.storage.records import (
    Alarm,
    EpochKey,
    Identified,
    LedgerWrites,
    LevelKey,
    LoggedEvent,
    LoggedMatter,
    ParkedEvent,
    Place,
    Promise,
    SaleFact,
)
from protocol.documents import Item, Settings
from protocol.event import Digest
from protocol.frame import Key
from protocol.ids import FeedName, Sku, StoreId, TerminalId, store_feed
from protocol.journal_receiver import JournalCursor
from protocol.messages import Status
from protocol.movements import Movement


@dataclass(frozen=True)
class MemoryEpoch:
    """One epoch of one terminal; `revision` is the store's when the cursor last moved."""

    cursor: JournalCursor
    revision: int = 0
    nonce: str = ""


@dataclass
class MemoryTerminal:
    """A terminal and what it last said."""

    name: str
    key: Key
    epoch: int = 1
    revoked: bool = False
    status: Status | None = None
    seen_at: datetime | None = None
    granted_at: datetime | None = None


@dataclass
class MemoryTables:
    """What is durable."""

    revisions: dict[FeedName, int] = field(default_factory=dict)
    feed_keys: dict[FeedName, Key] = field(default_factory=dict)
    settings: dict[StoreId, tuple[Settings, int]] = field(default_factory=dict)
    terminals: dict[tuple[StoreId, TerminalId], MemoryTerminal] = field(default_factory=dict)
    epochs: dict[EpochKey, MemoryEpoch] = field(default_factory=dict)
    events: dict[EpochKey, list[LoggedEvent]] = field(default_factory=dict)
    ids: dict[tuple[StoreId, str], Place] = field(default_factory=dict)
    movements: dict[LevelKey, list[Movement]] = field(default_factory=dict)
    levels: dict[LevelKey, tuple[Level, int]] = field(default_factory=dict)
    sales: list[SaleFact] = field(default_factory=list)
    parked: dict[tuple[EpochKey, int, bytes], ParkedEvent] = field(default_factory=dict)
    matters: list[LoggedMatter] = field(default_factory=list)
    reservations: dict[tuple[Promise, Sku], int] = field(default_factory=dict)
    alarms: dict[tuple[str, str, str, str], Alarm] = field(default_factory=dict)
    items: dict[Sku, tuple[Item | None, int]] = field(default_factory=dict)
    latency: dict[tuple[int, int], int] = field(default_factory=dict)
    bad_frames: list[BadFrame] = field(default_factory=list)


class MemoryTransaction:
    """One ledger transaction; see `LedgerTransaction`."""

    def __init__(self, tables: MemoryTables, stores: frozenset[StoreId], locked: set[StoreId]) -> None:
        self._tables = tables
        self._stores = stores
        self._locked = locked
        self._writes: list[LedgerWrites] = []
        self._open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.commit()
        else:
            self.rollback()

    def commit(self) -> None:
        """Make what was written durable, and let the locks go."""
        assert self._open
        for writes in self._writes:
            _apply(self._tables, writes)
        self.rollback()

    def rollback(self) -> None:
        """Forget what was written and let the locks go: also what a crash does."""
        if self._open:
            self._open = False
            self._locked -= self._stores

    def write(self, writes: LedgerWrites) -> None:
        """See LedgerTransaction."""
        assert self._open
        for event in writes.events:
            if event.duplicate_of is None and (event.key.store, event.event_id) in self._tables.ids:
                raise AlreadyLogged(f"{event.key.store}: event {event.event_id} is in the log")
        self._writes.append(writes)

    def revisions(self) -> Mapping[StoreId, int]:
        """See LedgerReads."""
        revisions = self._tables.revisions
        return {store: revisions[feed] for store in self._stores if (feed := store_feed(store)) in revisions}

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        """See LedgerReads."""
        return {key: self._tables.epochs[key].cursor for key in keys if key in self._tables.epochs}

    def digest_at(self, key: EpochKey, sequence: int) -> Digest | None:
        """See LedgerReads."""
        log = self._tables.events.get(key, [])
        return log[sequence - 1].digest if 0 < sequence <= len(log) else None

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        """See LedgerReads."""
        return {identity: self._tables.ids[identity] for identity in ids if identity in self._tables.ids}

    def open_forks(self) -> frozenset[tuple[StoreId, str]]:
        """See LedgerReads."""
        return frozenset(
            (parked.key.store, parked.event_id)
            for parked in self._tables.parked.values()
            if parked.reason == "fork" and not parked.resolved and parked.event_id and parked.key.store in self._stores
        )

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        """See LedgerReads."""
        return {key: self._tables.levels[key][0] for key in keys if key in self._tables.levels}

    def reservations(self, promises: Collection[Promise]) -> Mapping[tuple[Promise, Sku], int]:
        """See LedgerReads."""
        return {place: quantity for place, quantity in self._tables.reservations.items() if place[0] in promises}

    def promised(self, store: StoreId) -> Mapping[Sku, int]:
        """See LedgerReads."""
        total: Counter[Sku] = Counter()
        for (promise, sku), quantity in self._tables.reservations.items():
            if promise.store == store:
                total[sku] += quantity
        return total

    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        """See LedgerReads."""
        movements = self._tables.movements.get(key, [])
        return [movement for movement in movements if since is None or movement.at >= since]


def _apply(tables: MemoryTables, writes: LedgerWrites) -> None:
    for store, revision in writes.revisions.items():
        assert revision > tables.revisions[store_feed(store)]
        tables.revisions[store_feed(store)] = revision
    for event in writes.events:
        log = tables.events.setdefault(event.key, [])
        assert event.sequence == len(log) + 1
        log.append(event)
        if event.event_id is not None and event.duplicate_of is None:
            place = Place(event.key.terminal, event.key.epoch, event.sequence)
            assert tables.ids.setdefault((event.key.store, event.event_id), place) == place
    for entry in writes.movements:
        tables.movements.setdefault(LevelKey(entry.key.store, entry.movement.sku), []).append(entry.movement)
    tables.sales += writes.sales
    tables.matters += writes.matters
    for key, level in {**_moved(tables, writes), **writes.levels}.items():
        tables.levels[key] = (level, writes.revisions[key.store])
    for epoch_key, cursor in writes.cursors.items():
        epoch = tables.epochs[epoch_key]
        tables.epochs[epoch_key] = replace(epoch, cursor=cursor, revision=writes.revisions[epoch_key.store])
    for parked in writes.parked:
        tables.parked.setdefault((parked.key, parked.sequence, parked.raw), parked)
    _resolve(tables, writes)
    _promise(tables, writes)
    for found in writes.identified:
        _identify(tables, found)
    count_up(tables, writes.alarms)


def _moved(tables: MemoryTables, writes: LedgerWrites) -> dict[LevelKey, Level]:
    known = {key: tables.levels[key][0] for key in moved_keys(writes) if key in tables.levels}
    plainly = {
        key: msgspec.structs.replace(level, on_hand=level.on_hand + writes.moves[key].delta)
        for key, level in known.items()
    }
    return plainly | derived_moves(writes, known)


def _promise(tables: MemoryTables, writes: LedgerWrites) -> None:
    for place, quantity in writes.reservations.items():
        if quantity:
            tables.reservations[place] = quantity
        else:
            tables.reservations.pop(place, None)


def _resolve(tables: MemoryTables, writes: LedgerWrites) -> None:
    for place_key, parked in tables.parked.items():
        came = parked.reason == "fork" and (parked.key.store, parked.event_id) in writes.resolved_forks
        if came or (parked.reason != "fork" and (parked.key, parked.sequence) in writes.replayed):
            tables.parked[place_key] = replace(parked, resolved=True)


def _identify(tables: MemoryTables, found: Identified) -> None:
    log = tables.events[found.key]
    log[found.sequence - 1] = msgspec.structs.replace(
        log[found.sequence - 1], event_id=found.event_id, type=found.type, at=found.at, duplicate_of=found.duplicate_of
    )
    if found.duplicate_of is None:
        place = Place(found.key.terminal, found.key.epoch, found.sequence)
        assert tables.ids.setdefault((found.key.store, found.event_id), place) == place


def count_up(tables: MemoryTables, alarms: Sequence[Alarm]) -> None:
    """Raise alarms, or count up those that stand."""
    for alarm in alarms:
        place = (alarm.kind, alarm.store, alarm.terminal, alarm.subject)
        known = tables.alarms.get(place)
        tables.alarms[place] = replace(alarm, count=alarm.count + (known.count if known is not None else 0))
