"""What left and came back by a channel's word is a function of the facts, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from hub.matters.channel_goods import ChannelGoods, channel_moves, left_of
from hub.matters.channel_orders import Intake, KnownOrder, intake_of, placed_of
from hub.matters.orders import Asked, order_after, to_take_back
from hub.matters.outcome import Told
from tests.unit.hub.channel_facts import left, said_order
from tests.unit.hub.journals import at
from tests.unit.hub.test_order_facts import asked, handed_over, picked, reserved, told

STORES = st.sampled_from(["hn", "hue"])
quantities = st.integers(1, 4).map(lambda number: number * 1_000)
channel_said = st.lists(
    st.builds(
        ChannelGoods, st.sampled_from(["left", "returned"]), st.sampled_from("abc"), st.sampled_from(["tea", "pho"]),
        STORES, st.integers(0, 5).map(at), quantities, st.sampled_from(["", "", "h1"]),
    ),
    max_size=4,
    unique_by=lambda goods: (goods.kind, goods.key, goods.sku),
)  # fmt: skip
taken_back = st.lists(
    st.builds(Asked, st.integers(4, 6), STORES, st.sampled_from(["tea", "pho"]), quantities.map(lambda q: -q)),
    max_size=2,
    unique_by=lambda one: (one.number, one.store, one.sku),
)


@given(st.data(), asked, taken_back, told, channel_said)
def test_the_order_in_which_facts_come_changes_nothing(
    data: st.DataObject, more: list[Asked], less: list[Asked], said: list[Told], channel: list[ChannelGoods]
) -> None:
    """Neither for what the hub moves nor for the order's outcome."""
    pieces, decisions = {"tea": 5_000, "pho": 2_000}, [*more, *less]
    moves = channel_moves(pieces, decisions, said, channel)
    decisions_2, said_2 = data.draw(st.permutations(decisions)), data.draw(st.permutations(said))
    again = channel_moves(pieces, decisions_2, said_2, data.draw(st.permutations(channel)))
    assert again == moves
    outcome = order_after(pieces, decisions, said, None, left_of(moves))
    assert order_after(pieces, decisions_2, said_2, None, left_of(again)) == outcome


@given(asked, told, channel_said)
def test_the_hub_moves_no_more_than_was_said_and_nothing_that_a_till_has_moved(
    decisions: list[Asked], said: list[Told], channel: list[ChannelGoods]
) -> None:
    """What came back counts in full; what left counts at most once, by a till or by the hub."""
    pieces = {"tea": 5_000, "pho": 2_000}
    moves = channel_moves(pieces, decisions, said, channel)
    assert set(moves) == set(channel)
    for goods, moved in moves.items():
        if goods.kind == "returned":
            assert moved == goods.quantity
        else:
            assert -goods.quantity <= moved <= 0
            assert not (goods.ours and moved)


class Way(NamedTuple):
    """How a store's parcel truly left: `shipped` of `asked` by the channel, then the rest by a till, or not yet."""

    asked: int
    shipped: int
    by_till: bool
    found_less: bool
    echo: Literal["none", "named", "unnamed"]


ways = st.builds(
    Way, st.integers(0, 4), st.integers(0, 4), st.booleans(), st.booleans(),
    st.sampled_from(["none", "named", "unnamed"]),
)  # fmt: skip


@given(st.data(), st.fixed_dictionaries({"hn": ways, "hue": ways}))
def test_the_hub_moves_exactly_what_the_channel_s_own_people_shipped(
    data: st.DataObject, parcels: dict[str, Way]
) -> None:
    """What tills handed over is theirs, said back or not, by name or not, short or whole."""
    decisions, said, channel, truly = [], [], [], 0
    for store, way in parcels.items():
        shipped = min(way.asked, way.shipped)
        rest = max(0, way.asked - shipped - (1 if way.found_less and way.asked > shipped else 0))
        decisions += [Asked(1, store, "tea", way.asked * 1_000)] if way.asked else []
        if shipped:
            channel.append(_left(f"{store}-ship", store, 1, shipped * 1_000))
            truly += shipped * 1_000
        if way.by_till and rest:
            said += [picked(store, 2, ("tea", rest * 1_000)), handed_over(store, 3, ("tea", rest * 1_000))]
            if way.echo != "none":
                ours = f"{store}-hand-over" if way.echo == "named" else ""
                channel.append(replace(_left(f"{store}-echo", store, 4, rest * 1_000), ours=ours))
    pieces = {"tea": sum(way.asked for way in parcels.values()) * 1_000}
    moves = channel_moves(pieces, decisions, said, data.draw(st.permutations(channel)))
    assert -sum(moves.values()) == truly


