"""Web orders in, and what became of them out."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from hub.channels.ports import Channel, ChannelOrder, HandedOver, OrderSource, Page
from hub.errors import ChannelRefused, OutcomeUnknown, UnmappedWord
from tests.contract.medusa.bed import Bed, Thing, wall
from tests.contract.medusa.wires import BreakingWire

DEPOT = "Web warehouse"
ROUNDS = 20


def source(channel: Channel) -> OrderSource:
    """The port under test."""
    assert channel.orders is not None
    return channel.orders


def asked(orders: OrderSource, cursor: str) -> tuple[Sequence[ChannelOrder], str, Page[ChannelOrder]]:
    """Ask until nothing more is to be had; the newest state of each order."""
    found: dict[str, ChannelOrder] = {}
    for _ in range(ROUNDS):
        page = orders.changed(cursor)
        found.update({order.key: order for order in page.found})
        cursor = page.cursor
        if not page.more:
            return list(found.values()), cursor, page
    raise AssertionError("it never ends")


def parcel(bed: Bed, order: dict[str, object], goods: dict[Thing, int], store: str = "depot") -> HandedOver:
    """What a till says when a parcel has left."""
    return HandedOver(
        key=f"parcel-{bed.serial()}",
        order=str(order["id"]),
        store=store,
        goods={thing.sku: pieces * 1000 for thing, pieces in goods.items()},
        at=wall(),
    )


def one(orders: OrderSource, order: dict[str, object]) -> ChannelOrder:
    """An order as it is now."""
    found = orders.order(str(order["id"]))
    assert found is not None
    return found


def test_an_order_is_heard_of_once_it_is_placed(bed: Bed) -> None:
    """With its number, customer, lines and quantities, in our words."""
    thing, other = bed.thing({DEPOT: 10}), bed.thing({DEPOT: 10})
    orders = source(bed.connect())
    _, cursor, _ = asked(orders, "")
    placed = bed.checkout({thing: 3, other: 1}, email=f"Anna-{bed.serial()}@Example.Test")
    found, _, _ = asked(orders, cursor)
    heard = next(order for order in found if order.key == placed["id"])
    assert heard.head.order == f"web:{placed['id']}"
    assert (heard.head.way, heard.head.store, heard.head.customer) == ("delivery", "", "Anna Nguyễn")
    assert heard.head.number == str(placed["display_id"])
    assert {(line.sku, line.quantity) for line in heard.lines} == {(thing.sku, 3000), (other.sku, 1000)}
    assert heard.state == "placed"
    assert not heard.own
    assert heard.customer is not None
    assert heard.customer.email.startswith("anna-")
    assert heard.customer.phone == "+491701234567"
    assert placed["id"].encode() in heard.raw


def test_what_comes_again_has_the_same_version(bed: Bed) -> None:
    """Pages overlap; a change of the order changes its version, and nothing else does."""
    thing = bed.thing({DEPOT: 10})
    orders = source(bed.connect())
    placed = bed.checkout({thing: 1})
    first, again = one(orders, placed), one(orders, placed)
    assert first == again
    bed.post(f"/admin/orders/{placed['id']}", {"metadata": {"gift": "yes"}})
    assert one(orders, placed).version != first.version


def test_pages_leave_nothing_out(bed: Bed) -> None:
    """More orders than a page has, each of them heard of."""
    thing = bed.thing({DEPOT: 1000})
    orders = source(bed.connect())
    _, cursor, _ = asked(orders, "")
    placed = {bed.checkout({thing: 1})["id"] for _ in range(6)}
    found, cursor, _ = asked(orders, cursor)
    assert placed <= {order.key for order in found}
    late, _, _ = asked(orders, cursor)
    assert placed <= {order.key for order in late}, "the last minute is asked for again"


def test_a_pickup_names_the_store(bed: Bed) -> None:
    """The shipping option says where the customer fetches it."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 1})
    heard = one(source(bed.connect()), placed)
    assert heard.head.way == "delivery"


