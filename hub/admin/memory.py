"""The web part's ports in memory: for its tests, its screenshots, and anybody who draws a page.

It behaves as the database does (orders, limits, revisions), holds everything in plain lists and scans them.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from hub.admin.memory_stock import MemoryStockReads
from hub.admin.words import zone
from hub.api.port import Change, ChangeKind, Ready
from hub.matters.sums import ReceiptSums
from hub.storage.reading import (
    AlarmRow,
    Availability,
    AvailabilityChanges,
    Latency,
    LatencyPoint,
    ParkedRow,
    SaleDetail,
    SaleLineRow,
    SaleOrder,
    SaleRow,
    ShiftDetail,
    ShiftRow,
    StockOrder,
    StockPage,
    StockQuery,
    StockRow,
    StoreRow,
    TerminalRow,
)


@dataclass(frozen=True)
class MemoryItem:
    """What can be sold; `revision` is where its availability last changed."""

    sku: str
    name: str
    unit: str = "piece"
    revision: int = 0


class MemoryQueries(MemoryStockReads):
    """The read side over dictionaries; the methods that change it are below those that read."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._stores: dict[str, StoreRow] = {}
        self._terminals: dict[tuple[str, str], TerminalRow] = {}
        self._sales: list[SaleDetail] = []
        self._items: dict[str, MemoryItem] = {}
        self._levels: dict[tuple[str, str], StockRow] = {}
        self._stores_of: defaultdict[str, set[str]] = defaultdict(set)
        self._revision = 0
        self.alarm_rows: list[AlarmRow] = []
        self.shift_rows: list[ShiftRow] = []
        self.shift_details: dict[int, ShiftDetail] = {}
        self.parked_rows: list[ParkedRow] = []

    def stores(self, now: datetime) -> Sequence[StoreRow]:
        """All stores, with today's sales added up from the log."""
        with self._lock:
            counts: defaultdict[str, int] = defaultdict(int)
            turnover: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
            for detail in self._sales:
                sale = detail.sale
                there = zone(self._stores[sale.store].time_zone)
                if sale.at.astimezone(there).date() == now.astimezone(there).date():
                    counts[sale.store] += sale.kind == "sale"
                    turnover[sale.store][sale.currency] += sale.total
            rows = [
                replace(row, sales_today=counts[row.store], turnover_today=dict(turnover[row.store]))
                for row in self._stores.values()
            ]
        return sorted(rows, key=lambda row: row.name)

    def terminals(self) -> Sequence[TerminalRow]:
        """All terminals."""
        with self._lock:
            return [self._terminals[key] for key in sorted(self._terminals)]

    def recent_sales(
        self,
        limit: int,
        *,
        before: int | None = None,
        store: str | None = None,
        order: SaleOrder = "newest",
        since: datetime | None = None,
    ) -> Sequence[SaleRow]:
        """The newest or the slowest sales."""
        with self._lock:
            sales = [
                detail.sale
                for detail in self._sales
                if (before is None or detail.sale.position < before)
                and store in {None, detail.sale.store}
                and (since is None or detail.sale.received_at >= since)
            ]
        slowest = order == "slowest"
        sales.sort(key=lambda sale: (sale.latency_ms if slowest else 0, sale.position), reverse=True)
        return sales[:limit]

    def sale(self, position: int) -> SaleDetail | None:
        """One sale."""
        with self._lock:
            return next((detail for detail in self._sales if detail.sale.position == position), None)

    def day_sums(self, store: str, day: date) -> Sequence[ReceiptSums]:
        """What the sales of a day add up to."""
        sums: dict[str, ReceiptSums] = {}
        with self._lock:
            for detail in self._sales:
                sale = detail.sale
                there = zone(self._stores[sale.store].time_zone)
                if sale.store == store and sale.at.astimezone(there).date() == day:
                    found = sums.setdefault(sale.currency, ReceiptSums(sale.currency))
                    found.sales += sale.total >= 0
                    found.refunds += sale.total < 0
                    found.sold += max(0, sale.total)
                    found.refunded += max(0, -sale.total)
                    found.tenders.update(dict(detail.tenders))
        return [sums[currency] for currency in sorted(sums)]

    def shifts(self, limit: int, *, store: str | None = None, before: int | None = None) -> Sequence[ShiftRow]:
        """The last opened shifts."""
        found = [row for row in self.shift_rows if store in {None, row.store}]
        found = [row for row in found if before is None or row.position < before]
        return sorted(found, key=lambda row: -row.position)[:limit]

    def shift(self, store: str, terminal: str, shift: str) -> ShiftDetail | None:
        """One shift."""
        return next(
            (
                self.shift_details.get(row.position, ShiftDetail(row))
                for row in self.shift_rows
                if (row.store, row.terminal, row.shift) == (store, terminal, shift)
            ),
            None,
        )

    def stock(self, query: StockQuery) -> StockPage:
        """A page of levels."""
        sought = query.search.casefold()
        with self._lock:
            rows = [
                row
                for row in self._levels.values()
                if query.store in {None, row.store}
                and query.sku in {None, row.sku}
                and (not query.negative_only or row.on_hand < 0)
                and (row.sku.casefold().startswith(sought) or sought in row.name.casefold())
            ]
        rows.sort(key=lambda row: (_sort_value(row, query.order), row.sku, row.store), reverse=query.descending)
        return StockPage(rows[query.offset : query.offset + query.limit], len(rows))

    def availability(self, skus: Sequence[str]) -> Sequence[Availability]:
        """What the web may sell of these."""
        with self._lock:
            return [self._availability(self._items[sku]) for sku in skus if sku in self._items]

    def availability_changes(self, after: int | None, limit: int) -> AvailabilityChanges:
        """What changed after a revision."""
        with self._lock:
            if after is None:
                return AvailabilityChanges(self._revision, ())
            changed = sorted(
                (item for item in self._items.values() if item.revision > after), key=lambda item: item.revision
            )
            page = [self._availability(item) for item in changed[:limit]]
            last = page[-1].revision if len(changed) > limit else self._revision
        return AvailabilityChanges(last, page)

    def latency(self, minutes: int, now: datetime) -> Latency:
        """Percentiles by minute."""
        begin = now - timedelta(minutes=minutes)
        by_minute: defaultdict[datetime, list[int]] = defaultdict(list)
        with self._lock:
            for detail in self._sales:
                if begin < detail.sale.received_at <= now:
                    minute = detail.sale.received_at.replace(second=0, microsecond=0)
                    by_minute[minute].append(detail.sale.latency_ms)
        points = [
            LatencyPoint(minute, *percentiles(values), len(values)) for minute, values in sorted(by_minute.items())
        ]
        everything = [value for values in by_minute.values() for value in values]
        if not everything:
            return Latency((), None, None, None, 0)
        return Latency(points, *percentiles(everything), len(everything))

    def parked(self, limit: int) -> Sequence[ParkedRow]:
        """Parked events, newest first."""
        return sorted(self.parked_rows, key=lambda row: row.position, reverse=True)[:limit]

    def alarms(self, limit: int) -> Sequence[AlarmRow]:
        """Open alarms, newest first."""
        return sorted(self.alarm_rows, key=lambda row: row.at, reverse=True)[:limit]

    def put_store(self, row: StoreRow) -> None:
        """Add or replace a store."""
        with self._lock:
            self._stores[row.store] = row

    def put_terminal(self, row: TerminalRow) -> None:
        """Add or replace a terminal."""
        with self._lock:
            self._terminals[(row.store, row.terminal)] = row

    def put_item(self, item: MemoryItem) -> None:
        """Add or replace an item of the catalogue."""
        with self._lock:
            self._items[item.sku] = replace(item, revision=self._next_revision())

    def set_level(self, store: str, sku: str, on_hand: int, at: datetime, *, reserved: int = 0) -> None:
        """Set what a store has of a SKU of the catalogue."""
        with self._lock:
            item = replace(self._items[sku], revision=self._next_revision())
            self._items[sku] = item
            self._stores_of[sku].add(store)
            available = max(0, on_hand - reserved)
            row = StockRow(store, sku, item.name, item.unit, on_hand, reserved, available, at)
            self._levels[(store, sku)] = row

    def add_sale(self, sale: SaleRow, lines: Sequence[SaleLineRow] = (), cashier: str = "Lan") -> SaleRow:
        """Log a sale at the next position and move its lines' stock; returns it with its position."""
        with self._lock:
            placed = replace(sale, position=len(self._sales) + 1)
            self._sales.append(SaleDetail(placed, cashier, tuple(lines), (("cash", sale.total),)))
            for line in lines:
                level = self._levels.get((sale.store, line.sku))
                if level is not None:
                    on_hand = level.on_hand - line.quantity
                    self.set_level(sale.store, line.sku, on_hand, sale.received_at, reserved=level.reserved)
        return placed

    def _availability(self, item: MemoryItem) -> Availability:
        stores = sorted(self._stores_of[item.sku])
        locations = tuple((store, self._levels[(store, item.sku)].available) for store in stores)
        return Availability(item.sku, locations, item.revision, item.unit)

    def _next_revision(self) -> int:
        self._revision += 1
        return self._revision


