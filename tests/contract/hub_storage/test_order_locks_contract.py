"""What every database promises about orders that come at once: who waits for whom, and who gets the last unit."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest

from hub.errors import OrderConflict, StorageError
from hub.ingest.stocktake import set_stock
from hub.matters.orders import OrderedLine, PlacedOrder
from hub.stock.allotment import AllotmentRule
from hub.storage.database import Database, open_database
from hub.storage.document_rows import LockedFeeds
from hub.storage.orders import SqlOrderStore
from protocol.ids import store_feed
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, TEA, Shop, picked
from tests.unit.hub.journals import at


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop on each database."""
    return Shop(database)


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
