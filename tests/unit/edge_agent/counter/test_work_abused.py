"""Store work in the hands of the hurried and the dishonest: nothing twice, nothing while training."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from protocol.documents import Item, Pick, Purchase, Settings, Staff, Transfer
from protocol.events import (
    ApprovalGiven,
    OrderPicked,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import CATALOGUE, START, STORE, load, shop_in
from tests.unit.edge_agent.counter.test_people import HOA, LAN
from tests.unit.edge_agent.counter.test_work import WATER, begin, facts, listed, shop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The counter runs on asyncio."""
    return "asyncio"


async def test_papers_that_name_goods_twice_announce_the_sum(tmp_path: Path) -> None:
    """Two pallets of water on one order are one line of the list, with both pallets' pieces."""
    pallets = (StockLine(sku="NUOC", quantity=24_000), StockLine(sku="NUOC", quantity=6_000))
    order = Purchase(purchase="PO-1", supplier="A", lines=pallets)
    async with shop(tmp_path, {"purchase": {"PO-1": order}}) as opened:
        await begin(opened, "receive", "PO-1")
        assert listed(opened) == [("NUOC", 0, 30_000)]


async def test_training_receives_counts_and_hands_over_nothing(tmp_path: Path) -> None:
    """A work that was open before training waits until it is over; no fact about goods is written meanwhile."""
    pick = Pick(order="w", state="picked", lines=(StockLine(sku="NUOC", quantity=1_000),))
    async with shop(tmp_path, {"pick": {"w": pick}}) as opened:
        work_id = await begin(opened, "receive")
        await opened.scan(WATER)
        await opened.counter.order("switch_training", {"on": "yes"})
        assert opened.counter.view().training
        assert opened.counter.view().work is None
        await opened.scan(WATER)
        assert [line.sku for line in opened.counter.view().lines] == ["NUOC"]
        for order, fields in (("work_finish", {"work_id": work_id}), ("hand_over", {"order": "w"})):
            await opened.counter.order(order, fields)
            assert (await opened.notice())[0] == "training_on"
        assert not [fact for fact in await facts(opened) if type(fact).__name__.startswith(("Stock", "Order"))]


async def test_a_count_is_not_believed_to_be_another_works_papers(tmp_path: Path) -> None:
    """A free work has no number: a count called like a web order does not make that order ready to leave."""
    pick = Pick(order="w", lines=(StockLine(sku="NUOC", quantity=1_000),))
    async with shop(tmp_path, {"pick": {"w": pick}}) as opened:
        for kind in ("count", "write_off"):
            await opened.counter.order("work_start", {"kind": kind, "key": "w"})
            assert (await opened.notice())[0] == "work_unknown"


async def test_an_order_is_gathered_once_and_not_after_it_was_called_off(tmp_path: Path) -> None:
    """Until the hub has heard of the first gathering there is no second; a cancelled order neither ends nor leaves."""
    orders = {
        name: Pick(order=name, lines=(StockLine(sku="NUOC", quantity=1_000),)) for name in ("gathered", "called-off")
    }
    async with shop(tmp_path, {"pick": orders}) as opened:
        for name in orders:
            work_id = await begin(opened, "pick", name)
            await opened.scan(WATER)
            if name == "called-off":
                called_off = "DELETE FROM document WHERE kind = 'pick' AND key = 'called-off'"
                await opened.database.run(lambda c: c.execute(called_off))  # noqa: B023 - awaited here
            await opened.counter.order("work_finish", {"work_id": work_id})
        assert (await opened.notice())[0] == "work_unknown"
        await opened.counter.order("work_start", {"kind": "pick", "key": "gathered"})
        assert (await opened.notice())[0] == "work_unknown"
        assert [type(fact) for fact in await facts(opened)] == [OrderPicked]
        await opened.counter.order("hand_over", {"order": "called-off"})
        assert (await opened.notice())[0] == "work_unknown"


async def test_goods_that_another_till_took_in_are_not_taken_in_again(tmp_path: Path) -> None:
    """What was received already, or was sent from here, cannot be taken in; goods without papers can."""
    line = (StockLine(sku="NUOC", quantity=1_000),)
    papers = {
        "came": Transfer(transfer="came", from_store="hn02", to_store="hn01", lines=line, state="received"),
        "ours": Transfer(transfer="ours", from_store="hn01", to_store="hn02", lines=line),
    }
    async with shop(tmp_path, {"transfer": papers}) as opened:
        for key in papers:
            await opened.counter.order("work_start", {"kind": "take_in", "key": key})
            assert (await opened.notice())[0] == "work_unknown"
        await opened.counter.order("work_start", {"kind": "take_in", "key": "x" * 65})
        assert (await opened.notice())[0] == "bad_input"
        work_id = await begin(opened, "take_in", "paper-7")
        await opened.scan(WATER)
        await opened.counter.order("work_finish", {"work_id": work_id})
        assert await facts(opened) == [TransferReceived(transfer="paper-7", from_store="", lines=line, by="lan")]


