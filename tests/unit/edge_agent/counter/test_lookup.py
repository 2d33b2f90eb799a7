"""Looking things up leaves no trace on the receipt; what only the hub knows is asked of it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from edge_agent.counter.desks.lookup import ElsewhereView, ItemView, SearchView
from protocol.documents import QuickKey, Settings, Stock
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.messages import Answer, Elsewhere, StoreStock
from protocol.promotions import Off, Promotion, Selection
from tests.unit.edge_agent.counter.shop import STORE, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
STOCKS = (("hn01", 5_000), ("hn02", 1_000), ("hn03", 9_000))


async def test_search_tells_price_stock_and_code(tmp_path: Path) -> None:
    """What is on the receipt already is not in the stock any more; other currencies are not offered."""
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "stock", {"NUOC": Stock(sku="NUOC", on_hand=9_000)})
        await shop.scan("2*" + WATER)
        answer = await shop.counter.ask("search", {"text": "nuoc"})
        assert isinstance(answer, SearchView)
        [row] = answer.found
        assert (row.sku, row.price, row.stock, row.code) == ("NUOC", 5_000, 7_000, WATER)
        for text in ("", "import", "không có gì", "%" * 500):
            answer = await shop.counter.ask("search", {"text": text})
            assert isinstance(answer, SearchView)
            assert answer.found == ()


async def test_a_price_check_sells_nothing_and_knows_promotions(tmp_path: Path) -> None:
    """What one costs today, and what the list says; the cart stays as it is."""
    off = Promotion(promotion="p", name="Giảm", off=Off(goods=Selection(skus=("NUOC",)), percent_bp=2_000))
    async with shop_in(tmp_path) as shop:
        await load(shop.database, GLOBAL_FEED, "promotion", {"p": off})
        answer = await shop.counter.ask("item", {"code": WATER})
        assert isinstance(answer, ItemView)
        assert (answer.price, answer.pays, [cut.label for cut in answer.cuts]) == (5_000, 4_000, ["Giảm"])
        unknown = await shop.counter.ask("price_check", {"code": "NO-SUCH"})
        assert isinstance(unknown, ItemView)
        assert (unknown.item, unknown.asked) == (None, "NO-SUCH")
        assert shop.counter.view().lines == ()


async def test_other_stores_are_asked_of_the_hub(tmp_path: Path) -> None:
    """The most first, this store left out; without a link, or with a hub that does not know, it says so."""
    asked: list[tuple[str, str]] = []
    body = Elsewhere(sku="NUOC", stores=(
        *(StoreStock(store=store, store_name=store, available=left) for store, left in STOCKS),
    ))  # fmt: skip
    answers: list[Answer | None] = [
        Answer(id="1", kind="availability", key="NUOC", body=msgspec.Raw(msgspec.json.encode(body))),
        Answer(id="2", kind="availability", key="NUOC", problem="unknown"),
        Answer(id="3", kind="availability", key="NUOC", body=msgspec.Raw(b"[]")),
        None,
    ]

    async def ask_hub(kind: str, key: str) -> Answer | None:
        asked.append((kind, key))
        return answers.pop(0)

    async with shop_in(tmp_path, ask_hub=ask_hub) as shop:
        views = [await shop.counter.ask("elsewhere", {"sku": "NUOC"}) for _ in range(4)]
    told = [(view.problem, [store.store for store in view.stores]) for view in views if isinstance(view, ElsewhereView)]
    assert told == [("", ["hn03", "hn02"]), ("unknown", []), ("unknown", []), ("offline", [])]
    assert asked == [("availability", "NUOC")] * 4


async def test_quick_keys_follow_items_and_settings(tmp_path: Path) -> None:
    """Keys of items that are gone are not shown; a new price is, without a restart."""
    keys = (QuickKey(sku="NUOC", page="Uống", symbol="💧"), QuickKey(sku="GONE"), QuickKey(sku="GAO", label="Gạo"))
    async with shop_in(tmp_path) as shop:
        await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ", quick_keys=keys)})
        await shop.scan(WATER)
        shown = shop.counter.view().quick_keys
        assert [(key.sku, key.label, key.price) for key in shown] == [
            ("NUOC", "Nước suối", 5_000), ("GAO", "Gạo", 42_000),
        ]  # fmt: skip
        assert await shop.do("sell_item", about="", sku="GAO") == "line_added"
        assert await shop.do("sell_item", about="", sku="GONE") == "unknown_code"