def test_an_unmapped_line_parks_the_order_and_no_other(bed: Bed) -> None:
    """It comes as unread with its bytes, and is translated once it is mapped."""
    thing, odd = bed.thing({DEPOT: 10}), bed.thing({DEPOT: 10}, linked=False)
    orders = source(bed.connect())
    _, cursor, _ = asked(orders, "")
    bad, good = bed.checkout({odd: 1}), bed.checkout({thing: 1})
    page = orders.changed(cursor)
    assert good["id"] in {order.key for order in page.found}
    parked = next(each for each in page.unread if each.key == bad["id"])
    assert odd.variant in parked.why
    assert str(bad["id"]).encode() in parked.raw
    with pytest.raises(UnmappedWord):
        orders.order(str(bad["id"]))


def test_an_order_that_is_not_there_is_none(bed: Bed) -> None:
    """No error, for a hint may be about anything."""
    assert source(bed.connect()).order("order_nobody") is None


def test_a_cancelled_order_says_so(bed: Bed) -> None:
    """By the customer, or the shop's staff."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 1})
    bed.post(f"/admin/orders/{placed['id']}/cancel")
    assert one(source(bed.connect()), placed).state == "cancelled"


def test_an_edited_order_has_its_new_quantities(bed: Bed) -> None:
    """A line that was taken off is not there any more."""
    thing, other = bed.thing({DEPOT: 10}), bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3, other: 1})
    heard = one(source(bed.connect()), placed)
    line = {each.sku: each.line for each in heard.lines}
    bed.edit(placed["id"], {line[thing.sku]: 2, line[other.sku]: 0})
    assert {(each.sku, each.quantity) for each in one(source(bed.connect()), placed).lines} == {(thing.sku, 2000)}


def test_what_the_shops_staff_sent_has_left(bed: Bed) -> None:
    """Once for each parcel, from the store that stands behind its location."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    line = str(placed["items"][0]["id"])
    sent = bed.fulfil(str(placed["id"]), {line: 2})
    heard = one(source(bed.connect()), placed)
    assert [(each.key, each.store, dict(each.goods), each.ours) for each in heard.left] == [
        (sent, "depot", {thing.sku: 2000}, "")
    ]
    assert [each.fulfilled for each in heard.lines] == [2000]


def test_a_parcel_that_was_taken_back_has_not_left(bed: Bed) -> None:
    """It is said no more, so it has not happened."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    line = str(placed["items"][0]["id"])
    sent = bed.fulfil(str(placed["id"]), {line: 3})
    orders = source(bed.connect())
    before = one(orders, placed)
    bed.post(f"/admin/orders/{placed['id']}/fulfillments/{sent}/cancel")
    heard = one(orders, placed)
    assert (len(before.left), heard.left, heard.returned) == (1, (), ())
    assert [each.fulfilled for each in heard.lines] == [0]


@pytest.mark.parametrize(
    "receptions", [[(2, 1)], [(1, 0), (1, 1)], [(0, 1), (2, 0)], [(1, 0), (1, 0), (1, 0)], [(0, 3)]]
)
def test_what_came_back_is_what_can_be_sold_again(bed: Bed, receptions: list[tuple[int, int]]) -> None:
    """However it is received, the hub hears of as much as Medusa has put back on the shelf."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    line = str(placed["items"][0]["id"])
    bed.fulfil(str(placed["id"]), {line: 3})
    back = ""
    for good, damaged in receptions:
        back = bed.receive(str(placed["id"]), line, good, damaged, into=back)
    heard = one(source(bed.connect()), placed)
    came = sum(each.goods[thing.sku] for each in heard.returned)
    assert came == 1000 * sum(good for good, _ in receptions)
    assert bed.level(thing, DEPOT)[0] == 7 + came // 1000


