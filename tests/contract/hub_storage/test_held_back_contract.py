"""What every database promises about what the web may not sell: safety stock, silent tills, parts of packs."""

from __future__ import annotations

import random
from datetime import datetime

import pytest
import sqlalchemy as sa

from hub.errors import RuleRefused, StorageUnavailable
from hub.ingest.stocktake import set_stock
from hub.projections.availability import AvailabilityProjection
from hub.projections.silence import EVERY_S, SilenceProjection, sales_before
from hub.running.silence import SilenceThread
from hub.stock.safety import RULES_MAX, Rule, SafetyStock
from hub.stock.sales_rate import RecentSales
from hub.stock.silence import held_back
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.port import TerminalReport
from hub.storage.queries import SqlQueries
from hub.storage.reading import StockQuery
from hub.storage.rules import SqlRuleStore
from protocol.documents import Item, Part
from protocol.ids import Sku, StoreId
from protocol.messages import Status
from tests.contract.hub_storage.test_orders_contract import HANOI, HUE, TEA, Shop
from tests.unit.hub.journals import at, sale


@pytest.fixture
def shop(database: Database) -> Shop:
    """A shop on each database: five tea and five pho in two stores."""
    return Shop(database)


def seen(shop: Shop, sku: str) -> dict[str, int]:
    """What the web may sell, by store."""
    (found,) = SqlQueries(shop.database).availability([sku])
    return dict(found.locations)


def report(shop: Shop, store: StoreId, when: datetime, *, online: bool, backlog: int = 0) -> None:
    """A till says how it is, or its last will does; what it has not sent is of 20 seconds past the start."""
    status = Status(
        online=online, at=when, version="1" if online else "", backlog=backlog,
        oldest_unsent_at=at(20) if backlog else None, devices={}, epoch=1,
    )  # fmt: skip
    shop.stores.fleet.record_reports([TerminalReport(store, shop.tills[store].terminal, status)], when)


def test_a_rule_is_held_back_and_the_web_hears_of_it(shop: Shop) -> None:
    """At once, by the closest rule; its SKUs get new numbers, other processes are told which."""
    rules, projection = SqlRuleStore(shop.database), AvailabilityProjection(shop.database)
    other = AvailabilityProjection(shop.database)
    for each in (projection, other):
        each.advance(shop.stores.feeds.heads())
    before = SqlQueries(shop.database).availability_changes(None, 1).revision
    assert rules.set([Rule("", "", "", 1_000), Rule("hue", "tea", "", 3_000)]) == 2
    assert rules.set([Rule("", "", "", 1_000)]) == 0
    assert seen(shop, "tea") == {"hanoi": 4_000, "hue": 2_000}
    changes = SqlQueries(shop.database).availability_changes(before, 10)
    assert {item.sku for item in changes.items} == {"tea", "pho"}
    for each in (projection, other):
        assert each.advance(shop.stores.feeds.heads()).skus == {"tea", "pho"}
        assert each.advance(shop.stores.feeds.heads()).skus == set()
    assert rules.delete([("hue", "tea", ""), ("vinh", "", "")]) == 1
    assert seen(shop, "tea") == {"hanoi": 4_000, "hue": 4_000}
    assert rules.rules() == [Rule("", "", "", 1_000)]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule("vinh", "", "", 1), "store vinh"),
        (Rule("", "tea", "drinks", 1), "SKU tea: a rule is for a SKU or for a category"),
        (Rule("", "", "", -1), "must not be negative"),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_with_all_others(shop: Shop, rule: Rule, words: str) -> None:
    """The message names what is wrong; nothing is set."""
    with pytest.raises(RuleRefused, match=words):
        SqlRuleStore(shop.database).set([Rule("", "tea", "", 1), rule])
    assert SqlRuleStore(shop.database).rules() == []


def test_there_are_so_many_rules_and_no_more(shop: Shop) -> None:
    """They are looked up with every answer, so they are bounded."""
    with pytest.raises(RuleRefused, match="10000 rules at most"):
        SqlRuleStore(shop.database).set([Rule("", f"s{number}", "", 1) for number in range(RULES_MAX + 1)])


@pytest.mark.parametrize("seed", range(4))
def test_the_page_is_ordered_by_what_the_pure_rules_say(shop: Shop, seed: int) -> None:
    """The database's order by what the web may sell is the core's."""
    chance = random.Random(seed)  # noqa: S311 - a test's dice
    categories = {f"s{number}": chance.choice(["a", "b", ""]) for number in range(9)}
    items = [Item(sku=sku, name="x", price=1, currency="VND", category=c) for sku, c in categories.items()]
    shop.stores.catalogue.put_items(items, at(1))
    for store in (HANOI, HUE):
        levels = {Sku(item.sku): chance.randrange(-2, 20) * 1_000 for item in items}
        set_stock(shop.stores.ledger, store, levels, at(2))
    scopes = [(s, k, c) for s in ("", "hanoi") for k, c in (("", ""), ("s1", ""), ("s4", ""), ("", "a"), ("", "b"))]
    rules = [
        Rule(*scope, chance.randrange(9) * 1_000) for scope in chance.sample(scopes, chance.randrange(len(scopes)))
    ]
    SqlRuleStore(shop.database).set(rules)
    with shop.database.write() as connection:
        connection.execute(sa.insert(schema.offline_buffer), [{"store": "hue", "sku": "s2", "quantity": 2_000}])
    page = SqlQueries(shop.database).stock(StockQuery(order="available", descending=True, limit=100))
    safety = SafetyStock(rules)
    for row in page.rows:
        buffer = 2_000 if (row.store, row.sku) == ("hue", "s2") else 0
        held = safety.held(row.store, row.sku, categories.get(row.sku, ""))
        assert (row.safety, row.buffer) == (held, buffer)
        assert row.available == max(0, row.on_hand - row.reserved - held - buffer)
    assert [row.available for row in page.rows] == sorted((row.available for row in page.rows), reverse=True)


