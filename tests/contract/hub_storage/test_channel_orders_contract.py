"""What every database promises about orders of channels: taken in once, in whatever order and however often told."""

from __future__ import annotations

import random
from collections import Counter

import pytest
import sqlalchemy as sa

from hub.errors import UnknownStore, UnorderableItem
from hub.ingest.stocktake import set_stock
from hub.matters.channel_orders import SaidOrder
from hub.projections.rebuild import differences
from hub.storage import schema
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.database import Database
from hub.storage.records import HUB_SOURCE
from hub.storage.schema_channels import channel_line, channel_order, order_goods
from protocol.documents import Item
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA, Shop, over, picked
from tests.unit.hub.channel_facts import CHANNEL, left, returned, said_order
from tests.unit.hub.journals import at
from tests.unit.hub.matter_facts import goods

ORDER = f"{CHANNEL}:o1"


class ChannelShop(Shop):
    """The shop with a channel."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.channel_orders = SqlChannelOrderStore(database, self.policy)

    def take(self, said: SaidOrder) -> str:
        """The channel tells a state of an order."""
        return self.channel_orders.take(said, at(3000))

    def hub_moves(self) -> dict[tuple[str, str], int]:
        """What the hub itself has moved because of orders, by store and SKU."""
        movement = schema.movement.c
        query = (
            sa.select(movement.store, movement.sku, sa.func.sum(movement.delta))
            .where(movement.source == HUB_SOURCE, movement.kind.in_(("fulfil", "refund")))
            .group_by(movement.store, movement.sku)
        )
        with self.database.read() as connection:
            return {(row[0], row[1]): int(row[2]) for row in connection.execute(query) if row[2]}

    def open_lines(self) -> set[str]:
        """The lines that the channel itself may still hold goods back for."""
        with self.database.read() as connection:
            return set(connection.execute(sa.select(channel_line.c.line).where(channel_line.c.open)).scalars())

    def must_balance(self) -> None:
        """Level is the sum of movements, reserved the sum of promises, and those what the orders' facts say."""
        assert self.reserved() == self.promised()
        for store in (HANOI, HUE):
            assert not differences(self.stores.ledger, self.database, store)
        with self.database.read() as connection:
            names = list(connection.execute(sa.select(schema.web_order.c.id)).scalars())
            moved = connection.execute(sa.select(sa.func.sum(order_goods.c.moved))).scalar() or 0
        assert moved == sum(self.hub_moves().values())
        total: Counter[tuple[str, str]] = Counter()
        for order in names:
            facts = self.orders.facts(order)
            assert facts is not None
            for parcel in facts.outcome.parcels:
                total.update({(parcel.store, sku): quantity for sku, quantity in parcel.reserved.items()})
        assert self.reserved() == dict(total)


@pytest.fixture
def shop(database: Database) -> ChannelShop:
    """A shop with a channel on each database."""
    return ChannelShop(database)


def test_an_order_is_placed_once_however_often_it_is_told(shop: ChannelShop) -> None:
    """With its lines that the channel subtracts itself, in the same step as its reservations."""
    first = said_order(1, {TEA: 2_000})
    assert [shop.take(first), shop.take(first)] == ["placed", "known"]
    assert shop.reserved() == {(HANOI, TEA): 2_000}
    assert shop.open_lines() == {"o1-tea"}
    pick = shop.pick(HANOI, ORDER)
    assert pick is not None
    assert (pick.number, pick.lines) == ("#o1", goods((TEA, 2_000)))
    shop.must_balance()


def test_an_own_echo_is_noted_and_nothing_follows(shop: ChannelShop) -> None:
    """A till's sale that the hub wrote there comes back by the poll."""
    assert shop.take(said_order(1, {TEA: 2_000}, own=True)) == "noted"
    assert (shop.reserved(), shop.open_lines(), shop.orders.facts(ORDER)) == ({}, set(), None)


