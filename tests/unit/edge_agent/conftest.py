"""Makers that the till's unit tests share: journals and replicas, in memory and in SQLite, over one contract."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlite_utils.db import Database

from edge_agent.devices.printer.spool import SCHEMA
from edge_agent.journal.memory import MemoryJournal
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.port import Journal
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.port import Replica
from edge_agent.replica.sqlite import SqliteReplica
from protocol.ids import StoreId, TerminalId

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)


def fresh_connection() -> sqlite3.Connection:
    """A database in memory with all tables and this terminal's journal of epoch 1."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    till_migrations(SCHEMA).apply(Database(connection, execute_plugins=False))
    found_journal(connection, STORE, TERMINAL, epoch=1)
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """A fresh database, closed at the end."""
    connection = fresh_connection()
    yield connection
    connection.close()


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, connection: sqlite3.Connection) -> Journal:
    """A fresh journal, of each kind."""
    return MemoryJournal(STORE, TERMINAL, epoch=1) if request.param == "memory" else SqliteJournal(connection)


@pytest.fixture(params=["memory", "sqlite"])
def replica(request: pytest.FixtureRequest, connection: sqlite3.Connection) -> Replica:
    """A fresh replica, of each kind."""
    if request.param == "memory":
        return MemoryReplica(STORE, TERMINAL)
    return SqliteReplica(connection, STORE, TERMINAL)


@pytest.fixture
def clock() -> Callable[[], datetime]:
    """A clock that goes one second at each look."""
    ticks = iter(range(10**9))
    return lambda: START + timedelta(seconds=next(ticks))


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, which is what the agent runs on."""
    return "asyncio"
