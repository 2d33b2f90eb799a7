"""An order is a function of its facts, in whatever order they come."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from hub.matters.orders import Asked, OrderOutcome, handed_over_twice, order_after
from hub.matters.outcome import Told, pick_after, promised_by
from protocol.documents import Pick
from protocol.events import OrderHandedOver, OrderPicked
from tests.unit.hub.journals import at
from tests.unit.hub.matter_facts import goods

SKUS = st.sampled_from(["tea", "pho"])
asked = st.lists(
    st.builds(
        Asked, st.integers(1, 3), st.sampled_from(["hn", "hue"]), SKUS, st.integers(1, 4).map(lambda n: n * 1_000)
    ),
    max_size=4,
    unique_by=lambda one: (one.number, one.store, one.sku),
)


def picked(store: str, second: float, *lines: tuple[str, int], short: tuple[tuple[str, int], ...] = ()) -> Told:
    """A store gathered an order."""
    data = OrderPicked(order="o1", lines=goods(*lines), by="an", short=goods(*short))
    return Told(data, at(second), store, "till1")


def handed_over(store: str, second: float, *lines: tuple[str, int]) -> Told:
    """A store gave a parcel away."""
    return Told(OrderHandedOver(order="o1", lines=goods(*lines), by="an"), at(second), store, "till1")


told = st.lists(
    st.builds(
        lambda store, second, sku, quantity, over: (
            handed_over(store, second, (sku, quantity)) if over else picked(store, second, (sku, quantity))
        ),
        st.sampled_from(["hn", "hue"]),
        st.integers(0, 5),
        SKUS,
        st.integers(0, 4).map(lambda n: n * 1_000),
        st.booleans(),
    ),
    max_size=4,
)


def reserved(outcome: OrderOutcome) -> dict[tuple[str, str], int]:
    """What is promised, by store and SKU."""
    return {(p.store, sku): quantity for p in outcome.parcels for sku, quantity in p.reserved.items()}


@given(st.data(), asked, told, st.booleans())
def test_order_and_repetition_of_facts_change_nothing(
    data: st.DataObject, decisions: list[Asked], said: list[Told], cancelled: bool
) -> None:
    """Stores that resend, late and twice, leave an order as it was."""
    pieces = {"tea": 5_000, "pho": 2_000}
    when = at(9) if cancelled else None
    again = order_after(pieces, data.draw(st.permutations(decisions)), data.draw(st.permutations([*said, *said])), when)
    assert again == order_after(pieces, decisions, said, when)


@given(asked, told, st.booleans())
def test_no_more_is_promised_than_was_decided_and_nothing_after_the_hand_over(
    decisions: list[Asked], said: list[Told], cancelled: bool
) -> None:
    """A reservation is part of a parcel that is still in its store, of an order that stands."""
    outcome = order_after({"tea": 5_000}, decisions, said, at(9) if cancelled else None)
    wanted: Counter[tuple[str, str]] = Counter()
    for one in decisions:
        wanted[one.store, one.sku] += one.quantity
    for (store, sku), quantity in reserved(outcome).items():
        assert 0 < quantity <= wanted[store, sku]
        assert not cancelled
        assert not any(t.store == store and isinstance(t.data, OrderHandedOver) for t in said)


@given(st.data(), told)
def test_a_second_hand_over_is_seen_in_whatever_order_they_come(data: st.DataObject, said: list[Told]) -> None:
    """Of a store that handed over more than once all that it handed over, the first first; of others nothing."""
    found = handed_over_twice(data.draw(st.permutations(said)))
    assert found == handed_over_twice(said)
    for store in ("hn", "hue"):
        mine = [one for one in said if one.store == store and isinstance(one.data, OrderHandedOver)]
        assert len(found.get(store, [])) == (len(mine) if len(mine) > 1 else 0)
        assert [one.at for one in found.get(store, [])] == sorted(one.at for one in found.get(store, []))


@given(st.data(), told)
def test_a_pick_put_by_hand_promises_no_more_than_it_says_and_nothing_once_it_left(
    data: st.DataObject, said: list[Told]
) -> None:
    """Whatever was found and in whatever order it was told."""
    pick = Pick(order="o1", lines=goods(("tea", 3_000), ("pho", 1_000)))
    mine = [one for one in said if one.store == "hn"]
    promised = promised_by(pick_after(pick, mine), mine)
    shuffled = data.draw(st.permutations(mine))
    assert promised_by(pick_after(pick, shuffled), shuffled) == promised
    assert all(0 < quantity <= {"tea": 3_000, "pho": 1_000}[sku] for sku, quantity in promised.items())
    if any(isinstance(one.data, OrderHandedOver) for one in mine):
        assert not promised


def test_an_order_goes_its_way() -> None:
    """Placed, asked for, gathered short, asked for elsewhere, handed over by both."""
    pieces = {"tea": 3_000}
    first = [Asked(1, "hn", "tea", 3_000)]
    assert order_after(pieces, [], [], None).missing == pieces
    outcome = order_after(pieces, first, [], None)
    assert (outcome.state, outcome.missing, reserved(outcome)) == ("open", {}, {("hn", "tea"): 3_000})
    short = [picked("hn", 1, ("tea", 2_000), short=(("tea", 1_000),))]
    outcome = order_after(pieces, first, short, None)
    assert (outcome.state, outcome.missing, reserved(outcome)) == ("oversold", {"tea": 1_000}, {("hn", "tea"): 2_000})
    both = [*first, Asked(2, "hue", "tea", 1_000)]
    outcome = order_after(pieces, both, short, None)
    assert (outcome.state, outcome.missing) == ("short", {})
    assert reserved(outcome) == {("hn", "tea"): 2_000, ("hue", "tea"): 1_000}
    over = [*short, handed_over("hn", 2, ("tea", 2_000))]
    outcome = order_after(pieces, both, over, None)
    assert (outcome.state, reserved(outcome)) == ("short", {("hue", "tea"): 1_000})
    over.append(handed_over("hue", 3, ("tea", 1_000)))
    outcome = order_after(pieces, both, over, None)
    assert (outcome.state, reserved(outcome)) == ("handed_over", {})


def test_a_cancelled_order_promises_nothing_and_what_was_handed_over_stays_so() -> None:
    """Cancelled before, or too late."""
    first = [Asked(1, "hn", "tea", 3_000)]
    assert order_after({"tea": 3_000}, first, [], at(5)).state == "cancelled"
    outcome = order_after({"tea": 3_000}, first, [picked("hn", 1, ("tea", 3_000))], at(5))
    assert (outcome.state, outcome.missing, reserved(outcome)) == ("cancelled", {}, {})
    assert [parcel.state for parcel in outcome.parcels] == ["picked"]
    late = order_after({"tea": 3_000}, first, [handed_over("hn", 1, ("tea", 3_000))], at(5))
    assert late.state == "handed_over"


def test_a_customer_who_leaves_something_behind_is_not_sent_it() -> None:
    """A parcel that was handed over is closed, whatever of it she took."""
    outcome = order_after({"tea": 3_000}, [Asked(1, "hn", "tea", 3_000)], [handed_over("hn", 1, ("tea", 1_000))], None)
    assert (outcome.state, outcome.missing) == ("handed_over", {})
