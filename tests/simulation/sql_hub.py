"""A hub on the SQL that ships, in SQLite's memory: where web orders, documents and reservations are.

The schema is made once in a process and copied for each run. Two connections share one database, one that writes and
one that reads; the processes of a run reach it through `FaultyDatabase`, the simulation's own eyes directly.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import SimpleNamespace
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.pool import StaticPool

from hub.stock.level import Level
from hub.storage.database import Database, translated_errors
from hub.storage.port import FeedStore, FleetStore, LedgerStore, ParkedStore
from hub.storage.records import EpochKey, LevelKey, LoggedEvent, ParkedEvent
from hub.storage.stores import open_stores
from protocol.documents import Item, Settings
from protocol.event import Digest
from protocol.feed_sender import FeedSnapshot
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, Sku, StoreId, TerminalId, store_feed
from protocol.journal_receiver import JournalCursor
from protocol.movements import Movement
from tests.simulation.reach import Reach

_URL = "file:tillwire-simulation?mode=memory&cache=shared"
Rewrite = Callable[[str, object], tuple[str, object]]
"""What a database makes of a statement and its parameters: a mutant's is not quite what it was asked."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def as_it_is(statement: str, parameters: object) -> tuple[str, object]:
    """An honest database."""
    return statement, parameters


class MemoryDatabase(Database):
    """The shipped database object over two connections to one SQLite database in memory; `version` counts commits."""

    def __init__(self) -> None:
        self.url = sa.make_url("sqlite+pysqlite:///:memory:")
        self.is_sqlite = True
        self.raw = _connect()
        self.eyes = _connect()
        self.writing = _engine(self.raw, "BEGIN IMMEDIATE")
        self.reading = _engine(self.eyes, "BEGIN")
        self.version = 0
        self.rewrite: Rewrite = as_it_is
        for engine in (self.writing, self.reading):
            sa.event.listen(engine, "before_cursor_execute", self._rewritten, retval=True)

    def _rewritten(
        self, _connection: sa.Connection, _cursor: object, statement: str, parameters: object, *_: object
    ) -> tuple[str, object]:
        return self.rewrite(statement, parameters)

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """See Database."""
        with super().write() as connection:
            yield connection
        self.version += 1


class FaultyDatabase(Database):
    """The same as one process reaches it. Not `armed`, it has no faults."""

    def __init__(self, real: MemoryDatabase, reach: Reach) -> None:
        self._real = real
        self._reach = reach
        self.url, self.is_sqlite = real.url, real.is_sqlite
        self.writing, self.reading = real.writing, real.reading
        self.armed = False

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """See Database."""
        if self.armed:
            self._reach.reads()
        with super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """See Database."""
        if self.armed:
            self._reach.begins()
        with translated_errors(self.url), self.writing.begin() as connection:
            yield connection
            if self.armed:
                self._reach.commits()
        self._real.version += 1
        if self.armed:
            self._reach.committed()


class SqlPorts(NamedTuple):
    """See `reach.HubPorts`."""

    database: FaultyDatabase
    ledger: LedgerStore
    feeds: FeedStore
    fleet: FleetStore
    parked: ParkedStore


