"""What every database promises about web orders: reserved, picked, short, cancelled, in whatever order it is told."""

from __future__ import annotations

import random
import threading
from collections import Counter
from datetime import datetime

import msgspec
import pytest
import sqlalchemy as sa

from hub.errors import OrderConflict, StorageError, UnknownOrder, UnknownStore, UnorderableItem
from hub.ingest.session import ingest
from hub.ingest.stocktake import set_stock
from hub.matters.orders import OrderedLine, PlacedOrder
from hub.projections.matters import OVERDUE, forget_old_work, settle_all
from hub.projections.rebuild import differences
from hub.stock.allotment import AllotmentRule
from hub.storage import schema
from hub.storage.database import Database, open_database
from hub.storage.document_rows import LockedFeeds
from hub.storage.orders import RETRIED_AT_ONCE, SqlOrderStore, retry_missing
from hub.storage.records import DocumentPut
from hub.storage.recounts import settle_recounts
from hub.storage.settling_orders import AllotmentPolicy
from hub.storage.stores import open_stores
from protocol.documents import Item, Pick, Recount, Settings, Transfer
from protocol.events import EventData, OrderHandedOver, OrderPicked
from protocol.frame import Key
from protocol.ids import Sku, StoreId, TerminalId, store_feed
from tests.unit.hub.journals import Journal, at, count
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


def test_a_second_hand_over_is_found_whichever_till_is_heard_first(shop: Shop) -> None:
    """Both tills, people and goods are named, the goods are to be counted, and the ledger has what was said."""
    shop.stores.fleet.add_terminal(HANOI, TerminalId("till2"), "", Key(b"2" * 32), at(0))
    other = Journal(HANOI, TerminalId("till2"))
    shop.place("o1", (TEA, 2_000))
    shop.tell(HANOI, 200, picked("o1", (TEA, 2_000)))
    shop.tell(HANOI, 400, over("o1", (TEA, 2_000)))
    shop.settle()
    assert (shop.told("handed_over_twice"), shop.recounts(HANOI)) == ([], {})
    other.append(OrderHandedOver(order="o1", lines=goods((TEA, 2_000)), by="lan"), at(300))
    ingest(shop.stores.ledger, [other.batch(1, 1)], at(5_000))
    shop.settle()
    text = "hanoi/till2 2026-11-22 08:05+00:00 (lan): tea 2; hanoi/till1 2026-11-22 08:06+00:00 (an): tea 2"
    assert shop.told("handed_over_twice") == [("o1", text)]
    assert shop.recounts(HANOI) == {TEA: "handed_over_twice"}
    assert shop.on_hand(HANOI) == 1_000
    assert shop.reserved() == shop.promised() == {}
    shop.tell(HANOI, 500, count("tea", 3_000, at(500)))
    settle_recounts(shop.database, at(3_000))
    shop.settle()
    assert (shop.on_hand(HANOI), shop.recounts(HANOI)) == (3_000, {})


def test_a_pick_that_is_put_by_hand_reserves_like_an_order(shop: Shop) -> None:
    """From then on to the hand-over, which frees it in its own transaction; changed and taken away, as much less."""
    put, feed = shop.stores.documents.put, store_feed(HANOI)
    put(feed, "pick", [DocumentPut("W1", Pick(order="W1", lines=goods((TEA, 2_000), (PHO, 1_000))))], at(1))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HANOI, PHO): 1_000}
    put(feed, "pick", [DocumentPut("W1", Pick(order="W1", lines=goods((TEA, 3_000))))], at(2))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 3_000}
    shop.tell(HANOI, 10, picked("W1", (TEA, 2_000), short=((TEA, 1_000),)))
    shop.settle()
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000}
    shop.tell(HANOI, 20, over("W1", (TEA, 2_000)))
    assert shop.reserved() == shop.promised() == {}
    shop.settle()
    assert shop.reserved() == shop.promised() == {}
    put(feed, "pick", [DocumentPut("W2", Pick(order="W2", lines=goods((TEA, 1_000))))], at(30))
    put(store_feed(HUE), "pick", [DocumentPut("W2", Pick(order="W2", lines=goods((TEA, 1_000))))], at(31))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 1_000, (HUE, TEA): 1_000}
    shop.stores.documents.delete(feed, "pick", ["W2"], at(32))
    assert shop.reserved() == shop.promised() == {(HUE, TEA): 1_000}
    assert not differences(shop.stores.ledger, shop.database, HANOI)


