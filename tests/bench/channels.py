"""What comes in from channels: orders by polling and by hints, and a store-day of money reconciled.

Each is measured on a new database that the hub's own code has filled, through the parts that the hub runs; the vendor
answers from memory, so all that is measured is the hub's.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random

import sqlalchemy as sa

from hub.channels.ports import ChannelPayment
from hub.ingest.stocktake import set_stock
from hub.money.days import reconcile_days
from hub.money.taking import take_payments
from hub.storage.channel_heard import HeardHint, SqlHeardStore
from hub.storage.database import Database, open_database, parse_url
from hub.storage.schema_channels import channel_link, channel_part
from hub.storage.schema_money import money_tender
from hub.storage.stores import SqlStores, open_stores
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import Sku, StoreId
from tests.bench.ingest.hubs import POSTGRES
from tests.incoming_stage import Taker, Vendor, incoming_part
from tests.services import postgres_binaries, running_postgres

Told = Callable[[str], None]
CHANNEL = "web"
BEGIN = datetime(2026, 11, 27, 1, 0, tzinfo=UTC)
DAY = date(2026, 11, 27)
PAGE = 50
"""So many orders does a shop give at once (Medusa's page)."""
HINTED = 100
STORES, SKUS, LINES = 10, 500, 3
_PART = 5_000


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    orders: int = 1_000
    tenders: int = 50_000
    seed: int = 1


@dataclass
class Beside:
    """Somebody else who writes to the same database, all the time: how long he waited at most, milliseconds."""

    database: Database
    waits: list[float] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Write a row, again and again."""
        row = {"channel": "beside", "part": "beside"}
        with self.database.write() as connection:
            connection.execute(sa.insert(channel_part).values(row))
        change = sa.update(channel_part).where(channel_part.c.channel == "beside")
        while not self._done.wait(0.02):
            begun = time.perf_counter()
            with self.database.write() as connection:
                connection.execute(change.values(asked_us=int(begun)))
            self.waits.append(1_000 * (time.perf_counter() - begun))

    def end(self) -> None:
        """Stop."""
        self._done.set()


def bench_channels(folder: Path, extent: Extent, told: Told) -> dict[str, dict[str, float]]:
    """Figures by database."""
    figures: dict[str, dict[str, float]] = {}
    for name, new in _databases(folder):
        found = figures[name] = {}
        for what, measure in (("orders by polling", _polled), ("orders by hints", _hinted), ("money", _reconciled)):
            told(f"{name}: {what}")
            found |= measure(new(), extent)
    return figures


def _databases(folder: Path) -> Iterator[tuple[str, Callable[[], Database]]]:
    numbers = iter(range(100))
    yield "sqlite", lambda: open_database(parse_url(f"sqlite:///{folder / f'hub{next(numbers)}.db'}"))
    binaries = postgres_binaries()
    if binaries is not None:
        with running_postgres(binaries, POSTGRES) as server:
            yield "postgresql", lambda: open_database(parse_url(server.new_database()))


def _polled(database: Database, extent: Extent) -> dict[str, float]:
    vendor = _shop(database, extent, extent.orders)
    part = incoming_part(database, vendor, Taker())
    with _beside(database) as beside:
        begun = time.perf_counter()
        while part.step(BEGIN) == 0.0:
            pass
        took = time.perf_counter() - begun
    database.close()
    return {"orders_a_second": round(extent.orders / took, 1), "orders_others_waited_ms": round(max(beside.waits), 1)}


def _hinted(database: Database, extent: Extent) -> dict[str, float]:
    vendor = _shop(database, extent, 0)
    part = incoming_part(database, vendor, Taker())
    part.step(BEGIN)
    heard, random = SqlHeardStore(database), Random(extent.seed)  # noqa: S311 - goods for a measurement
    took: list[float] = []
    for number in range(HINTED):
        _order(vendor, number, random)
        heard.hear(CHANNEL, {"orders": (f"e{number}", [HeardHint(f"o{number}")])}, ({}, b"{}"), BEGIN)
        begun = time.perf_counter()
        part.step(BEGIN)
        took.append(1_000 * (time.perf_counter() - begun))
    database.close()
    took.sort()
    return {"hinted_order_p50_ms": round(took[len(took) // 2], 1), "hinted_order_p95_ms": round(took[-5], 1)}


def _reconciled(database: Database, extent: Extent) -> dict[str, float]:
    _money(database, extent)
    with _beside(database) as beside:
        begun = time.perf_counter()
        reconcile_days(database, ("s0",), DAY, DAY, BEGIN + timedelta(days=2))
        took = time.perf_counter() - begun
        again = time.perf_counter()
        reconcile_days(database, ("s0",), DAY, DAY, BEGIN + timedelta(days=2))
        anew = time.perf_counter() - again
    database.close()
    return {
        "reconcile_s": round(took, 2), "reconcile_again_s": round(anew, 2),
        "reconcile_others_waited_ms": round(max(beside.waits), 1),
    }  # fmt: skip


@contextmanager
def _beside(database: Database) -> Iterator[Beside]:
    beside = Beside(database)
    thread = threading.Thread(target=beside.run)
    thread.start()
    try:
        yield beside
    finally:
        beside.end()
        thread.join()


def _shop(database: Database, extent: Extent, orders: int) -> Vendor:
    stores = _stores(database)
    items = [Item(sku=f"sku{number}", name=f"Thing {number}", price=1, currency="VND") for number in range(SKUS)]
    stores.catalogue.put_items(items, BEGIN)
    for number in range(STORES):
        set_stock(stores.ledger, StoreId(f"s{number}"), {Sku(item.sku): 10_000_000 for item in items}, BEGIN)
    vendor, random = Vendor(page_size=PAGE, overlap=0), Random(extent.seed)  # noqa: S311 - as above
    for number in range(orders):
        _order(vendor, number, random)
    return vendor


def _order(vendor: Vendor, number: int, random: Random) -> None:
    skus = random.sample(range(SKUS), LINES)
    vendor.put_order(f"o{number}", {f"sku{sku}": 1_000 * random.randint(1, 3) for sku in skus})


def _stores(database: Database) -> SqlStores:
    stores = open_stores(database, new_lineage="bench", new_global_key=Key(bytes(32)))
    for number in range(STORES):
        settings = Settings(store_name=f"s{number}", time_zone="Asia/Ho_Chi_Minh")
        stores.fleet.add_store(StoreId(f"s{number}"), settings, Key(b"f" * 32), BEGIN)
    return stores


def _money(database: Database, extent: Extent) -> None:
    """A day's tenders by card and as many payments: most of them fit, one in a hundred lacks the other side."""
    _stores(database)
    random = Random(extent.seed)  # noqa: S311 - as above
    link = {"channel": "square", "kind": "location", "ours": "s0", "theirs": "L", "by_hand": True, "at_us": 0}
    with database.write() as connection:
        connection.execute(sa.insert(channel_part).values(channel="square", part="payments"))
        connection.execute(sa.insert(channel_link).values(link))
    tenders: list[dict[str, object]] = []
    payments: list[ChannelPayment] = []
    for number in range(extent.tenders):
        at = BEGIN + timedelta(seconds=number * 50_000 / extent.tenders)
        amount, reference = 1_000 * random.randint(10, 400), f"ref{number}" if random.random() < 0.5 else ""
        if random.random() > 0.01:
            tenders.append({
                "store": "s0", "terminal": f"T{number % 5}", "epoch": 1, "sequence": number, "number": 0,
                "state": "taken", "kind": "card", "amount": amount, "currency": "VND", "receipt": f"R{number}",
                "original": "", "attempt": "", "reference": reference, "business_day": DAY.isoformat(),
                "at_us": int(at.timestamp()) * 1_000_000,
            })  # fmt: skip
        if random.random() > 0.01:
            payments.append(ChannelPayment(
                key=f"p{number}", version="1", at=at + timedelta(seconds=2), location="L", kind="card",
                state="completed", amount=amount, currency="VND", fee=amount // 50, reference=reference,
            ))  # fmt: skip
    with database.write() as connection:
        for start in range(0, len(tenders), _PART):
            connection.execute(sa.insert(money_tender), tenders[start : start + _PART])
    take_payments(database, "square", payments, BEGIN)
