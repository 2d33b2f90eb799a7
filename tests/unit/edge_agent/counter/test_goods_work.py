"""Packs, bundles and lots in store work: cases count as pieces, goods come in by lot, a count stays one number."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from edge_agent.counter.work_views import PickDetail, WorkMenu, WorkSummary
from protocol.documents import DocumentBody, Item, Pick, Purchase, Recount, Settings, Stock, Transfer
from protocol.events import (
    CountedLot,
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
from tests.unit.edge_agent.counter.shop import START, STORE, Shop, load, shop_in
from tests.unit.edge_agent.counter.test_goods import BASKET, CAN, CASE, ITEMS, TEA

pytestmark = pytest.mark.anyio

MILK, MILK_CASE, HERBS = "8934673001014", "8934673001120", "HERB-1"
GOODS = (
    *ITEMS,
    Item(sku="SUA", name="Sữa tươi", barcodes=(MILK,), price=9_000, currency="VND", asks_lot=True, asks_expiry=True),
    Item(
        sku="SUA-48", name="Sữa thùng", barcodes=(MILK_CASE,), price=400_000, currency="VND", pack_of="SUA",
        pack_size=48_000, asks_lot=True,
    ),
    Item(sku="LA", name="Lá chanh", barcodes=(HERBS,), price=500, currency="VND", shelf="A1"),
    Item(sku="LONE", name="Thùng lạ", barcodes=("LONE",), price=1, currency="VND", pack_of="NOBODY", pack_size=2_000),
)  # fmt: skip
A1, A2 = date(2026, 12, 9), date(2026, 12, 20)


@pytest.fixture
def anyio_backend() -> str:
    """The counter runs on asyncio."""
    return "asyncio"


@asynccontextmanager
async def shop(folder: Path, documents: Mapping[str, Mapping[str, DocumentBody]] | None = None) -> AsyncIterator[Shop]:
    """A till that knows these goods, with these documents of its store."""
    async with shop_in(folder, items=GOODS) as opened:
        for kind, bodies in (documents or {}).items():
            await load(opened.database, store_feed(STORE), kind, bodies)
        opened.counter.refresh()
        yield opened


async def begin(till: Shop, kind: str, key: str = "") -> str:
    """Begin a work and return its id."""
    await till.counter.order("work_start", {"kind": kind, "key": key})
    work = till.counter.view().work
    assert work is not None
    return work.id


async def finish(till: Shop, work: str, **fields: str) -> str:
    """Finish a work; returns what was said."""
    return await till.do("work_finish", about="", work_id=work, **fields)


def label(gtin: str, lot: str, day: str) -> str:
    """A GS1 DataMatrix with a lot and a date, YYMMDD."""
    return f"]d2010{gtin}17{day}10{lot}"


@pytest.mark.parametrize("kind", ["receive", "count", "send", "write_off"])
async def test_a_case_counts_as_its_pieces(tmp_path: Path, kind: str) -> None:
    """Two cases and three cans are 51 cans, on the cans' own line, and the till says so."""
    async with shop(tmp_path) as till:
        work = await begin(till, kind)
        assert await till.scan(f"2*{CASE}") == "work_pack"
        assert await till.notice() == ("work_pack", True, "48 Bia lon")
        assert await till.scan(f"3*{CAN}") == "work_line"
        view = till.counter.view().work
        assert view is not None
        assert [(line.sku, line.quantity) for line in view.lines] == [("BIA", 51_000)]
        assert await finish(till, work, partner="hn02", reason="x") == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockReceived | StockCounted | TransferSent | StockAdjusted)
        assert [(line.sku, abs(line.quantity)) for line in fact.lines] == [("BIA", 51_000)]


@pytest.mark.parametrize("kind", ["receive", "count", "write_off"])
async def test_a_bundle_names_the_parts_to_scan(tmp_path: Path, kind: str) -> None:
    """A basket stands on no shelf of its own: nothing is counted, and the cashier reads what to scan."""
    async with shop(tmp_path) as till:
        await begin(till, kind)
        assert await till.scan(BASKET) == "work_bundle"
        assert (await till.notice())[1:] == (False, "Giỏ quà: Trà sen, Kẹo lạc")
        view = till.counter.view().work
        assert view is not None
        assert view.lines == ()


