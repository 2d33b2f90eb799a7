"""Sales, refunds, hand-overs and cancellations out: each once in effect, in order, whatever goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

import pytest

from hub.channels.outbox_part import (
    CLAIM,
    OUT_PART,
    PEOPLE_PART,
    SALES_PART,
    OutboxTools,
    Sent,
    make_people_part,
)
from hub.channels.part import PartKind
from hub.channels.told import SALE_MAY_COME
from hub.storage.channel_journals import JOURNAL_PART
from hub.storage.channel_outbox import tell
from hub.storage.channel_records import Message, OutboxRow
from hub.storage.database import Database
from protocol.events import OrderHandedOver, OrderPicked
from tests.channel_chain import HANOI, HUE, PHO, TEA, Chain
from tests.channel_stage import START
from tests.channels.pretend.shop import Fault
from tests.unit.hub.journals import sale
from tests.unit.hub.matter_facts import given_back, goods, sold


@pytest.fixture
def chain(database: Database) -> Chain:
    """A chain whose shop is told of sales."""
    return Chain(database)


def states(chain: Chain) -> list[tuple[str, str, str]]:
    """The outbox, as (key, state, words)."""
    return [(row.key, row.state, row.words) for row in chain.outbox.rows("web")]


def test_each_sale_is_told_once(chain: Chain) -> None:
    """With the store, the total and our key; what the shop calls it is a link; idle rounds tell nothing more."""
    chain.tell(HANOI, sale(1, (TEA, 2_000)), sale(2, (PHO, 1_000)))
    chain.run(chain.process(), rounds=10)
    assert chain.shop.keys() == {"e1": 1, "e2": 1}
    (first, *_) = chain.shop.sales.values()
    assert (first["store"], first["total"]) == ("hanoi", 2_000)
    (link,) = chain.tables.links.find("web", "sale", ours="e1")
    assert chain.shop.sales[link.theirs]["key"] == "e1"
    assert chain.shop.calls["look"] == 0


def test_what_was_sold_before_the_channel_was_set_up_is_not_told(database: Database) -> None:
    """From then on, what the hub hears: also of a till that had been offline since before."""
    chain = Chain(database)
    chain.tell(HUE, sale(1, (TEA, 1_000)), heard=False)
    chain.tell(HANOI, sale(2, (TEA, 1_000)))
    chain.tables.setups.give_up("web")
    chain.tables.setups.add("web", "pretend", {}, START)
    chain.tables.setups.enable("web", START, enabled=True)
    chain.tell(HUE, sale(3, (TEA, 1_000)))
    chain.run(chain.process(), rounds=10)
    assert chain.shop.keys() == {"e1": 1, "e3": 1}


def test_events_that_come_twice_are_told_once(chain: Chain) -> None:
    """The journal is sent again from its start, and the same sale sealed again is a duplicate."""
    chain.tell(HANOI, sale(1, (TEA, 1_000)))
    process = chain.process()
    chain.run(process, rounds=5)
    chain.tills[HANOI].append(sale(1, (TEA, 1_000)), chain.clock.now, event_id="e1")
    chain.tell(HANOI, sale(2, (TEA, 1_000)))
    chain.run(process, rounds=10)
    assert chain.shop.keys() == {"e1": 1, "e2": 1}


def test_a_channel_that_wants_no_sales_or_some_stores_only_is_told_no_others(chain: Chain) -> None:
    """By its settings; what happened while it wanted none is not told later."""
    chain.tables.setups.set("web", {"sales": "no"}, chain.clock.now)
    chain.tell(HANOI, sale(1, (TEA, 1_000)))
    chain.run(chain.process(), rounds=5)
    chain.tables.setups.set("web", {"sales_of": "hue"}, chain.clock.now)
    chain.tell(HANOI, sale(2, (TEA, 1_000)))
    chain.tell(HUE, sale(3, (TEA, 1_000)))
    chain.run(chain.process(), rounds=5)
    assert chain.shop.keys() == {"e3": 1}


def test_a_refund_follows_its_sale(chain: Chain) -> None:
    """Also when the sale's till was offline: the refund waits for it, and says which sale it gives back of."""
    chain.tell(HUE, sold("R-hue", (TEA, 2_000)), heard=False)
    chain.tell(HANOI, given_back("R-han", "R-hue", (TEA, 1_000)))
    process = chain.process()
    chain.run(process, rounds=10)
    assert chain.shop.sales == {}
    chain.tell(HUE)
    chain.run(process, rounds=10)
    assert [(kept["key"], kept["original"]) for kept in chain.shop.sales.values()] == [("e1", ""), ("e2", "e1")]