def test_a_changed_order_asks_for_more_and_takes_back(shop: ChannelShop) -> None:
    """Less is taken back from who was asked last, more is asked for, a line that was taken off is free."""
    shop.take(said_order(1, {TEA: 7_000, PHO: 1_000}))
    assert shop.reserved() == {(HANOI, TEA): 5_000, (HUE, TEA): 2_000, (HANOI, PHO): 1_000}
    assert shop.take(said_order(2, {TEA: 4_000, PHO: 0})) == "changed"
    assert shop.reserved() == {(HANOI, TEA): 4_000}
    assert shop.pick(HUE, ORDER) is None
    assert shop.open_lines() == {"o1-tea"}
    shop.take(said_order(3, {TEA: 9_000}))
    assert shop.reserved() == {(HANOI, TEA): 5_000, (HUE, TEA): 4_000}
    pick = shop.pick(HUE, ORDER)
    assert pick is not None
    assert pick.lines == goods((TEA, 4_000))
    shop.must_balance()


def test_an_order_is_lessened_though_its_item_was_taken_off_the_catalogue(shop: ChannelShop) -> None:
    """Yesterday's order of what is sold no more; something else that nobody sells is refused as ever."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.stores.catalogue.delete_items([TEA], at(1))
    assert shop.take(said_order(2, {TEA: 1_000})) == "changed"
    assert shop.reserved() == {(HANOI, TEA): 1_000}
    with pytest.raises(UnorderableItem, match="'gold'"):
        shop.take(said_order(3, {TEA: 1_000, "gold": 1_000}))


def test_what_was_taken_back_and_sold_to_another_is_not_promised_again(shop: ChannelShop) -> None:
    """An order that grows again is asked for by the stock of that moment, not by what it once had."""
    shop.take(said_order(1, {TEA: 10_000}))
    shop.take(said_order(2, {TEA: 4_000}))
    shop.take(said_order(1, {TEA: 6_000}, key="o2"))
    shop.take(said_order(3, {TEA: 10_000}))
    assert sum(shop.reserved().values()) == 10_000
    assert shop.alarms() == [(ORDER, "tea 6")]
    shop.must_balance()


def test_a_gathered_parcel_stays_and_the_till_is_told_what_goes_back(shop: ChannelShop) -> None:
    """Hue has not gathered, so it gives back first; what Hanoi has gathered too much is not promised any more."""
    shop.take(said_order(1, {TEA: 7_000}))
    shop.tell(HANOI, 200, picked(ORDER, (TEA, 5_000)))
    shop.settle()
    shop.take(said_order(2, {TEA: 4_000}))
    assert shop.reserved() == {(HANOI, TEA): 4_000}
    pick = shop.pick(HANOI, ORDER)
    assert pick is not None
    assert (pick.state, pick.lines) == ("picked", goods((TEA, 5_000)))
    assert "put back: 1 tea" in pick.note
    shop.must_balance()


def test_a_store_that_had_gathered_before_it_heard_of_the_change_is_seen(shop: ChannelShop) -> None:
    """The same outcome as if its word had come first."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.take(said_order(2, {TEA: 1_000}))
    shop.tell(HANOI, 200, picked(ORDER, (TEA, 3_000)))
    shop.settle()
    assert shop.reserved() == {(HANOI, TEA): 1_000}
    pick = shop.pick(HANOI, ORDER)
    assert pick is not None
    assert "put back: 2 tea" in pick.note
    shop.take(said_order(3, {TEA: 3_000}))
    assert shop.reserved() == {(HANOI, TEA): 3_000}
    shop.must_balance()


@pytest.mark.parametrize("lines", [{TEA: 2_000}, {TEA: 0}])
def test_a_cancelled_order_is_free_and_stays_so(shop: ChannelShop, lines: dict[str, int]) -> None:
    """By its state, or because nothing is left of it; an older state that comes later changes nothing."""
    shop.take(said_order(1, {TEA: 2_000}))
    assert shop.take(said_order(3, lines, cancelled=lines[TEA] > 0)) == "cancelled"
    assert shop.take(said_order(2, {TEA: 5_000})) == "known"
    assert (shop.reserved(), shop.state(ORDER), shop.open_lines()) == ({}, "cancelled", set())
    shop.must_balance()


