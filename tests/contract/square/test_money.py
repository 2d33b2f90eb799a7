"""Square's payments, refunds and fees, as they come in."""

from __future__ import annotations

from datetime import timedelta

from hardware_sim.vendors.square import payments, terminals
from hub.channels.links import Link
from tests.contract.square.shop import START, Shop


def test_payments_of_all_locations_come_not_only_of_the_main_one(shop: Shop) -> None:
    """Square tells of the main location only unless one is named; a closed one has money, too."""
    _, _, cursor = shop.payments("")
    first = payments.take(shop.world, shop.places[0], 500)
    second = payments.take(shop.world, shop.places[1], 700, "CASH")
    found, unread, _ = shop.payments(cursor)
    assert unread == []
    told = {each.key: (each.location, each.kind, each.amount, each.currency, each.state, each.fee) for each in found}
    assert told == {
        first["id"]: (shop.places[0], "card", 500, "GBP", "completed", None),
        second["id"]: (shop.places[1], "cash", 700, "GBP", "completed", 0),
    }


def test_a_fee_that_comes_later_is_a_change(shop: Shop) -> None:
    """It is negative; an adjustment is added to it."""
    payment = payments.take(shop.world, shop.places[0], 1000)
    _, _, cursor = shop.payments(shop.payments("")[2])
    shop.clock.forward(hours=20)
    shop.people.charge_fee(payment, 25)
    (read,), _, cursor = shop.payments(cursor)
    assert read.fee == -25
    shop.clock.forward(hours=20)
    shop.people.charge_fee(payment, -5, "ADJUSTMENT")
    (read,), _, _ = shop.payments(cursor)
    assert (read.fee, read.at) == (-20, START)


def test_a_refund_is_negative_and_its_fee_comes_back(shop: Shop) -> None:
    """It names its payment."""
    payment = payments.take(shop.world, shop.places[0], 1000)
    _, _, cursor = shop.payments("")
    shop.clock.forward(hours=1)
    refund = payments.give_back(shop.world, {"payment_id": payment["id"], "amount_money": shop.world.money(400)})
    shop.people.give_fee_back(refund, 10)
    found, _, _ = shop.payments(cursor)
    (read,) = [each for each in found if each.refund_of]
    assert (read.amount, read.fee, read.refund_of, read.location) == (-400, 10, payment["id"], shop.places[0])


def test_a_payment_that_lists_show_seconds_later_is_not_missed(shop: Shop) -> None:
    """Rounds overlap, for Square's lists lag."""
    shop.world.lag = timedelta(seconds=10)
    _, _, cursor = shop.payments("")
    payments.take(shop.world, shop.places[0], 500)
    found, _, cursor = shop.payments(cursor)
    assert found == []
    shop.clock.forward(seconds=30)
    assert len(shop.payments(cursor)[0]) == 1


def test_every_page_is_read_however_empty_one_is(shop: Shop) -> None:
    """250 payments, pages of a hundred at most, empty ones between: each once."""
    _, _, cursor = shop.payments("")
    keys = [payments.take(shop.world, shop.places[at % 2], 100 + at)["id"] for at in range(250)]
    shop.world.hollow = 4
    found, _, _ = shop.payments(cursor)
    assert sorted(each.key for each in found) == sorted(keys)


def test_a_span_of_time_has_all_that_began_in_it(shop: Shop) -> None:
    """For reconciling: the end excluded, only the locations that were asked for."""
    assert shop.channel.payments is not None
    before = payments.take(shop.world, shop.places[0], 1)
    shop.clock.forward(hours=1)
    start = shop.clock()
    inside = payments.take(shop.world, shop.places[0], 2)
    payments.take(shop.world, shop.places[1], 3)
    refund = payments.give_back(shop.world, {"payment_id": before["id"], "amount_money": shop.world.money(1)})
    shop.clock.forward(hours=1)
    payments.take(shop.world, shop.places[0], 4)
    shop.world.hollow = 2
    found = shop.channel.payments.between(start, shop.clock(), [shop.places[0]])
    assert {each.key for each in found} == {inside["id"], refund["id"]}


def test_a_tills_terminal_payment_carries_what_the_till_kept(shop: Shop) -> None:
    """The payment's own id is the till's reference, and its attempt is told; a typed card's is the bank's code."""
    shop.world.each_checkout = "pay"
    checkout = {"amount_money": shop.world.money(900), "device_options": {"device_id": "D1"}, "reference_id": "a-1"}
    terminals.create(shop.world, (), {"idempotency_key": "k", "checkout": checkout})
    _, _, cursor = shop.payments("")
    terminals.advance(shop.world)
    typed = payments.take(shop.world, shop.places[0], 300)
    found, _, _ = shop.payments(cursor)
    reference = {each.key: each.reference for each in found}
    (sent,) = set(reference) - {typed["id"]}
    assert reference == {sent: "a-1", typed["id"]: typed["card_details"]["auth_result_code"]}


def test_a_word_for_a_tender_is_the_shops_own_where_it_made_one(shop: Shop) -> None:
    """Square's EXTERNAL may be the shop's bank transfer."""
    shop.links.append(Link("tender", "vietqr", "EXTERNAL"))
    _, _, cursor = shop.payments("")
    payments.take(shop.world, shop.places[0], 300, "EXTERNAL")
    assert [each.kind for each in shop.payments(cursor)[0]] == ["vietqr"]
