"""What people count, receive and write off at Square, as it comes in: each once, nothing of what follows from sales."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from hardware_sim.vendors.square.world import Fault
from hub.channels.ports import StockFact, Unread
from hub.channels.square.words import round_of
from hub.errors import ChannelUnavailable
from tests.contract.square.shop import START, Shop, open_shop, read_all

_READ = "POST /v2/inventory/changes/batch-retrieve"


def told(shop: Shop, cursor: str) -> tuple[list[StockFact], list[Unread], str]:
    """All facts since a cursor."""
    assert shop.channel.counts is not None
    return read_all(shop.channel.counts.changed, cursor)


def begun(shop: Shop) -> str:
    """A cursor of now, with what was told before long past."""
    cursor = told(shop, "")[2]
    shop.clock.forward(minutes=30)
    return cursor


def short(facts: list[StockFact]) -> list[tuple[str, str, int]]:
    """What they say, without when and by whom."""
    return [(fact.kind, fact.sku, fact.quantity) for fact in facts]


def test_what_people_do_at_square_is_told(shop: Shop) -> None:
    """A count, goods received, goods written off and found again, each with its moment, its place and its own key."""
    cursor, place, tea = begun(shop), shop.places[0], shop.goods["A-1"]
    keys = [shop.people.count(place, tea, "7")]
    shop.clock.forward(minutes=1)
    keys.append(shop.people.stir(place, tea, "12", ("NONE", "IN_STOCK")))
    keys.append(shop.people.stir(place, tea, "1.5", ("IN_STOCK", "WASTE")))
    keys.append(shop.people.stir(place, tea, "1", ("WASTE", "IN_STOCK")))
    keys.append(shop.people.stir(place, tea, "2", ("UNLINKED_RETURN", "IN_STOCK")))
    facts, unread, _ = told(shop, cursor)
    assert unread == []
    assert short(facts) == [
        ("counted", "A-1", 7_000), ("received", "A-1", 12_000), ("adjusted", "A-1", -1_500), ("adjusted", "A-1", 1_000),
        ("received", "A-1", 2_000),
    ]  # fmt: skip
    assert [fact.key for fact in facts] == keys
    assert {fact.location for fact in facts} == {place}
    assert [facts[0].at, facts[1].at] == [START + timedelta(minutes=30), START + timedelta(minutes=31)]
    assert facts[2].note == "IN_STOCK to WASTE, Square Point of Sale 6.80"


def test_our_own_counts_come_back_to_nobody(shop: Shop) -> None:
    """Whatever we pushed, and whatever another channel of ours pushed to the same seller."""
    cursor = begun(shop)
    shop.stock({"A-1": 7, "B-1": 3})
    shop.people.count(shop.places[0], shop.goods["B-2"], "4", reference_id="tillwire:another")
    assert told(shop, cursor)[:2] == ([], [])


def test_what_follows_from_sales_is_not_told_a_second_time(shop: Shop) -> None:
    """A POS sale, a paid order, its hand-over and a return move stock at Square; they come as orders."""
    cursor, place, tea = begun(shop), shop.places[0], shop.goods["A-1"]
    shop.people.count(place, tea, "9")
    sold = shop.people.ring_up(place, {tea: "2"})
    shop.people.fulfil(shop.people.order(place, {tea: "1"}))
    shop.people.bring_back(sold, {tea: "1"})
    shop.people.stir(place, tea, "1", ("IN_STOCK", "RESERVED_FOR_SALE"))
    shop.people.stir(place, tea, "1", ("RETURNED_BY_CUSTOMER", "IN_STOCK"))
    shop.people.stir(place, tea, "1", ("NONE", "IN_STOCK"), refund_id="R1")
    group = {"id": "G", "root_adjustment_id": "X", "from_state": "IN_STOCK", "to_state": "SOLD"}
    shop.people.stir(place, tea, "6", ("IN_STOCK", "COMPOSED"), adjustment_group=group)
    shop.people.stir(place, tea, "1", ("RETURNED_BY_CUSTOMER", "WASTE"))
    shop.people.count(place, tea, "9", state="WASTE")
    facts, unread, _ = told(shop, cursor)
    assert (short(facts), unread) == ([("counted", "A-1", 9_000)], [])


@pytest.mark.parametrize(("apps", "count"), [("", 0), ("sq0idp-another", 0), ("x, sq0idp-counter", 1)])
def test_what_a_program_writes_is_not_people_s_unless_the_shop_says_so(apps: str, count: int) -> None:
    """Two programs that take each other's levels for counts would chase each other for ever."""
    shop = open_shop({"counting_apps": apps})
    cursor = begun(shop)
    source = {"product": "EXTERNAL_API", "application_id": "sq0idp-counter", "name": "Counter"}
    shop.people.count(shop.places[0], shop.goods["A-1"], "7", source=source)
    assert len(told(shop, cursor)[0]) == count
    assert shop.wire.wrong == []