def test_returns_are_taken_piece_by_piece_and_each_piece_once(bed: Bed) -> None:
    """Received bit by bit, some of it damaged: what is known already keeps its key."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    line = str(placed["items"][0]["id"])
    bed.fulfil(str(placed["id"]), {line: 3})
    back = bed.receive(str(placed["id"]), line, 1)
    orders = source(bed.connect())
    first = one(orders, placed).returned
    assert [(each.store, dict(each.goods)) for each in first] == [("depot", {thing.sku: 1000})]
    bed.receive(str(placed["id"]), line, 1, 1, into=back)
    second = one(orders, placed).returned
    assert [each.key for each in second] == [first[0].key, second[1].key]
    assert sum(each.goods[thing.sku] for each in second) == 2000, "the damaged piece cannot be sold again"


def test_a_hand_over_takes_the_goods_from_where_medusa_keeps_them(bed: Bed) -> None:
    """Whichever store sent it: level and reservation fall together, so nothing else is offered than before."""
    thing = bed.thing({DEPOT: 10, "Store A": 10})
    placed = bed.checkout({thing: 3})
    orders = source(bed.connect())
    told = parcel(bed, placed, {thing: 3}, "hanoi")
    key = orders.hand_over(told, may_be_known=False)
    assert (bed.level(thing, DEPOT), bed.level(thing, "Store A")) == ((7, 0), (10, 0))
    assert [each["id"] for each in bed.order(str(placed["id"]))["fulfillments"]] == [key]
    heard = one(orders, placed)
    assert [(each.key, each.ours) for each in heard.left] == [(key, told.key)]
    assert [each.fulfilled for each in heard.lines] == [3000]


def test_a_parcel_is_told_once_whatever_gets_lost(bed: Bed, wire: BreakingWire) -> None:
    """The answer is lost, it is told again, and again: the stock is taken once."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    told = parcel(bed, placed, {thing: 2})
    orders = source(bed.connect(wire))
    wire.lose_answer("POST", r"/admin/orders/[^/]+/fulfillments")
    with pytest.raises(OutcomeUnknown):
        orders.hand_over(told, may_be_known=False)
    first = orders.hand_over(told, may_be_known=True)
    assert orders.hand_over(told, may_be_known=True) == first
    assert bed.level(thing, DEPOT) == (8, 1)


def test_two_parcels_of_an_order_are_two(bed: Bed) -> None:
    """From two stores, each with its own key."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    orders = source(bed.connect())
    first = orders.hand_over(parcel(bed, placed, {thing: 1}), may_be_known=True)
    second = orders.hand_over(parcel(bed, placed, {thing: 2}, "hanoi"), may_be_known=True)
    assert first != second
    assert bed.level(thing, DEPOT) == (7, 0)


def test_more_than_was_ordered_is_refused(bed: Bed) -> None:
    """With words, and nothing is sent."""
    thing, other = bed.thing({DEPOT: 10}), bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 1})
    for goods in ({thing: 2}, {other: 1}):
        with pytest.raises(ChannelRefused, match="does not have so much left"):
            source(bed.connect()).hand_over(parcel(bed, placed, goods), may_be_known=False)
    assert bed.level(thing, DEPOT) == (10, 1)


def test_cancelling_releases_what_was_kept_and_may_be_said_twice(bed: Bed, wire: BreakingWire) -> None:
    """Also when the first answer was lost."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    orders = source(bed.connect(wire))
    wire.lose_answer("POST", r"/admin/orders/[^/]+/cancel")
    with pytest.raises(OutcomeUnknown):
        orders.cancel(str(placed["id"]), may_be_known=False)
    orders.cancel(str(placed["id"]), may_be_known=True)
    assert bed.level(thing, DEPOT) == (10, 0)
    assert bed.order(str(placed["id"]))["status"] == "canceled"


def test_an_order_of_which_something_left_is_not_cancelled(bed: Bed) -> None:
    """It says why, and what can be done."""
    thing = bed.thing({DEPOT: 10})
    placed = bed.checkout({thing: 3})
    orders = source(bed.connect())
    orders.hand_over(parcel(bed, placed, {thing: 1}), may_be_known=False)
    with pytest.raises(ChannelRefused, match="has left already"):
        orders.cancel(str(placed["id"]), may_be_known=False)
