"""Several hub processes take in the same channel's orders at once: each database makes one of them."""

from __future__ import annotations

import random
import threading
from collections.abc import Sequence

import pytest

from hub.errors import StorageUnavailable
from hub.matters.channel_orders import SaidOrder
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.database import Database, open_database
from tests.contract.hub_storage.test_channel_orders_contract import ORDER, ChannelShop, shop
from tests.contract.hub_storage.test_new_orders_contract import take_page
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA
from tests.unit.hub.channel_facts import left, returned, said_order

__all__ = ["shop"]

PROCESSES, TIMEOUT_S = 4, 60


def take_all(
    database: Database, shop: ChannelShop, states: Sequence[SaidOrder], problems: list[BaseException], page: int
) -> None:
    """One process: it takes page after page, each again and again until the database lets it."""
    store = SqlChannelOrderStore(database, shop.policy)
    try:
        for start in range(0, len(states), page):
            while True:
                try:
                    take_page(store, states[start : start + page])
                except StorageUnavailable:
                    continue
                break
    except BaseException as error:  # noqa: BLE001 - what ends a thread must be seen
        problems.append(error)


@pytest.mark.parametrize("seed", range(3))
def test_whoever_takes_them_in_first_they_are_taken_once(shop: ChannelShop, seed: int) -> None:
    """New orders, changes, shipments and returns, in another order in each process."""
    states = [
        said
        for number in range(5)
        for key in [f"o{number}"]
        for gone in [left("f1", HANOI, tea=1_000)]
        for said in (
            said_order(1, {TEA: 2_000, PHO: 1_000}, key=key),
            said_order(2, {TEA: 1_000, PHO: 1_000}, key=key),
            said_order(3, {TEA: 1_000, PHO: 2_000}, key=key, goods=[gone]),
            said_order(4, {TEA: 1_000, PHO: 2_000}, key=key, goods=[gone, returned("r1", HUE, tea=1_000)]),
        )
    ]
    problems: list[BaseException] = []
    threads = []
    pages = (1, 4, 1, 7)
    databases = [open_database(shop.database.url) for _ in range(PROCESSES)]
    for number, database in enumerate(databases):
        mine = list(states)
        random.Random(10 * seed + number).shuffle(mine)  # noqa: S311 - a test's dice
        threads.append(
            threading.Thread(target=take_all, args=(database, shop, mine, problems, pages[number]), daemon=True)
        )
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive(), "two processes wait for each other"
    for database in databases:
        database.close()
    assert not problems, problems
    assert shop.hub_moves() == {(HANOI, TEA): -5_000, (HUE, TEA): 5_000}
    assert (shop.on_hand(HANOI), shop.on_hand(HUE)) == (0, 10_000)
    facts = shop.orders.facts(ORDER)
    assert facts is not None
    assert facts.order.pieces == {PHO: 2_000, TEA: 1_000}
    shop.must_balance()