def test_a_refund_of_a_receipt_that_nobody_knows_is_told_in_the_end(chain: Chain) -> None:
    """After a day it goes without its sale; one of a sale from before the channel's time goes at once."""
    chain.tell(HANOI, given_back("R2", "R-of-old", (TEA, 1_000)))
    process = chain.process()
    chain.run(process, rounds=5)
    assert chain.shop.sales == {}
    chain.clock.pass_s(SALE_MAY_COME.total_seconds())
    chain.run(process, rounds=5)
    assert chain.shop.keys() == {"e1": 1}


def test_a_sale_that_is_parked_holds_back_its_refund_and_nothing_else(chain: Chain) -> None:
    """In the shop's own words; when somebody has mended the cause and replays, both follow in order."""
    chain.shop.fault("sales", "refuse")
    chain.tell(HANOI, sold("R1", (TEA, 2_000)), given_back("R2", "R1", (TEA, 1_000)), sold("R3", (PHO, 1_000)))
    process = chain.process()
    chain.run(process, rounds=5)
    assert states(chain) == [
        ("e1", "parked", "We do not want this."), ("e2", "waiting", ""), ("e3", "done", ""),
    ]  # fmt: skip
    assert chain.outbox.replay("web", chain.clock.now) == 1
    chain.run(process, rounds=5)
    assert [kept["key"] for kept in chain.shop.sales.values()] == ["e3", "e1", "e2"]


def test_time_out_after_the_shop_did_it(chain: Chain) -> None:
    """The answer is lost, again and again: the sale is looked for before it is told again, and is there once."""
    chain.shop.fault("sales", "lost")
    chain.shop.fault("look", "away", "lost")
    chain.tell(HANOI, sale(1, (TEA, 1_000)))
    chain.run(chain.process(), rounds=60, pace_s=5)
    assert chain.shop.keys() == {"e1": 1}
    assert states(chain) == [("e1", "done", "")]
    (link,) = chain.tables.links.find("web", "sale", ours="e1")
    assert link.theirs in chain.shop.sales


def test_429_with_retry_after(chain: Chain) -> None:
    """No sale is told before the time that the shop named, and none is lost."""
    chain.shop.fault("sales", Fault("wait", 120))
    chain.tell(HANOI, *[sale(number, (TEA, 10)) for number in range(3)])
    process, begun = chain.process(), chain.clock.now
    while not chain.shop.sales:
        chain.run(process, rounds=1)
    assert (chain.clock.now - begun).total_seconds() >= 120
    chain.run(process, rounds=20, pace_s=10)
    assert chain.shop.keys() == {"e1": 1, "e2": 1, "e3": 1}


def test_429_without_retry_after(chain: Chain) -> None:
    """The waits are our own, and grow."""
    chain.shop.fault("sales", "wait", times=5)
    chain.tell(HANOI, sale(1, (TEA, 1_000)))
    chain.run(chain.process(), rounds=60, pace_s=10)
    assert (chain.shop.keys(), chain.shop.calls["sales"]) == ({"e1": 1}, 6)


def test_5xx(chain: Chain) -> None:
    """An outage with a hundred sales in it: few calls while it lasts, and each sale once when it is over."""
    chain.shop.fault("sales", "away", times=12)
    for number in range(20):
        chain.tell(HANOI, *[sale(number * 5 + one, (TEA, 10)) for one in range(5)])
    process = chain.process()
    chain.run(process, rounds=100, pace_s=20)
    assert chain.shop.keys() == {f"e{number}": 1 for number in range(1, 101)}
    assert chain.shop.calls["sales"] == 112


def test_expired_token(chain: Chain) -> None:
    """The sale waits until the channel was opened anew with good keys."""
    chain.shop.fault("sales", "expired")
    chain.tell(HANOI, sale(1, (TEA, 1_000)))
    chain.run(chain.process(), rounds=30, pace_s=10)
    assert chain.shop.keys() == {"e1": 1}


def test_a_message_that_brings_out_a_mistake_of_ours_is_parked(chain: Chain) -> None:
    """A poisoned one holds up no other, and its words say where to look."""
    chain.tell(HANOI, sale(1, (TEA, 1_000)), sale(2, (TEA, 1_000)))
    chain.shop.poison = "e1"
    chain.run(chain.process(), rounds=5)
    assert chain.shop.keys() == {"e2": 1}
    ((_, state, words),) = [row for row in states(chain) if row[0] == "e1"]
    assert (state, words.split(":")[0]) == ("parked", "a mistake of ours, see the log")