def test_lines_that_are_put_on_again_are_asked_for_by_the_stock_of_then(shop: ChannelShop) -> None:
    """All were taken off, their goods sold to others; what the hub's own office gave up stays given up."""
    shop.take(said_order(1, {TEA: 5_000}))
    shop.take(said_order(2, {TEA: 0}))
    shop.take(said_order(1, {TEA: 4_000}, key="o2"))
    assert shop.reserved() == {(HANOI, TEA): 4_000}
    assert shop.take(said_order(3, {TEA: 5_000})) == "changed"
    assert shop.reserved() == {(HANOI, TEA): 5_000, (HUE, TEA): 4_000}
    shop.must_balance()
    shop.orders.cancel(ORDER, at(4000))
    assert shop.take(said_order(4, {TEA: 2_000})) == "noted"
    assert shop.reserved() == {(HANOI, TEA): 4_000}
    shop.must_balance()


def test_an_order_that_was_cancelled_before_it_was_heard_of_is_only_noted(shop: ChannelShop) -> None:
    """No pick, no alarm."""
    assert shop.take(said_order(2, {TEA: 2_000}, cancelled=True)) == "noted"
    assert shop.take(said_order(1, {TEA: 2_000})) == "known"
    assert shop.orders.facts(ORDER) is None


def test_what_the_channel_ships_itself_moves_once_and_closes_the_parcel(shop: ChannelShop) -> None:
    """A part first: the rest stays promised, and the till is asked for the rest only."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.take(said_order(2, {TEA: 3_000}, goods=[left("f1", HANOI, tea=1_000)]))
    assert (shop.on_hand(HANOI), shop.reserved()) == (4_000, {(HANOI, TEA): 2_000})
    pick = shop.pick(HANOI, ORDER)
    assert pick is not None
    assert pick.lines == goods((TEA, 2_000))
    all_left = [left("f1", HANOI, tea=1_000), left("f2", HANOI, tea=2_000)]
    for version in (3, 4):
        shop.take(said_order(version, {TEA: 3_000}, goods=all_left, fulfilled={TEA: 3_000}))
        assert (shop.on_hand(HANOI), shop.reserved(), shop.state(ORDER)) == (2_000, {}, "handed_over")
    pick = shop.pick(HANOI, ORDER)
    assert pick is not None
    assert pick.state == "handed_over"
    assert shop.open_lines() == set()
    shop.must_balance()


def test_an_order_that_left_before_it_was_heard_of_moves_stock_and_asks_nobody(shop: ChannelShop) -> None:
    """The hub was away while the channel's people sold and shipped."""
    shop.take(said_order(1, {TEA: 3_000}, goods=[left("f1", HUE, tea=3_000)]))
    assert (shop.on_hand(HUE), shop.reserved(), shop.state(ORDER)) == (2_000, {}, "handed_over")
    assert shop.pick(HUE, ORDER) is None
    shop.must_balance()


@pytest.mark.parametrize("named", [True, False], ids=["named", "by_quantity"])
@pytest.mark.parametrize("till_first", [True, False])
def test_a_till_s_hand_over_that_the_channel_says_back_moves_once(
    shop: ChannelShop, named: bool, till_first: bool
) -> None:
    """Whether the channel can name it or not, and whichever comes first."""
    shop.take(said_order(1, {TEA: 3_000}))
    echo = said_order(2, {TEA: 3_000}, goods=[left("f1", HANOI, tea=3_000, ours="h1" if named else "")])
    if till_first:
        shop.tell(HANOI, 200, over(ORDER, (TEA, 3_000)))
        shop.settle()
        shop.take(echo)
    else:
        shop.take(echo)
        shop.tell(HANOI, 200, over(ORDER, (TEA, 3_000)))
        shop.settle()
    assert (shop.on_hand(HANOI), shop.hub_moves(), shop.reserved()) == (2_000, {}, {})
    assert shop.state(ORDER) == "handed_over"
    shop.must_balance()


