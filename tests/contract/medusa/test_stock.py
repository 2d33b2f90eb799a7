"""Availability out: what the web may buy is what the hub says, less the orders that it has not heard of."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from hub.channels.links import Link
from hub.channels.ports import Channel, CountedOrders, StockSink, StockTarget
from hub.errors import ChannelUnavailable, OutcomeUnknown
from hub.matters.counted import CountedLine
from tests.contract.medusa.bed import Bed, Thing
from tests.contract.medusa.wires import BreakingWire

DEPOT = "Web warehouse"


def sink(channel: Channel) -> StockSink:
    """The port under test."""
    assert channel.stock is not None
    return channel.stock


def target(bed: Bed, thing: Thing, available: int, place: str = DEPOT) -> StockTarget:
    """What the hub wants the web to see, in pieces."""
    return StockTarget(thing.sku, bed.place(place), available * 1000)


def lines(order: dict[str, object]) -> list[str]:
    """The ids of an order's lines."""
    items = order["items"]
    assert isinstance(items, list)
    return [str(item["id"]) for item in items]


def heard(*orders: dict[str, Any]) -> CountedOrders:
    """What the hub has counted of orders that it heard of when they were as they are here."""
    return CountedOrders(
        {
            item["id"]: CountedLine(order["id"], int(item["quantity"]) * 1_000, {item["variant_sku"]: 1_000})
            for order in orders
            for item in order["items"]
        }
    )


def test_levels_are_set_and_missing_ones_made(bed: Bed) -> None:
    """Absolute, sent again without harm, over several locations in one batch."""
    thing, other = bed.thing({DEPOT: 100}), bed.thing()
    wanted = [target(bed, thing, 7), target(bed, thing, 3, "Store A"), target(bed, other, 5)]
    stock = sink(bed.connect())
    for _ in range(2):
        assert [one.outcome for one in stock.push(wanted, CountedOrders())] == ["done"] * 3
    assert [bed.level(thing, DEPOT), bed.level(thing, "Store A"), bed.level(other, DEPOT)] == [(7, 0), (3, 0), (5, 0)]


