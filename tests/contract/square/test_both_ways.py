"""Stock goes to Square and comes from it: whatever crosses, both sides end with what people know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.projections.rebuild import differences
from hub.storage.database import Database, open_database, parse_url
from hub.storage.stores import open_stores
from protocol.frame import Key
from tests.contract.hub_storage.test_orders_contract import HANOI
from tests.contract.square.both_ways import OPENING, BothWays


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty one."""
    opened = open_database(parse_url(f"sqlite:///{tmp_path / 'hub.db'}"))
    open_stores(opened, new_lineage="one", new_global_key=Key(bytes(32)))
    yield opened
    opened.close()


@pytest.fixture
def both(database: Database) -> Iterator[BothWays]:
    """A hub and a Square that agree."""
    found = BothWays(database)
    found.settle()
    assert agree(found)
    yield found
    assert found.wire.wrong == []


def agree(both: BothWays) -> bool:
    """Whether the hub has, and Square offers, what people told."""
    return both.levels() == (both.known, both.known)


def test_what_was_counted_at_square_is_the_level(both: BothWays) -> None:
    """Goods had vanished; the count says so, and the level and what is offered follow."""
    both.lose(7)
    both.count()
    both.settle()
    assert both.levels() == (OPENING - 7, OPENING - 7)


def test_a_count_that_says_what_the_hub_knows_is_not_left_standing_where_less_may_be_offered(both: BothWays) -> None:
    """On hand is right, so no level changes; but Square now offers what is promised to a customer, and is told anew."""
    both.people.order(both.place, {both.tea: "3"})
    both.settle()
    assert both.levels() == (OPENING, OPENING - 3)
    both.count()
    assert both.offered() == OPENING
    both.clock.forward(seconds=61)
    both.run("counts")
    both.run("stock")
    assert both.levels() == (OPENING, OPENING - 3)


def test_a_push_that_races_a_count_does_not_win(both: BothWays) -> None:
    """Ours is written last and hides what people counted, for the minute until the hub has read it."""
    both.lose(7)
    both.count()
    both.clock.forward(seconds=1)
    both.sell_at_till(1)
    both.till_is_heard()
    both.run("stock")
    assert both.offered() == OPENING - 1
    both.settle()
    assert both.levels() == (OPENING - 8, OPENING - 8)


def test_a_sale_that_the_count_had_seen_is_not_taken_off_again(both: BothWays) -> None:
    """A POS sale whose order is heard of after the count, and a till's that was offline."""
    both.sell_at_till(2)
    both.sell_at_square(3)
    both.clock.forward(seconds=5)
    both.count()
    both.clock.forward(seconds=61)
    for name in ("counts", "stock"):
        both.run(name)
    assert both.levels()[0] == OPENING - 5
    both.settle()
    assert both.levels() == (OPENING - 5, OPENING - 5)


def test_a_count_that_square_was_told_too_little_after_is_told_once_more(both: BothWays) -> None:
    """A push takes off what was sold there and is not heard of yet; this one the count had seen."""
    both.sell_at_square(3)
    both.clock.forward(seconds=5)
    both.count()
    for name in ("counts", "stock", "counts", "orders", "stock"):
        both.clock.forward(seconds=61)
        both.run(name)
    assert both.levels() == (OPENING - 3, OPENING - 6)
    both.clock.forward(minutes=15)
    both.run("counts")
    both.run("stock")
    assert both.levels() == (OPENING - 3, OPENING - 3)


def test_a_sale_after_the_count_is_taken_off_whoever_is_heard_first(both: BothWays) -> None:
    """The sale is heard of at once, the count only later."""
    both.lose(4)
    both.count()
    both.clock.forward(seconds=5)
    both.sell_at_till(2)
    both.till_is_heard()
    both.run("stock")
    both.settle()
    assert both.levels() == (OPENING - 6, OPENING - 6)


STEPS = st.lists(
    st.tuples(
        st.sampled_from([
            "sell_at_till", "sell_at_square", "receive", "write_off", "lose", "count", "count", "till_is_heard",
            "stock", "counts", "orders", "answer_is_lost", "begin",
        ]),
        st.integers(0, 90),
    ),
    min_size=2,
    max_size=14,
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_both_sides_end_with_what_people_know(both: BothWays, steps: list[tuple[str, int]]) -> None:
    """Sales, counts, goods received and lost, pushes, polls, lost answers and restarts, in any order, seconds apart."""
    for name, seconds in steps:
        both.clock.forward(seconds=1 + seconds)  # two things at one moment cannot be told apart
        if name in ("stock", "counts", "orders"):
            both.run(name)
        elif name in ("count", "till_is_heard", "answer_is_lost", "begin"):
            getattr(both, name)()
        else:
            getattr(both, name)(1 + seconds % 3)
    both.clock.forward(seconds=1)
    both.receive(max(0, OPENING - both.truth) + 1)
    both.settle()
    assert both.levels() == (both.known, both.known)
    assert both.asides.waiting("sq") == []
    assert not differences(both.shop.stores.ledger, both.database, HANOI)
