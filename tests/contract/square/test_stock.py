"""Availability, as it goes out to Square."""

from __future__ import annotations

import pytest

from hardware_sim.vendors.square.world import Fault
from hub.channels.ports import CountedOrders, StockTarget
from hub.channels.square.orders_mapping import line_key
from hub.channels.square.words import Json, thousandths
from hub.errors import ChannelUnavailable, OutcomeUnknown
from tests.contract.square.shop import Shop

_WRITE = "POST /v2/inventory"


def heard_of(order: Json) -> dict[str, int]:
    """What the hub heard to be ordered of an order's lines, when it was as it is now."""
    return {line_key(order["id"], line["uid"]): thousandths(line["quantity"]) for line in order["line_items"]}


def test_square_offers_exactly_what_it_is_told(shop: Shop) -> None:
    """A level is absolute, per location, down to a thousandth."""
    assert [each.outcome for each in shop.stock({"A-1": 7, "B-1": 0})] == ["done", "done"]
    assert shop.channel.stock is not None
    shop.channel.stock.push([StockTarget("A-1", shop.places[1], 1_250)], CountedOrders())
    assert [shop.level("A-1"), shop.level("B-1"), shop.level("B-2")] == [7, 0, None]
    assert str(shop.level("A-1", 1)) == "1.25"


def test_the_same_again_changes_nothing(shop: Shop) -> None:
    """A push that is repeated writes no new count, and no echo."""
    shop.stock({"A-1": 7})
    told = len(shop.world.events)
    shop.clock.forward(seconds=5)
    shop.stock({"A-1": 7})
    assert len(shop.world.events) == told


def test_going_back_to_an_earlier_level_is_written(shop: Shop) -> None:
    """An idempotency key is of one push: 5, 4, 5 ends at 5."""
    for pieces in (5, 4, 5):
        shop.stock({"A-1": pieces})
        shop.clock.forward(seconds=1)
    assert shop.level("A-1") == 5


def test_a_unit_that_was_just_bought_is_not_given_back(shop: Shop) -> None:
    """A sale that the hub has not heard of stays subtracted; one that it counted already is not subtracted again."""
    shop.stock({"A-1": 7})
    shop.clock.forward(minutes=30)
    sold = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 7})
    assert shop.level("A-1") == 5
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 5}, heard=heard_of(sold))
    assert shop.level("A-1") == 5


def test_what_an_order_has_grown_by_before_it_was_paid_is_not_given_back(shop: Shop) -> None:
    """Two are known and promised, it became five and was paid: Square took five, and the hub would give back three."""
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"}, paid=False)
    known = heard_of(order)
    shop.stock({"A-1": 8}, heard=known)
    shop.clock.forward(seconds=20)
    shop.people.change(order, {shop.goods["A-1"]: "5"})
    shop.people.pay(order)
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 8}, heard=known)
    assert shop.level("A-1") == 5
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 5}, heard=heard_of(order))
    assert shop.level("A-1") == 5


def test_what_an_order_was_lessened_by_before_it_was_paid_is_offered_when_it_is_heard(shop: Shop) -> None:
    """Five are known, two were paid: too little is offered for a moment, never too much."""
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "5"}, paid=False)
    known = heard_of(order)
    shop.people.change(order, {shop.goods["A-1"]: "2"})
    shop.people.pay(order)
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 5}, heard=known)
    assert shop.level("A-1") == 5
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 8}, heard=heard_of(order))
    assert shop.level("A-1") == 8


def test_a_sale_on_the_pos_is_taken_off_until_the_hub_has_it(shop: Shop) -> None:
    """Its lines are closed at once: where the hub tells those, what it has not heard of is taken off."""
    shop.clock.forward(minutes=30)
    sold = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "2"})
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 7})
    assert shop.level("A-1") == 5
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 6}, heard=heard_of(sold))
    assert shop.level("A-1") == 6
    shop.clock.forward(seconds=20)
    shop.stock({"A-1": 7}, heard=None)
    assert shop.level("A-1") == 7


def test_a_sale_while_the_count_travels_is_subtracted_from_it(shop: Shop) -> None:
    """The count is of the moment at which it was read, so Square takes off what was sold since."""
    shop.stock({"A-1": 7})
    shop.clock.forward(minutes=30)
    before = shop.world.now()
    shop.clock.forward(seconds=2)
    shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "1"})
    assert shop.level("A-1") == 6
    changes = shop.service.heard[-1].body
    assert changes is not None
    assert changes["changes"][0]["physical_count"]["occurred_at"] < before.isoformat()


def test_half_of_a_batch_that_is_refused_is_written_all_the_same(shop: Shop) -> None:
    """Square refuses a batch for one bad entry; the good ones go through, the bad one has Square's words."""
    shop.people.delist(shop.goods["B-1"])
    shop.world.names_the_item = False
    pushed = shop.stock({"A-1": 3, "B-1": 4, "B-2": 5})
    assert [each.outcome for each in pushed] == ["done", "refused", "done"]
    assert "INVALID_REQUEST_ERROR NOT_FOUND: Unable to find catalog object." in pushed[1].words
    assert [shop.level("A-1"), shop.level("B-2")] == [3, 5]


def test_an_unmapped_sku_is_refused_by_itself(shop: Shop) -> None:
    """It says how to map it, and holds up nothing."""
    pushed = shop.stock({"Z-9": 3, "A-1": 3})
    assert [each.outcome for each in pushed] == ["refused", "done"]
    assert "Z-9" in pushed[0].words


def test_a_count_whose_answer_is_lost_may_be_written_again(shop: Shop) -> None:
    """Done or not, the next push says the same."""
    shop.world.faults.append(Fault(_WRITE, "lost"))
    with pytest.raises(OutcomeUnknown):
        shop.stock({"A-1": 7})
    shop.clock.forward(seconds=3)
    assert [each.outcome for each in shop.stock({"A-1": 7})] == ["done"]
    assert shop.level("A-1") == 7


@pytest.mark.parametrize(("said", "wait_s"), [("7", 7.0), ("Mon, 02 Nov 2026 09:01:30 GMT", 90.0), ("", None)])
def test_a_busy_square_says_how_long_to_wait(shop: Shop, said: str, wait_s: float | None) -> None:
    """429 with seconds, with a date, without either."""
    shop.world.faults.append(Fault(_WRITE, "busy", retry_after=said))
    with pytest.raises(ChannelUnavailable, match="RATE_LIMIT_ERROR RATE_LIMITED") as caught:
        shop.stock({"A-1": 7})
    assert caught.value.retry_after_s == wait_s
    assert shop.heard(_WRITE) == 1


def test_our_own_counts_carry_our_name(shop: Shop) -> None:
    """Whoever reads Square's history sees which counts were ours."""
    shop.stock({"A-1": 7})
    (stirs,) = shop.world.stirs.values()
    assert stirs[0].change["physical_count"]["reference_id"] == "tillwire:square"