def test_a_pack_and_a_bundle_are_what_is_left_of_their_parts(shop: Shop) -> None:
    """Less reservations and safety stock of the parts; a sale of a piece is news of the pack."""
    pack = Item(sku="two", name="2 tea", price=1, currency="VND", pack_of="tea", pack_size=2_000)
    parts = (Part(sku="tea", quantity=1_000), Part(sku="pho", quantity=500))
    bundle = Item(sku="lunch", name="Lunch", price=1, currency="VND", parts=parts)
    shop.stores.catalogue.put_items([pack, bundle], at(1))
    projection = AvailabilityProjection(shop.database)
    projection.advance(shop.stores.feeds.heads())
    assert seen(shop, "two") == {"hanoi": 2_000, "hue": 2_000}
    assert seen(shop, "lunch") == {"hanoi": 5_000, "hue": 5_000}
    SqlRuleStore(shop.database).set([Rule("hue", "pho", "", 4_000)])
    assert seen(shop, "lunch") == {"hanoi": 5_000, "hue": 2_000}
    projection.advance(shop.stores.feeds.heads())
    shop.tell(HANOI, 10, sale(1, ("tea", 3_000)))
    assert seen(shop, "two") == {"hanoi": 1_000, "hue": 2_000}
    assert projection.advance(shop.stores.feeds.heads()).skus == {"tea", "two", "lunch"}
    shop.place("o1", ("two", 2_000))
    pick = shop.pick(HUE) or shop.pick(HANOI)
    assert pick is not None
    assert {line.sku for line in pick.lines} == {"tea"}


def test_a_silent_till_holds_back_what_it_may_sell_until_its_backlog_is_in(shop: Shop) -> None:
    """The quantile of that SKU's rate at that till, nothing of other stores and SKUs; away, back, and caught up."""
    for number in range(60):  # one a minute for an hour of the week before, which the hub has by second 1,000
        shop.tell(HANOI, -7 * 86_400 + number * 60, sale(number, ("tea", 1_000)))
    set_stock(shop.stores.ledger, HANOI, {TEA: 50_000}, at(0))
    report(shop, HANOI, at(0), online=True)
    report(shop, HUE, at(0), online=True)
    silence, projection = SilenceProjection(shop.database, risk=0.01), AvailabilityProjection(shop.database)
    projection.advance(shop.stores.feeds.heads())
    assert silence.advance(at(1_005), 0) == 0
    report(shop, HANOI, at(1_010), online=False)
    assert silence.advance(at(1_600), EVERY_S) >= 1
    found = sales_before(shop.database, ("hanoi", "till1"), at(1_000))
    assert found.sold["tea"] == RecentSales(60, 60.0, 60.0)
    assert found.sold["pho"] == RecentSales()
    assert sum(found.receipts.values()) == 60
    first = held_back([(at(1_000), found)], at(1_600), 0.01)
    assert first["tea"] > 0
    assert seen(shop, "tea") == {"hanoi": 50_000 - first["tea"], "hue": 5_000}
    assert seen(shop, "pho") == {"hanoi": 5_000 - first.get("pho", 0), "hue": 5_000}
    assert "tea" in projection.advance(shop.stores.feeds.heads()).skus
    assert silence.advance(at(2_200), EVERY_S * 2) >= 1
    assert seen(shop, "tea")["hanoi"] < 50_000 - first["tea"]
    report(shop, HANOI, at(2_300), online=True, backlog=9)
    silence.advance(at(2_301), EVERY_S * 2 + 3)
    assert seen(shop, "tea")["hanoi"] < 50_000
    report(shop, HANOI, at(2_310), online=True)
    assert silence.advance(at(2_311), EVERY_S * 2 + 6) >= 1
    assert seen(shop, "tea") == {"hanoi": 50_000, "hue": 5_000}


def test_the_thread_tells_of_changes_and_outlives_a_database_that_is_away(shop: Shop) -> None:
    """It wakes whoever broadcasts only when something changed; an error is no end."""
    told: list[int] = []
    moments = iter([at(0), at(1), at(2)])

    class Flaky(SilenceProjection):
        """Changes something, fails, changes nothing."""

        def advance(self, now: datetime, now_s: float) -> int:
            del now_s
            if now == at(1):
                raise StorageUnavailable("away")
            return int(now == at(0))

    thread = SilenceThread(
        [Flaky(shop.database, risk=0.01)], lambda: 0.0, lambda: next(moments), lambda: told.append(1)
    )
    for _ in range(3):
        thread.step()
    assert told == [1]
    thread.start()
    assert thread.alive
    thread.stop(5)
    assert not thread.alive


def test_allotment_asks_the_store_that_can_be_heard(shop: Shop) -> None:
    """Hanoi is nearer, but silent."""
    report(shop, HANOI, at(0), online=False)
    report(shop, HUE, at(0), online=True)
    shop.place("o1", (TEA, 2_000))
    assert shop.reserved() == {(HUE, TEA): 2_000}
