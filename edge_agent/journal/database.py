"""`till.db`: one SQLite file, one thread that writes it, one transaction per piece of work.

`run` returns after COMMIT with synchronous FULL, that is after fsync: what it wrote survives a power cut. An error
rolls back everything. `look` reads on a thread and a connection of its own: a search never stands in a sale's way.
The trap: work runs in the database's threads, so it must touch nothing of the event loop's.
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

from edge_agent.errors import JournalClosed, JournalDamaged, JournalError, JournalFull

T = TypeVar("T")

_BUSY_TIMEOUT_MS = 5_000
_WAITING_MAX = 1_000
_LOOKING_MAX = 100
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_UNREADABLE = frozenset({sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS})


class Database:
    """The till's database, opened with `open_database`."""

    def __init__(self, path: Path, thread: ThreadPoolExecutor, connection: sqlite3.Connection) -> None:
        self.path = path
        self._thread = thread
        self._connection = connection
        self._waiting = 0
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="till-db-reader")
        self._reading: sqlite3.Connection | None = None
        self._looking = 0
        self._closed = False

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` in one transaction and return its result after the commit.

        Raises JournalFull (nothing was written; try again when there is room), JournalDamaged, JournalClosed, and
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

    async def look(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work`, which only reads, in one transaction beside the writer: it sees one committed state.

        Looks stand in a line of their own. One whose caller is cancelled while it waits there is never begun; one
        that has begun goes on to its end, so `work` bounds itself. Raises as `run` does; writing is a JournalError.
        """
        if self._closed:
            raise JournalClosed(f"{self.path}: the agent is stopping")
        if self._looking >= _LOOKING_MAX:
            raise JournalError(f"{self.path}: {self._looking} questions wait for the disk, which does not answer")
        self._looking += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._reader, self._read, work)
        finally:
            self._looking -= 1

    async def fold(self) -> None:
        """Fold the write-ahead log into the file and give its room back, as far as nobody reads. Raises as `run`."""
        if not self._closed:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._fold)

    async def close(self) -> None:
        """Finish what waits, fold the write-ahead log in, close the file."""
        if not self._closed:
            self._closed = True
            loop = asyncio.get_running_loop()
            # The reader first: only the last connection that closes folds the write-ahead log in.
            for thread, close in ((self._reader, self._close_reading), (self._thread, self._connection.close)):
                await loop.run_in_executor(thread, close)
                thread.shutdown(wait=True)

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

    def _fold(self) -> None:
        try:
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error

    def _read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            if self._reading is None:
                self._reading = connect_to_read(self.path)
            connection = self._reading
            connection.execute("BEGIN DEFERRED")
            try:
                return work(connection)
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise _translate(error, self.path) from error

    def _close_reading(self) -> None:
        if self._reading is not None:
            self._reading.close()


async def open_database(path: Path, migrations: Migrations) -> Database:
    """Open or make the file, check it, bring its tables up to date.

    Raises JournalDamaged for a damaged file; it is never replaced by a new one in silence (see `opening.py`).
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


def connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that cannot write, to a file that a writer has open."""
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, cached_statements=256
    )
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_TIMEOUT_MS}")
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
        raise _damaged(path, verdict)


def _translate(error: sqlite3.Error, path: Path) -> JournalError:
    code = getattr(error, "sqlite_errorcode", 0)
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    primary = code & 0xFF  # SQLite's extended codes keep the primary one in the low byte
    if primary == sqlite3.SQLITE_FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return JournalFull(f"{path}: the disk is full; make room, then go on: nothing was written by halves")
    if is_damage(error):
        return _damaged(path, str(error))
    return JournalError(f"{path}: {name}: {error}")


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error says that the file is not as it was written, or that the disk does not give it back."""
    code = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF in _DAMAGED or code in _UNREADABLE


def _damaged(path: Path, why: str) -> JournalDamaged:
    return JournalDamaged(
        f"{path} is damaged ({why}). Sales in it may still wait for the hub, so it is kept as it is. Copy {path} and "
        f"the files beside it to a safe place, then run `tillwire-agent journal set-aside`, which moves it away and "
        f"lets this till start with a new one",
        why,
    )
