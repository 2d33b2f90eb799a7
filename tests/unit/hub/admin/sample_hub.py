"""A hub of invented stores: for tests and for looking at pages. The same seed makes the same hub.

`python -m tests.unit.hub.admin.sample_hub --stores 48` serves one, with sales coming in, until it is stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property

import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from hub.admin.memory import MemoryChanges, MemoryHealth, MemoryIdentity, MemoryItem, MemoryQueries
from hub.admin.memory_stock import MemoryDesk
from hub.admin.web import build_web
from hub.api.channel_desk import ChannelDesk
from hub.api.office import MoneyOffice, PeopleOffice
from hub.api.port import WebPorts
from hub.api.settings import WebSettings
from hub.storage.reading import (
    AlarmRow,
    DrawerOpening,
    ParkedRow,
    SaleLineRow,
    SaleRow,
    ShiftDetail,
    ShiftRefund,
    ShiftRow,
    StoreRow,
    TerminalRow,
)
from protocol.events import ShiftSums, TenderSum
from tests.unit.hub.admin import sample_stock

ADMIN_KEY = "sample-admin-key-of-nobody"
SECRET = b"0123456789abcdef0123456789abcdef"
DIFFERS = "VND: sales 41 / 40; sold 4100000 / 4000000"
PLACES = (
    "Hàng Bài", "Cầu Giấy", "Hải Phòng 2", "Thảo Điền", "Đà Nẵng", "Huế", "Cần Thơ", "Nha Trang", "Vinh", "Biên Hòa",
    "Quy Nhơn", "Phú Mỹ Hưng", "Long Biên", "Hà Đông", "Đồng Hới", "Mỹ Tho",
)  # fmt: skip
GOODS = (
    ("COLA-330", "Nước ngọt Cola 330 ml", 12_000), ("G7-21", "Cà phê G7 hộp 21 gói", 58_000),
    ("MILO-180", "Sữa Milo 180 ml", 9_500), ("TRA-O-LONG", "Trà ô long chai 450 ml", 11_000),
    ("BANH-MI", "Bánh mì sandwich", 28_000), ("GAO-ST25", "Gạo ST25, cân ký", 42_000),
    ("NUOC-MAM", "Nước mắm Phú Quốc 500 ml", 76_000), ("XA-PHONG", "Xà phòng thơm 90 g", 15_500),
    ("KHAN-GIAY", "Khăn giấy hộp 180 tờ", 32_000), ("DAU-GOI", "Dầu gội thảo dược 400 ml", 118_000),
    ("A/B 7", "Combo A/B số 7", 45_000), ("MI-TOM", "Mì tôm chua cay", 4_500),
)  # fmt: skip


@dataclass
class SampleHub:
    """The ports in memory, a clock that a test moves, and the application over them."""

    settings: WebSettings = field(default_factory=WebSettings)
    now: datetime = datetime(2026, 11, 22, 11, 4, 30, tzinfo=UTC)
    seed: int = 7
    clock: Callable[[], datetime] | None = None
    channels: ChannelDesk | None = None

    def __post_init__(self) -> None:
        self.queries = MemoryQueries()
        self.desk = MemoryDesk(self.queries)
        self.changes = MemoryChanges()
        self.health = MemoryHealth()
        self.identity = MemoryIdentity(ADMIN_KEY, SECRET)
        self.registry = CollectorRegistry()
        self.random = random.Random(self.seed)  # noqa: S311 - invented figures
        self.receipts = 0
        self.money: MoneyOffice | None = None
        self.people: PeopleOffice | None = None

    def time(self) -> datetime:
        """The present."""
        return self.clock() if self.clock else self.now

    def web(self) -> FastAPI:
        """The application."""
        return build_web(self.ports(), self.settings)

    def ports(self) -> WebPorts:
        """What the application is given."""
        return WebPorts(
            self.queries, self.changes, self.health, self.identity, self.registry, self.time, self.desk,
            money=self.money, people=self.people,
            channels=self.channels,
        )  # fmt: skip

    @cached_property
    def kept_web(self) -> FastAPI:
        """One application for many requests: it costs a tenth of a second to make."""
        return self.web()

    def fill(self, stores: int, *, items: int = 12, sales: int = 400, trouble: bool = True) -> SampleHub:
        """Add stores with two tills each, a catalogue with levels, an hour of sales and, if asked, some trouble."""
        for number in range(items):
            sku, name, _ = goods(number)
            self.queries.put_item(MemoryItem(sku, name, "kg" if sku.startswith("GAO") else "piece"))
        for number in range(stores):
            self._add_store(number, trouble=trouble)
        minutes = sorted((self.random.uniform(0.2, 59) for _ in range(sales)), reverse=True)
        for minute in minutes:
            if stores and not 18 < minute < 23:  # a quarter of the hour without sales: the plot's gap
                self.sell(f"st{self.random.randrange(stores) + 1:02}", self.time() - timedelta(minutes=minute))
        for number in range(stores):
            for item in range(items if number < 3 else min(items, 12)):
                level = self.random.randrange(-2, 60) * 1000 if item % 12 != 5 else self.random.randrange(0, 9_000)
                at = self.time() - timedelta(minutes=self.random.randrange(1, 4000))
                reserved = 1000 if item % 5 == 0 else 0
                self.queries.set_level(f"st{number + 1:02}", goods(item)[0], level, at, reserved=reserved)
        for number in range(stores):
            self._add_shifts(f"st{number + 1:02}", trouble=trouble and number == 0)
        if stores:
            sample_stock.add_stock_facts(self.queries, self.desk, self.time())
        if trouble and stores:
            self._add_trouble()
        return self

    def sell(self, store: str, at: datetime | None = None) -> SaleRow:
        """Add a sale of a few lines; the caller announces it."""
        paid_at = at or self.time()
        latency_ms = int(self.random.lognormvariate(3.9, 0.5)) if self.random.random() > 0.002 else 2600
        self.receipts += 1
        lines = []
        for _ in range(self.random.randrange(1, 5)):
            sku, name, price = goods(self.random.randrange(12))
            quantity = self.random.choice((1000, 1000, 2000, 642 if sku.startswith("GAO") else 1000))
            lines.append(SaleLineRow(sku, name, quantity, price, price * quantity // 1000))
        sale = SaleRow(
            position=0,
            at=paid_at,
            store=store,
            terminal=self.random.choice(("T1", "T2")),
            receipt_number=f"{store.upper()}-{self.receipts:06}",
            total=sum(line.amount for line in lines),
            currency="VND",
            item_count=sum(line.quantity for line in lines),
            received_at=paid_at + timedelta(milliseconds=latency_ms),
            latency_ms=latency_ms,
        )
        return self.queries.add_sale(sale, lines)

    def _add_shifts(self, store: str, *, trouble: bool) -> None:
        """Yesterday's shift, closed, and today's."""
        for number in (1, 2):
            opened_at = self.time() - timedelta(hours=27 if number == 1 else 3)
            tenders = (TenderSum(kind="cash", count=38, amount=3_100_000),)
            sums = ShiftSums(sales=41, sold=4_310_000, refunds=1, refunded=110_000, turnover=4_200_000, tenders=tenders)
            closed = number == 1
            shift = (
                ShiftRow(
                    store=store, terminal="T1", shift=f"{store}-{number}", number=number,
                    business_day=opened_at.date(), currency="VND", opened_by="Lan", opened_at=opened_at,
                    float_amount=500_000, closed_by="Hoa" if closed else "",
                    closed_at=opened_at + timedelta(hours=9) if closed else None, expected=3_600_000 * closed,
                    counted=3_590_000 * closed, over=-10_000 * closed, sums=sums if closed else ShiftSums(),
                    differs=DIFFERS if closed and trouble else "", position=int(opened_at.timestamp()),
                )
            )  # fmt: skip
            self.queries.shift_rows.append(shift)
            if trouble and closed:
                openings = [DrawerOpening(opened_at + timedelta(hours=2), "Lan", "Đổi tiền lẻ <5k>")]
                back = opened_at + timedelta(hours=3)
                refunds = [
                    ShiftRefund(back, "st01-T1-1-000009", "Lan", "", 40_000, "VND"),
                    ShiftRefund(back, "st01-T1-1-000017", "Lan", "Mai", 70_000, "VND"),
                ]
                self.queries.shift_details[shift.position] = ShiftDetail(shift, openings, refunds)

    def _add_store(self, number: int, *, trouble: bool) -> None:
        store = f"st{number + 1:02}"
        name = PLACES[number % len(PLACES)] + (f" {number // len(PLACES) + 1}" if number >= len(PLACES) else "")
        self.queries.put_store(StoreRow(store, name, "Asia/Ho_Chi_Minh", "VND"))
        for terminal in ("T1", "T2"):
            offline = trouble and number % 17 == 1 and (terminal == "T1" or number > 10)
            devices = {"scanner": "ready", "printer": "ready", "drawer": "ready"}
            if trouble and number % 23 == 2 and terminal == "T1":
                devices["printer"] = "fault"
            ago = timedelta(minutes=12) if offline else timedelta(seconds=self.random.randrange(1, 20))
            row = TerminalRow(
                store=store,
                terminal=terminal,
                online=not offline,
                backlog=38 if offline else 0,
                oldest_unsent_at=self.time() - timedelta(minutes=11) if offline else None,
                last_seen_at=self.time() - ago,
                devices=devices,
                version="0.1.0",
                epoch=1,
            )
            self.queries.put_terminal(row)

    def _add_trouble(self) -> None:
        now = self.time()
        self.queries.alarm_rows = [
            AlarmRow("1", "negative_stock", "info", now - timedelta(minutes=3), "st01", sku="G7-21", quantity=-2000),
            AlarmRow("2", "parked", "warn", now - timedelta(minutes=31), "st01", "T2", count=2),
        ]
        self.queries.parked_rows = [
            ParkedRow(7, "st01", "T2", 1, 204, "unknown_type", "com.tillwire.sale.completed.v2", now)
        ] * 2


def goods(number: int) -> tuple[str, str, int]:
    """An item: SKU, name, price. Past the named ones they are numbered."""
    if number < len(GOODS):
        return GOODS[number]
    return f"SKU-{number:05}", f"Hàng hóa số {number}", 1_000 + number % 97 * 500


async def serve(stores: int, items: int, port: int, language: str) -> None:
    """Serve a living sample."""
    settings = WebSettings(version="0.1.0", language="vi" if language == "vi" else "en", logins_per_minute=1000)
    hub = SampleHub(settings, clock=lambda: datetime.now(UTC))  # noqa: TID251 - this is its composition root
    hub.fill(stores, items=items, sales=60 * stores)
    server = uvicorn.Server(uvicorn.Config(hub.web(), port=port, log_level="warning", lifespan="off"))

    async def trade() -> None:
        while stores:
            await asyncio.sleep(hub.random.uniform(0.5, 3))
            hub.sell(f"st{hub.random.randrange(stores) + 1:02}")
            hub.changes.announce("sales", "stock")

    trading = asyncio.create_task(trade())
    await server.serve()
    trading.cancel()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=3)
    parser.add_argument("--items", type=int, default=12)
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--language", choices=("en", "vi"), default="en")
    asked = parser.parse_args()
    asyncio.run(serve(asked.stores, asked.items, asked.port, asked.language))
