"""The databases that must all behave the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hub.storage.database import Database, open_database, parse_url
from hub.storage.memory import MemoryStore
from hub.storage.port import CatalogueStore, FeedStore, FleetStore, LedgerStore, ParkedStore, WatchStore
from hub.storage.stores import open_stores
from protocol.frame import Key
from tests.databases import postgres_url, sqlite_database
from tests.services import PostgresServer, postgres

__all__ = ["postgres"]


@dataclass(frozen=True)
class Ports:
    """One database under all of its ports; `database` is None for the memory store."""

    name: str
    ledger: LedgerStore
    feeds: FeedStore
    fleet: FleetStore
    catalogue: CatalogueStore
    watch: WatchStore
    parked: ParkedStore
    database: Database | None = None


def memory_ports() -> Ports:
    """A fresh memory store."""
    store = MemoryStore(lineage="one")
    return Ports("memory", store, store, store, store, store, store)


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A real, empty, migrated database."""
    with _new(request, tmp_path) as opened:
        yield opened


@contextmanager
def _new(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        opened = sqlite_database(tmp_path / "data" / "hub.db")
        yield opened
        opened.close()
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = postgres_url(server)
    opened = open_database(parse_url(url))
    yield opened
    opened.close()
    server.drop(url)


def sql_ports(database: Database) -> Ports:
    """The ports over a real database."""
    stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    name = "sqlite" if database.is_sqlite else "postgres"
    return Ports(
        name, stores.ledger, stores.feeds, stores.fleet, stores.catalogue, stores.watch, stores.ledger, database
    )


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def ports(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ports]:
    """Each database in turn."""
    if request.param == "memory":
        yield memory_ports()
        return
    with _new(request, tmp_path) as opened:
        yield sql_ports(opened)
