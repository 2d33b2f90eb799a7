"""A hub with two databases: the one in memory, and a real one that must give the same answer to every question.

Whole runs of the simulation then hold the SQL to the fake that the fast runs use: each read under a lock, each
snapshot of a feed, each grant.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from datetime import datetime
from typing import TypeVar

from hub.stock.level import Level
from hub.storage.memory import MemoryStore
from hub.storage.memory_ledger import MemoryTransaction
from hub.storage.port import LedgerTransaction
from hub.storage.records import EpochKey, LedgerWrites, LevelKey, ParkedEvent, Place
from hub.storage.stores import SqlStores
from protocol.documents import Item, Settings
from protocol.event import Digest
from protocol.feed_sender import FeedSnapshot
from protocol.frame import Key
from protocol.ids import FeedName, Sku, StoreId, TerminalId
from protocol.journal_receiver import JournalCursor
from protocol.messages import EpochGrant, EpochRequest
from protocol.movements import Movement
from tests.simulation.checks import Violation

T = TypeVar("T")


def _same(question: str, memory: T, sql: T) -> T:
    if memory != sql:
        raise Violation(f"the databases disagree about {question}:\n  memory {memory}\n  sql    {sql}")
    return memory


class _Crash(Exception):
    """Ends the real transaction without a commit."""


class TwinTransaction(MemoryTransaction):
    """Reads from both, writes to both, commits both."""

    _context: AbstractContextManager[LedgerTransaction] | None = None
    _sql: LedgerTransaction

    def join(self, context: AbstractContextManager[LedgerTransaction]) -> None:
        """Open the real transaction as well."""
        self._context = context
        self._sql = context.__enter__()

    def commit(self) -> None:
        """Both."""
        context, self._context = self._context, None
        assert context is not None
        context.__exit__(None, None, None)
        super().commit()

    def rollback(self) -> None:
        """Both; what was committed has nothing left to take back."""
        context, self._context = self._context, None
        if context is not None:
            with suppress(_Crash):
                context.__exit__(_Crash, _Crash(), None)
        super().rollback()

    def write(self, writes: LedgerWrites) -> None:
        """See LedgerTransaction."""
        try:
            self._sql.write(writes)
        except sqlite3.IntegrityError as error:
            # Only the id of an event may be refused, and then by both.
            super().write(writes)
            raise Violation(f"the databases disagree about an id: {error}") from error
        super().write(writes)

    def revisions(self) -> Mapping[StoreId, int]:
        """See LedgerReads."""
        return _same("revisions", super().revisions(), self._sql.revisions())

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        """See LedgerReads."""
        return _same("cursors", super().cursors(keys), self._sql.cursors(keys))

    def digest_at(self, key: EpochKey, sequence: int) -> Digest | None:
        """See LedgerReads."""
        return _same(f"{key} {sequence}", super().digest_at(key, sequence), self._sql.digest_at(key, sequence))

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        """See LedgerReads."""
        return _same("logged ids", super().logged_ids(ids), self._sql.logged_ids(ids))

    def open_forks(self) -> frozenset[tuple[StoreId, str]]:
        """See LedgerReads."""
        return _same("open forks", super().open_forks(), self._sql.open_forks())

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        """See LedgerReads."""
        return _same("levels", super().levels(keys), self._sql.levels(keys))

    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        """See LedgerReads."""
        memory, sql = super().ledger(key, since), self._sql.ledger(key, since)
        return _same(f"the ledger of {key}", sorted(memory, key=repr), sorted(sql, key=repr))


class TwinStore(MemoryStore):
    """See `MemoryStore`; whatever changes it changes the real database too."""

    def __init__(self, sql: SqlStores, *, lineage: str, global_feed_key: Key) -> None:
        super().__init__(lineage=lineage, global_feed_key=global_feed_key)
        self._sql = sql

    def begin(self, stores: Collection[StoreId]) -> TwinTransaction:
        """See LedgerStore."""
        super().begin(stores).rollback()
        transaction = TwinTransaction(self._tables, frozenset(stores), self._locked)
        transaction.join(self._sql.ledger.begin(stores))
        return transaction

    def snapshot(self, feed: FeedName, from_rev: int) -> FeedSnapshot:
        """See FeedStore."""
        memory, sql = super().snapshot(feed, from_rev), self._sql.feeds.snapshot(feed, from_rev)
        _same(f"{feed} from {from_rev}", _sorted(memory), _sorted(sql))
        return memory

    def parked_events(self, store: StoreId | None = None, limit: int = 1_000_000) -> Sequence[ParkedEvent]:
        """See ParkedStore."""
        memory, sql = super().parked_events(store, limit), self._sql.ledger.parked_events(store, limit)
        _same("what is parked", sorted(memory, key=repr), sorted(sql, key=repr))
        return memory

    def add_store(self, store: StoreId, settings: Settings, feed_key: Key, now: datetime) -> None:
        """See FleetStore."""
        self._sql.fleet.add_store(store, settings, feed_key, now)
        super().add_store(store, settings, feed_key, now)

    def add_terminal(self, store: StoreId, terminal: TerminalId, name: str, key: Key, now: datetime) -> int:
        """See FleetStore."""
        sql = self._sql.fleet.add_terminal(store, terminal, name, key, now)
        return _same("a first epoch", super().add_terminal(store, terminal, name, key, now), sql)

    def grant_epoch(self, store: StoreId, terminal: TerminalId, request: EpochRequest, now: datetime) -> EpochGrant:
        """See EpochStore."""
        sql = self._sql.fleet.grant_epoch(store, terminal, request, now)
        return _same("a grant", super().grant_epoch(store, terminal, request, now), sql)

    def put_items(self, items: Sequence[Item], now: datetime) -> int:
        """See CatalogueStore."""
        return _same("changed items", super().put_items(items, now), self._sql.catalogue.put_items(items, now))

    def delete_items(self, skus: Collection[Sku], now: datetime) -> int:
        """See CatalogueStore."""
        return _same("deleted items", super().delete_items(skus, now), self._sql.catalogue.delete_items(skus, now))


def _sorted(snapshot: FeedSnapshot) -> tuple[object, ...]:
    return (
        snapshot.lineage, snapshot.from_rev, snapshot.to_rev,
        sorted(snapshot.documents, key=lambda document: (document.kind, document.key)),
        sorted(snapshot.cursors, key=lambda cursor: (cursor.terminal, cursor.epoch)),
    )  # fmt: skip