class SqlHub:
    """What the simulation sees of the database, as `MemoryStore` shows it of its own."""

    def __init__(self, lineage: str, global_feed_key: Key, rewrite: Rewrite = as_it_is) -> None:
        self.database = _database()
        self.database.rewrite = rewrite
        self.lineage = lineage
        self.stores = open_stores(self.database, new_lineage=lineage, new_global_key=global_feed_key)
        self._terminal_keys: dict[tuple[StoreId, TerminalId], Key] = {}
        self._feed_keys = {GLOBAL_FEED: global_feed_key}
        self._seen_at = -1
        self._heads: Mapping[FeedName, int] = {}
        self._cursors: Mapping[EpochKey, JournalCursor] = {}

    def ports(self, reach: Reach) -> SqlPorts:
        """The database as one process reaches it."""
        database = FaultyDatabase(self.database, reach)
        stores = open_stores(database, new_lineage=self.lineage, new_global_key=self._feed_keys[GLOBAL_FEED])
        database.armed = True
        return SqlPorts(database, stores.ledger, stores.feeds, stores.fleet, stores.ledger)

    def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        """What a query of the simulation's own finds."""
        return self.database.eyes.execute(query, values).fetchall()

    def heads(self) -> Mapping[FeedName, int]:
        """See FeedStore."""
        self._look()
        return self._heads

    def cursor(self, key: EpochKey) -> JournalCursor | None:
        """How far an epoch's journal is in the log."""
        self._look()
        return self._cursors.get(key)

    def levels(self) -> Mapping[LevelKey, Level]:
        """All levels."""
        rows = self.database.eyes.execute("SELECT store, sku, on_hand, reserved, counted_us FROM level")
        return {LevelKey(row[0], row[1]): Level(row[2], row[3], _maybe(row[4])) for row in rows}

    def level(self, store: StoreId, sku: Sku) -> Level | None:
        """One level."""
        return self.levels().get(LevelKey(store, sku))

    def movements(self, store: StoreId, sku: Sku) -> Sequence[Movement]:
        """The ledger of one SKU in one store."""
        query = "SELECT line, delta, kind, at_us, lot, expires FROM movement WHERE store = ? AND sku = ?"
        return [
            Movement(line, sku, delta, kind, _moment(at), lot, date.fromisoformat(expires) if expires else None)
            for line, delta, kind, at, lot, expires in self.database.eyes.execute(query, (store, sku))
        ]

    def events(self, store: StoreId) -> Sequence[LoggedEvent]:
        """The log of one store, journal by journal, in sequence order."""
        query = (
            "SELECT terminal, epoch, sequence, digest, raw, event_id, type, at_us, duplicate_of FROM event "
            "WHERE store = ? ORDER BY terminal, epoch, sequence"
        )
        return [
            LoggedEvent(
                EpochKey(store, row[0], row[1]), row[2], Digest(row[3]), row[4], row[5], row[6], _maybe(row[7]), row[8]
            )
            for row in self.database.eyes.execute(query, (store,))
        ]  # fmt: skip

    def has_event(self, store: str, event_id: str) -> bool:
        """Whether an event is in the log."""
        return bool(self.rows("SELECT 1 FROM event WHERE store = ? AND event_id = ?", store, event_id))

    def sales(self) -> Sequence[SimpleNamespace]:
        """All receipts."""
        return [SimpleNamespace(receipt_number=row[0]) for row in self.rows("SELECT receipt_number FROM sale")]

    def parked_events(self, store: StoreId | None = None, limit: int = 1_000_000) -> Sequence[ParkedEvent]:
        """See ParkedStore."""
        return self.stores.ledger.parked_events(store, limit)

    def snapshot(self, feed: FeedName, from_rev: int) -> FeedSnapshot:
        """See FeedStore."""
        return self.stores.feeds.snapshot(feed, from_rev)

    def terminal_key(self, store: StoreId, terminal: TerminalId) -> Key | None:
        """See KeyRing."""
        return self._terminal_keys.get((store, terminal))

    def feed_key(self, feed: FeedName) -> Key | None:
        """See KeyRing."""
        return self._feed_keys.get(feed)

    def add_store(self, store: StoreId, settings: Settings, feed_key: Key, now: datetime) -> None:
        """See FleetStore."""
        self.stores.fleet.add_store(store, settings, feed_key, now)
        self._feed_keys[store_feed(store)] = feed_key

    def add_terminal(self, store: StoreId, terminal: TerminalId, name: str, key: Key, now: datetime) -> int:
        """See FleetStore."""
        self._terminal_keys[store, terminal] = key
        return self.stores.fleet.add_terminal(store, terminal, name, key, now)

    def put_items(self, items: Sequence[Item], now: datetime) -> int:
        """See CatalogueStore."""
        return self.stores.catalogue.put_items(items, now)

    def delete_items(self, skus: Collection[Sku], now: datetime) -> int:
        """See CatalogueStore."""
        return self.stores.catalogue.delete_items(skus, now)

    def _look(self) -> None:
        if self._seen_at == self.database.version:
            return
        eyes = self.database.eyes
        self._heads = dict(eyes.execute("SELECT name, revision FROM feed").fetchall())
        rows = eyes.execute("SELECT store, terminal, epoch, sequence, digest FROM epoch")
        self._cursors = {EpochKey(row[0], row[1], row[2]): JournalCursor(row[2], row[3], row[4]) for row in rows}
        self._seen_at = self.database.version


@cache
def _shared() -> tuple[MemoryDatabase, sqlite3.Connection]:
    database = MemoryDatabase()
    database.migrate()
    template = sqlite3.connect(":memory:")
    database.raw.backup(template)
    return database, template


def _database() -> MemoryDatabase:
    """The one database of this process, empty."""
    database, template = _shared()
    template.backup(database.raw)
    database.version += 1
    database.rewrite = as_it_is
    return database


def _connect() -> sqlite3.Connection:
    return sqlite3.connect(_URL, uri=True, isolation_level=None, check_same_thread=False)


def _engine(connection: sqlite3.Connection, begin: str) -> sa.Engine:
    engine = sa.create_engine("sqlite+pysqlite://", creator=lambda: connection, poolclass=StaticPool)

    @sa.event.listens_for(engine, "begin")
    def begin_transaction(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _moment(us: int) -> datetime:
    return _EPOCH + timedelta(microseconds=us)


def _maybe(us: int | None) -> datetime | None:
    return None if us is None else _moment(us)
