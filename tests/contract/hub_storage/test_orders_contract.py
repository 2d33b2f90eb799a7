"""What every database promises about web orders: reserved, picked, short, cancelled, in whatever order it is told."""

from __future__ import annotations

import random
from collections import Counter

import msgspec
import pytest
import sqlalchemy as sa

from hub.errors import OrderConflict, UnknownOrder, UnknownStore, UnorderableItem
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.matters.orders import OrderedLine, PlacedOrder
from hub.projections.matters import OVERDUE, forget_old_work, settle_all
from hub.projections.rebuild import differences
from hub.stock.allotment import AllotmentRule
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.orders import RETRIED_AT_ONCE, SqlOrderStore, retry_missing
from hub.storage.records import DocumentPut
from hub.storage.settling_orders import AllotmentPolicy
from hub.storage.stores import open_stores
from protocol.documents import Item, Pick, Recount, Settings, Transfer
from protocol.events import EventData, OrderHandedOver, OrderPicked
from protocol.frame import Key
from protocol.ids import Sku, StoreId, store_feed
from tests.unit.hub.journals import Journal, at
from tests.unit.hub.matter_facts import goods, sent

HANOI, HUE = StoreId("hanoi"), StoreId("hue")
TEA, PHO = Sku("tea"), Sku("pho")