def test_goods_of_a_pooled_place_leave_the_store_that_had_been_asked(shop: ChannelShop) -> None:
    """The channel knows one place for both stores; it is the parcel that tells which."""
    shop.take(said_order(1, {PHO: 6_000}))
    assert shop.reserved() == {(HANOI, PHO): 5_000, (HUE, PHO): 1_000}
    shop.tell(HANOI, 200, over(ORDER, (PHO, 5_000)))
    shop.settle()
    shop.take(said_order(2, {PHO: 6_000}, goods=[left("f1", HANOI, pool=[HANOI, HUE], pho=1_000)]))
    assert (shop.on_hand(HUE, PHO), shop.on_hand(HANOI, PHO), shop.reserved()) == (4_000, 0, {})
    shop.must_balance()


def test_goods_that_left_from_elsewhere_are_not_asked_of_others_any_more(shop: ChannelShop) -> None:
    """Hanoi was asked; the channel's people took it from Hue."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.take(said_order(2, {TEA: 3_000}, goods=[left("f1", HUE, tea=3_000)]))
    assert (shop.on_hand(HUE), shop.on_hand(HANOI), shop.reserved()) == (2_000, 5_000, {})
    assert (shop.pick(HANOI, ORDER), shop.state(ORDER)) == (None, "handed_over")
    shop.must_balance()


def test_a_shipment_that_the_channel_takes_back_has_not_left(shop: ChannelShop) -> None:
    """It said so by mistake: the goods are there, promised again, and to be gathered."""
    shop.take(said_order(1, {TEA: 3_000}))
    shop.take(said_order(2, {TEA: 3_000}, goods=[left("f1", HANOI, tea=3_000)]))
    shop.take(said_order(3, {TEA: 3_000}))
    assert (shop.on_hand(HANOI), shop.hub_moves(), shop.reserved()) == (5_000, {}, {(HANOI, TEA): 3_000})
    pick = shop.pick(HANOI, ORDER)
    assert pick is not None
    assert (pick.state, pick.lines) == ("open", goods((TEA, 3_000)))
    shop.must_balance()


def test_goods_that_came_back_are_there_once(shop: ChannelShop) -> None:
    """By the channel's word, at the store that it names."""
    gone = left("f1", HANOI, tea=3_000)
    shop.take(said_order(1, {TEA: 3_000}, goods=[gone]))
    for version in (2, 3):
        shop.take(said_order(version, {TEA: 3_000}, goods=[gone, returned("r1", HUE, tea=2_000)]))
        assert (shop.on_hand(HANOI), shop.on_hand(HUE)) == (2_000, 7_000)
    assert shop.state(ORDER) == "handed_over"
    shop.must_balance()


def test_a_count_that_has_seen_it_is_not_moved(shop: ChannelShop) -> None:
    """Goods that left before a shelf was counted are told after it."""
    shop.take(said_order(1, {TEA: 3_000}))
    set_stock(shop.stores.ledger, HANOI, {TEA: 2_000}, at(1600))
    shop.take(said_order(2, {TEA: 3_000}, goods=[left("f1", HANOI, 1500, tea=3_000)]))
    assert shop.on_hand(HANOI) == 2_000
    shop.must_balance()


def test_packs_are_moved_as_the_pieces_in_them(shop: ChannelShop) -> None:
    """Ordered, left and come back as a pack of six."""
    pack = Item(sku="tea6", name="tea6", price=5, currency="VND", pack_of=TEA, pack_size=3_000)
    shop.stores.catalogue.put_items([pack], at(1))
    shop.take(said_order(1, {"tea6": 1_000}))
    assert shop.reserved() == {(HANOI, TEA): 3_000}
    shop.take(said_order(2, {"tea6": 1_000}, goods=[left("f1", HANOI, tea6=1_000)]))
    assert (shop.on_hand(HANOI), shop.reserved()) == (2_000, {})
    shop.must_balance()