@given(asked, taken_back, told, channel_said)
def test_what_is_taken_back_was_asked_for_and_leaves_no_surplus_that_is_not_gathered(
    more: list[Asked], less: list[Asked], said: list[Told], channel: list[ChannelGoods]
) -> None:
    """After it nobody who has not gathered is asked for more than the order wants."""
    pieces = {"tea": 3_000, "pho": 1_000}
    decisions = [*more, *less]
    outcome = order_after(pieces, decisions, said, None, left_of(channel_moves(pieces, decisions, said, channel)))
    back = to_take_back(pieces, decisions, outcome)
    assert all(quantity > 0 for quantity in back.values())
    after = [*decisions, *(Asked(7, store, sku, -quantity) for (store, sku), quantity in back.items())]
    moves = channel_moves(pieces, after, said, channel)
    later = order_after(pieces, after, said, None, left_of(moves))
    for (store, sku), quantity in reserved(later).items():
        assert quantity > 0
        parcel = next(one for one in later.parcels if one.store == store)
        others = sum(p.goods.get(sku, 0) for p in later.parcels) - quantity
        assert parcel.state == "picked" or others + quantity <= max(pieces[sku], others)


def test_a_part_that_the_channel_shipped_is_told_from_the_part_that_a_till_handed_over() -> None:
    """One of three by the channel, two by the till after it: both have left."""
    pieces, decisions = {"tea": 3_000}, [Asked(1, "hn", "tea", 3_000)]
    shipped = [_left("a", "hn", 1, 1_000)]
    said = [picked("hn", 2, ("tea", 2_000)), handed_over("hn", 3, ("tea", 2_000))]
    moves = channel_moves(pieces, decisions, said, shipped)
    assert sum(moves.values()) == -1_000
    outcome = order_after(pieces, decisions, said, None, left_of(moves))
    assert (outcome.state, outcome.missing) == ("handed_over", {})
    # and then the channel says the till's part back, without its name
    echo = [*shipped, _left("b", "hn", 4, 2_000)]
    assert sum(channel_moves(pieces, decisions, said, echo).values()) == -1_000


def test_a_short_parcel_that_is_said_back_is_the_same_goods() -> None:
    """Asked for three, two were found and handed over, and the channel says two."""
    decisions = [Asked(1, "hn", "tea", 3_000), Asked(2, "hue", "tea", 1_000)]
    said = [picked("hn", 2, ("tea", 2_000)), handed_over("hn", 3, ("tea", 2_000))]
    assert sum(channel_moves({"tea": 3_000}, decisions, said, [_left("a", "hn", 4, 2_000)]).values()) == 0


@given(st.permutations([1, 2, 3, 4]), st.integers(0, 3))
def test_whoever_has_seen_the_newest_state_has_seen_all(order: list[int], repeated: int) -> None:
    """Older states and repetitions are known; each newer one is taken in."""
    states = {version: said_order(version, {"tea": version * 1_000}) for version in order}
    known = KnownOrder()
    for version in [*order, order[repeated]]:
        intake = intake_of(states[version], known)
        newer = known.updated_at is None or states[version].updated_at > known.updated_at
        assert (intake is not None) == newer
        if intake is not None:
            known = KnownOrder(str(version), states[version].updated_at, placed_of(states[version]))
    assert known.version == "4"


def test_a_cancelled_order_of_which_goods_moved_is_placed_and_given_up() -> None:
    """Else nobody would ever say where these goods are."""
    gone = said_order(1, {"tea": 1_000}, cancelled=True, goods=[left("f1", "hn", tea=1_000)])
    assert intake_of(gone, KnownOrder()) == Intake(place=True, cancel=True)


def _left(key: str, store: str, second: float, quantity: int) -> ChannelGoods:
    when: datetime = at(second)
    return ChannelGoods("left", key, "tea", store, when, quantity)
