"""New orders of a page are taken together, and what comes of it is what would have come of each by itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from hub.errors import UnknownStore, UnorderableItem
from hub.matters.channel_orders import SaidOrder
from hub.storage import schema
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.database import Database, open_database, parse_url
from hub.storage.document_rows import LockedFeeds
from hub.storage.new_orders import NewOrders
from hub.storage.schema_channels import channel_line, channel_order, order_goods
from protocol.documents import Item
from protocol.ids import Sku, store_feed
from tests.contract.hub_storage.test_channel_orders_contract import ChannelShop, shop
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA, over, picked
from tests.databases import postgres_url, sqlite_database
from tests.services import PostgresServer
from tests.unit.hub.channel_facts import CHANNEL, left, said_order
from tests.unit.hub.journals import at

__all__ = ["shop"]

NOW = at(3000)
PACK = Sku("six teas")
KEPT = (
    schema.web_order, schema.allotment, schema.reservation, schema.level, schema.document, schema.alarm,
    schema.movement, channel_order, channel_line, order_goods,
)  # fmt: skip
FEWER = frozenset({"revision", "sequence", "line"})
"""Columns that count transactions (a movement of the hub is numbered by its feed's revision)."""


def take_page(store: SqlChannelOrderStore, page: Sequence[SaidOrder], *, together: bool = True) -> frozenset[str]:
    """Take in a page as the hub does, or in the same order each by itself; returns what was taken together."""
    count = Counter(said.key for said in page)
    distinct = [said for said in page if count[said.key] == 1]
    plan = store.new_of(distinct, NOW) if distinct else NewOrders()
    for said in page:
        if said.key not in plan.keys:
            _take(store, said)
    taken = store.take_new(distinct, plan, NOW) if together else frozenset[str]()
    for said in distinct:
        if said.key in plan.keys and said.key not in taken:
            _take(store, said)
    return taken


def _take(store: SqlChannelOrderStore, said: SaidOrder) -> None:
    try:
        store.take(said, NOW)
    except (UnorderableItem, UnknownStore, msgspec.ValidationError):
        return  # whose place is among what is parked; see test_incoming.py


def some_page(dice: random.Random, serial: int) -> list[SaidOrder]:
    """New orders and newer states of older ones, of things that there are and are not."""
    page: list[SaidOrder] = []
    for _ in range(dice.randint(1, 8)):
        serial += 1
        skus = dice.sample([TEA, PHO, PACK, Sku("bun")], dice.randint(1, 3))
        lines: dict[str, int] = {sku: 1_000 * dice.randint(0, 3) for sku in skus}
        if dice.random() < 0.1:
            lines["unheard of"] = 1_000
        said = said_order(serial, lines, key=f"o{dice.randint(1, 25)}", own=dice.random() < 0.1,
                          cancelled=dice.random() < 0.15)  # fmt: skip
        way = dice.random()
        if way < 0.4:
            store = dice.choice([HANOI, HUE, "nowhere"])
            head = msgspec.structs.replace(said.head, store=store, way="pickup" if way < 0.2 else "delivery")
            said = replace(said, head=head)
        if dice.random() < 0.1:
            said = replace(said, goods=[left(f"f{serial}", HANOI, tea=1_000)])
        page.append(said)
    return page


@pytest.fixture
def twin(database: Database, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ChannelShop]:
    """A second shop, on a database of the same kind."""
    if database.is_sqlite:
        other = sqlite_database(tmp_path / "twin.db")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        other = open_database(parse_url(postgres_url(server)))
    yield ChannelShop(other)
    other.close()


@pytest.mark.parametrize("seed", range(6))
def test_together_or_one_by_one_is_the_same(shop: ChannelShop, twin: ChannelShop, seed: int) -> None:
    """Pages of all that may come, between what tills say: every table says the same, but for the count of revisions."""
    for one in (shop, twin):
        one.stores.catalogue.put_items(
            [Item(sku=PACK, name="tea", price=1, currency="VND", pack_of=TEA, pack_size=6_000),
             Item(sku="bun", name="bun", price=1, currency="VND")], at(1),
        )  # fmt: skip
    dice = random.Random(seed)  # noqa: S311 - a test's dice
    total = 0
    for number in range(8):
        page = some_page(dice, 100 * number)
        total += len(take_page(shop.channel_orders, page))
        take_page(twin.channel_orders, page, together=False)
        order, store = f"{CHANNEL}:o{dice.randint(1, 25)}", dice.choice([HANOI, HUE])
        said = dice.choice(
            [picked(order, (TEA, 1_000)), over(order, (TEA, 1_000)), picked(order, short=((TEA, 1_000),))]
        )
        for one in (shop, twin):
            one.tell(store, 200 + number, said)
            one.settle()
        shop.must_balance()
        assert everything(shop.database) == everything(twin.database)
    assert total > 3, "nothing was taken together"


def everything(database: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows, by table."""
    with database.read() as connection:
        return {
            table.name: sorted(
                (tuple(row) for row in connection.execute(
                    sa.select(*(column for column in table.columns if column.name not in FEWER)))), key=repr,
            )
            for table in KEPT
        }  # fmt: skip


def test_what_somebody_took_in_meanwhile_is_left_alone(shop: ChannelShop) -> None:
    """Between the look and the locks another process was there: its states stand, the rest is taken."""
    first, second = said_order(1, {TEA: 1_000}), said_order(1, {TEA: 1_000}, key="o2")
    third, echo = said_order(1, {TEA: 1_000}, key="o3"), said_order(1, {TEA: 1_000}, key="o4", own=True)
    page = [first, second, third, echo]
    plan = shop.channel_orders.new_of(page, NOW)
    assert plan.keys == {"o1", "o2", "o3", "o4"}
    shop.take(first)
    shop.take(said_order(2, {TEA: 2_000}, key="o2"))
    taken = shop.channel_orders.take_new(page, plan, NOW)
    assert taken == {"o1", "o2", "o3", "o4"} - {"o2"} - ({"o1"} - taken)
    assert [shop.take(said) for said in page if said.key not in taken] == ["known"] * (4 - len(taken))
    assert shop.promised() == {(HANOI, TEA): 4_000}
    assert shop.orders.facts(f"{CHANNEL}:o4") is None
    shop.must_balance()


def test_goods_that_went_meanwhile_are_asked_of_another_store(shop: ChannelShop) -> None:
    """Hanoi was chosen, and had nothing left under the locks: Hue, whose feed was not locked, is locked and asked."""
    page = [said_order(1, {TEA: 3_000}), said_order(1, {TEA: 2_000}, key="o2")]
    plan = shop.channel_orders.new_of(page, NOW)
    assert plan.stores == {HANOI}
    shop.place("another", (TEA, 5_000))
    assert shop.channel_orders.take_new(page, plan, NOW) == {"o1", "o2"}
    assert shop.promised() == {(HANOI, TEA): 5_000, (HUE, TEA): 5_000}
    with shop.database.write() as connection:
        feeds = LockedFeeds(connection, [store_feed(HUE)])
        assert {row.key for row in feeds.rows("pick", [f"{CHANNEL}:o1", f"{CHANNEL}:o2"])} == {
            f"{CHANNEL}:o1", f"{CHANNEL}:o2",
        }  # fmt: skip
    shop.must_balance()


def test_what_cannot_be_taken_alone_cannot_be_taken_together(shop: ChannelShop) -> None:
    """It is left for whoever takes one by one, who says why; so is a second order under one id."""
    poison = said_order(1, {"unheard of": 1_000}, key="o2")
    nowhere = said_order(1, {TEA: 1_000}, key="o3")
    nowhere = replace(nowhere, head=msgspec.structs.replace(nowhere.head, store="nowhere"))
    again = replace(said_order(1, {TEA: 1_000}, key="o5"), head=said_order(1, {}, key="o4").head)
    page = [said_order(1, {TEA: 1_000}), poison, nowhere, said_order(1, {TEA: 1_000}, key="o4"), again]
    assert shop.channel_orders.new_of(page, NOW).keys == {"o1"}
