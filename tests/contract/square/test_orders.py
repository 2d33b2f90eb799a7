"""Orders and sales of Square, as they come in, and what becomes of them, as it goes back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hardware_sim.vendors.square import customers, orders
from hardware_sim.vendors.square.world import Fault
from hub.channels.links import Link
from hub.channels.ports import HandedOver, Rewindable
from hub.channels.square.notes import noted, told_key
from hub.channels.square.words import Unreadable, stamp
from hub.errors import ChannelRefused, OutcomeUnknown
from tests.contract.square.shop import START, Shop


def _parcel(order: str, goods: dict[str, int], store: str = "S1") -> HandedOver:
    return HandedOver(f"{store}/T1/1/7", order, store, {sku: pieces * 1000 for sku, pieces in goods.items()}, START)


def test_a_paid_pick_up_is_an_order_of_its_store(shop: Shop) -> None:
    """It names the store, what to gather and for whom."""
    _, _, cursor = shop.orders("")
    order = shop.people.order(shop.places[1], {shop.goods["A-1"]: "2", shop.goods["B-1"]: "1.5"}, ticket_name="Ann")
    found, unread, _ = shop.orders(cursor)
    assert unread == []
    (read,) = found
    assert (read.key, read.state, read.head.order) == (order["id"], "placed", f"square:{order['id']}")
    assert (read.head.store, read.head.way, read.head.number, read.head.customer) == (
        "S2",
        "pickup",
        "Ann",
        "Ann Buyer",
    )
    assert [(line.sku, line.quantity, line.fulfilled) for line in read.lines] == [("A-1", 2000, 0), ("B-1", 1500, 0)]
    assert read.customer is None  # a guest: Square has no person for her
    assert (list(read.left), list(read.returned), read.own) == ([], [], False)


def test_a_shipment_is_for_the_hub_to_allot(shop: Shop) -> None:
    """Square's location is where it was bought, not who must send it."""
    _, _, cursor = shop.orders("")
    shop.people.order(shop.places[0], {shop.goods["A-1"]: "1"}, way="SHIPMENT")
    (read,), _, _ = shop.orders(cursor)
    assert (read.head.way, read.head.store) == ("delivery", "")


def test_a_sale_on_squares_own_pos_is_an_order_that_has_left(shop: Shop) -> None:
    """Its goods leave the hub's stock once, at the moment of the sale."""
    _, _, cursor = shop.orders("")
    sale = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "3"})
    (read,), _, cursor = shop.orders(cursor)
    assert read.state == "placed"
    assert [(left.store, dict(left.goods), left.at) for left in read.left] == [("S1", {"A-1": 3000}, START)]
    (again,), _, _ = shop.orders(cursor)
    assert (again.version, again.left[0].key) == (read.version, read.left[0].key)
    assert sale["id"] in read.left[0].key


def test_what_is_no_order_of_goods_is_left_out(shop: Shop) -> None:
    """A draft, a ticket that is open and unpaid, and an amount without goods: a till's Terminal checkout."""
    _, _, cursor = shop.orders("")
    line = {"catalog_object_id": shop.goods["A-1"], "quantity": "1"}
    amount = {"quantity": "1", "name": "Custom Amount", "base_price_money": shop.world.money(500)}
    orders.place(shop.world, {"location_id": shop.places[0], "line_items": [line], "state": "DRAFT"})
    orders.place(shop.world, {"location_id": shop.places[0], "line_items": [line]})
    shop.people.pay(orders.place(shop.world, {"location_id": shop.places[0], "line_items": [amount]}))
    assert shop.orders(cursor)[:2] == ([], [])


def test_an_order_that_came_72_hours_late_is_found(shop: Shop) -> None:
    """Square's POS was offline; the sale carries the time at which it was made, in `created_at` and beyond."""
    _, _, cursor = shop.orders("")
    shop.clock.forward(hours=80)
    _, _, cursor = shop.orders(cursor)
    late = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "1"}, offline_at=shop.clock() - timedelta(hours=71))
    late["updated_at"] = late["created_at"]  # the worst case: no time of it tells that it is new
    found, _, cursor = shop.orders(cursor)
    assert found == []
    shop.clock.forward(minutes=61)
    found, _, _ = shop.orders(cursor)
    assert [(each.key, each.left[0].at) for each in found] == [
        (late["id"], shop.clock() - timedelta(hours=72, minutes=1))
    ]