def test_one_id_is_an_order_or_a_pick_put_by_hand_and_not_both(shop: Shop) -> None:
    """Else either would reserve for the other; the words say what stands in the way, and how to go on."""
    shop.place("o1")
    pick = DocumentPut("o1", Pick(order="o1", lines=goods((TEA, 1_000))))
    with pytest.raises(OrderConflict, match=r"order o1 was placed here.*order cancel o1"):
        shop.stores.documents.put(store_feed(HUE), "pick", [pick], at(1))
    shop.stores.documents.put(store_feed(HUE), "pick", [DocumentPut("o2", msgspec.structs.replace(pick.body))], at(1))
    with pytest.raises(
        OrderConflict, match=r"order o2: a pick of this id was put by hand.*document delete hue pick o2"
    ):
        shop.place("o2")
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HUE, TEA): 1_000}
    shop.stores.documents.delete(store_feed(HANOI), "pick", ["o1"], at(2))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HUE, TEA): 1_000}


def test_parcels_of_two_stores_are_two_hand_overs(shop: Shop) -> None:
    """Each store gives its own part away once: nothing is wrong."""
    shop.place("o1", (TEA, 7_000))
    for store in (HANOI, HUE):
        shop.tell(store, 300, over("o1", (TEA, 2_000)))
    shop.settle()
    assert (shop.told("handed_over_twice"), shop.recounts(HANOI), shop.recounts(HUE)) == ([], {}, {})


def test_shops_that_order_at_once_never_share_the_last_piece(shop: Shop) -> None:
    """Ten pieces in two stores, twelve orders of one from four threads, some sent twice: ten are promised."""
    refused: list[Exception] = []

    def order(names: list[str]) -> None:
        desk = SqlOrderStore(shop.database, shop.policy)
        for name in names:
            line = OrderedLine(sku=TEA, quantity=1_000)
            try:
                desk.place(PlacedOrder(order=name, lines=(line,)), at(100))
            except StorageError as error:
                refused.append(error)

    names = [f"o{number}" for number in range(12)]
    threads = [threading.Thread(target=order, args=(part,)) for part in (names[:6], names[6:], names[3:9], names[::2])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not refused
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 5_000, (HUE, TEA): 5_000}
    assert len(shop.alarms()) == 2


def test_an_order_keeps_nobody_waiting_in_a_store_that_it_is_not_asked_of(shop: Shop) -> None:
    """While somebody works in Hue, Hanoi's orders are placed, gathered short with nobody to ask, and cancelled."""
    if shop.database.is_sqlite:
        pytest.skip("SQLite has one lock for everything")
    shop.place("o2", (TEA, 4_000))
    shop.tell(HANOI, 200, picked("o2", (TEA, 3_000), short=((TEA, 1_000),)))
    set_stock(shop.stores.ledger, HUE, {TEA: 0}, at(250))
    set_stock(shop.stores.ledger, HANOI, {TEA: 8_000}, at(250))

    def orders() -> None:
        shop.place("o1", (TEA, 2_000))
        shop.settle()
        shop.orders.cancel("o1", at(300))

    busy = threading.Thread(target=orders, daemon=True)
    with shop.database.write() as connection:
        LockedFeeds(connection, [store_feed(HUE)])
        busy.start()
        busy.join(20)
        assert not busy.is_alive()
    assert (shop.state("o1"), shop.state("o2")) == ("cancelled", "oversold")


class Overtaken(SqlOrderStore):
    """Between the choice and the locks, somebody else buys: once for each order in `meanwhile`."""

    def __init__(self, shop: Shop, *meanwhile: PlacedOrder) -> None:
        super().__init__(shop.database, shop.policy)
        self._others = SqlOrderStore(shop.database, shop.policy)
        self._meanwhile = list(meanwhile)

    def _place(self, order: PlacedOrder, now: datetime, stores: frozenset[str]) -> bool:
        if self._meanwhile:
            self._others.place(self._meanwhile.pop(0), now)
        return super()._place(order, now, stores)