async def test_a_pack_of_goods_that_are_not_known_is_refused_by_name(tmp_path: Path) -> None:
    """A catalogue that lacks the pieces cannot count them; nothing is guessed."""
    async with shop(tmp_path) as till:
        await begin(till, "receive")
        assert await till.scan("LONE") == "pack_unknown"
        assert (await till.notice())[2] == "Thùng lạ"


async def test_goods_with_dates_come_in_by_lot(tmp_path: Path) -> None:
    """A label tells lot and date; each lot has its line, and the case's label is its pieces'."""
    async with shop(tmp_path) as till:
        work = await begin(till, "receive")
        assert await till.scan(label(MILK, "A1", "261209")) == "work_line"
        assert await till.scan(label(MILK_CASE, "A2", "261220")) == "work_pack"
        assert await till.scan(label(MILK, "A1", "261209")) == "work_line"
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockReceived)
        assert set(fact.lines) == {
            StockLine(sku="SUA", quantity=2_000, lot="A1", expires=A1),
            StockLine(sku="SUA", quantity=48_000, lot="A2", expires=A2),
        }


async def test_a_lot_that_no_label_tells_is_asked_for(tmp_path: Path) -> None:
    """The scan counts at once and the panel asks; the work cannot be finished before it is told."""
    async with shop(tmp_path) as till:
        work = await begin(till, "receive")
        assert await till.scan(MILK) == "lot_missing"
        said = till.counter.view().notice
        assert said is not None
        assert (said.good, said.panel) == (True, "work_lot?number=1")
        assert await till.scan(f"5*{MILK}") == "lot_missing"
        assert await finish(till, work) == "lot_missing"
        for wrong in ({"lot": "A1"}, {"expires": "2026-12-09"}, {"lot": "A1", "expires": "soon"}, {"lot": "\x00"}):
            assert await till.do("work_lot", about="", work_id=work, number="1", **wrong) in {
                "lot_missing",
                "bad_input",
                "bad_date",
            }
        told = await till.do("work_lot", about="", work_id=work, number="1", lot="A1", expires="2026-12-09")
        assert told == "lot_set"
        assert await till.scan(MILK) == "work_line"  # the same lot, until another one is begun
        assert await till.do("work_other_lot", about="", work_id=work, number="1") == "lot_missing"
        assert await till.scan(f"2*{MILK}") == "lot_missing"
        await till.do("work_lot", about="", work_id=work, number="2", lot="A2", expires="20/12/26")
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockReceived)
        assert [(line.quantity, line.lot, line.expires) for line in fact.lines] == [
            (7_000, "A1", A1), (2_000, "A2", A2)
        ]  # fmt: skip


async def test_two_lines_that_turn_out_to_be_one_lot_become_one(tmp_path: Path) -> None:
    """What was scanned by label and what was typed later add up; goods without any print are taken, too."""
    async with shop(tmp_path) as till:
        work = await begin(till, "receive")
        await till.scan(label(MILK, "A1", "261209"))
        await till.do("work_other_lot", about="", work_id=work, number="1")
        await till.scan(f"4*{MILK}")
        await till.do("work_lot", about="", work_id=work, number="2", lot="A1", expires="2026-12-09")
        await till.do("work_other_lot", about="", work_id=work, number="2")
        await till.scan(MILK)
        assert await till.do("work_lot", about="", work_id=work, number="3", none="true") == "lot_set"
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockReceived)
        assert {(line.quantity, line.lot) for line in fact.lines} == {(5_000, "A1"), (1_000, "")}