def test_what_cannot_be_taken_in_leaves_nothing_behind(shop: ChannelShop) -> None:
    """An unknown SKU, an unknown store: named, and the next state is taken as if nothing had been."""
    with pytest.raises(UnorderableItem, match=r"order web:o1: field lines\.1\.sku: 'gold'"):
        shop.take(said_order(1, {"gold": 1_000}))
    with pytest.raises(UnknownStore, match="order web:o1: store vinh"):
        shop.take(said_order(1, {TEA: 1_000}, goods=[left("f1", "vinh", tea=1_000)]))
    with shop.database.read() as connection:
        assert connection.execute(sa.select(channel_order)).first() is None
    asides = SqlAsideStore(shop.database)
    asides.put((CHANNEL, "orders", "o1"), "gold is not mapped", b"{}", at(1))
    assert shop.told("channel_aside") == [(CHANNEL, "1: orders o1: gold is not mapped")]
    assert shop.take(said_order(1, {TEA: 1_000})) == "placed"
    assert (asides.waiting(CHANNEL), shop.told("channel_aside")) == ([], [])


def test_whatever_a_vendor_s_words_are_made_of_they_can_be_parked(shop: ChannelShop) -> None:
    """Else the poll would end at the very thing that it puts aside."""
    asides = SqlAsideStore(shop.database)
    asides.put((CHANNEL, "orders", "o\x001\ud800"), "a zero \x00 and a half \udfff", b"\x00\xff", at(1))
    (aside,) = asides.waiting(CHANNEL)
    assert (aside.key, aside.raw) == ("o\N{REPLACEMENT CHARACTER}1?", b"\x00\xff")


@pytest.mark.parametrize("seed", range(8))
def test_any_order_and_repetition_of_states_ends_alike(shop: ChannelShop, seed: int) -> None:
    """However the states come, mixed with what tills say: the newest counts, and nothing moves twice."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    states = _history(chance)
    told = [*states, *chance.choices(states, k=6)]
    chance.shuffle(told)
    told.append(states[-1])
    for step, said in enumerate(told):
        shop.take(said)
        if chance.random() < 0.3:
            store, sku, some = chance.choice([HANOI, HUE]), chance.choice([TEA, PHO]), chance.randrange(1, 4) * 1_000
            event = picked(ORDER, (sku, some)) if chance.random() < 0.7 else over(ORDER, (sku, some))
            shop.tell(store, 1200 + step, event)
        if chance.random() < 0.5:
            shop.settle()
            shop.must_balance()
    shop.settle()
    shop.must_balance()
    last = states[-1]
    facts = shop.orders.facts(ORDER)
    if facts is None:
        assert last.cancelled
        assert not last.goods
        return
    assert (facts.cancelled_at is not None) == last.given_up
    if not last.given_up:
        assert facts.order.pieces == {line.sku: line.quantity for line in sorted(last.lines) if line.quantity}
    came_back = sum(sum(one.goods.values()) for one in last.goods if one.kind == "returned")
    assert sum(goods.moved for goods in facts.said if goods.kind == "returned") == came_back
    assert -sum(goods.moved for goods in facts.said if goods.kind == "left") <= sum(
        sum(one.goods.values()) for one in last.goods if one.kind == "left"
    )


def _history(chance: random.Random) -> list[SaidOrder]:
    """An order's states at a channel, one after the other."""
    lines: dict[str, int] = {TEA: chance.randrange(1, 6) * 1_000, PHO: chance.randrange(3) * 1_000}
    moved = []
    states = [said_order(1, lines)]
    for version in range(2, chance.randrange(3, 9)):
        match chance.randrange(4):
            case 0:
                lines = {**lines, chance.choice([TEA, PHO]): chance.randrange(1, 8) * 1_000}
            case 1 | 2:
                moved.append(left(f"f{version}", chance.choice([HANOI, HUE]), 1100 + version, tea=1_000))
            case _:
                moved.append(returned(f"r{version}", chance.choice([HANOI, HUE]), 1100 + version, tea=1_000))
        states.append(said_order(version, lines, goods=list(moved)))
    if chance.random() < 0.3:
        states.append(said_order(99, lines, goods=list(moved), cancelled=True))
    return states