def test_an_order_that_lists_show_seconds_later_is_not_missed(shop: Shop) -> None:
    """Rounds overlap, for Square's lists lag."""
    shop.world.lag = timedelta(seconds=20)
    _, _, cursor = shop.orders("")
    shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "1"})
    found, _, cursor = shop.orders(cursor)
    assert found == []
    shop.clock.forward(seconds=60)
    found, _, _ = shop.orders(cursor)
    assert len(found) == 1


def test_all_locations_are_asked_ten_at_a_time_and_every_page_is_read(shop: Shop) -> None:
    """Twenty-three locations, pages of two, empty pages between: every order once in a round."""
    places = [shop.people.open_location(f"Kiosk {number}") for number in range(21)]
    shop.links += [Link("location", f"K{at}", place) for at, place in enumerate(places)]
    _, _, cursor = shop.orders("")
    keys = {shop.people.ring_up(place, {shop.goods["A-1"]: "1"})["id"] for place in (*places, *shop.places)}
    shop.world.page_max, shop.world.hollow = 2, 5
    found, unread, _ = shop.orders(cursor)
    assert unread == []
    assert sorted(each.key for each in found) == sorted(keys)


def test_a_poisoned_order_is_parked_and_holds_up_nobody(shop: Shop) -> None:
    """An unknown variation, a location that is not mapped, a quantity that is none: each with its words and bytes."""
    stray = shop.people.open_location("Pop-up")
    wild = shop.people.list_item("Hat", {"H-1": 100})
    _, _, cursor = shop.orders("")
    unknown = shop.people.ring_up(shop.places[0], {wild["H-1"]: "1"})
    nowhere = shop.people.ring_up(stray, {shop.goods["A-1"]: "1"})
    odd = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "0.33333"})
    fine = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "1"})
    found, unread, _ = shop.orders(cursor)
    assert [each.key for each in found] == [fine["id"]]
    why = {each.key: each.why for each in unread}
    assert set(why) == {unknown["id"], nowhere["id"], odd["id"]}
    assert wild["H-1"] in why[unknown["id"]]
    assert stray in why[nowhere["id"]]
    assert "thousandth" in why[odd["id"]]
    assert all(each.raw for each in unread)


def test_goods_that_came_back_are_returned_goods_of_their_order(shop: Shop) -> None:
    """Square writes a return as an order of its own."""
    _, _, cursor = shop.orders("")
    sale = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "3"})
    _, _, cursor = shop.orders(cursor)
    shop.clock.forward(hours=2)
    back = shop.people.bring_back(sale, {shop.goods["A-1"]: "2"})
    found, unread, _ = shop.orders(cursor)
    assert unread == []
    read = next(each for each in found if each.returned)
    assert {(each.key, each.version) for each in found if each.returned} == {(sale["id"], read.version)}
    assert (read.key, [dict(each.goods) for each in read.returned]) == (sale["id"], [{"A-1": 2000}])
    assert back["id"] in read.returned[0].key
    assert read.version not in {each.version for each in found if not each.returned}


def test_a_hand_over_completes_the_order_at_square(shop: Shop) -> None:
    """Once, however often it is told; it comes back as the till's own hand-over, by its name."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    parcel = _parcel(order["id"], {"A-1": 2})
    first = shop.channel.orders.hand_over(parcel, may_be_known=False)
    assert shop.channel.orders.hand_over(parcel, may_be_known=True) == first
    assert (order["state"], order["fulfillments"][0]["state"]) == ("COMPLETED", "COMPLETED")
    assert shop.heard("PUT /v2/orders") == 1
    read = shop.channel.orders.order(order["id"])
    assert read is not None
    assert [(left.ours, dict(left.goods)) for left in read.left] == [(parcel.key, {"A-1": 2000})]
    assert read.lines[0].fulfilled == 2000


def test_parcels_of_two_stores_complete_it_together(shop: Shop) -> None:
    """Until all of it has left, it is noted and stays open."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2", shop.goods["B-1"]: "1"}, way="SHIPMENT")
    shop.channel.orders.hand_over(_parcel(order["id"], {"A-1": 2}, "S1"), may_be_known=False)
    assert order["state"] == "OPEN"
    shop.channel.orders.hand_over(_parcel(f"square:{order['id']}", {"B-1": 1}, "S2"), may_be_known=False)
    assert order["state"] == "COMPLETED"


