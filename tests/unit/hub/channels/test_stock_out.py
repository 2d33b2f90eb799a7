"""Stock out: a channel offers what the hub says, whatever goes wrong, and is told nothing that it knows."""

from __future__ import annotations

import pytest

from hub.channels.outbox_part import SALES_PART
from hub.channels.stock_part import STOCK_PART
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from protocol.ids import Sku
from tests.channel_chain import HANOI, HUE, PHO, TEA, Chain
from tests.channels.pretend.shop import Fault
from tests.unit.hub.journals import sale


@pytest.fixture
def chain(database: Database) -> Chain:
    """A chain whose shop knows nothing yet."""
    return Chain(database)


@pytest.fixture
def told(chain: Chain) -> Chain:
    """One whose shop knows all."""
    chain.run(chain.process(), rounds=3)
    chain.shop.pushes.clear()
    chain.shop.calls.clear()
    return chain


def test_at_first_everything_that_is_linked_is_told(chain: Chain) -> None:
    """A new channel gets the level of each linked SKU, the sum over the stores behind a location, and no other."""
    chain.tables.links.delete("web", "item", [PHO])
    chain.run(chain.process(), rounds=3)
    assert chain.shop.levels == {("ware", TEA): 18_000}


def test_a_sale_is_told_and_what_is_known_is_not_told_again(told: Chain) -> None:
    """One sale, one target in one call; nothing more however often the parts run."""
    told.tell(HANOI, sale(1, (TEA, 2_000)))
    told.run(told.process(), rounds=20)
    assert told.shop.pushes == [[("ware", TEA, 16_000)]]
    assert told.shop.offers(TEA, "ware") == 16_000


def test_what_changed_often_is_told_once(told: Chain) -> None:
    """Fifty sales while nobody ran are one level; one in and one out are none."""
    for number in range(25):
        told.tell(HANOI, sale(number, (TEA, 100)))
        told.tell(HUE, sale(100 + number, (TEA, 100)))
    told.run(told.process(), rounds=5)
    assert told.shop.pushes == [[("ware", TEA, 13_000)]]


def test_a_store_that_is_not_linked_is_not_in_the_sum(chain: Chain) -> None:
    """And when a person links it to a location, all is told anew by itself; a parked item is tried again, too."""
    chain.tables.links.delete("web", "location", [HUE])
    chain.shop.known = {TEA}
    process = chain.process()
    chain.run(process, rounds=3)
    assert chain.shop.levels == {("ware", TEA): 9_000}
    chain.shop.known = None
    chain.link(LinkRow("location", HUE, "south", by_hand=True))
    chain.run(process, rounds=3)
    expected = {("ware", TEA): 9_000, ("south", TEA): 9_000, ("ware", PHO): 9_000, ("south", PHO): 9_000}
    assert chain.shop.levels == expected


def test_an_order_that_the_hub_has_not_heard_of_stays_subtracted(told: Chain) -> None:
    """The last unit: no push gives back what a web customer has just bought; the hub's own count comes right later."""
    told.order("o1", (TEA, 1_000), counted=False)
    told.tell(HANOI, sale(1, (TEA, 2_000)))
    process = told.process()
    told.run(process, rounds=3)
    assert told.shop.offers(TEA, "ware") == 18_000 - 2_000 - 1_000
    told.take_in("o1", (TEA, 1_000))
    told.run(process, rounds=3)
    assert told.shop.offers(TEA, "ware") == told.available(TEA) == 15_000


def test_an_order_taken_in_while_goods_come_in_is_told_though_the_number_is_the_same(told: Chain) -> None:
    """Available stays as it is, but the shop subtracts the order itself, and must be told more by it."""
    told.order("o1", (TEA, 1_000), counted=False)
    told.tell(HANOI, sale(1, (TEA, 1_000)))
    told.run(told.process(), rounds=3)
    assert told.shop.offers(TEA, "ware") == 16_000
    told.tell(HANOI, sale(2, (TEA, -1_000)))
    told.take_in("o1", (TEA, 1_000))
    told.run(told.process("b"), rounds=40, pace_s=5)
    assert told.shop.offers(TEA, "ware") == told.available(TEA) == 17_000


def test_half_a_batch_refused(chain: Chain) -> None:
    """What was refused is parked in the shop's words and holds up nothing; replayed, it is told as it is then."""
    chain.shop.fault("levels", "half")
    process = chain.process()
    chain.run(process, rounds=3)
    parked = chain.stock.offers("web", state="parked")
    assert [(row.sku, row.words) for row in parked] == [(TEA, "not this one")]
    assert chain.shop.levels == {("ware", PHO): 18_000}
    chain.tell(HANOI, sale(1, (TEA, 1_000), (PHO, 1_000)))
    chain.run(process, rounds=3)
    assert chain.shop.levels == {("ware", PHO): 17_000}
    assert chain.stock.replay("web", chain.clock.now) == 1
    chain.run(process, rounds=3)
    assert chain.shop.levels == {("ware", PHO): 17_000, ("ware", TEA): 17_000}
    assert chain.stock.offers("web", state="parked") == []


