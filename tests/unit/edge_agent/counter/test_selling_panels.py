"""The panels of selling draw whatever the counter answers, in both languages."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from edge_agent.devices.scale.reading import ScaleReading
from edge_agent.pages.picture import panel
from protocol.documents import Customer, Item, Settings, Stock
from protocol.ids import GLOBAL_FEED, store_feed
from protocol.messages import Answer, Elsewhere, StoreStock
from protocol.promotions import Off, Promotion, Selection
from tests.unit.edge_agent.counter.shop import CATALOGUE, STORE, Shop, load, shop_in

pytestmark = pytest.mark.anyio

WATER = "8934602100016"
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LONG = "Bánh quy bơ hộp thiếc " * 8
GOODS = (
    *CATALOGUE,
    Item(sku="BIA", name="Bia <b>lon</b>", barcodes=("BIA",), price=15_000, currency="VND", min_age=18),
    Item(sku="CAM", name=LONG, barcodes=("CAM",), price=30_000, currency="VND", unit="kg", weighed=True, shelf="A3"),
    Item(sku="DT", name="Điện thoại", barcodes=("DT",), price=5_000_000, currency="VND", asks_serial=True),
    Item(sku="SUA", name="Sữa", barcodes=("SUA",), price=20_000, currency="VND", asks_lot=True),
    Item(sku="KHAC", name="Khác", barcodes=("KHAC",), price=0, currency="VND", open_price=True),
)
OFF = Promotion(promotion="p", name="Giảm", coupons=("TET",), off=Off(goods=Selection(skus=("NUOC",)), percent_bp=500))
NAM = Customer(customer="nam", name="Trần Văn Nam", phone="+84987654321", owes=50_000, credit_limit=500_000, points=12)


async def draw(shop: Shop, name: str, **fields: str) -> str:
    """A panel as the page gets it."""
    answer = await shop.counter.ask(name, fields)
    return panel(name, shop.counter.view(), NOW, answer=answer, fields=fields)


async def ask_hub(kind: str, key: str) -> Answer | None:
    """A hub that knows another store."""
    body = Elsewhere(sku=key, stores=(StoreStock(store="hn02", store_name="Quận 2", available=4_000),))
    return Answer(id="1", kind=kind, key=key, body=msgspec.Raw(msgspec.json.encode(body)))


@pytest.mark.parametrize("language", ["vi", "en"])
async def test_every_panel_draws_empty_and_full(tmp_path: Path, language: str) -> None:
    """Nothing that a template names is missing, and what people wrote is escaped."""
    weights = itertools.cycle([None, ScaleReading(None, "MOTION", 0.0), ScaleReading(642, "STABLE", 0.0)])
    async with shop_in(tmp_path, items=GOODS, ask_hub=ask_hub, weigh=lambda: next(weights)) as shop:
        await load(shop.database, store_feed(STORE), "settings", {"store": Settings(store_name="Chợ")})
        await load(shop.database, store_feed(STORE), "stock", {"NUOC": Stock(sku="NUOC", on_hand=9_500)})
        await load(shop.database, GLOBAL_FEED, "promotion", {"p": OFF})
        await load(shop.database, GLOBAL_FEED, "customer", {"nam": NAM})
        await shop.counter.order("set_language", {"language": language})
        names = (
            "search", "item", "price_check", "discount", "coupon", "hold", "held", "customer", "customer_new", "note",
            "void", "ask", "expired", "weight", "elsewhere",
        )  # fmt: skip
        for name in names:
            assert "panel-body" in await draw(shop, name) or name in {"weight", "elsewhere"}
        for code in (WATER, "BIA", "CAM", "DT", "SUA", "KHAC"):
            await shop.scan(code)
            assert "panel-body" in await draw(shop, "ask")
        assert "&lt;b&gt;" in await draw(shop, "ask")
        while (asking := shop.counter.view().asking) is not None:
            drawn = await draw(shop, "ask")
            assert f'value="{asking.kind}"' in drawn
            assert "data-home" in drawn
            given = {"age": "", "weight": "0,5", "price": "9000", "lot": "L1", "serial": "S1"}[asking.kind]
            assert await shop.do("answer_ask", number=str(asking.number), kind=asking.kind, answer=given) == "answered"
        await shop.do("set_customer", customer="nam")
        await shop.do("cut_line", number="1", percent="10", reason="x")
        await shop.do("add_coupon", code="TET")
        assert "TET" in await draw(shop, "coupon")
        assert "••• ••4 321" in await draw(shop, "customer", text="4321")
        assert "Quận 2" in await draw(shop, "elsewhere", sku="NUOC")
        assert "NUOC" in await draw(shop, "search", text="nuoc")
        assert "percent" in await draw(shop, "discount", number="1")
        await shop.do("hold", name="<i>Anh</i>")
        assert "&lt;i&gt;Anh" in await draw(shop, "held")
        for name in names:
            await draw(shop, name)