class Shop:
    """Two stores with tea and pho, their tills, and orders."""

    def __init__(self, database: Database, rule: AllotmentRule = "nearest") -> None:
        self.database = database
        self.policy = AllotmentPolicy(rule, (HANOI, HUE))
        self.stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
        self.orders = SqlOrderStore(database, self.policy)
        self.tills = {store: Journal(store) for store in (HANOI, HUE)}
        items = [Item(sku=sku, name=sku, price=1, currency="VND") for sku in (TEA, PHO)]
        self.stores.catalogue.put_items(items, at(0))
        for till in self.tills.values():
            self.stores.fleet.add_store(till.store, Settings(store_name=till.store), Key(b"f" * 32), at(0))
            self.stores.fleet.add_terminal(till.store, till.terminal, "", till.key, at(0))
            set_stock(self.stores.ledger, till.store, {TEA: 5_000, PHO: 5_000}, at(0))

    def tell(self, store: StoreId, seconds: float, data: EventData) -> None:
        """An event happens in a store and is settled."""
        till = self.tills[store]
        till.append(data, at(seconds))
        ingest(self.stores.ledger, [till.batch(len(till.events), len(till.events))], at(1000))

    def settle(self) -> None:
        """Let everything follow."""
        settle_all(self.database, at(2000), self.policy)

    def place(self, order: str = "o1", *lines: tuple[str, int], way: str = "delivery", store: str = "") -> bool:
        """An order comes."""
        ordered = tuple(OrderedLine(sku=sku, quantity=quantity) for sku, quantity in lines or ((TEA, 2_000),))
        return self.orders.place(
            PlacedOrder(order=order, lines=ordered, way="pickup" if way == "pickup" else "delivery", store=store),
            at(100),
        )

    def reserved(self) -> dict[tuple[str, str], int]:
        """What levels say is reserved."""
        level = schema.level.c
        with self.database.read() as connection:
            rows = connection.execute(sa.select(level.store, level.sku, level.reserved).where(level.reserved != 0))
            return {(row.store, row.sku): row.reserved for row in rows}

    def promised(self) -> dict[tuple[str, str], int]:
        """What reservations add up to."""
        total: Counter[tuple[str, str]] = Counter()
        with self.database.read() as connection:
            for row in connection.execute(sa.select(schema.reservation)):
                total[row.store, row.sku] += row.quantity
        return dict(total)

    def on_hand(self, store: StoreId, sku: Sku = TEA) -> int:
        """What is on a shelf."""
        level = schema.level.c
        with self.database.read() as connection:
            query = sa.select(level.on_hand).where(level.store == store, level.sku == sku)
            return int(connection.execute(query).scalar_one())

    def pick(self, store: StoreId, order: str = "o1") -> Pick | None:
        """What a store's tills have of an order."""
        found = self.stores.documents.documents(store_feed(store), "pick", key=order)
        return msgspec.json.decode(found[0].body, type=Pick) if found else None

    def alarms(self) -> list[tuple[str, str]]:
        """Orders that nobody can fill."""
        return self.told("oversold")

    def recounts(self, store: StoreId) -> dict[str, str]:
        """What a store is asked to count, and why."""
        found = self.stores.documents.documents(store_feed(store), "recount")
        return {one.key: msgspec.json.decode(one.body, type=Recount).reason for one in found}

    def told(self, kind: str) -> list[tuple[str, str]]:
        """Open alarms of a kind: about what, and in which words."""
        alarm = schema.alarm.c
        query = sa.select(alarm.subject, alarm.text).where(alarm.kind == kind, alarm.closed_us.is_(None))
        with self.database.read() as connection:
            return sorted((row[0], row[1]) for row in connection.execute(query))

    def state(self, order: str = "o1") -> str:
        """How an order is kept."""
        with self.database.read() as connection:
            query = sa.select(schema.web_order.c.state).where(schema.web_order.c.id == order)
            return str(connection.execute(query).scalar_one())


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop on each database."""
    return Shop(database)


def picked(order: str, *lines: tuple[str, int], short: tuple[tuple[str, int], ...] = ()) -> OrderPicked:
    """An order is gathered."""
    return OrderPicked(order=order, lines=goods(*lines), by="an", short=goods(*short))


def over(order: str, *lines: tuple[str, int]) -> OrderHandedOver:
    """An order leaves."""
    return OrderHandedOver(order=order, lines=goods(*lines), by="an")


def test_an_order_is_reserved_and_sent_down_the_feed_in_one_step_and_once(shop: Shop) -> None:
    """Placed twice it is one order; another one of the same id is refused by what differs."""
    heads = shop.stores.feeds.heads()
    assert shop.place()
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000}
    pick = shop.pick(HANOI)
    assert pick is not None
    assert (pick.lines, pick.state, pick.way) == (goods((TEA, 2_000)), "open", "delivery")
    assert shop.stores.feeds.heads()[store_feed(HANOI)] == heads[store_feed(HANOI)] + 1
    assert shop.stores.feeds.heads()[store_feed(HUE)] == heads[store_feed(HUE)]
    assert not shop.place()
    assert shop.reserved() == {(HANOI, TEA): 2_000}
    with pytest.raises(OrderConflict, match="another lines"):
        shop.place("o1", (TEA, 3_000))


def test_the_hand_over_moves_stock_and_frees_it_in_the_same_transaction(shop: Shop) -> None:
    """Between the two there is no moment in which the goods are counted twice."""
    shop.place()
    shop.tell(HANOI, 200, picked("o1", (TEA, 2_000)))
    shop.tell(HANOI, 300, over("o1", (TEA, 2_000)))
    assert shop.on_hand(HANOI) == 3_000
    assert shop.reserved() == shop.promised() == {}
    shop.settle()
    assert shop.reserved() == shop.promised() == {}
    assert shop.state() == "handed_over"
    pick = shop.pick(HANOI)
    assert pick is not None
    assert pick.state == "handed_over"
    forget_old_work(shop.database, at(3000) + OVERDUE)
    assert shop.pick(HANOI) is None
    shop.settle()
    assert shop.pick(HANOI) is None


def test_what_a_store_has_not_got_is_asked_of_another_else_somebody_is_told(shop: Shop) -> None:
    """Short in Hanoi, asked of Hue; short there too, and nobody has it: an alarm that ends when goods come."""
    shop.place("o1", (TEA, 4_000))
    shop.tell(HANOI, 200, picked("o1", (TEA, 1_000), short=((TEA, 3_000),)))
    shop.settle()
    assert shop.reserved() == {(HANOI, TEA): 1_000, (HUE, TEA): 3_000}
    assert (shop.state(), shop.alarms()) == ("short", [])
    shop.tell(HUE, 300, picked("o1", (TEA, 1_000), short=((TEA, 2_000),)))
    shop.settle()
    assert shop.reserved() == {(HANOI, TEA): 1_000, (HUE, TEA): 1_000}
    assert (shop.state(), shop.alarms()) == ("oversold", [("o1", "tea 2")])
    shop.stores.fleet.add_store(StoreId("vinh"), Settings(store_name="Vinh"), Key(b"f" * 32), at(0))
    assert retry_missing(shop.database, shop.policy, at(2100)) == 0
    set_stock(shop.stores.ledger, StoreId("vinh"), {TEA: 9_000}, at(2200))
    assert retry_missing(shop.database, shop.policy, at(2300)) == 1
    assert shop.reserved()["vinh", TEA] == 2_000
    assert (shop.state(), shop.alarms()) == ("short", [])


def test_a_pick_up_waits_for_its_own_store(shop: Shop) -> None:
    """What the chosen store has not got is oversold, however much others have."""
    shop.place("o1", (TEA, 6_000), way="pickup", store=HUE)
    assert shop.reserved() == {(HUE, TEA): 5_000}
    assert shop.pick(HANOI) is None
    assert shop.alarms() == [("o1", "tea 1")]
    with pytest.raises(UnknownStore, match="order o2: store vinh"):
        shop.place("o2", way="pickup", store="vinh")


def test_a_cancelled_order_is_free_again(shop: Shop) -> None:
    """Not gathered, it is gone from the tills; gathered, the tills show it until somebody has put it back."""
    shop.place("o1", (TEA, 6_000))
    shop.tell(HUE, 200, picked("o1", (TEA, 1_000)))
    shop.settle()
    assert shop.orders.cancel("o1", at(300))
    assert not shop.orders.cancel("o1", at(301))
    assert shop.reserved() == shop.promised() == {}
    assert (shop.pick(HANOI), shop.state(), shop.alarms()) == (None, "cancelled", [])
    pick = shop.pick(HUE)
    assert pick is not None
    assert pick.state == "picked"
    assert "Cancelled" in pick.note
    forget_old_work(shop.database, at(400) + OVERDUE)
    assert shop.pick(HUE) is None
    with pytest.raises(UnknownOrder, match="o9"):
        shop.orders.cancel("o9", at(300))


def test_an_item_that_nobody_has_is_named_by_its_line(shop: Shop) -> None:
    """Order, field and word; nothing is written."""
    with pytest.raises(UnorderableItem, match=r"order o1: field lines\.2\.sku: 'gold'"):
        shop.place("o1", (TEA, 1_000), ("gold", 1_000))
    assert shop.reserved() == {}
    assert shop.orders.facts("o1") is None


def test_a_transfer_that_is_asked_of_a_store_is_promised_there_until_it_is_sent(shop: Shop) -> None:
    """Else the web would sell what is about to leave."""
    wanted = Transfer(transfer="T1", from_store=HANOI, to_store=HUE, lines=goods((TEA, 2_000)), state="wanted")
    shop.stores.documents.put(store_feed(HANOI), "transfer", [DocumentPut("T1", wanted)], at(1))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000}
    shop.tell(HANOI, 10, sent("T1", "hue", (TEA, 2_000)))
    assert shop.reserved() == shop.promised() == {}
    shop.settle()
    assert shop.reserved() == shop.promised() == {}
    shop.stores.documents.put(store_feed(HANOI), "transfer", [DocumentPut("T2", wanted)], at(20))
    shop.stores.documents.delete(store_feed(HANOI), "transfer", ["T2"], at(21))
    assert shop.reserved() == shop.promised() == {}


@pytest.mark.parametrize("seed", range(6))
def test_levels_agree_with_reservations_and_facts_at_every_step(shop: Shop, seed: int) -> None:
    """Orders, picks, shorts, hand-overs and cancellations in any order: nothing is promised twice or for ever."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    names = [f"o{number}" for number in range(4)]
    for step in range(40):
        order, store, sku = chance.choice(names), chance.choice([HANOI, HUE]), chance.choice([TEA, PHO])
        some = chance.randrange(1, 4) * 1_000
        match chance.randrange(6):
            case 0 | 1 if shop.orders.facts(order) is None:
                shop.place(order, (sku, some), (TEA, 1_000))
            case 2:
                shop.tell(store, 200 + step, picked(order, (sku, some)))
            case 3:
                shop.tell(store, 200 + step, over(order, (sku, some)))
            case 4 if shop.orders.facts(order) is not None:
                shop.orders.cancel(order, at(200 + step))
            case _:
                shop.settle()
        assert shop.reserved() == shop.promised()
    shop.settle()
    total: Counter[tuple[str, str]] = Counter()
    for order in names:
        facts = shop.orders.facts(order)
        if facts is None:
            continue
        assert shop.state(order) == facts.outcome.state
        for parcel in facts.outcome.parcels:
            for name, quantity in parcel.reserved.items():
                total[parcel.store, name] += quantity
    assert shop.reserved() == shop.promised() == dict(total)
    assert not differences(shop.stores.ledger, shop.database, HANOI)


def test_orders_that_nobody_can_fill_do_not_keep_others_waiting(shop: Shop) -> None:
    """However many hopeless ones are older, the one whose goods have come is asked for."""
    for number in range(RETRIED_AT_ONCE + 1):
        shop.place(f"hopeless-{number}", (PHO, 9_000_000))
    shop.place("late", (TEA, 12_000))
    assert shop.state("late") == "oversold"
    set_stock(shop.stores.ledger, HUE, {TEA: 50_000}, at(500))
    assert retry_missing(shop.database, shop.policy, at(700)) == 1
    assert shop.state("late") == "open"
