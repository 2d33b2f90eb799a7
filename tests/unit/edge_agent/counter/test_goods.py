"""Packs and bundles at the till: sold at their own price, taken from the shelf as pieces and parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import msgspec
import pytest

from edge_agent.counter.desks.lookup import ElsewhereView, ItemView, SearchView
from protocol.documents import Item, Part, Settings, Stock
from protocol.events import SaleCompleted, SaleRefunded, StockLine
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.messages import Answer, Elsewhere, StoreStock
from tests.unit.edge_agent.counter.shop import STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

CAN, CASE, BASKET, TEA, SWEETS = "8934822112325", "8934822112332", "GIO-1", "TEA-1", "SWEET-1"
ITEMS = (
    Item(sku="BIA", name="Bia lon", barcodes=(CAN,), price=15_000, currency="VND", unit="lon"),
    Item(
        sku="BIA-24", name="Bia thùng", barcodes=(CASE,), price=330_000, currency="VND", unit="thùng", pack_of="BIA",
        pack_size=24_000,
    ),
    Item(sku="TRA", name="Trà sen", barcodes=(TEA,), price=90_000, currency="VND"),
    Item(sku="KEO", name="Kẹo lạc", barcodes=(SWEETS,), price=100_000, currency="VND", unit="kg"),
    Item(
        sku="GIO", name="Giỏ quà", barcodes=(BASKET,), price=250_000, currency="VND",
        parts=(Part(sku="TRA", quantity=2_000), Part(sku="KEO", quantity=350)),
    ),
    Item(
        sku="KEO-X", name="Kẹo gói vụn", barcodes=("KX-1",), price=1_000, currency="VND", pack_of="KEO", pack_size=333
    ),
)  # fmt: skip
LEVELS = {
    "BIA": Stock(sku="BIA", on_hand=50_000), "TRA": Stock(sku="TRA", on_hand=9_000),
    "KEO": Stock(sku="KEO", on_hand=1_000),
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    """The counter runs on asyncio."""
    return "asyncio"


@asynccontextmanager
async def shop(folder: Path) -> AsyncIterator[Shop]:
    """A till that knows cans, cases, tea, sweets and baskets."""
    async with shop_in(folder, items=ITEMS) as opened:
        await load(opened.database, store_feed(STORE), "stock", LEVELS)
        await load(opened.database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ")})
        opened.counter.refresh()
        yield opened


async def left(opened: Shop, sku: str) -> int | None:
    """What the price check says of a SKU."""
    told = await opened.counter.ask("price_check", {"sku": sku})
    assert isinstance(told, ItemView)
    return told.stock


async def test_a_case_is_sold_at_its_own_price_and_takes_its_pieces(tmp_path: Path) -> None:
    """The receipt says one case, the event what left the shelf, and the till's own view has it at once."""
    async with shop(tmp_path) as till:
        assert await till.scan(CASE) == "line_added"
        (line,) = till.counter.view().lines
        assert (line.amount, line.stock_left, line.takes_more) == (330_000, 1_000, 0)
        assert [(part.sku, part.name, part.quantity) for part in line.takes] == [("BIA", "Bia lon", 24_000)]
        assert await left(till, "BIA") == 26_000
        await till.do("pay_cash", given="330000")
        (sale,) = await till.facts()
        assert isinstance(sale, SaleCompleted)
        assert sale.lines[0].moves == (StockLine(sku="BIA", quantity=24_000),)
        assert (await left(till, "BIA"), await left(till, "BIA-24")) == (26_000, 1_000)


async def test_a_basket_takes_its_parts_and_there_are_as_many_as_the_scarcest_makes(tmp_path: Path) -> None:
    """Two baskets of a kilogram of sweets at 350 g each; the third would take what is not there, and is still sold."""
    async with shop(tmp_path) as till:
        assert await left(till, "GIO") == 2_000
        assert await till.scan(f"2*{BASKET}") == "line_added"
        assert till.counter.view().lines[0].stock_left == 0
        assert await till.scan(BASKET) == "stock_negative"
        await till.do("pay_cash", given="750000")
        (sale,) = await till.facts()
        assert isinstance(sale, SaleCompleted)
        assert sale.lines[0].moves == (StockLine(sku="TRA", quantity=6_000), StockLine(sku="KEO", quantity=1_050))
        assert (await left(till, "TRA"), await left(till, "KEO"), await left(till, "GIO")) == (3_000, -50, 0)


async def test_cans_and_cases_on_one_receipt_share_one_shelf(tmp_path: Path) -> None:
    """What is left counts what every line takes, whatever it is called."""
    async with shop(tmp_path) as till:
        await till.scan(CAN)
        await till.scan(CASE)
        assert {line.sku: line.stock_left for line in till.counter.view().lines} == {"BIA": 25_000, "BIA-24": 1_000}
        found = await till.counter.ask("search", {"text": "bia"})
        assert isinstance(found, SearchView)
        assert {row.sku: row.stock for row in found.found} == {"BIA": 25_000, "BIA-24": 1_000}


