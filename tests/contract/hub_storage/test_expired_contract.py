"""What every database promises about lots whose day has passed: nobody is offered them, by each store's own day."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from hub.admin.explaining import as_text
from hub.admin.words import Words
from hub.ingest.stocktake import set_stock
from hub.projections.availability import AvailabilityProjection
from hub.projections.expiry import ExpiryProjection
from hub.stock.lots import expired
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.lots import day_in, lots_at
from hub.storage.orders import SqlOrderStore
from hub.storage.queries import SqlQueries
from hub.storage.reading import StockQuery
from protocol.documents import Item, Settings
from protocol.events import CountedLine, CountedLot, StockCounted, StockLine, StockReceived
from protocol.ids import StoreId
from tests.contract.hub_storage.test_held_back_contract import seen
from tests.contract.hub_storage.test_order_locks_contract import of_tea
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, PHO, TEA, Shop, over, picked
from tests.unit.hub.journals import at, sale

LAST = date(2026, 12, 1)
"""The last day of the lot that came to both stores."""

HANOIS, HUES = ZoneInfo("Asia/Ho_Chi_Minh"), ZoneInfo("America/New_York")
MIDNIGHT = datetime(2026, 12, 2, 0, 0, tzinfo=HANOIS)


@pytest.fixture
def shop(database: Database) -> Shop:
    """Three tea of a lot and two of none in either store, of which one is on the other side of the world."""
    shop = Shop(database)
    shop.stores.fleet.set_settings(HUE, Settings(store_name="Hue", time_zone=str(HUES)), at(1))
    for store in (HANOI, HUE):
        set_stock(shop.stores.ledger, store, {TEA: 2_000, PHO: 5_000}, at(2))
        line = StockLine(sku=TEA, quantity=3_000, lot="L", expires=LAST)
        shop.tell(store, 10, StockReceived(lines=(line,), by="an"))
    return shop


def place(shop: Shop, order: str, quantity: int, now: datetime) -> None:
    """An order of tea comes at a moment."""
    SqlOrderStore(shop.database, shop.policy).place(of_tea(order, quantity), now)


def test_the_web_is_not_offered_what_has_expired_by_the_stores_own_day(shop: Shop) -> None:
    """To the end of its last day it is; then not, in one store twelve hours before the other, and web shops hear."""
    expiry, projection = ExpiryProjection(shop.database), AvailabilityProjection(shop.database)
    pack = Item(sku="two", name="2 tea", price=1, currency="VND", pack_of="tea", pack_size=2_000)
    shop.stores.catalogue.put_items([pack], at(3))
    projection.advance(shop.stores.feeds.heads())
    assert expiry.advance(MIDNIGHT - timedelta(seconds=1), 0) == 0
    assert seen(shop, "tea") == {"hanoi": 5_000, "hue": 5_000}
    before = SqlQueries(shop.database).availability_changes(None, 1).revision
    assert expiry.advance(MIDNIGHT, 0) == 1
    assert seen(shop, "tea") == {"hanoi": 2_000, "hue": 5_000}
    assert seen(shop, "two") == {"hanoi": 1_000, "hue": 2_000}
    changes = SqlQueries(shop.database).availability_changes(before, 10)
    assert {item.sku for item in changes.items} == {"tea", "two"}
    assert projection.advance(shop.stores.feeds.heads()).skus == {"tea", "two"}
    assert expiry.advance(MIDNIGHT + timedelta(hours=1), 0) == 0
    assert expiry.advance(datetime(2026, 12, 2, 0, 0, tzinfo=HUES), 0) == 1
    assert seen(shop, "tea") == {"hanoi": 2_000, "hue": 2_000}
    page = SqlQueries(shop.database).stock(StockQuery(sku="tea", order="available", descending=True))
    assert [(row.store, row.available, row.expired) for row in page.rows] == [
        ("hanoi", 2_000, 3_000), ("hue", 2_000, 3_000),
    ]  # fmt: skip


def test_no_order_is_promised_what_has_expired_though_nobody_has_noticed_yet(shop: Shop) -> None:
    """The moment after midnight Hanoi, the nearer, gives its two good ones; Hue, where it is still noon, the rest."""
    place(shop, "o1", 3_000, MIDNIGHT)
    assert shop.reserved() == shop.promised() == {(HANOI, TEA): 2_000, (HUE, TEA): 1_000}
    for store, lots in ((HANOI, [""]), (HUE, ["L"])):
        pick = shop.pick(store)
        assert pick is not None
        assert [line.lot for line in pick.lines] == lots
    place(shop, "o2", 9_000, MIDNIGHT + timedelta(days=2))
    assert shop.reserved() == {(HANOI, TEA): 2_000, (HUE, TEA): 2_000}
    assert shop.alarms() == [("o2", "tea 8")]


def test_what_has_expired_is_said_where_the_level_is_explained(shop: Shop) -> None:
    """In the numbers, and in a sentence of both languages."""
    ExpiryProjection(shop.database).advance(MIDNIGHT, 0)
    found = SqlQueries(shop.database).explain("hanoi", "tea")
    assert found is not None
    assert (found.on_hand, found.expired, found.available) == (5_000, 3_000, 2_000)
    for language, words in (("en", "3 has expired and is not offered."), ("vi", "3 đã hết hạn, không bán trên web.")):
        assert words in as_text(Words(language), found, "UTC", next_page=2, shown=0)[-1]


def test_what_was_counted_sold_or_thrown_away_is_not_held_back_any_more(shop: Shop) -> None:
    """What is sold beyond the rest is the oldest; a count that looked at lots finds none of it."""
    expiry = ExpiryProjection(shop.database)
    expiry.advance(MIDNIGHT, 0)
    shop.tell(HANOI, 20, sale(1, ("tea", 3_000)))
    assert expiry.advance(MIDNIGHT, 0) == 1
    assert seen(shop, "tea")["hanoi"] == 0
    assert held(shop)["hanoi", "tea"] == 2_000
    lots = (CountedLot(lot="N", expires=LAST + timedelta(days=90), quantity=4_000),)
    counted = CountedLine(sku="tea", quantity=4_000, at=at(30), lots=lots)
    shop.tell(HANOI, 30, StockCounted(session="c1", lines=(counted,), by="an"))
    assert expiry.advance(MIDNIGHT, 0) == 1
    assert seen(shop, "tea")["hanoi"] == 4_000
    assert expiry.advance(MIDNIGHT, 0) == 0


@pytest.mark.parametrize("seed", range(4))
def test_what_is_kept_is_what_the_lots_say_whatever_happened_in_between(shop: Shop, seed: int) -> None:
    """One hub that has watched all the time, and one that starts now: both say what the ledger says."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    watching, now = ExpiryProjection(shop.database), MIDNIGHT - timedelta(days=3)
    days = [LAST + timedelta(days=days) for days in (-2, 0, 1, 9)]
    for step in range(25):
        store, some = chance.choice([HANOI, HUE]), chance.randrange(1, 4) * 1_000
        match chance.randrange(4):
            case 0:
                line = StockLine(sku=chance.choice([TEA, PHO]), quantity=some, expires=chance.choice(days))
                shop.tell(store, 100 + step, StockReceived(lines=(line,), by="an"))
            case 1:
                shop.tell(store, 100 + step, sale(step, (chance.choice([TEA, PHO]), some)))
            case 2:
                shop.tell(store, 100 + step, picked(f"o{step}", (TEA, 1_000)))
                shop.tell(store, 100 + step, over(f"o{step}", (TEA, 1_000)))
            case _:
                now += timedelta(hours=chance.randrange(20))
        if chance.random() < 0.5:
            watching.advance(now, 0)
    watching.advance(now, 0)
    kept = held(shop)
    assert kept == by_lots(shop, now)
    with shop.database.write() as connection:
        connection.execute(sa.delete(schema.expired_stock))
    ExpiryProjection(shop.database).advance(now, 0)
    assert held(shop) == kept


def held(shop: Shop) -> dict[tuple[str, str], int]:
    """What is kept of it."""
    with shop.database.read() as connection:
        return {(row.store, row.sku): row.quantity for row in connection.execute(sa.select(schema.expired_stock))}


def by_lots(shop: Shop, now: datetime) -> dict[tuple[str, str], int]:
    """What each level's lots say, one by one."""
    found: dict[tuple[str, str], int] = {}
    with shop.database.read() as connection:
        for store in (HANOI, HUE):
            day = day_in(connection, StoreId(store), now.astimezone(UTC))
            for sku in (TEA, PHO):
                gone = sum(level.quantity for level in expired(lots_at(connection, store, sku), day))
                if gone > 0:
                    found[store, sku] = gone
    return found