async def test_goods_are_sent_to_a_store_that_can_exist_and_once(tmp_path: Path) -> None:
    """A store's name becomes part of addresses: words that cannot be one are asked for again, and so is this store."""
    wanted = Transfer(
        transfer="T", from_store="hn01", to_store="hn02", lines=(StockLine(sku="NUOC", quantity=1_000),), state="wanted"
    )
    async with shop(tmp_path, {"transfer": {"T": wanted}}) as opened:
        work_id = await begin(opened, "send")
        await opened.scan(WATER)
        for partner in ("chợ lớn", "a/b", "#", "hn01", "x" * 33):
            await opened.counter.order("work_finish", {"work_id": work_id, "partner": partner})
            assert (await opened.notice())[0] == "partner_missing"
        await opened.counter.order("work_finish", {"work_id": work_id, "partner": "hn02"})
        second = await begin(opened, "send", "T")
        await opened.scan(WATER)
        await opened.counter.order("work_finish", {"work_id": second})
        await opened.counter.order("work_start", {"kind": "send", "key": "T"})
        assert (await opened.notice())[0] == "work_unknown"
        assert [fact.to_store for fact in await facts(opened) if isinstance(fact, TransferSent)] == ["hn02", "hn02"]


async def test_two_clicks_begin_one_work(tmp_path: Path) -> None:
    """A free work that has no goods yet is gone on with, instead of a second one beside it."""
    async with shop_in(tmp_path) as opened:
        first = await begin(opened, "count")
        assert await begin(opened, "count") == first
        await opened.scan(WATER)
        assert await begin(opened, "count") != first


async def test_a_clock_that_jumped_does_not_date_a_count_into_the_future(tmp_path: Path) -> None:
    """A count is a checkpoint: one in the future would swallow every sale until then."""
    now = [START]
    async with shop_in(tmp_path, wall=lambda: now[0]) as opened:
        work_id = await begin(opened, "count")
        now[0] = datetime(2099, 1, 1, tzinfo=UTC)
        await opened.scan(WATER)
        now[0] = START + timedelta(hours=1)
        await opened.counter.order("work_finish", {"work_id": work_id})
        (counted,) = await facts(opened)
        assert isinstance(counted, StockCounted)
        assert counted.lines[0].at <= now[0]


async def test_a_price_on_a_label_is_weight_of_goods_that_are_weighed(tmp_path: Path) -> None:
    """Meat with a price label that is counted or received is as many grams as that price buys; no scale is asked."""
    meat = Item(sku="THIT", name="Thịt", price=200_000, currency="VND", unit="kg", weighed=True, plu="00123")
    settings = Settings(store_name="Chợ", barcode_layouts=("21IIIIIPPPPPC",))
    async with shop_in(tmp_path, items=(*CATALOGUE, meat)) as opened:
        await load(opened.database, store_feed(STORE), "settings", {"store": settings})
        await begin(opened, "receive")
        await opened.scan("2100123500000")
        assert listed(opened) == [("THIT", 250, None)]


async def test_what_was_allowed_is_what_was_shown(tmp_path: Path) -> None:
    """Who asks for one piece to be written off and scans ten more behind the supervisor's back asks again."""
    people = {staff.staff: staff for staff in (LAN, HOA)}
    async with shop(tmp_path, {"staff": people}) as opened:
        await opened.counter.order("sign_in", {"staff": "lan", "pin": "1111"})
        work_id = await begin(opened, "write_off")
        await opened.scan(WATER)
        await opened.counter.order("work_finish", {"work_id": work_id, "reason": "vỡ"})
        assert (await opened.notice())[0] == "approval_needed"
        await opened.scan(f"10*{WATER}")
        await opened.counter.order("approve", {"pin": "7777"})
        assert (await opened.notice())[0] == "approval_needed"
        assert not [fact for fact in await facts(opened) if isinstance(fact, StockAdjusted | ApprovalGiven)]
        await opened.counter.order("approve", {"pin": "7777"})
        gone = [fact for fact in await facts(opened) if isinstance(fact, StockAdjusted)]
        assert [fact.lines for fact in gone] == [(StockLine(sku="NUOC", quantity=-11_000),)]


async def test_papers_say_the_names_of_people(tmp_path: Path) -> None:
    """The slip of a delivery is signed by a person, not by an id."""
    people = {LAN.staff: LAN, "x": Staff(staff="x", name="X")}
    async with shop(tmp_path, {"staff": people}) as opened:
        await opened.counter.order("sign_in", {"staff": "lan", "pin": "1111"})
        work_id = await begin(opened, "receive")
        await opened.scan(WATER)
        await opened.counter.order("work_finish", {"work_id": work_id})
        assert [fact.by for fact in await facts(opened) if isinstance(fact, StockReceived)] == ["lan"]
        slip = await opened.one("SELECT payload FROM print_job WHERE kind = 'slip'")
        assert LAN.name in bytes(slip).decode()
