"""What every database promises about why a level is what it is, and how right levels were."""

from __future__ import annotations

import random
from datetime import date

import pytest

from hub.ingest.stocktake import set_stock
from hub.projections.matters import settle_all
from hub.stock.explain import Step
from hub.stock.lots import NO_LOT, Lot, LotLevel
from hub.stock.safety import Rule
from hub.storage.database import Database
from hub.storage.queries import SqlQueries
from hub.storage.reading_stock import Coming, Held, Moved
from hub.storage.rules import SqlRuleStore
from protocol.events import CountedLine, CountedLot, StockCounted, StockLine, StockReceived
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, TEA, Shop, picked
from tests.unit.hub.journals import at, count, sale
from tests.unit.hub.matter_facts import DAY, came, sent


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop on each database: five tea and five pho in two stores."""
    return Shop(database)


def test_a_level_is_explained_by_its_count_what_came_after_and_what_the_count_had_seen(shop: Shop) -> None:
    """Each movement with its paper and its person; the late sale is said to be seen; the numbers are the level's."""
    shop.tell(HANOI, 100, count("tea", 8_000, at(100)))
    shop.tell(HANOI, 150, sale(7, ("tea", 2_000)))
    shop.tills[HANOI].append(sale(6, ("tea", 1_000)), at(50))
    batch = shop.tills[HANOI].batch(3, 3)
    from hub.ingest.session import ingest  # noqa: PLC0415 - one late batch, by its own clock

    ingest(shop.stores.ledger, [batch], at(5_000))
    SqlRuleStore(shop.database).set([Rule("", "tea", "", 1_000)])
    shop.place("o1", (TEA, 2_000))
    shop.tell(HUE, 200, sent("T1", "hanoi", (TEA, 3_000)))
    settle_all(shop.database, at(6_000), shop.policy)
    found = SqlQueries(shop.database).explain("hanoi", "tea")
    assert found is not None
    assert (found.on_hand, found.reserved, found.safety, found.available) == (6_000, 2_000, 1_000, 3_000)
    assert found.counted is not None
    assert (found.counted.at, found.counted.delta, found.counted.by) == (at(100), 8_000, "an")
    assert found.since == {"sale": Moved(1, -2_000)}
    assert found.late == Moved(1, -1_000)
    assert found.held == [Held("order", "o1", 2_000)]
    assert found.coming == [Coming("T1", "hue", 3_000)]
    assert SqlQueries(shop.database).in_transit("tea") == {"hanoi": 3_000}
    lines = [(s.entry.kind, s.entry.document, s.level, s.seen_before) for s in found.steps]
    assert lines == [
        ("sale", "R000007", 6_000, False),
        ("count", "c1", 8_000, False),
        ("sale", "R000006", 4_000, True),
        ("adjust", "", 5_000, False),
    ]
    assert SqlQueries(shop.database).explain("hanoi", "gold") is None
    shop.tell(HANOI, 300, came("T1", "hue", (TEA, 3_000)))
    settle_all(shop.database, at(6_000), shop.policy)
    assert SqlQueries(shop.database).in_transit("tea") == {}