async def test_a_pack_of_which_a_part_is_less_than_a_gram_is_refused(tmp_path: Path) -> None:
    """0.5 of 333 g is no whole gram: nothing is rounded, the cashier is told, the cart is as it was."""
    async with shop(tmp_path) as till:
        assert await till.scan("0.5*KX-1") == "not_whole_packs"
        assert till.counter.view().lines == ()
        await till.do("set_quantity", number="1", quantity="2")
        assert await till.scan("KX-1") == "line_added"
        number = str(till.counter.view().lines[0].number)
        assert await till.do("set_quantity", number=number, quantity="1,5") == "not_whole_packs"
        assert till.counter.view().lines[0].quantity == 1_000


async def test_half_a_case_of_whole_cans_can_be_sold(tmp_path: Path) -> None:
    """Where the parts come out exactly, the quantity is the cashier's business."""
    async with shop(tmp_path) as till:
        await till.scan(f"0.5*{CASE}")
        await till.do("pay_cash", given="165000")
        (sale,) = await till.facts()
        assert isinstance(sale, SaleCompleted)
        assert sale.lines[0].moves == (StockLine(sku="BIA", quantity=12_000),)


async def test_a_case_that_comes_back_puts_back_what_it_took(tmp_path: Path) -> None:
    """Though the catalogue says meanwhile that a case is 20: the old receipt counts."""
    async with shop(tmp_path) as till:
        await till.scan(f"2*{CASE}")
        await till.do("pay_cash", given="660000")
        smaller = msgspec.structs.replace(ITEMS[1], pack_size=20_000)
        await load(till.database, GLOBAL_FEED, "item", {"BIA-24": smaller})
        sold = (await till.facts())[0]
        assert isinstance(sold, SaleCompleted)
        given = await till.do("return_lines", receipt=sold.receipt_number, **{"lines.1": "1"}, reason="x")
        assert given == "return_added"
        await till.do("pay_cash", given="", take=till.counter.view().take)
        back = next(fact for fact in await till.facts() if isinstance(fact, SaleRefunded))
        assert back.lines[0].moves == (StockLine(sku="BIA", quantity=24_000),)
        assert await left(till, "BIA") == 26_000


async def test_the_lot_on_a_cases_label_is_that_of_its_pieces(tmp_path: Path) -> None:
    """GS1: (01) the case's GTIN (17)270531 (10)L12."""
    async with shop(tmp_path) as till:
        assert await till.scan(f"]d2010{CASE}1727053110L12") == "line_added"
        await till.do("pay_cash", given="330000")
        (sale,) = await till.facts()
        assert isinstance(sale, SaleCompleted)
        assert sale.lines[0].moves == (
            StockLine(sku="BIA", quantity=24_000, lot="L12", expires=date(2027, 5, 31)),
        )  # fmt: skip


async def test_other_stores_pieces_are_told_as_packs(tmp_path: Path) -> None:
    """Of a pack the hub is asked for the pieces; 47 cans are one case."""
    asked: list[tuple[str, str]] = []

    async def hub(kind: str, key: str) -> Answer:
        asked.append((kind, key))
        told = Elsewhere(sku=key, stores=(StoreStock(store="hn02", store_name="Hai", available=47_000),))
        return Answer(id="q", kind=kind, key=key, body=msgspec.Raw(msgspec.json.encode(told)))

    async with shop_in(tmp_path, items=ITEMS, ask_hub=hub) as till:
        told = await till.counter.ask("elsewhere", {"sku": "BIA-24"})
        assert isinstance(told, ElsewhereView)
        assert ([store.available for store in told.stores], asked) == ([1_000], [("availability", "BIA")])


async def test_a_case_asks_for_the_age_that_its_cans_need(tmp_path: Path) -> None:
    """Though nobody wrote an age beside the case; and a basket for its oldest part, once."""
    beer = msgspec.structs.replace(ITEMS[0], min_age=18)
    wine = msgspec.structs.replace(ITEMS[2], min_age=21)
    async with shop_in(tmp_path, items=(beer, ITEMS[1], wine, *ITEMS[3:])) as till:
        assert await till.scan(CASE) == "asks_first"
        asking = till.counter.view().asking
        assert asking is not None
        assert (asking.kind, asking.years) == ("age", 18)
        await till.scan(BASKET)
        asking = till.counter.view().asking
        assert asking is not None
        assert asking.years == 21
        await till.do("answer_ask", number=str(asking.number), kind="age")
        assert till.counter.view().asking is None
