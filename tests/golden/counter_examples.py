"""Golden examples of what the counter learned to say: why a drawer was opened, who allowed that goods come back."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import msgspec

from protocol.documents import Settings
from protocol.events import DrawerOpened, EventData, SaleLine, SaleRefunded, Tender

FACTS: tuple[EventData, ...] = (
    DrawerOpened(by="lan", why="no_sale", reason="Đổi tiền lẻ"),
    SaleRefunded(
        receipt_number="hanoi-1-T2-3-000061", business_day=date(2026, 11, 28), currency="VND", cashier="lan",
        lines=(
            SaleLine(sku="G7-21", name="Cà phê G7", quantity=2000, unit_price=56_000, amount=112_000, original_line=1),
        ),
        tenders=(Tender(kind="cash", amount=112_000),), total=112_000, original_receipt="hanoi-1-T2-3-000042",
        allowed_by="hoa",
    ),
)  # fmt: skip

DOCUMENTS: Mapping[str, msgspec.Struct] = {
    "settings+counter": Settings(store_name="Tạp hoá Lan", sells_without_staff=True),
}