def test_a_count_that_was_made_offline_is_told_when_it_comes(shop: Shop) -> None:
    """With the moment at which somebody counted, two days before."""
    cursor = begun(shop)
    then = shop.clock() - timedelta(days=2)
    shop.people.count(shop.places[1], shop.goods["A-1"], "7", then)
    ((fact,), _, _) = told(shop, cursor)
    assert (fact.at, fact.location) == (then, shop.places[1])


def test_the_history_is_read_from_when_the_shop_wants_it(shop: Shop) -> None:
    """Nobody knows what the shop did about what lies before it."""
    shop.people.count(shop.places[0], shop.goods["A-1"], "7")
    shop.clock.forward(seconds=1)
    assert told(shop, "")[0] == []


def test_empty_pages_with_a_cursor_and_a_lost_cursor_lose_nothing(shop: Shop) -> None:
    """The SDK's pager would stop at the first."""
    cursor = begun(shop)
    shop.world.page_max = 2
    keys = [shop.people.count(shop.places[0], shop.goods[sku], "7") for sku in ("A-1", "B-1", "B-2")]
    shop.world.hollow = 2
    facts, _, following = told(shop, cursor)
    assert [fact.key for fact in facts] == keys
    assert shop.channel.counts is not None
    first = shop.channel.counts.changed(cursor)
    broken = msgspec.structs.replace(round_of(first.cursor), page="a cursor that Square has forgotten")
    facts, _, _ = told(shop, broken.text())
    assert [fact.key for fact in facts] == keys
    shop.clock.forward(minutes=1)
    assert [fact.key for fact in told(shop, following)[0]] == keys  # rounds overlap: the hub knows them by their keys


def test_what_nobody_can_tell_is_unread_and_can_be_asked_for_by_its_key(shop: Shop) -> None:
    """A thing that is not mapped, a state that nobody decided about, a quantity finer than a thousandth."""
    cursor, place, tea = begun(shop), shop.places[0], shop.goods["A-1"]
    cup = next(link for link in shop.links if link.ours == "B-1")
    shop.links.remove(cup)
    keys = [
        shop.people.count(place, shop.goods["B-1"], "3"), shop.people.stir(place, tea, "1", ("CUSTOM", "IN_STOCK")),
        shop.people.count(place, tea, "0.0001"),
    ]  # fmt: skip
    good = shop.people.stir(place, tea, "1", ("NONE", "IN_STOCK"))
    facts, unread, _ = told(shop, cursor)
    assert [fact.key for fact in facts] == [good]
    assert [one.key for one in unread] == keys
    assert ["not mapped" in unread[0].why, "CUSTOM" in unread[1].why, "thousandth" in unread[2].why] == [True] * 3
    assert keys[0].encode().partition(b"/")[2] in unread[0].raw
    assert shop.channel.counts is not None
    shop.links.append(cup)
    fact = shop.channel.counts.fact(keys[0])
    assert fact is not None
    assert (fact.sku, fact.quantity, fact.key) == ("B-1", 3_000, keys[0])
    again = shop.channel.counts.fact(good)
    assert again == facts[0]
    assert shop.channel.counts.fact("PHYSICAL_COUNT/gone") is None


def test_locations_that_are_none_of_the_shop_s_are_not_asked_for() -> None:
    """What people do there is nobody's business here."""
    shop = open_shop()
    ignoring = open_shop({"ignored_locations": shop.places[1]})
    cursor = begun(ignoring)
    for place in ignoring.places:
        ignoring.people.count(place, ignoring.goods["A-1"], "7")
    assert [fact.location for fact in told(ignoring, cursor)[0]] == [ignoring.places[0]]
    everywhere = open_shop({"ignored_locations": ",".join(shop.places)})
    assert told(everywhere, begun(everywhere))[0] == []
    assert everywhere.heard(_READ) == 0
    assert [each.wire.wrong for each in (ignoring, everywhere)] == [[], []]


def test_a_square_that_is_away_is_asked_again_from_where_it_was(shop: Shop) -> None:
    """The cursor is the framework's, and was not moved."""
    cursor = begun(shop)
    shop.people.count(shop.places[0], shop.goods["A-1"], "7")
    shop.world.faults.append(Fault(_READ, "down"))
    with pytest.raises(ChannelUnavailable):
        told(shop, cursor)
    assert len(told(shop, cursor)[0]) == 1