async def test_a_purchase_of_cases_is_expected_in_pieces_over_all_lots(tmp_path: Path) -> None:
    """Papers may say two cases; 96 pieces in two lots are all of it, and the summary sees no difference."""
    order = Purchase(purchase="PO-1", supplier="Vinamilk", lines=(StockLine(sku="SUA-48", quantity=2_000),))
    async with shop(tmp_path, {"purchase": {"PO-1": order}}) as till:
        work = await begin(till, "receive", "PO-1")
        await till.scan(label(MILK_CASE, "A1", "261209"))
        summary = await till.counter.ask("work_finish", {})
        assert isinstance(summary, WorkSummary)
        assert [(line.quantity, line.expected) for line in summary.differences] == [(48_000, 96_000)]
        await till.scan(label(MILK_CASE, "A2", "261220"))
        summary = await till.counter.ask("work_finish", {})
        assert isinstance(summary, WorkSummary)
        assert summary.differences == ()
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockReceived)
        assert fact.expected == (StockLine(sku="SUA", quantity=96_000),)
        assert {(line.quantity, line.lot) for line in fact.lines} == {(48_000, "A1"), (48_000, "A2")}


async def test_a_count_by_lot_is_one_number_with_its_lots(tmp_path: Path) -> None:
    """The level is one checkpoint; loose pieces without a label belong to it and to no lot."""
    async with shop(tmp_path, {"stock": {"SUA": Stock(sku="SUA", on_hand=10_000)}}) as till:
        work = await begin(till, "count")
        await till.scan(label(MILK, "A1", "261209"))
        await till.scan(label(MILK_CASE, "A2", "261220"))
        assert await till.scan(f"3*{MILK}") == "work_line"
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockCounted)
        (line,) = fact.lines
        assert line.quantity == 52_000
        assert set(line.lots) == {
            CountedLot(quantity=1_000, lot="A1", expires=A1), CountedLot(quantity=48_000, lot="A2", expires=A2)
        }  # fmt: skip
        told = await till.counter.ask("price_check", {"sku": "SUA"})
        assert getattr(told, "stock", None) == 52_000


async def test_a_pick_says_which_lot_to_take_and_notes_which_was_taken(tmp_path: Path) -> None:
    """First expired first out comes from the hub; a plain scan takes the first lot that lacks some."""
    lines = (
        StockLine(sku="SUA", quantity=2_000, lot="A1", expires=A1), StockLine(sku="SUA", quantity=1_000, lot="A2",
        expires=A2), StockLine(sku="GIO", quantity=1_000),
    )  # fmt: skip
    async with shop(tmp_path, {"pick": {"w": Pick(order="w", lines=lines)}}) as till:
        detail = await till.counter.ask("pick", {"order": "w"})
        assert isinstance(detail, PickDetail)
        assert [(line.sku, line.lot, line.expires) for line in detail.lines] == [
            ("SUA", "A1", A1), ("SUA", "A2", A2), ("TRA", "", None), ("KEO", "", None)
        ]  # fmt: skip
        work = await begin(till, "pick", "w")
        assert await till.scan(f"2*{MILK}") == "work_line"
        assert await till.scan(label(MILK, "B9", "270101")) == "work_line"
        assert await till.scan(MILK) == "work_enough"
        assert await till.scan(TEA) == "work_line"
        assert await finish(till, work) == "work_done"
        await till.counter.order("hand_over", {"order": "w"})
        picked, left = await till.facts()
        assert isinstance(picked, OrderPicked)
        assert isinstance(left, OrderHandedOver)
        assert {(line.sku, line.quantity, line.lot) for line in left.lines} == {
            ("SUA", 2_000, "A1"), ("SUA", 1_000, "B9"), ("TRA", 1_000, "")
        }  # fmt: skip
        assert {(line.sku, line.quantity) for line in picked.short} == {("TRA", 1_000), ("KEO", 350)}