def of_tea(order: str, quantity: int) -> PlacedOrder:
    """An order of tea alone."""
    return PlacedOrder(order=order, lines=(OrderedLine(sku=TEA, quantity=quantity),))


def test_a_choice_that_does_not_hold_under_the_lock_is_made_again(shop: Shop) -> None:
    """Hanoi was chosen and is sold out meanwhile: Hue is asked; then nobody has it, and that is told."""
    assert Overtaken(shop, of_tea("first", 4_000)).place(of_tea("o1", 2_000), at(100))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 5_000, (HUE, TEA): 1_000}
    assert Overtaken(shop, of_tea("second", 3_000)).place(of_tea("o2", 3_000), at(100))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 5_000, (HUE, TEA): 5_000}
    assert [shop.state(order) for order in ("first", "o1", "second", "o2")] == ["open", "open", "open", "oversold"]
    assert shop.alarms() == [("o2", "tea 2")]


def test_a_choice_that_still_holds_is_kept_though_another_would_be_better_now(database: Database) -> None:
    """Else orders that come at once would chase the fullest store, and lock them all."""
    shop = Shop(database, "fullest")
    assert Overtaken(shop, of_tea("first", 1_000)).place(of_tea("o1", 2_000), at(100))
    assert shop.reserved() == {(HANOI, TEA): 3_000}


def test_an_order_that_is_sent_to_two_processes_at_once_is_one(shop: Shop) -> None:
    """Whoever comes second says that it was placed before, or that it is another one."""
    assert not Overtaken(shop, of_tea("o1", 2_000)).place(of_tea("o1", 2_000), at(100))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000}
    with pytest.raises(OrderConflict, match="another lines"):
        Overtaken(shop, of_tea("o2", 1_000)).place(of_tea("o2", 2_000), at(100))
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 3_000}


@pytest.mark.parametrize("rule", ["nearest", "fullest", "fewest_parcels"])
def test_of_two_who_race_for_the_last_unit_one_gets_it(database: Database, rule: AllotmentRule) -> None:
    """Two processes, each with its own connections, start together: one unit, one promise, one alarm, each time."""
    shop = Shop(database, rule)
    set_stock(shop.stores.ledger, HUE, {TEA: 0}, at(1))
    desks = [open_database(database.url) for _ in range(2)]
    start = threading.Barrier(2)

    def race(desk: Database, name: str) -> None:
        orders = SqlOrderStore(desk, shop.policy)
        for turn in range(8):
            start.wait(30)
            if name == "a":
                set_stock(shop.stores.ledger, HANOI, {TEA: 1_000 * (turn + 1)}, at(10 + turn))
            start.wait(30)
            orders.place(of_tea(f"{name}{turn}", 1_000), at(100))

    threads = [threading.Thread(target=race, args=(desk, name), daemon=True) for desk, name in zip(desks, "ab")]  # noqa: B905 - two and two
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for desk in desks:
        desk.close()
    states = {name: shop.state(name) for name in (f"{who}{turn}" for who in "ab" for turn in range(8))}
    for turn in range(8):
        assert sorted([states[f"a{turn}"], states[f"b{turn}"]]) == ["open", "oversold"]
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 8_000}
    assert len(shop.alarms()) == 8


def test_orders_that_nobody_can_fill_do_not_keep_others_waiting(shop: Shop) -> None:
    """However many hopeless ones are older, the one whose goods have come is asked for."""
    for number in range(RETRIED_AT_ONCE + 1):
        shop.place(f"hopeless-{number}", (PHO, 9_000_000))
    shop.place("late", (TEA, 12_000))
    assert shop.state("late") == "oversold"
    set_stock(shop.stores.ledger, HUE, {TEA: 50_000}, at(500))
    assert retry_missing(shop.database, shop.policy, at(700)) == 1
    assert shop.state("late") == "open"
