"""Store work at a till: a list that scans go to, that survives everything, and that becomes one event, once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from edge_agent.counter.work_views import PickDetail, WorkMenu, WorkSummary
from edge_agent.journal.sqlite import SqliteJournal
from protocol.documents import DocumentBody, Item, Pick, Purchase, Settings, Stock, Transfer
from protocol.event import Event, Unreadable, read_data, read_event
from protocol.events import (
    EventData,
    OrderHandedOver,
    OrderPicked,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.ids import store_feed
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER, RICE = "8934602100016", "HOUSE-7"
MANY = tuple(
    Item(sku=f"S{number}", name=f"Hàng {number}", barcodes=(f"CODE-{number}",), price=1_000, currency="VND")
    for number in range(70)
)


@pytest.fixture
def anyio_backend() -> str:
    """The counter runs on asyncio."""
    return "asyncio"


@asynccontextmanager
async def shop(folder: Path, documents: Mapping[str, Mapping[str, DocumentBody]] | None = None) -> AsyncIterator[Shop]:
    """A till with these documents of its store."""
    async with shop_in(folder) as opened:
        for kind, bodies in (documents or {}).items():
            await load(opened.database, store_feed(STORE), kind, bodies)
        opened.counter.refresh()
        yield opened


async def facts(opened: Shop) -> list[EventData]:
    """All facts in the journal."""
    sealed = await opened.database.run(lambda c: SqliteJournal(c).read(1, 1_000, 10**9))
    read = []
    for each in sealed:
        event = read_event(each.raw)
        assert isinstance(event, Event)
        data = read_data(event)
        assert not isinstance(data, Unreadable)
        read.append(data)
    return read


async def begin(opened: Shop, kind: str, key: str = "") -> str:
    """Begin a work and return its id."""
    await opened.counter.order("work_start", {"kind": kind, "key": key})
    work = opened.counter.view().work
    assert work is not None
    return work.id


def listed(opened: Shop) -> list[tuple[str, int, int | None]]:
    """The lines of the active work."""
    work = opened.counter.view().work
    assert work is not None
    return [(line.sku, line.quantity, line.expected) for line in work.lines]


async def test_a_delivery_is_received_against_its_order(tmp_path: Path) -> None:
    """What was ordered is on the list, scans fill it, other goods join it, and the receipt on the screen stays."""
    order = Purchase(purchase="PO-1", supplier="Acecook", lines=(StockLine(sku="NUOC", quantity=24_000),))
    async with shop(tmp_path, {"purchase": {"PO-1": order}}) as opened:
        await opened.counter.scan(WATER, source="scanner")
        work_id = await begin(opened, "receive", "PO-1")
        assert listed(opened) == [("NUOC", 0, 24_000)]
        await opened.counter.scan(f"20*{WATER}", source="typed")
        await opened.counter.scan("3*", source="typed")
        await opened.counter.scan(RICE, source="scanner")
        assert listed(opened) == [("NUOC", 20_000, 24_000), ("GAO", 3_000, None)]
        assert [line.quantity for line in opened.counter.view().lines] == [1_000]
        summary = await opened.counter.ask("work_finish", {})
        assert isinstance(summary, WorkSummary)
        assert [(line.sku, line.quantity, line.expected) for line in summary.differences] == [("NUOC", 20_000, 24_000)]
        fields = {"work_id": work_id, "document": "HD-77", "note": "thiếu 4"}
        await opened.counter.order("work_finish", fields)
        await opened.counter.order("work_finish", fields)
        assert (await opened.notice())[0] == "stale_page"
        assert await facts(opened) == [
            StockReceived(
                lines=(StockLine(sku="NUOC", quantity=20_000), StockLine(sku="GAO", quantity=3_000)), by="lan",
                document="HD-77", purchase="PO-1", expected=order.lines, note="thiếu 4",
            )
        ]  # fmt: skip
        assert opened.counter.view().work is None
        assert await opened.one("SELECT count(*) FROM print_job WHERE kind = 'slip'") == 1
        menu = await opened.counter.ask("work", {})
        assert isinstance(menu, WorkMenu)
        assert [paper.done_at is not None for paper in menu.purchases] == [True]


async def test_a_count_keeps_the_moment_of_each_line_and_hides_the_books_when_blind(tmp_path: Path) -> None:
    """A count says what was on the shelf and when; nothing found is a count too; the books move by it at once."""
    documents: dict[str, Mapping[str, DocumentBody]] = {
        "stock": {"NUOC": Stock(sku="NUOC", on_hand=9_000)},
        "settings": {"store": Settings(store_name="Chợ", blind_count=True)},
    }
    async with shop(tmp_path, documents) as opened:
        work_id = await begin(opened, "count")
        await opened.counter.scan(f"7*{WATER}", source="typed")
        await opened.counter.scan(RICE, source="scanner")
        assert listed(opened) == [("NUOC", 7_000, None), ("GAO", 1_000, None)]
        work = opened.counter.view().work
        assert work is not None
        await opened.counter.order("work_quantity", {"work_id": work_id, "number": "2", "quantity": "0"})
        await opened.counter.order("work_finish", {"work_id": work_id})
        (counted,) = await facts(opened)
        assert isinstance(counted, StockCounted)
        assert [(line.sku, line.quantity) for line in counted.lines] == [("NUOC", 7_000), ("GAO", 0)]
        assert counted.lines[0].at < counted.lines[1].at
        await opened.counter.scan(WATER, source="scanner")
        assert opened.counter.view().lines[0].stock_left == 6_000


async def test_an_open_count_shows_what_the_books_say(tmp_path: Path) -> None:
    """Where counting is not blind, the difference is seen before it is written down."""
    async with shop(tmp_path, {"stock": {"NUOC": Stock(sku="NUOC", on_hand=9_000)}}) as opened:
        await begin(opened, "count")
        await opened.counter.scan(WATER, source="scanner")
        assert listed(opened) == [("NUOC", 1_000, 9_000)]
        summary = await opened.counter.ask("work_finish", {})
        assert isinstance(summary, WorkSummary)
        assert [line.sku for line in summary.differences] == ["NUOC"]


async def test_goods_travel_between_stores(tmp_path: Path) -> None:
    """Sent goods name where they go; what came is compared with the papers and taken in once."""
    coming = Transfer(
        transfer="T-9", from_store="hn02", to_store="hn01", lines=(StockLine(sku="NUOC", quantity=5_000),)
    )
    async with shop(tmp_path, {"transfer": {"T-9": coming}}) as opened:
        sending = await begin(opened, "send")
        await opened.counter.scan(RICE, source="scanner")
        await opened.counter.order("work_finish", {"work_id": sending})
        assert (await opened.notice())[0] == "partner_missing"
        await opened.counter.order("work_finish", {"work_id": sending, "partner": "hn02"})
        taking = await begin(opened, "take_in", "T-9")
        await opened.counter.scan(f"4*{WATER}", source="typed")
        await opened.counter.order("work_finish", {"work_id": taking})
        await opened.counter.order("work_start", {"kind": "take_in", "key": "T-9"})
        assert (await opened.notice())[0] == "work_unknown"
        sent, came = await facts(opened)
        assert isinstance(sent, TransferSent)
        assert (sent.to_store, sent.lines) == ("hn02", (StockLine(sku="GAO", quantity=1_000),))
        assert came == TransferReceived(
            transfer="T-9", from_store="hn02", lines=(StockLine(sku="NUOC", quantity=4_000),), by="lan",
            sent=coming.lines,
        )  # fmt: skip


async def test_goods_are_written_off_for_a_reason(tmp_path: Path) -> None:
    """Without a reason nothing is written; with one the goods are gone."""
    async with shop(tmp_path) as opened:
        work_id = await begin(opened, "write_off")
        await opened.counter.order("work_finish", {"work_id": work_id, "reason": "vỡ"})
        assert (await opened.notice())[0] == "work_empty"
        await opened.counter.scan(WATER, source="scanner")
        await opened.counter.order("work_finish", {"work_id": work_id})
        assert (await opened.notice())[0] == "reason_missing"
        await opened.counter.order("work_finish", {"work_id": work_id, "reason": "vỡ"})
        assert await facts(opened) == [
            StockAdjusted(lines=(StockLine(sku="NUOC", quantity=-1_000),), by="lan", reason="vỡ")
        ]


async def test_a_web_order_is_gathered_and_handed_over(tmp_path: Path) -> None:
    """Foreign goods and too many are refused, what lacks is told, and only what was gathered leaves the store, once."""
    pick = Pick(
        order="web-1", number="1001", customer="Trần M.",
        lines=(StockLine(sku="NUOC", quantity=2_000), StockLine(sku="GAO", quantity=1_000)),
    )  # fmt: skip
    async with shop(tmp_path, {"pick": {"web-1": pick}}) as opened:
        await opened.counter.order("hand_over", {"order": "web-1"})
        assert (await opened.notice())[0] == "pick_first"
        detail = await opened.counter.ask("pick", {"order": "web-1"})
        assert isinstance(detail, PickDetail)
        assert [line.name for line in detail.lines] == ["Nước suối", "Gạo ST25"]
        await opened.counter.order("pick_ticket", {"order": "web-1"})
        assert (await opened.notice())[:2] == ("ticket_printed", True)
        work_id = await begin(opened, "pick", "web-1")
        await opened.counter.scan("036000291452", source="scanner")
        assert (await opened.notice())[0] == "not_in_work"
        for _ in range(3):
            await opened.counter.scan(WATER, source="scanner")
        assert (await opened.notice())[0] == "work_enough"
        await opened.counter.order("work_finish", {"work_id": work_id})
        await opened.counter.order("hand_over", {"order": "web-1", "to": "khách"})
        await opened.counter.order("hand_over", {"order": "web-1", "to": "khách"})
        assert (await opened.notice())[0] == "stale_page"
        water = (StockLine(sku="NUOC", quantity=2_000),)
        assert await facts(opened) == [
            OrderPicked(order="web-1", lines=water, by="lan", short=(StockLine(sku="GAO", quantity=1_000),)),
            OrderHandedOver(order="web-1", lines=water, by="lan", to="khách"),
        ]
        assert await opened.counter.ask("picks", {}) == ()


async def test_a_work_waits_for_customers_and_survives_a_crash(tmp_path: Path) -> None:
    """A customer comes: the work waits, she is served, the power fails, the work goes on where it was."""
    async with shop(tmp_path) as opened:
        work_id = await begin(opened, "count")
        await opened.counter.scan(WATER, source="scanner")
        await opened.counter.order("work_pause", {"work_id": work_id})
        await opened.counter.scan(RICE, source="scanner")
        assert [line.sku for line in opened.counter.view().lines] == ["GAO"]
    async with shop(tmp_path) as again:
        assert again.counter.view().work is None
        await again.counter.order("work_resume", {"work_id": work_id})
        assert [sku for sku, _, _ in listed(again)] == ["NUOC"]
        await again.counter.order("work_drop", {"work_id": work_id})
        assert await facts(again) == []
        await again.counter.order("work_drop", {"work_id": work_id})
        assert (await again.notice())[0] == "stale_page"


async def test_only_goods_mean_anything_to_a_work(tmp_path: Path) -> None:
    """An unknown code is named, a card number is not; lines come off, what was announced stays."""
    order = Purchase(purchase="PO-1", supplier="Acecook", lines=(StockLine(sku="NUOC", quantity=1_000),))
    async with shop(tmp_path, {"purchase": {"PO-1": order}}) as opened:
        work_id = await begin(opened, "receive", "PO-1")
        await opened.counter.scan("4111111111111111", source="scanner")
        assert await opened.notice() == ("card_number_refused", False, "")
        await opened.counter.scan("NICHTS", source="typed")
        assert await opened.notice() == ("unknown_code", False, "NICHTS")
        await opened.counter.order("work_line_off", {"work_id": work_id, "number": "1"})
        assert (await opened.notice())[0] == "work_announced"
        await opened.counter.order("work_quantity", {"work_id": work_id, "number": "1", "quantity": "-3"})
        assert (await opened.notice())[0] == "bad_quantity"
        for step, quantity in (("1", 1_000), ("1", 2_000), ("-2", 0), ("-1", 0)):
            await opened.counter.order("work_quantity", {"work_id": work_id, "number": "1", "step": step})
            work = opened.counter.view().work
            assert work is not None
            assert work.lines[0].quantity == quantity
        await opened.counter.order("work_start", {"kind": "receive", "key": "PO-2"})
        assert (await opened.notice())[0] == "work_unknown"


async def test_a_long_list_shows_its_end(tmp_path: Path) -> None:
    """The picture carries the last lines and says how many there are more; the summary has them all."""
    async with shop_in(tmp_path, items=MANY) as opened:
        await begin(opened, "count")
        for number in range(70):
            await opened.counter.scan(f"CODE-{number}", source="scanner")
        work = opened.counter.view().work
        assert work is not None
        assert (len(work.lines), work.more, work.lines[-1].sku) == (60, 10, "S69")
        summary = await opened.counter.ask("work_finish", {})
        assert isinstance(summary, WorkSummary)
        assert summary.line_count == 70