class MemoryChanges:
    """Changes that a test announces; `stop` ends every subscription."""

    def __init__(self) -> None:
        self._waiting: dict[int, tuple[dict[ChangeKind, None], asyncio.Event]] = {}
        self._stopped = False
        self._next = 0

    def announce(self, *kinds: ChangeKind) -> None:
        """Tell all subscribers. Call it in the event loop."""
        for pending, woken in self._waiting.values():
            pending.update(dict.fromkeys(kinds))
            woken.set()

    def stop(self) -> None:
        """End all subscriptions, as the hub does when it stops."""
        self._stopped = True
        self.announce()

    def resume(self) -> None:
        """Take subscriptions again, as a hub that was started anew."""
        self._stopped = False

    @property
    def subscribers(self) -> int:
        """How many subscriptions are open."""
        return len(self._waiting)

    async def subscribe(self) -> AsyncIterator[Change]:
        """Changes from the first `anext` on."""
        self._next += 1
        number, pending, woken = self._next, dict[ChangeKind, None](), asyncio.Event()
        self._waiting[number] = (pending, woken)
        try:
            while not self._stopped:
                await woken.wait()
                woken.clear()
                kinds = list(pending)
                pending.clear()
                for kind in kinds:
                    yield Change(kind)
        finally:
            del self._waiting[number]


