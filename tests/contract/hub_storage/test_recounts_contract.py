"""What every database promises about counts that stores are asked for."""

from __future__ import annotations

import msgspec
import pytest

from hub.ingest.stocktake import set_stock
from hub.storage.database import Database
from hub.storage.recounts import settle_recounts
from protocol.documents import Recount
from protocol.events import StockReceived
from protocol.ids import StoreId, store_feed
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, TEA, Shop, picked
from tests.unit.hub.journals import at, count, sale
from tests.unit.hub.matter_facts import goods


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop on each database: five tea and five pho in two stores."""
    return Shop(database)


def asked(shop: Shop, store: StoreId) -> list[tuple[str, str]]:
    """What a store's tills are asked to count, and why."""
    found = shop.stores.documents.documents(store_feed(store), "recount")
    return [(body.sku, body.reason) for kept in found for body in [msgspec.json.decode(kept.body, type=Recount)]]


def test_a_level_below_zero_is_to_be_counted_and_the_count_ends_it(shop: Shop) -> None:
    """Asked once; a count takes it away; goods that arrive late do, too."""
    shop.tell(HANOI, 100, sale(1, ("tea", 9_000)))
    shop.tell(HUE, 100, sale(1, ("pho", 9_000)))
    assert settle_recounts(shop.database, at(200)) == 2
    assert settle_recounts(shop.database, at(201)) == 0
    assert (asked(shop, HANOI), asked(shop, HUE)) == ([("tea", "negative")], [("pho", "negative")])
    shop.tell(HANOI, 300, count("tea", 2_000, at(300)))
    set_stock(shop.stores.ledger, HUE, {}, at(301))
    settle_recounts(shop.database, at(302))
    assert (asked(shop, HANOI), asked(shop, HUE)) == ([], [("pho", "negative")])
    shop.tell(HANOI, 400, sale(2, ("tea", 9_000)))
    settle_recounts(shop.database, at(402))
    assert asked(shop, HANOI) == [("tea", "negative")]


def test_what_was_not_found_is_to_be_counted_until_it_was(shop: Shop) -> None:
    """A short pick, also when it is settled again; a count from before the pick does not end it."""
    shop.place("o1", (TEA, 4_000))
    shop.tell(HANOI, 200, picked("o1", (TEA, 1_000), short=((TEA, 3_000),)))
    shop.settle()
    assert asked(shop, HANOI) == [("tea", "short_pick")]
    shop.tell(HANOI, 150, count("tea", 4_000, at(150)))
    settle_recounts(shop.database, at(2_000))
    assert asked(shop, HANOI) == [("tea", "short_pick")]
    shop.tell(HANOI, 300, count("tea", 1_000, at(300)))
    settle_recounts(shop.database, at(2_001))
    assert asked(shop, HANOI) == []
    shop.tell(HANOI, 400, picked("o1", (TEA, 1_000), short=((TEA, 3_000),)))
    shop.settle()
    assert asked(shop, HANOI) == [("tea", "short_pick")]


def test_goods_that_come_do_not_end_the_count_of_what_was_not_found(shop: Shop) -> None:
    """A shelf that was below zero when its goods were not found is asked for by the stronger reason."""
    shop.place("o1", (TEA, 2_000))
    shop.tell(HANOI, 200, sale(1, ("tea", 6_000)))
    settle_recounts(shop.database, at(300))
    assert asked(shop, HANOI) == [("tea", "negative")]
    shop.tell(HANOI, 400, picked("o1", short=((TEA, 2_000),)))
    shop.settle()
    assert asked(shop, HANOI) == [("tea", "short_pick")]
    shop.tell(HANOI, 500, StockReceived(lines=goods((TEA, 10_000)), by="an"))
    settle_recounts(shop.database, at(600))
    assert asked(shop, HANOI) == [("tea", "short_pick")]


def test_a_pick_up_that_its_store_cannot_fill_is_a_reason_to_count(shop: Shop) -> None:
    """The customer was promised what should have been there."""
    shop.place("o1", (TEA, 6_000), way="pickup", store=HUE)
    assert asked(shop, HUE) == [("tea", "oversold")]
