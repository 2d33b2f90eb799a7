"""Whatever dies when: scripts of hypothesis for the simulation of a shop that is told of sales (`telling_world.py`)."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.databases import sqlite_database
from tests.simulation.telling_world import CALLS, FAULTS, MOMENTS, PARTS, Action, TellingParts, play

index = st.integers(0, 1)
actions = st.one_of(
    st.tuples(st.just("sell"), index, index),
    st.tuples(st.just("refund"), index, st.integers(0, 5)),
    st.tuples(st.just("offline"), index, st.booleans()),
    st.tuples(st.just("order"), index, st.booleans()),
    st.tuples(st.just("hear"), st.just(0), st.just(0)),
    st.tuples(st.just("work"), index, st.sampled_from(PARTS)),
    st.tuples(st.just("work"), index, st.sampled_from(PARTS)),
    st.tuples(st.just("fault"), st.sampled_from(CALLS), st.sampled_from(FAULTS)),
    st.tuples(st.just("die_at_write"), index, st.tuples(st.integers(0, 3), st.sampled_from(MOMENTS))),
    st.tuples(st.just("die_in_call"), st.sampled_from(CALLS), st.just(0)),
    st.tuples(st.just("pass"), st.sampled_from([1, 20, 100, 400]), st.just(0)),
)


@pytest.mark.slow
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(script=st.lists(actions, min_size=5, max_size=40))
def test_each_sale_is_told_once_in_order_and_stock_comes_right(
    tmp_path_factory: pytest.TempPathFactory, script: list[Action]
) -> None:
    """Whatever dies when, and whatever the shop does."""
    file = tmp_path_factory.mktemp("run") / "hub.db"
    database = sqlite_database(file)
    try:
        play(database, script, TellingParts(), Counter())
    finally:
        database.close()
        file.unlink()
