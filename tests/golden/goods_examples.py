"""Golden examples of packs, bundles and lots: second files of types that were there before, and what came with them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import msgspec

from protocol.documents import Item, Part, Pick, Recount
from protocol.events import (
    CountedLine,
    CountedLot,
    EventData,
    OrderHandedOver,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    StockCounted,
    StockLine,
    StockReceived,
    Tender,
)

AT = datetime(2026, 11, 28, 3, 4, 5, 678901, tzinfo=UTC)
DAY = date(2026, 11, 28)
_CASE = SaleLine(
    sku="BIA-24", name="Bia Hà Nội thùng 24", quantity=2000, unit_price=310_000, amount=620_000, unit="thùng",
    lot="L12", expires=date(2027, 5, 31),
    moves=(StockLine(sku="BIA", quantity=48_000, lot="L12", expires=date(2027, 5, 31)),),
)  # fmt: skip
_BASKET = SaleLine(
    sku="GIO-QUA", name="Giỏ quà Tết", quantity=1000, unit_price=590_000, amount=590_000,
    moves=(StockLine(sku="TRA-SEN", quantity=2_000), StockLine(sku="KEO", quantity=350)),
)  # fmt: skip
_TEA = SaleLine(sku="TRA-SEN", name="Trà sen", quantity=1000, unit_price=120_000, amount=120_000)
_LOTS = (
    StockLine(sku="SUA-1L", quantity=24_000, lot="A1", expires=date(2026, 12, 9)),
    StockLine(sku="SUA-1L", quantity=12_000, lot="A2", expires=date(2026, 12, 20)),
)

FACTS: tuple[EventData, ...] = (
    SaleCompleted(
        receipt_number="hanoi-1-T2-3-000050", business_day=DAY, currency="VND", cashier="lan",
        lines=(_CASE, _BASKET, _TEA), tenders=(Tender(kind="card", amount=1_330_000),), total=1_330_000,
    ),
    SaleRefunded(
        receipt_number="hanoi-1-T2-3-000051", business_day=DAY, currency="VND", cashier="lan",
        lines=(msgspec.structs.replace(_BASKET, original_line=2),), tenders=(Tender(kind="cash", amount=590_000),),
        total=590_000, original_receipt="hanoi-1-T2-3-000050",
    ),
    StockReceived(lines=_LOTS, by="minh", document="PN-2026/201"),
    StockCounted(
        session="kiem-ke-12", by="minh",
        lines=(
            CountedLine(
                sku="SUA-1L", quantity=31_000, at=AT,
                lots=(
                    CountedLot(quantity=20_000, lot="A1", expires=date(2026, 12, 9)),
                    CountedLot(quantity=10_000, lot="A2", expires=date(2026, 12, 20)),
                ),
            ),
            CountedLine(sku="KEO", quantity=1_250, at=AT),
        ),
    ),
    OrderHandedOver(order="web-1002", lines=_LOTS[:1], by="lan"),
)  # fmt: skip
"""Each is the second golden file of its type: `<type>+goods.json`."""

DOCUMENTS: Mapping[str, msgspec.Struct] = {
    "item+pack": Item(
        sku="BIA-24", name="Bia Hà Nội thùng 24", barcodes=("8934822112332",), price=310_000, currency="VND",
        unit="thùng", pack_of="BIA", pack_size=24_000, asks_expiry=True,
    ),
    "item+bundle": Item(
        sku="GIO-QUA", name="Giỏ quà Tết", price=590_000, currency="VND",
        parts=(Part(sku="TRA-SEN", quantity=2_000), Part(sku="KEO", quantity=350)),
    ),
    "pick+goods": Pick(order="web-1002", number="1002", lines=_LOTS, placed_at=AT),
    "recount": Recount(sku="KEO", reason="negative", since=AT, note="-0,35"),
}  # fmt: skip
"""By kind, and by kind and what is new in it."""