class MemoryHealth:
    """Parts that a test declares well or ill."""

    def __init__(self) -> None:
        self.parts: list[Ready] = [Ready("database", ok=True), Ready("broker", ok=True), Ready("ingest", ok=True)]

    def readiness(self) -> Sequence[Ready]:
        """The parts as they were declared."""
        return tuple(self.parts)


class MemoryIdentity:
    """One admin key in plain text, which a database must never hold."""

    def __init__(self, admin_key: str, session_secret: bytes) -> None:
        self._admin_key = admin_key
        self._secret = session_secret
        self._redeemed: set[str] = set()

    @property
    def session_secret(self) -> bytes:
        """What signs sessions."""
        return self._secret

    def verify_admin_key(self, text: str) -> bool:
        """Compare with the key."""
        return hmac.compare_digest(text.encode(), self._admin_key.encode())

    def redeem_login_token(self, token_id: str, expires_at: datetime) -> bool:
        """Take a token once."""
        del expires_at  # nothing is ever forgotten here
        fresh = token_id not in self._redeemed
        self._redeemed.add(token_id)
        return fresh


def percentiles(values: Sequence[int]) -> tuple[float, float, float]:
    """The 50th, 95th and 99th percentile (nearest rank) of at least one value."""
    ordered = sorted(values)
    p50, p95, p99 = (float(ordered[max(0, math.ceil(len(ordered) * rank / 100) - 1)]) for rank in (50, 95, 99))
    return p50, p95, p99


def _sort_value(row: StockRow, order: StockOrder) -> str | float:
    match order:
        case "name":
            return row.name.casefold()
        case "on_hand":
            return row.on_hand
        case "available":
            return row.available
        case "updated_at":
            return row.updated_at.timestamp()
        case "store":
            return row.store
        case _:
            return row.sku