async def test_many_at_once_fill_the_lots_of_an_order_in_turn(tmp_path: Path) -> None:
    """Three typed before one scan are two of the first lot and one of the second; what a label says is believed."""
    lines = (
        StockLine(sku="SUA", quantity=2_000, lot="A1", expires=A1),
        StockLine(sku="SUA", quantity=4_000, lot="A2", expires=A2),
    )
    async with shop(tmp_path, {"pick": {"w": Pick(order="w", lines=lines)}}) as till:
        work = await begin(till, "pick", "w")
        assert await till.scan(f"7*{MILK}") == "work_enough"
        assert await till.scan(f"3*{MILK}") == "work_line"
        assert await till.scan(label(MILK, "A1", "261209")) == "work_line"
        assert await finish(till, work) == "work_done"
        (picked,) = await till.facts()
        assert isinstance(picked, OrderPicked)
        assert {(line.quantity, line.lot) for line in picked.lines} == {(3_000, "A1"), (1_000, "A2")}
        assert picked.short == (StockLine(sku="SUA", quantity=2_000),)


async def test_what_the_hub_wants_counted_is_one_session(tmp_path: Path) -> None:
    """The menu says how many; the list says where; only what was really counted is written down, and asked no more."""
    wanted = {
        sku: Recount(sku=sku, reason="negative", since=START - timedelta(hours=1)) for sku in ("BIA", "LA", "GONE")
    }
    documents: dict[str, Mapping[str, DocumentBody]] = {
        "recount": wanted,
        "stock": {"LA": Stock(sku="LA", on_hand=-2_000)},
    }
    async with shop(tmp_path, documents) as till:
        menu = await till.counter.ask("work", {})
        assert isinstance(menu, WorkMenu)
        assert menu.recounts == 3
        work = await begin(till, "count", "recount")
        view = till.counter.view().work
        assert view is not None
        assert [(line.sku, line.shelf, line.is_touched) for line in view.lines] == [
            ("LA", "A1", False), ("BIA", "", False), ("GONE", "", False)
        ]  # fmt: skip
        assert view.lines[0].expected == -2_000
        assert await finish(till, work) == "work_empty"
        assert await begin(till, "count", "recount") == work  # a second click
        await till.scan(f"4*{HERBS}")
        number = str(next(line.number for line in view.lines if line.sku == "BIA"))
        assert await till.do("work_quantity", about="", work_id=work, number=number, quantity="0") == "work_line"
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, StockCounted)
        assert {(line.sku, line.quantity) for line in fact.lines} == {("LA", 4_000), ("BIA", 0)}
        menu = await till.counter.ask("work", {})
        assert isinstance(menu, WorkMenu)
        assert menu.recounts == 1
        again = {"BIA": Recount(sku="BIA", reason="oversold", since=START + timedelta(days=1))}
        await load(till.database, store_feed(STORE), "recount", again)
        menu = await till.counter.ask("work", {})
        assert isinstance(menu, WorkMenu)
        assert menu.recounts == 2


async def test_a_blind_store_counts_what_the_hub_asks_for_blindly(tmp_path: Path) -> None:
    """The level that is doubted is not shown to her who counts."""
    documents: dict[str, dict[str, DocumentBody]] = {
        "recount": {"LA": Recount(sku="LA", reason="negative", since=START)},
        "stock": {"LA": Stock(sku="LA", on_hand=-2_000)},
        "settings": {"store": Settings(store_name="Chợ", blind_count=True)},
    }
    async with shop(tmp_path, documents) as till:
        await begin(till, "count", "recount")
        view = till.counter.view().work
        assert view is not None
        assert [line.expected for line in view.lines] == [None]


async def test_goods_that_come_from_another_store_go_to_the_lots_of_their_papers(tmp_path: Path) -> None:
    """The sender named the lots; a plain scan fills them one after the other, and nothing is asked again."""
    lots = (
        StockLine(sku="SUA", quantity=2_000, lot="A1", expires=A1),
        StockLine(sku="SUA", quantity=1_000, lot="A2", expires=A2),
    )
    transfer = Transfer(transfer="T-1", from_store="hn02", to_store=STORE, lines=lots)
    async with shop(tmp_path, {"transfer": {"T-1": transfer}}) as till:
        work = await begin(till, "take_in", "T-1")
        for _ in range(3):
            assert await till.scan(MILK) == "work_line"
        assert await finish(till, work) == "work_done"
        (fact,) = await till.facts()
        assert isinstance(fact, TransferReceived)
        assert fact.lines == lots
