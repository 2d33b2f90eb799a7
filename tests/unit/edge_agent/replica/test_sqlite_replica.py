"""What the replica in SQLite promises on top: no step holds the counter up, and nothing is left behind on the disk."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from sqlite_utils import Migrations
from sqlite_utils.db import Database

from edge_agent.journal.migrations import till_migrations
from edge_agent.replica.sqlite import SqliteReplica
from protocol.feed_receiver import Stage
from protocol.ids import GLOBAL_FEED
from tests.unit.edge_agent.conftest import STORE, TERMINAL
from tests.unit.edge_agent.replica.test_replica_contract import change, document, item

ITEMS = 2_000
CHANGES_MAX = 1_500
"""Of one tidying of 100: documents, barcodes, names, words, and what the index of names keeps for itself."""


def rows(connection: sqlite3.Connection, table: str) -> int:
    """How many rows a table has."""
    found: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - of this test
    return found


def test_neither_the_last_part_nor_tidying_does_more_when_the_catalogue_is_larger(
    connection: sqlite3.Connection,
) -> None:
    """The last part of a whole state changes a handful of rows, and each tidying no more than it was told to."""
    replica = SqliteReplica(connection, STORE, TERMINAL)
    for request in ("r1", "r2"):
        for first in range(0, ITEMS, 250):
            part = tuple(document(item(f"{number}", f"C{number}")) for number in range(first, first + 250))
            replica.stage(GLOBAL_FEED, Stage(request, part, replace=True))
        before = connection.total_changes
        replica.apply(GLOBAL_FEED, change(document(item("last")), request=request, replace=True))
        assert connection.total_changes - before < 20
    assert rows(connection, "document") == 2 * (ITEMS + 1)
    more = True
    while more:
        before = connection.total_changes
        more = replica.tidy(100)
        assert connection.total_changes - before <= CHANGES_MAX
    assert rows(connection, "document") == replica.item_count() == ITEMS + 1
    assert rows(connection, "barcode") == ITEMS
    assert rows(connection, "search_item") == ITEMS + 1
    assert rows(connection, "search_serial") == 1
    segments = connection.execute("SELECT count(DISTINCT segid) FROM search_text_idx").fetchone()[0]
    assert segments < 10, "the index of names is merged, so that a search opens few parts"


def test_a_till_that_is_upgraded_keeps_its_catalogue() -> None:
    """What the till knew before the step that brought generations is found after it, without the hub."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        database = Database(connection, execute_plugins=False)
        _first_of(till_migrations(""), 3).apply(database)
        connection.execute(
            "INSERT INTO document VALUES ('global', 'item', 'a', 1, ?)", (bytes(document(item("a")).body),)
        )
        connection.execute("INSERT INTO barcode VALUES ('X1', 'a')")
        till_migrations("").apply(database)
        replica = SqliteReplica(connection, STORE, TERMINAL)
        assert replica.by_barcode("X1") == item("a")
        assert [found.item for found in replica.search("thing", 5)] == [item("a")]
        replica.apply(GLOBAL_FEED, change(document(item("b")), replace=True))
        assert replica.by_barcode("X1") is None
        assert not replica.tidy(10)
        assert rows(connection, "document") == 1


def _first_of(migrations: Migrations, count: int) -> Migrations:
    first = Migrations(migrations.name)
    for step in list(migrations.pending(Database(memory=True)))[:count]:
        first(name=step.name)(step.fn)
    return first
