"""Store work on disk: lists that were begun before an update go on after it, and each lot has its line."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from edge_agent.journal import work_state
from edge_agent.journal.migrations import till_migrations
from edge_agent.till.work import Work, WorkLine

AT = datetime(2026, 11, 28, 9, tzinfo=UTC)
texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
lines = st.builds(
    WorkLine, number=st.integers(1, 9), sku=st.sampled_from(["a", "b"]), name=texts, unit=texts,
    quantity=st.integers(0, 10**12), at=st.just(AT), expected=st.none() | st.integers(0, 10**12), barcode=texts,
    shelf=texts, lot=texts, expires=st.none() | st.dates(), asks=st.sampled_from([(), ("lot",), ("lot", "expiry")]),
)  # fmt: skip


def test_a_list_that_was_begun_before_lots_goes_on() -> None:
    """The update keeps every line, its place in the list, and what was announced but not touched."""
    connection = sqlite3.connect(":memory:")
    steps = till_migrations("")
    steps.apply(Database(connection), stop_before="0014_lots")
    connection.execute("INSERT INTO work VALUES ('w', 'receive', 'lan', 0, 'PO', 'S', '', 1, 2)")
    connection.execute("INSERT INTO work_line VALUES ('w', 1, 'tea', 'Tea', 'box', 0, 5000, '893', 'A1', 0, 0)")
    connection.execute("INSERT INTO work_line VALUES ('w', 2, 'rice', 'Rice', 'kg', 750, NULL, '', '', 0, 1)")
    steps.apply(Database(connection))
    tea, rice = work_state.lines_of(connection, "w")
    assert (tea.sku, tea.quantity, tea.expected, tea.barcode, tea.shelf, tea.is_touched) == (
        "tea", 0, 5_000, "893", "A1", False
    )  # fmt: skip
    assert (rice.sku, rice.quantity, rice.unit, rice.lot, rice.expires, rice.asks, rice.is_touched) == (
        "rice", 750, "kg", "", None, (), True
    )  # fmt: skip
    assert work_state.next_number(connection, "w") == 3


@given(st.lists(lines, unique_by=lambda line: line.number, max_size=6))
def test_lines_are_read_as_they_were_written(wanted: list[WorkLine]) -> None:
    """Any number of lots of a SKU, in the order in which they were touched; by number, and by SKU."""
    connection = sqlite3.connect(":memory:")
    till_migrations("").apply(Database(connection))
    work_state.start(connection, Work("w", "receive", "lan", AT), ())
    for line in wanted:
        work_state.put_line(connection, "w", line, touched=True)
    assert list(work_state.lines_of(connection, "w")) == wanted
    assert list(work_state.lines_of_sku(connection, "w", "a")) == [line for line in wanted if line.sku == "a"]
    for line in wanted:
        assert work_state.line_of_number(connection, "w", line.number) == line
        told = replace(line, lot="L", expires=date(2027, 1, 1), asks=())
        work_state.put_line(connection, "w", told, touched=True)
        assert work_state.lines_of(connection, "w")[-1] == told
