"""What of channels' order lines is counted: as much as availability is less by, at every step, on every database."""

from __future__ import annotations

import pytest

from hub.matters.counted import CountedLine
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_records import LinkRow
from hub.storage.channel_stock import SqlChannelStock
from hub.storage.database import Database
from protocol.documents import Item
from tests.contract.hub_storage.test_channel_orders_contract import ORDER, ChannelShop
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA, over, picked
from tests.unit.hub.channel_facts import CHANNEL, left, said_order
from tests.unit.hub.journals import at

TEA6 = "tea6"
OPENING = 10_000
"""Of tea, in Hanoi and Hue together."""


class CountingShop(ChannelShop):
    """The shop with a channel that is told stock: both stores stand behind one location."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        pack = Item(sku=TEA6, name="tea6", price=5, currency="VND", pack_of=TEA, pack_size=3_000)
        self.stores.catalogue.put_items([pack], at(1))
        items = [LinkRow("item", sku, f"v-{sku}", {}, by_hand=True) for sku in (TEA, PHO, TEA6)]
        places = [LinkRow("location", store, "ware", {}, by_hand=True) for store in (HANOI, HUE)]
        SqlChannelLinks(database).put(CHANNEL, [*items, *places], at(1))
        self.stock = SqlChannelStock(database)

    def counted(self, *skus: str) -> dict[str, int]:
        """By open line, how much is counted."""
        lines = self.stock.wanted(CHANNEL, skus or [TEA]).lines
        return {line: found.quantity for line, found in lines.items()}

    def available(self, sku: str = TEA) -> int:
        """What the channel is to offer."""
        (want,) = self.stock.wanted(CHANNEL, [sku]).levels
        return want.available

    def word(self, sku: str = TEA) -> str:
        """The word that is another one when what is counted is."""
        (want,) = self.stock.wanted(CHANNEL, [sku]).levels
        return want.counted


@pytest.fixture
def shop(database: Database) -> CountingShop:
    """A shop on each database."""
    return CountingShop(database)


def test_a_line_counts_as_much_as_availability_is_less_by(shop: CountingShop) -> None:
    """Placed, made more, made fewer, cancelled: together they are what there was."""
    for version, quantity in enumerate((2_000, 7_000, 3_000), 1):
        shop.take(said_order(version, {TEA: quantity}))
        assert (shop.available(), shop.counted()) == (OPENING - quantity, {"o1-tea": quantity})
    shop.take(said_order(9, {TEA: 3_000}, cancelled=True))
    assert (shop.available(), shop.counted()) == (OPENING, {})


def test_what_nobody_has_is_not_counted(shop: CountingShop) -> None:
    """Twelve are wanted, ten are there."""
    shop.take(said_order(1, {TEA: 12_000}))
    assert (shop.available(), shop.counted()) == (0, {"o1-tea": 10_000})
    shop.take(said_order(2, {TEA: 11_000}))
    assert shop.counted() == {"o1-tea": 10_000}


def test_what_a_store_did_not_find_is_not_counted(shop: CountingShop) -> None:
    """Its shelf is asked to be counted; the rest is asked of the other store, which has two."""
    shop.take(said_order(1, {TEA: 8_000}))
    shop.tell(HANOI, 200, picked(ORDER, (TEA, 1_000)))
    shop.settle()
    reserved = sum(shop.reserved().values())
    assert shop.counted() == {"o1-tea": reserved}
    assert shop.available() == OPENING - reserved
    assert reserved < 8_000


def test_what_tills_handed_over_stays_counted_until_the_channel_says_so(shop: CountingShop) -> None:
    """It is gone from the level, and the channel still keeps it. Said back, it is counted as what has left."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.tell(HANOI, 200, over(ORDER, (TEA, 2_000)))
    shop.settle()
    assert (shop.available(), shop.counted()) == (8_000, {"o1-tea": 2_000})  # the customer left one at the counter
    before = shop.word()
    said = [left("f1", HANOI, tea=2_000, ours="h1")]
    shop.take(said_order(2, {TEA: 3_000}, goods=said, fulfilled={TEA: 2_000}))
    assert (shop.available(), shop.counted()) == (8_000, {"o1-tea": 2_000})
    assert shop.word() != before


def test_a_part_that_the_channel_sent_and_one_that_a_till_handed_over_are_both_counted(shop: CountingShop) -> None:
    """Of five one was shipped by the channel's people, two by a till, two are promised."""
    shop.take(said_order(1, {TEA: 5_000}))
    shop.take(said_order(2, {TEA: 5_000}, goods=[left("f1", HANOI, tea=1_000)], fulfilled={TEA: 1_000}))
    assert (shop.available(), shop.counted()) == (5_000, {"o1-tea": 5_000})
    shop.tell(HANOI, 2_000, over(ORDER, (TEA, 2_000)))
    shop.settle()
    gone = OPENING - shop.available() - sum(shop.reserved().values())
    assert gone == 3_000
    assert shop.counted() == {"o1-tea": gone + sum(shop.reserved().values())}


def test_what_the_hubs_office_gave_up_is_not_counted(shop: CountingShop) -> None:
    """It is free here and still kept there: until the channel has cancelled it, it is offered to nobody there."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.orders.cancel(ORDER, at(4_000))
    assert (shop.available(), shop.counted()) == (OPENING, {"o1-tea": 0})


def test_packs_are_counted_whole_and_their_pieces_by_the_piece(shop: CountingShop) -> None:
    """A channel that keeps the pieces of a pack is told how many are in one."""
    shop.take(said_order(1, {TEA: 1_000, TEA6: 2_000}))
    wanted = shop.stock.wanted(CHANNEL, [TEA, TEA6])
    assert {want.sku: want.available for want in wanted.levels} == {TEA: 3_000, TEA6: 1_000}
    assert wanted.lines == {
        "o1-tea": CountedLine("o1", 1_000, {TEA: 1_000}),
        "o1-tea6": CountedLine("o1", 2_000, {TEA6: 1_000, TEA: 3_000}),
    }
    assert wanted.lines["o1-tea6"].still(TEA, left=1_000) == 3_000
    assert shop.stock.wanted(CHANNEL, [PHO]).lines == {}


def test_lines_that_share_pieces_never_count_more_than_is_held(shop: CountingShop) -> None:
    """Four packs and a piece want thirteen of ten: what is counted are whole packs, and no piece twice."""
    shop.take(said_order(1, {TEA: 1_000, TEA6: 4_000}))
    counted = shop.counted(TEA, TEA6)
    assert counted == {"o1-tea": 1_000, "o1-tea6": 3_000}
    assert counted["o1-tea"] + 3 * counted["o1-tea6"] == OPENING


@pytest.mark.parametrize("version", [2, 3])
def test_a_change_that_moves_no_level_is_looked_at_again(shop: CountingShop, version: int) -> None:
    """The channel says back what a till handed over, or that an order was paid: no level changes, and it is news."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.tell(HANOI, 200, over(ORDER, (TEA, 3_000)))
    shop.settle()
    seen = shop.stock.head(CHANNEL).revision
    gone: dict[str, int] = {} if version == 3 else {TEA: 3_000}
    said = [left("f1", HANOI, tea=3_000, ours="h1")] if gone else []
    level = shop.on_hand(HANOI)
    shop.take(said_order(version, {TEA: 3_000}, goods=said, fulfilled=gone))
    assert shop.on_hand(HANOI) == level
    assert set(shop.stock.changed(CHANNEL, seen, 10).skus) == {TEA}
