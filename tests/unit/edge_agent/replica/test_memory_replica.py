"""What the in-memory replica promises on top: it loses a transaction whole, and backs up whole."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.replica.memory import MemoryReplica
from edge_agent.replica.undo import UndoLog
from protocol.feed_receiver import Apply
from protocol.ids import GLOBAL_FEED, store_feed
from tests.unit.edge_agent.replica.scripts import STORE, TERMINAL, play, steps


@given(st.lists(steps(), max_size=8), st.lists(steps(), max_size=8))
def test_a_rollback_puts_everything_back(
    before: list[tuple[str, tuple[Any, ...]]], lost: list[tuple[str, tuple[Any, ...]]]
) -> None:
    """Whatever a crashed transaction had done, nothing of it stays."""
    places = itertools.count(1)
    undo = UndoLog()
    replica = MemoryReplica(STORE, TERMINAL, undo=undo)
    play(replica, before, places)
    undo.commit()
    expected = replica.copy()
    play(replica, lost, places)
    undo.rollback()
    assert all(replica.stock_view(sku) == expected.stock_view(sku) for sku in "abc")
    assert all(replica.item(sku) == expected.item(sku) for sku in "abc")
    assert all(replica.by_barcode(code) == expected.by_barcode(code) for code in "XYZ")
    for feed in (GLOBAL_FEED, store_feed(STORE)):
        assert replica.feed_state(feed) == expected.feed_state(feed)
        assert replica.documents(feed) == expected.documents(feed)
        last = Apply((), (), "l", 2, "r1", replace=False)
        assert replica.apply(feed, last) == expected.apply(feed, last)
        assert replica.documents(feed) == expected.documents(feed)


@given(st.lists(steps(), max_size=8), st.lists(steps(), max_size=8))
def test_a_copy_is_not_changed_by_what_happens_to_the_original(
    before: list[tuple[str, tuple[Any, ...]]], after: list[tuple[str, tuple[Any, ...]]]
) -> None:
    """A backup is a backup."""
    places = itertools.count(1)
    replica = MemoryReplica(STORE, TERMINAL)
    play(replica, before, places)
    backup = replica.copy()
    seen = [(backup.stock_view(sku), backup.item(sku)) for sku in "abc"]
    play(replica, after, places)
    assert [(backup.stock_view(sku), backup.item(sku)) for sku in "abc"] == seen