def test_a_dead_process_leaves_its_work_to_another(chain: Chain) -> None:
    """It dies after the shop had it and before that was written down: the other looks first, and tells it once."""
    chain.tell(HANOI, sale(1, (TEA, 1_000)), sale(2, (TEA, 1_000)))
    dying, other = chain.process("a"), chain.process("b")
    dying.step(JOURNAL_PART)

    def die(name: str) -> None:
        if name == "sales" and chain.shop.calls["sales"] == 2:
            raise SystemExit

    chain.shop.on_call = die
    with pytest.raises(SystemExit):
        dying.step(SALES_PART)
    chain.shop.on_call = lambda _: None
    chain.run(other, rounds=5)
    assert chain.shop.keys() == {"e1": 1}
    chain.clock.pass_s(CLAIM.total_seconds())
    chain.run(other, rounds=5)
    assert chain.shop.keys() == {"e1": 1, "e2": 1}
    assert chain.shop.calls["look"] == 1


def test_a_parcel_that_leaves_is_told_to_its_channel(chain: Chain) -> None:
    """By the channel's own order id and our SKUs, once, though the answer is lost; other orders' parcels are not."""
    chain.order("o1", (TEA, 2_000))
    chain.tell(HANOI, OrderPicked(order="web:o1", lines=goods((TEA, 2_000)), by="an"))
    chain.shop.fault("parcels", "lost")
    left = OrderHandedOver(order="web:o1", lines=goods((TEA, 2_000)), by="an")
    chain.tell(HANOI, left, OrderHandedOver(order="other:o1", lines=goods((TEA, 1_000)), by="an"))
    chain.run(chain.process(), rounds=40, pace_s=5)
    assert [(kept["order"], kept["goods"]) for kept in chain.shop.parcels.values()] == [("o1", {"tea": 2_000})]
    (link,) = chain.tables.links.find("web", "order", ours="parcel:e2")
    assert link.theirs in chain.shop.parcels


def test_an_order_that_the_hub_gives_up_is_told_to_its_channel(chain: Chain) -> None:
    """Written with the cancellation itself, told once; a till's and another channel's orders concern it not."""
    chain.order("o1", (TEA, 2_000))
    assert chain.orders.cancel("web:o1", chain.clock.now)
    assert not chain.orders.cancel("web:o1", chain.clock.now)
    chain.shop.fault("cancel", "lost")
    chain.run(chain.process(), rounds=40, pace_s=5)
    assert chain.shop.cancelled == ["o1"]


def test_a_days_sales_delay_no_parcel(chain: Chain) -> None:
    """Parcels go in a part of their own: with a thousand sales waiting the next step tells it."""
    chain.tell(HANOI, *[sale(number, (TEA, 1)) for number in range(1_000)])
    chain.order("o1", (TEA, 2_000))
    chain.tell(HANOI, OrderHandedOver(order="web:o1", lines=goods((TEA, 2_000)), by="an"))
    process = chain.process()
    chain.work(process, JOURNAL_PART)
    process.step(SALES_PART)
    process.step(OUT_PART)
    assert len(chain.shop.parcels) == 1
    assert len(chain.shop.sales) < 20


def test_a_thousand_customers_delay_no_parcel_and_no_sale(chain: Chain) -> None:
    """They have a part of their own: while they wait, or are being told, a step of the others tells theirs."""
    heard: list[str] = []

    def hear(row: OutboxRow, may_be_known: bool) -> Sent:
        del may_be_known
        heard.append(row.key)
        return Sent("")

    def people(tools: OutboxTools) -> Mapping[str, PartKind]:
        make = partial(make_people_part, tools, lambda _: {"customer": hear})
        return {PEOPLE_PART: PartKind(PEOPLE_PART, make, alone=False)}

    chain.more = people
    rows = [Message(f"customer:{number}", "customer", str(number), "{}") for number in range(1_000)]
    with chain.database.write() as connection:
        tell(connection, "web", rows, chain.clock.now)
    chain.order("o1", (TEA, 2_000))
    chain.tell(HANOI, sale(1, (TEA, 1)), OrderHandedOver(order="web:o1", lines=goods((TEA, 2_000)), by="an"))
    process = chain.process()
    chain.work(process, JOURNAL_PART)
    process.step(PEOPLE_PART)
    process.step(OUT_PART)
    process.step(SALES_PART)
    assert (len(chain.shop.parcels), len(chain.shop.sales)) == (1, 1)
    assert 0 < len(heard) < 100
    chain.work(process, PEOPLE_PART, steps=1_000)
    assert sorted(map(int, heard)) == list(range(1_000))