def test_an_item_without_a_link_is_found_by_its_sku(bed: Bed) -> None:
    """Who has the same SKUs on both sides need not map them."""
    thing = bed.thing({DEPOT: 1}, linked=False)
    assert sink(bed.connect()).push([target(bed, thing, 9)], CountedOrders())[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 9


def test_a_link_that_a_person_made_is_followed_by_its_variant(bed: Bed) -> None:
    """Our SKU and theirs differ, and the link says nothing but the variant."""
    thing = bed.thing({DEPOT: 1}, linked=False)
    bed.links.append(Link("item", f"OURS-{thing.sku}", thing.variant))
    wanted = StockTarget(f"OURS-{thing.sku}", bed.place(DEPOT), 6000)
    assert sink(bed.connect()).push([wanted], CountedOrders())[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 6


def test_thousandths_are_kept(bed: Bed) -> None:
    """Goods by weight: half a kilogram is half a kilogram."""
    thing = bed.thing({DEPOT: 1})
    assert (
        sink(bed.connect()).push([StockTarget(thing.sku, bed.place(DEPOT), 642)], CountedOrders())[0].outcome == "done"
    )
    again = sink(bed.connect()).push([StockTarget(thing.sku, bed.place(DEPOT), 2000)], CountedOrders())
    assert again[0].outcome == "done"
    assert bed.level(thing, DEPOT) == (2, 0)


def test_orders_that_the_hub_has_not_counted_stay_subtracted(bed: Bed) -> None:
    """A push gives no customer what another has just bought; a counted order is not subtracted twice."""
    thing = bed.thing({DEPOT: 10})
    unheard = bed.checkout({thing: 2})
    counted = bed.checkout({thing: 3})
    stock = sink(bed.connect())
    # The hub has 10 pieces, has allotted 3 of them to the order that it knows, and so has 7 to offer.
    assert stock.push([target(bed, thing, 7)], heard(counted))[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 5
    assert stock.push([target(bed, thing, 5)], heard(counted, unheard))[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 5


def test_what_an_order_has_grown_by_stays_subtracted(bed: Bed) -> None:
    """Two are known, and the customer made them five meanwhile: three of what the hub still offers are hers."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 2})
    counted = heard(order)
    bed.edit(order["id"], {lines(order)[0]: 5})
    stock = sink(bed.connect())
    assert stock.push([target(bed, thing, 8)], counted)[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 5
    assert stock.push([target(bed, thing, 5)], heard(bed.order(order["id"])))[0].outcome == "done"
    assert bed.level(thing, DEPOT) == (10, 5)


def test_what_an_order_was_lessened_by_is_offered_when_the_hub_has_heard(bed: Bed) -> None:
    """Five are known and two are left: whether three were taken off or have left the hub cannot know, so it waits."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 5})
    counted = heard(order)
    bed.edit(order["id"], {lines(order)[0]: 2})
    stock = sink(bed.connect())
    assert stock.push([target(bed, thing, 5)], counted)[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 5
    stock.push([target(bed, thing, 8)], heard(bed.order(order["id"])))
    assert bed.level(thing, DEPOT) == (10, 2)


@pytest.mark.parametrize("early", [True, False], ids=["known before", "all at once"])
def test_what_left_unheard_does_not_hide_what_was_ordered_unheard(bed: Bed, early: bool) -> None:
    """Two more are ordered and two are sent: Medusa keeps as much as before, and two pieces fewer are free."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 5})
    counted = heard(order)
    stock = sink(bed.connect())
    if early:
        stock.push([target(bed, thing, 5)], counted)
    bed.edit(order["id"], {lines(order)[0]: 7})
    bed.fulfil(order["id"], {lines(order)[0]: 2})
    assert bed.level(thing, DEPOT) == (8, 5)
    assert stock.push([target(bed, thing, 5)], counted)[0].outcome == "done"
    assert bed.level(thing, DEPOT) == (8, 5)


def test_what_the_hub_does_not_hold_stays_subtracted(bed: Bed) -> None:
    """Of three that were ordered the hub has two; the third is owed, and offered to nobody. A cancel frees no more."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 3})
    line = lines(order)[0]
    counted = CountedOrders({line: CountedLine(order["id"], 2_000, {thing.sku: 1_000})})
    stock = sink(bed.connect())
    stock.push([target(bed, thing, 4)], counted)
    assert bed.level(thing, DEPOT) == (6, 3)
    bed.post(f"/admin/orders/{order['id']}/cancel")
    assert bed.offered(thing, DEPOT) == 6


def test_what_has_left_is_asked_once_as_long_as_nothing_changes(bed: Bed, wire: BreakingWire) -> None:
    """A sale of something that has open orders costs one question more, and only after one of them has changed."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 2})
    stock = sink(bed.connect(wire))
    for available in (8, 7, 6):
        stock.push([target(bed, thing, available)], heard(order))
    assert wire.calls.count("GET /admin/orders") == 1
    bed.edit(order["id"], {lines(order)[0]: 4})
    stock.push([target(bed, thing, 5)], heard(order))
    stock.push([target(bed, thing, 4)], heard(order))
    assert wire.calls.count("GET /admin/orders") == 2
    assert bed.offered(thing, DEPOT) == 2


def test_what_is_reserved_elsewhere_does_not_count_here(bed: Bed) -> None:
    """Medusa keeps an order at one location; the other's level is the target and nothing else."""
    thing = bed.thing({DEPOT: 10, "Store A": 4})
    counted = heard(bed.checkout({thing: 3}))
    told = sink(bed.connect()).push([target(bed, thing, 7), target(bed, thing, 4, "Store A")], counted)
    assert [one.outcome for one in told] == ["done", "done"]
    assert (bed.level(thing, DEPOT), bed.level(thing, "Store A")) == ((10, 3), (4, 0))


def test_a_target_of_nothing_leaves_what_was_promised(bed: Bed) -> None:
    """Nothing more may be bought, and what was bought stays bought."""
    thing = bed.thing({DEPOT: 10})
    counted = heard(bed.checkout({thing: 4}))
    sink(bed.connect()).push([target(bed, thing, 0)], counted)
    assert bed.level(thing, DEPOT) == (4, 4)


def test_what_cannot_be_set_is_refused_with_words_and_the_rest_goes(bed: Bed) -> None:
    """An unknown SKU and an unknown location are told apart, and hold up nobody."""
    thing = bed.thing({DEPOT: 1})
    told = sink(bed.connect()).push(
        [
            StockTarget("NOBODY-KNOWS", bed.place(DEPOT), 1000),
            StockTarget(thing.sku, "sloc_nowhere", 1000),
            target(bed, thing, 8),
        ],
        CountedOrders(),
    )
    assert [one.outcome for one in told] == ["refused", "refused", "done"]
    assert "NOBODY-KNOWS" in told[0].words
    assert "sloc_nowhere" in told[1].words
    assert bed.offered(thing, DEPOT) == 8


def test_a_checkout_in_the_middle_of_a_push_is_not_given_away(bed: Bed, wire: BreakingWire) -> None:
    """The web buys while the batch is on its way: its reservation stays subtracted."""
    thing = bed.thing({DEPOT: 10})
    wire.before("POST", r".*/(batch|adjust)", lambda: bed.checkout({thing: 2}))
    sink(bed.connect(wire)).push([target(bed, thing, 9)], CountedOrders())
    assert bed.offered(thing, DEPOT) <= 7


def test_a_parcel_in_the_middle_of_a_push_is_not_offered_again(bed: Bed, wire: BreakingWire) -> None:
    """Goods of a counted order leave between reading and setting: told to push again, and then it is right."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 3})
    counted = heard(order)
    wire.before("POST", r".*/(batch|adjust)", lambda: bed.fulfil(str(order["id"]), {lines(order)[0]: 3}))
    stock = sink(bed.connect(wire))
    assert stock.push([target(bed, thing, 6)], counted)[0].outcome == "again"
    assert stock.push([target(bed, thing, 6)], counted)[0].outcome == "done"
    assert bed.level(thing, DEPOT) == (6, 0)


def test_a_parcel_between_levels_and_reservations_makes_the_level_too_low_at_most(bed: Bed, wire: BreakingWire) -> None:
    """Whatever leaves while it reads, nothing is offered that is not there."""
    thing = bed.thing({DEPOT: 10})
    order = bed.checkout({thing: 3})
    counted = heard(order)
    left: list[str] = []

    def leave() -> None:
        if not left:
            left.append(bed.fulfil(str(order["id"]), {lines(order)[0]: 3}))

    wire.before("GET", r"/admin/reservations", leave)
    wire.before("POST", r"/admin/tillwire/levels", leave)
    stock = sink(bed.connect(wire))
    told = stock.push([target(bed, thing, 6)], counted)[0].outcome
    assert bed.offered(thing, DEPOT) <= 6
    assert told == "again" or bed.offered(thing, DEPOT) == 6
    stock.push([target(bed, thing, 6)], counted)
    assert bed.level(thing, DEPOT) == (6, 0)


def test_a_deadlock_is_tried_once_more(bed: Bed, wire: BreakingWire) -> None:
    """Medusa answers 500 to one of two overlapping batches; the second try reads anew."""
    thing = bed.thing({DEPOT: 1})
    wire.answer(
        "POST", r".*/(batch|adjust)", httpx.Response(500, json={"type": "unknown_error", "message": "deadlock"})
    )
    assert sink(bed.connect(wire)).push([target(bed, thing, 4)], CountedOrders())[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 4


def test_two_deadlocks_are_unavailable(bed: Bed, wire: BreakingWire) -> None:
    """Then it is the framework's to wait."""
    thing = bed.thing({DEPOT: 1})
    for _ in range(2):
        wire.answer("POST", r".*/(batch|adjust)", httpx.Response(500, json={"message": "deadlock detected"}))
    with pytest.raises(ChannelUnavailable, match="deadlock detected"):
        sink(bed.connect(wire)).push([target(bed, thing, 4)], CountedOrders())


def test_a_lost_answer_is_pushed_again_without_harm(bed: Bed, wire: BreakingWire) -> None:
    """It was done, nobody heard, and it is done again: the level is what was asked for."""
    thing = bed.thing({DEPOT: 10})
    wire.lose_answer("POST", r".*/(batch|adjust)")
    stock = sink(bed.connect(wire))
    with pytest.raises(OutcomeUnknown):
        stock.push([target(bed, thing, 4)], CountedOrders())
    assert stock.push([target(bed, thing, 4)], CountedOrders())[0].outcome == "done"
    assert bed.offered(thing, DEPOT) == 4


def test_an_item_that_went_meanwhile_does_not_hold_up_the_batch(bed: Bed, wire: BreakingWire) -> None:
    """Medusa refuses the whole batch for one; the others go one by one."""
    thing, gone = bed.thing({DEPOT: 10}), bed.thing({DEPOT: 10})
    stock = sink(bed.connect(wire))
    assert [one.outcome for one in stock.push([target(bed, gone, 5), target(bed, thing, 5)], CountedOrders())] == [
        "done", "done",
    ]  # fmt: skip
    bed.http.delete(f"/admin/products/{gone.product}/variants/{gone.variant}").raise_for_status()
    told = stock.push([target(bed, gone, 4), target(bed, thing, 4)], CountedOrders())
    assert told[1].outcome == "done"
    assert bed.offered(thing, DEPOT) == 4


def test_two_hundred_levels_go_in_one_batch(bed: Bed) -> None:
    """As many as `batch_max` says, in a handful of calls."""
    things = [bed.thing() for _ in range(12)]
    stock = sink(bed.connect())
    assert stock.batch_max == 200
    places = (DEPOT, "Store A", "Store B")
    wanted = [target(bed, thing, 1 + number, place) for number, thing in enumerate(things) for place in places]
    assert {one.outcome for one in stock.push(wanted, CountedOrders())} == {"done"}
    assert [bed.offered(thing, "Store B") for thing in things] == list(range(1, 13))
