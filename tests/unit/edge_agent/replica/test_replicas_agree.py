"""The replica in SQLite and the one in memory are the same replica, whatever is done to them."""

from __future__ import annotations

import itertools
import sqlite3
from contextlib import closing
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlite_utils.db import Database

from edge_agent.journal.migrations import till_migrations
from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.sqlite import SqliteReplica
from protocol.ids import GLOBAL_FEED, store_feed
from tests.unit.edge_agent.replica.scripts import STORE, TERMINAL, play, steps


@settings(max_examples=60, deadline=None)
@given(st.lists(steps(), max_size=12))
def test_both_replicas_answer_alike(script: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Documents staged, applied, replaced and deleted; own movements added and moved: one answer to every question."""
    memory = MemoryReplica(STORE, TERMINAL)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        till_migrations("").apply(Database(connection, execute_plugins=False))
        sqlite = SqliteReplica(connection, STORE, TERMINAL)
        play(memory, script, itertools.count(1))
        play(sqlite, script, itertools.count(1))
        for sku in "abc":
            assert memory.stock_view(sku) == sqlite.stock_view(sku)
            assert memory.item(sku) == sqlite.item(sku)
        for code in "XYZ":
            assert memory.by_barcode(code) == sqlite.by_barcode(code)
        for text in ("a", "b", "c 1l", "1", "c b", "X"):
            assert memory.search(text, 5) == sqlite.search(text, 5)
        connection.execute("INSERT INTO search_text (search_text) VALUES ('integrity-check')")
        assert memory.item_count() == sqlite.item_count()
        for feed in (GLOBAL_FEED, store_feed(STORE)):
            assert memory.feed_state(feed) == sqlite.feed_state(feed)