@pytest.mark.parametrize("seed", range(3))
def test_pages_join_to_the_whole_ledger(shop: Shop, seed: int) -> None:
    """Wherever a page begins, also in the middle of a moment, each line has the level that it has in one long page."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    for number in range(25):
        when = at(chance.randrange(5))
        said = (
            count("tea", chance.randrange(9) * 1_000, when) if chance.random() < 0.3 else sale(number, ("tea", 1_000))
        )
        shop.tell(HANOI, (when - at(0)).total_seconds(), said)
    queries = SqlQueries(shop.database)
    whole = queries.explain("hanoi", "tea", limit=1_000)
    assert whole is not None
    assert whole.steps[0].level == whole.on_hand
    paged: list[Step] = []
    for offset in range(0, whole.total, 4):
        part = queries.explain("hanoi", "tea", limit=4, offset=offset)
        assert part is not None
        paged += part.steps
    assert paged == list(whole.steps)
    recent = queries.explain("hanoi", "tea", limit=1_000, since=at(3))
    assert recent is not None
    assert list(recent.steps) == [step for step in whole.steps if step.entry.at >= at(3)]
    beyond = queries.explain("hanoi", "tea", offset=10_000)
    assert beyond is not None
    assert beyond.steps == ()


def test_lots_are_kept_and_picked_first_expired_first(shop: Shop) -> None:
    """What was received under a lot, less what was sold of it, fitted to the count; the pick names them."""
    old, new = date(2026, 11, 25), date(2027, 3, 1)
    lines = [
        StockLine(sku="tea", quantity=3_000, lot="new", expires=new),
        StockLine(sku="tea", quantity=4_000, lot="old", expires=old),
        StockLine(sku="tea", quantity=1_000, lot="gone", expires=date(2026, 11, 1)),
    ]
    set_stock(shop.stores.ledger, HANOI, {TEA: 0}, at(1))
    shop.tell(HANOI, 10, StockReceived(lines=tuple(lines), by="an"))
    levels = [
        LotLevel(Lot("gone", date(2026, 11, 1)), 1_000),
        LotLevel(Lot("old", old), 4_000),
        LotLevel(Lot("new", new), 3_000),
    ]
    explained = SqlQueries(shop.database).explain("hanoi", "tea")
    assert explained is not None
    assert list(explained.lots) == levels
    shop.place("o1", (TEA, 5_000))
    pick = shop.pick(HANOI)
    assert pick is not None
    assert [(line.lot, line.quantity) for line in pick.lines] == [("old", 4_000), ("new", 1_000)]
    lots = (CountedLot(lot="new", expires=new, quantity=2_000),)
    counted = CountedLine(sku="tea", quantity=2_500, at=at(300), lots=lots)
    shop.tell(HANOI, 300, StockCounted(session="c9", lines=(counted,), by="an"))
    explained = SqlQueries(shop.database).explain("hanoi", "tea")
    assert explained is not None
    assert list(explained.lots) == [LotLevel(Lot("new", new), 2_000), LotLevel(NO_LOT, 500)]
    assert explained.on_hand == 2_500
    assert explained.steps[0].level == 2_500
    assert "count_lot" not in {step.entry.kind for step in explained.steps}


def test_accuracy_is_what_the_ledger_says_of_the_counts_own_moment(shop: Shop) -> None:
    """A late sale makes a count right that looked wrong; opening stock and the hub's own sets are no counts."""
    shop.tell(HANOI, 100, count("tea", 4_000, at(100)))
    shop.tell(HANOI, 101, count("pho", 5_000, at(101)))
    shop.tell(HANOI, 102, count("new", 5_000, at(102)))
    queries = SqlQueries(shop.database)
    (before,) = queries.accuracy(at(0))
    assert (before.store, before.day, before.counted, before.right) == ("hanoi", DAY, 2, 1)
    shop.tell(HANOI, 50, sale(1, ("tea", 1_000)))
    (after,) = queries.accuracy(at(0))
    assert (after.counted, after.right, after.share, after.value_share) == (2, 2, 1.0, 1.0)
    shop.tell(HANOI, 200, count("tea", 3_000, at(200)))
    (third,) = queries.accuracy(at(0))
    assert (third.counted, third.right, third.off) == (3, 2, 1_000)
    assert queries.accuracy(at(0), store="hue") == []
    assert queries.accuracy(at(500)) == []


def test_orders_are_listed_newest_first_by_state(shop: Shop) -> None:
    """With what is missing and who was asked."""
    shop.place("o1", (TEA, 2_000))
    shop.place("o2", (TEA, 20_000))
    queries = SqlQueries(shop.database)
    page = queries.orders()
    assert [(row.order, row.state, list(row.stores)) for row in page.rows] == [
        ("o1", "open", ["hanoi"]), ("o2", "oversold", ["hanoi", "hue"]),
    ]  # fmt: skip
    assert (page.total, page.counts) == (2, {"open": 1, "oversold": 1})
    assert [row.missing for row in queries.orders(state="oversold").rows] == [{"tea": 12_000}]
    assert queries.orders(state="picked").total == 0
    shop.tell(HANOI, 200, picked("o1", (TEA, 2_000)))
    settle_all(shop.database, at(6_000), shop.policy)
    detail = queries.order("o1")
    assert detail is not None
    assert [(p.store, p.state) for p in detail.outcome.parcels] == [("hanoi", "picked")]
    assert queries.order("o9") is None