def test_unknown_sku(chain: Chain) -> None:
    """A SKU that the channel does not have is parked with its words; others go on, also when it sells all day."""
    chain.shop.known = {PHO}
    process = chain.process()
    for number in range(5):
        chain.tell(HANOI, sale(number, (TEA, 100), (PHO, 100)))
        chain.run(process, rounds=2)
    assert chain.shop.levels == {("ware", PHO): 17_500}
    (row,) = chain.stock.offers("web", state="parked")
    assert row.words == "no such item: tea"
    assert chain.told(STOCK_PART) == ""
    assert sum(TEA in str(push) for push in chain.shop.pushes) == 1


def test_a_link_that_goes_away_in_the_middle_parks_only_its_own(told: Chain) -> None:
    """A connector that knows no word for one of a batch refuses the whole; the framework finds out which one it is."""
    told.tell(HANOI, sale(1, (TEA, 1_000), (PHO, 1_000)))
    told.shop.fault("levels", "refuse")
    told.run(told.process(), rounds=3)
    assert told.shop.levels == {("ware", PHO): 17_000, ("ware", TEA): 17_000}
    assert told.shop.calls["levels"] == 3


def test_429_with_retry_after(told: Chain) -> None:
    """Nothing is asked before the time that the channel named; then everything is told."""
    process = told.process()
    told.tell(HANOI, sale(1, (TEA, 1_000)))
    told.shop.fault("levels", Fault("wait", 30))
    begun = told.clock.now
    while told.shop.levels["ware", TEA] == 18_000:
        before = told.shop.calls["levels"]
        told.clock.pass_s(max(0.1, process.step(STOCK_PART)))
        if told.shop.calls["levels"] > before > 0:
            assert (told.clock.now - begun).total_seconds() >= 30
    assert told.shop.calls["levels"] == 2


def test_429_without_retry_after(told: Chain) -> None:
    """Again and again: waits grow, calls are few, and in the end all is told."""
    told.tell(HANOI, sale(1, (TEA, 1_000)))
    told.shop.fault("levels", "wait", times=6)
    process = told.process()
    told.run(process, rounds=40, pace_s=10)
    assert told.shop.offers(TEA, "ware") == 17_000
    assert told.shop.calls["levels"] == 7


def test_5xx(told: Chain) -> None:
    """Stock ends right after an outage, newest level once, and what happened meanwhile is in it."""
    process = told.process()
    told.shop.fault("levels", "away", times=8)
    for number in range(8):
        told.tell(HUE, sale(number, (TEA, 500), (PHO, 500)))
        told.run(process, rounds=3)
    told.run(process, rounds=40, pace_s=10)
    assert told.shop.levels == {("ware", TEA): 14_000, ("ware", PHO): 14_000}
    assert told.told(STOCK_PART) == ""


def test_time_out_after_the_shop_did_it(told: Chain) -> None:
    """The same level is told again: it is absolute, so that is no harm."""
    told.tell(HANOI, sale(1, (TEA, 1_000)))
    told.shop.fault("levels", "lost", "lost")
    told.run(told.process(), rounds=30)
    assert told.shop.levels["ware", TEA] == 17_000
    assert told.stock.offers("web", state="due") == []


def test_expired_token(told: Chain) -> None:
    """The channel is opened anew with the keys that are good now; until then it is not hammered."""
    told.tell(HANOI, sale(1, (TEA, 1_000)))
    told.shop.fault("levels", "expired")
    told.run(told.process(), rounds=40, pace_s=5)
    assert told.shop.levels["ware", TEA] == 17_000
    assert told.shop.calls["levels"] == 2


def test_a_sku_that_makes_the_shop_choke_holds_up_no_other(database: Database) -> None:
    """Each call with it ends in a 500: it becomes a row of its own with its next try, and all others are told."""
    skus = tuple(Sku(f"s{number:02}") for number in range(25))
    chain = Chain(database, skus=skus)
    chain.shop.choke = {"s07"}
    process = chain.process()
    chain.run(process, rounds=40, pace_s=10)
    assert {sku for _, sku in chain.shop.levels} == set(skus) - {"s07"}
    assert [row.sku for row in chain.stock.offers("web", state="due")] == ["s07"]
    for number, sku in enumerate(skus):
        chain.tell(HANOI, sale(number, (sku, 1_000)))
    chain.run(process, rounds=40, pace_s=10)
    assert {level for (_, sku), level in chain.shop.levels.items() if sku != "s07"} == {17_000}
    chain.shop.choke = set()
    chain.run(process, rounds=40, pace_s=20)
    assert chain.shop.levels["ware", "s07"] == 17_000


