"""What becomes of Square's words, in one look: the snapshots are to be read when they change."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from syrupy.assertion import SnapshotAssertion

from hardware_sim.vendors.square import payments
from hub.channels.links import Link, Links
from hub.channels.ports import ChannelCustomer
from hub.channels.square.mapping import customer_of, e164, item_of, payment_of, person_of, refund_of
from hub.channels.square.orders_mapping import Context, order_of
from hub.channels.square.rounds import DEEP_EVERY, after, begun, deep, deep_is_due, is_deep
from hub.channels.square.words import Json, Unreadable, moment, quantity, round_of, stamp, thousandths
from tests.contract.square.shop import START, Shop


def _plain(of: object) -> Any:  # noqa: ANN401 - JSON
    body = msgspec.to_builtins(of)
    if isinstance(body, dict):
        body.pop("raw", None)
    return body


def test_an_order_in_our_words(shop: Shop, snapshot: SnapshotAssertion) -> None:
    """A pick-up with a parcel of ours and one of Square's staff, and a return."""
    links = shop.connecting.links()
    order = shop.people.order(shop.places[0], {shop.goods["A-1"]: "2", shop.goods["B-1"]: "1"}, ticket_name="Ann")
    order["fulfillments"][0]["pickup_details"]["pickup_at"] = stamp(START + timedelta(hours=2))
    assert snapshot(name="placed") == _plain(order_of(order, Context("square", links)))
    shop.clock.forward(hours=1)
    shop.people.fulfil(order)
    back = shop.people.bring_back(order, {shop.goods["A-1"]: "1"})
    assert snapshot(name="left and returned") == _plain(order_of(order, Context("square", links), [back]))
    sale = shop.people.ring_up(shop.places[1], {shop.goods["B-2"]: "1.5"})
    assert snapshot(name="sold on Square's POS") == _plain(order_of(sale, Context("square", links)))


def test_money_in_our_words(shop: Shop, snapshot: SnapshotAssertion) -> None:
    """A card payment with a tip and a fee, cash, a refund with its fee given back."""
    links = shop.connecting.links()
    card = payments.take(shop.world, shop.places[0], 1000, tip_money=shop.world.money(150))
    shop.people.charge_fee(card, 29)
    cash = payments.take(shop.world, shop.places[0], 500, "CASH")
    refund = payments.give_back(shop.world, {"payment_id": card["id"], "amount_money": shop.world.money(400)})
    shop.people.give_fee_back(refund, 8)
    assert snapshot(name="card") == _plain(payment_of(card, links))
    assert snapshot(name="cash") == _plain(payment_of(cash, links))
    assert snapshot(name="refund") == _plain(refund_of(refund, links))


def test_goods_and_people_in_our_words(shop: Shop, snapshot: SnapshotAssertion) -> None:
    """A variation with its tax, one whose price is typed, a person, and what is written of one."""
    objects = shop.world.objects
    variation = objects[shop.goods["A-1"]]
    item = objects[variation["item_variation_data"]["item_id"]]
    taxes = {key: each for key, each in objects.items() if each["type"] == "TAX"}
    assert snapshot(name="item") == _plain(item_of(variation, item, taxes, "GBP"))
    data = {**variation["item_variation_data"], "pricing_type": "VARIABLE_PRICING", "name": "Regular"}
    assert snapshot(name="typed price") == _plain(item_of({**variation, "item_variation_data": data}, item, {}, "GBP"))
    person = {
        "id": "C1", "version": 3, "given_name": "Ann", "family_name": "Lê", "email_address": "Ann@Example.com",
        "phone_number": "+84 90-123", "preferences": {"email_unsubscribed": True}, "reference_id": "c-1",
    }  # fmt: skip
    assert snapshot(name="person") == _plain(customer_of(person))
    assert snapshot(name="written") == person_of(ChannelCustomer("", "", "Ann Lê", "ann@example.com", "", ours="c-1"))


@given(st.integers(0, 10**12))
def test_a_quantity_is_read_as_it_was_written(of: int) -> None:
    """Thousandths, to text and back; at most three decimals, no exponent, nothing behind that says nothing."""
    text = quantity(of)
    assert thousandths(text) == of
    assert re.fullmatch(r"\d+(\.\d{0,2}[1-9])?", text)


@pytest.mark.parametrize("text", ["", "one", "1.2345", "nan", "inf", "1e99999999", None])
def test_a_quantity_that_is_none_is_told(text: str) -> None:
    """Nothing is rounded away."""
    with pytest.raises(Unreadable):
        thousandths(text)


@given(st.datetimes(timezones=st.just(UTC), min_value=START.replace(tzinfo=None)))
def test_a_moment_is_read_as_it_was_written(at: datetime) -> None:
    """To the millisecond; Square's own nanoseconds are read, too."""
    assert abs(moment(stamp(at)) - at) < timedelta(milliseconds=1)
    assert moment("2020-08-14T15:51:04.246373287Z").microsecond == 246373


@given(
    st.lists(st.text("abc", min_size=1, max_size=2), unique=True, max_size=6).map(sorted),
    st.lists(st.integers(0, 3), max_size=40),
    st.booleans(),
)
def test_a_round_reads_every_list_to_its_end_and_then_rests(names: list[str], pages: list[int], late: bool) -> None:
    """Whatever number of pages each has; `since` never goes back, and the next round begins before this one did."""
    first = begun("", names, START)
    cursor = after(first, None, [])[0].text()
    now = START + (DEEP_EVERY if late else timedelta(minutes=1))
    assert deep_is_due(cursor, now) == late
    stages = [*names, *(deep(name) for name in names)] if late else names
    left = {stage: (pages[at] if at < len(pages) else 0) for at, stage in enumerate(stages)}
    read: list[str] = []
    more = True
    while more:
        assert deep_is_due(cursor, now) == late
        at = begun(cursor, stages, now)
        page = None
        if at.stage:
            read.append(at.stage)
            page = "next" if left[at.stage] > 0 else None
            left[at.stage] -= 1
        following, more = after(at, page, stages)
        cursor = following.text()
    assert sorted(set(read)) == sorted(stages)
    assert read == sorted(read, key=stages.index)
    done = round_of(cursor)
    assert moment(done.since) <= now
    assert moment(done.since) >= moment(first.since)
    assert not deep_is_due(cursor, now) or not any(map(is_deep, stages))


@pytest.mark.parametrize(
    ("written", "read"), [("+84 90 123 45 67", "+84901234567"), ("0901234567", ""), ("", ""), ("+", "")]
)
def test_a_number_without_its_country_is_none(written: str, read: str) -> None:
    """Which country it is of would be a guess."""
    assert e164(written) == read


def test_a_word_of_the_shops_own_for_a_tender_goes_before_ours() -> None:
    """As for every channel."""
    payment: Json = {
        "id": "P", "created_at": stamp(START), "status": "COMPLETED", "source_type": "WALLET",
        "total_money": {"amount": 1, "currency": "GBP"},
    }  # fmt: skip
    assert payment_of(payment, Links("square", [])).kind == "wallet"
    assert payment_of(payment, Links("square", [Link("tender", "momo", "WALLET")])).kind == "momo"