def test_a_hand_over_whose_answer_is_lost_is_found_again(shop: Shop) -> None:
    """Square did it, nobody heard: the second try sees it and writes nothing."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    parcel = _parcel(order["id"], {"A-1": 2})
    shop.world.faults.append(Fault("PUT /v2/orders", "lost"))
    with pytest.raises(OutcomeUnknown):
        shop.channel.orders.hand_over(parcel, may_be_known=False)
    shop.channel.orders.hand_over(parcel, may_be_known=True)
    assert order["state"] == "COMPLETED"
    assert shop.heard("PUT /v2/orders") == 1


def test_staff_that_hand_over_at_square_are_heard(shop: Shop) -> None:
    """Goods that left by Square's own screens leave the hub's stock, too."""
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    shop.people.fulfil(order)
    assert shop.channel.orders is not None
    read = shop.channel.orders.order(order["id"])
    assert read is not None
    assert [(left.store, dict(left.goods)) for left in read.left] == [("S1", {"A-1": 2000})]


def test_a_hand_over_of_what_has_left_already_is_refused(shop: Shop) -> None:
    """It says which order and which goods."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    shop.people.fulfil(order)
    with pytest.raises(ChannelRefused, match=f"{order['id']}.*A-1"):
        shop.channel.orders.hand_over(_parcel(order["id"], {"A-1": 1}), may_be_known=False)


def test_what_staff_complete_beside_a_parcel_is_told_apart(shop: Shop) -> None:
    """The till handed over one, Square's staff the other: each is told once, and whose it was."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    shop.channel.orders.hand_over(_parcel(order["id"], {"A-1": 1}), may_be_known=False)
    shop.people.fulfil(order)
    read = shop.channel.orders.order(order["id"])
    assert read is not None
    assert [(left.ours, dict(left.goods)) for left in read.left] == [("S1/T1/1/7", {"A-1": 1000}), ("", {"A-1": 1000})]


def test_the_pieces_of_a_pack_complete_the_order_that_has_the_pack(shop: Shop) -> None:
    """A till hands over pieces; Square has only ever heard of the pack."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "1"})
    shop.channel.orders.hand_over(_parcel(order["id"], {"PIECE": 12}), may_be_known=False)
    assert order["state"] == "COMPLETED"


def test_a_parcel_of_many_kinds_is_noted_in_parts(shop: Shop) -> None:
    """Square keeps 255 signs an entry: what left is read again in full, and what is too much is refused in words."""
    assert shop.channel.orders is not None
    skus = {f"KIND-{number:03d}": 100 for number in range(40)}
    goods = shop.people.list_item("Box", skus)
    shop.links += [Link("item", sku, key) for sku, key in goods.items()]
    order = shop.people.order(shop.places[0], dict.fromkeys(goods.values(), "2"))
    some = dict.fromkeys(list(goods)[:20], 1)
    shop.channel.orders.hand_over(_parcel(order["id"], some), may_be_known=False)
    read = shop.channel.orders.order(order["id"])
    assert read is not None
    told: dict[str, int] = {}
    for left in read.left:
        told |= left.goods
    assert told == dict.fromkeys(some, 1000)
    assert max(len(text) for text in order["fulfillments"][0]["metadata"].values()) <= 255
    with pytest.raises(Unreadable, match="no room"):
        noted(
            told_key("p"), HandedOver("p", "o", "s", {f"{number:064d}": 1 for number in range(40)}, START), whole=False
        )