def test_again_is_told_at_once_and_not_for_ever(told: Chain) -> None:
    """The shop's side changed meanwhile: pushed anew at once, a few times, then a little later."""
    told.tell(HANOI, sale(1, (TEA, 1_000), (PHO, 1_000)))
    told.shop.fault("levels", "again", times=3)
    process = told.process()
    process.step(STOCK_PART)
    assert told.shop.levels["ware", TEA] == 17_000
    told.tell(HANOI, sale(2, (TEA, 1_000), (PHO, 1_000)))
    told.shop.fault("levels", "again", times=30)
    calls = told.shop.calls["levels"]
    told.work(process, STOCK_PART)
    assert told.shop.calls["levels"] - calls < 10
    told.run(process, rounds=100)
    assert told.shop.levels["ware", TEA] == told.shop.levels["ware", PHO] == 16_000


def test_what_is_not_linked_any_more_is_forgotten(told: Chain) -> None:
    """Also what was to be told again: no part goes round and round over it."""
    process = told.process()
    told.tell(HANOI, sale(1, (TEA, 1_000)))
    told.shop.fault("levels", "away")
    process.step(STOCK_PART)
    assert [row.sku for row in told.stock.offers("web", state="due")] == [TEA]
    told.tables.links.delete("web", "item", [TEA])
    told.clock.pass_s(10)
    calls = told.shop.calls["levels"]
    assert told.work(process, STOCK_PART, steps=20) > 0
    assert told.shop.calls["levels"] == calls
    assert {row.sku for row in told.stock.offers("web")} == {PHO}


def test_a_change_is_told_before_the_rest_of_a_walk(database: Database) -> None:
    """Everything is being told anew, a call at a time: a sale waits for one call, not for all."""
    skus = tuple(Sku(f"s{number:03}") for number in range(100))
    chain = Chain(database, skus=skus)
    process = chain.process()
    for _ in range(3):
        process.step(STOCK_PART)
    chain.tell(HANOI, sale(1, (skus[-1], 1_000)))
    process.step(STOCK_PART)
    assert chain.shop.levels["ware", skus[-1]] == 17_000
    assert len(chain.shop.levels) < 60
    chain.run(process, rounds=2)
    assert len(chain.shop.levels) == 100


def test_a_restart_goes_on_where_it_was(told: Chain) -> None:
    """What was told before the last write of the cursor is looked at again and not told again."""
    process = told.process()
    for number in range(3):
        told.tell(HANOI, sale(number, (TEA, 1_000)))
        told.work(process, STOCK_PART)
    process.parts[STOCK_PART].release()
    told.run(told.process("b"), rounds=5)
    assert told.shop.calls["levels"] == 3


def test_push_tells_all_again_on_demand(told: Chain) -> None:
    """Somebody changed a level in the shop by hand: `channel push` makes it what the hub says."""
    told.shop.levels["ware", TEA] = 99_000
    process = told.process()
    told.run(process, rounds=5)
    assert told.shop.levels["ware", TEA] == 99_000
    told.tables.parts.count_up("web", "push")
    told.run(process, rounds=5)
    assert told.shop.levels["ware", TEA] == 18_000


def test_one_push_is_in_flight_however_many_processes_there_are(told: Chain) -> None:
    """And when the process that pushes dies, another goes on from where it was."""
    first, second = told.process("a"), told.process("b")
    for number in range(6):
        told.tell(HANOI, sale(number, (TEA, 500)))
        told.run(first, second, rounds=2)
    assert told.shop.most_at_once["levels"] == 1
    told.tell(HANOI, sale(9, (TEA, 500)))
    told.run(second, rounds=40, pace_s=5)
    assert told.shop.levels["ware", TEA] == 14_500


def test_sales_that_fail_delay_no_level(told: Chain) -> None:
    """Sales cannot be told for an hour, by whatever error: each level is told at the next step all the same."""
    told.shop.fault("sales", "away", times=500)
    process = told.process()
    for number in range(30):
        told.tell(HANOI, sale(number, (TEA, 100)))
        told.work(process, SALES_PART)
        told.work(process, STOCK_PART)
        assert told.shop.levels["ware", TEA] == 18_000 - 100 * (number + 1)
        told.clock.pass_s(5)
