"""Levels are a function of the set of movements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from hub.stock.level import Level, after_movements, level_of, web_available
from protocol.ids import Sku
from protocol.movements import Movement, MovementKind
from tests.unit.hub.journals import at

kinds: st.SearchStrategy[MovementKind] = st.sampled_from(["sale", "refund", "receive", "adjust", "count"])
movements = st.builds(
    Movement,
    line=st.just(0),
    sku=st.just(Sku("tea")),
    delta=st.integers(-5_000, 5_000),
    kind=kinds,
    at=st.integers(0, 10).map(at),
)


@given(st.data(), st.lists(movements, max_size=20))
def test_order_does_not_change_a_level(data: st.DataObject, once: list[Movement]) -> None:
    """Late and reordered movements leave the level as it would have been."""
    shuffled = data.draw(st.permutations(once))
    assert level_of(shuffled) == level_of(once)


@given(st.lists(st.lists(movements, max_size=6), max_size=6))
def test_taking_batch_by_batch_equals_the_whole_ledger(batches: list[list[Movement]]) -> None:
    """However the movements are cut into transactions, the running level is the ledger's."""
    ledger: list[Movement] = []

    def since(moment: datetime) -> Sequence[Movement]:
        return [movement for movement in ledger if movement.at >= moment]

    level = Level()
    for batch in batches:
        level = after_movements(level, batch, since)
        ledger += batch
        assert level == level_of(ledger)


def test_a_sale_from_before_the_count_that_comes_late_leaves_the_level_alone() -> None:
    """The count has already seen it; this is where other systems drift."""
    counted = Movement(0, Sku("tea"), 8_000, "count", at(100))
    late = Movement(0, Sku("tea"), -1_000, "sale", at(50))
    after = Movement(0, Sku("tea"), -2_000, "sale", at(150))
    assert level_of([counted, after, late]) == Level(6_000, 0, at(100))


def test_the_later_of_two_counts_holds_and_ties_go_to_the_lower() -> None:
    """A shop must not promise what may not be there."""
    first, second = Movement(0, Sku("tea"), 8_000, "count", at(1)), Movement(0, Sku("tea"), 5_000, "count", at(2))
    tie = Movement(1, Sku("tea"), 4_000, "count", at(2))
    assert level_of([second, first]).on_hand == 5_000
    assert level_of([second, tie, first]).on_hand == 4_000


def test_the_web_never_sees_less_than_nothing() -> None:
    """Stock below zero is a counting task, not a negative offer."""
    assert web_available(Level(on_hand=-3_000)) == 0
    assert web_available(Level(on_hand=3_000, reserved=1_000)) == 2_000