def test_cancelling_gives_the_money_back_once(shop: Shop) -> None:
    """A paid order's fulfilment is cancelled and what was paid goes back, once however often it is told."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    shop.world.faults.append(Fault("POST /v2/refunds", "lost"))
    with pytest.raises(OutcomeUnknown):
        shop.channel.orders.cancel(order["id"], may_be_known=False)
    shop.channel.orders.cancel(order["id"], may_be_known=True)
    shop.channel.orders.cancel(order["id"], may_be_known=True)
    assert [refund["amount_money"]["amount"] for refund in shop.world.refunds.values()] == [500]
    read = shop.channel.orders.order(order["id"])
    assert read is not None
    assert read.state == "cancelled"


def test_an_unpaid_order_is_cancelled_as_a_whole(shop: Shop) -> None:
    """There is nothing to give back."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"}, paid=False)
    shop.channel.orders.cancel(order["id"], may_be_known=False)
    assert (order["state"], shop.world.refunds) == ("CANCELED", {})


def test_an_order_that_somebody_changed_meanwhile_is_read_again(shop: Shop) -> None:
    """A version that is old is no refusal: one looks again and writes anew."""
    assert shop.channel.orders is not None
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2"})
    answer = shop.service.answer

    def meddle(request: object) -> object:
        if getattr(request, "method", "") == "PUT" and order["version"] == 2:
            orders.touch(shop.world, order)
        return answer(request)  # type: ignore[arg-type]

    shop.service.answer = meddle  # type: ignore[method-assign,assignment]
    shop.channel.orders.hand_over(_parcel(order["id"], {"A-1": 2}), may_be_known=False)
    assert order["state"] == "COMPLETED"


def test_an_order_that_square_does_not_know_is_none(shop: Shop) -> None:
    """Not an error: it is what was asked."""
    assert shop.channel.orders is not None
    assert shop.channel.orders.order("NOBODY") is None


def test_a_backfill_starts_where_it_is_told_to(shop: Shop) -> None:
    """What was sold before the channel was connected is found from an earlier moment on."""
    sale = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "1"})
    shop.clock.forward(days=10)
    assert shop.orders(shop.orders("")[2])[0] == []
    assert isinstance(shop.channel.orders, Rewindable)
    found, _, cursor = shop.orders(shop.channel.orders.cursor_at(shop.clock() - timedelta(days=30)))
    assert [each.key for each in found] == [sale["id"]]
    assert stamp(shop.clock() - timedelta(minutes=5)) in cursor


def test_a_page_whose_cursor_square_has_forgotten_begins_anew(shop: Shop) -> None:
    """Cursors live minutes; a hub that was away for longer reads that list again, and misses nothing."""
    assert shop.channel.orders is not None
    _, _, cursor = shop.orders("")
    keys = {shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "1"})["id"] for _ in range(5)}
    shop.world.page_max = 2
    half = shop.channel.orders.changed(cursor)
    assert half.more
    found, _, _ = shop.orders(half.cursor.replace('"page":"', '"page":"x'))
    assert {each.key for each in found} == keys


def test_a_return_is_asked_for_by_its_own_id(shop: Shop) -> None:
    """A hint names the order that gives back; what comes is the order that it is of."""
    sale = shop.people.ring_up(shop.places[0], {shop.goods["A-1"]: "3"})
    back = shop.people.bring_back(sale, {shop.goods["A-1"]: "2"})
    assert shop.channel.orders is not None
    read = shop.channel.orders.order(back["id"])
    assert read is not None
    assert (read.key, [dict(each.goods) for each in read.returned]) == (sale["id"], [{"A-1": 2000}])
    assert read.returned_once


def test_an_order_of_somebody_who_is_known_says_who(shop: Shop) -> None:
    """By Square's id, with her address and number as they can be compared."""
    ann = customers.add(shop.world, {"given_name": "Ann", "email_address": "ann@example.com"})
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "1"}, customer_id=ann["id"])
    assert shop.channel.orders is not None
    read = shop.channel.orders.order(order["id"])
    assert read is not None
    assert read.customer is not None
    assert (read.customer.key, read.customer.email) == (ann["id"], "ann@example.com")
