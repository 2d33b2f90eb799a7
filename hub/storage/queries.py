"""The read side on a real database; see `reading.py`. Every answer comes from one read transaction."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.storage import latency_buckets as buckets
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import from_us, maybe_from_us, to_us, zone_of
from hub.storage.queries_ledger import LedgerQueries
from hub.storage.queries_orders import OrderQueries
from hub.storage.queries_stock import StockQueries
from hub.storage.queries_sums import SumQueries
from hub.storage.reading import (
    AlarmKind,
    AlarmRow,
    Latency,
    LatencyPoint,
    ParkedRow,
    SaleDetail,
    SaleLineRow,
    SaleOrder,
    SaleRow,
    Severity,
    StoreRow,
    TerminalRow,
)
from protocol.documents import Settings
from protocol.event import Unreadable, read_data, read_event
from protocol.events import SaleCompleted, SaleRefunded

NEGATIVE_ALARMS_MAX = 50
_SEVERITY: dict[str, Severity] = {
    "fork": "bad", "broken_chain": "bad", "restored": "warn", "clock": "info", "returned_twice": "bad",
    "return_unknown": "info", "voucher_overspent": "bad", "shift_differs": "bad",
    "oversold": "bad",
}  # fmt: skip


class SqlQueries(StockQueries, SumQueries, LedgerQueries, OrderQueries):
    """See `Queries`."""

    def __init__(self, database: Database) -> None:
        StockQueries.__init__(self, database)
        SumQueries.__init__(self, database)
        LedgerQueries.__init__(self, database)
        OrderQueries.__init__(self, database)
        self._database = database

    def stores(self, now: datetime) -> Sequence[StoreRow]:
        """See Queries."""
        turnover = schema.turnover.c
        with self._database.read() as connection:
            stores = connection.execute(sa.select(schema.store).order_by(schema.store.c.name)).all()
            settings = {row.id: msgspec.json.decode(row.settings, type=Settings) for row in stores}
            today = {store: _business_day(found, now) for store, found in settings.items()}
            # Both columns, though the days alone would do: they lead the key, and the table keeps every day for ever.
            query = sa.select(schema.turnover).where(
                turnover.store.in_(sorted(today)), turnover.business_day.in_(sorted(set(today.values())))
            )
            sales: defaultdict[str, int] = defaultdict(int)
            totals: defaultdict[str, dict[str, int]] = defaultdict(dict)
            for row in connection.execute(query):
                if row.business_day == today.get(row.store):
                    sales[row.store] += row.sales
                    totals[row.store][row.currency] = row.total
        return [
            StoreRow(
                store=row.id, name=row.name, time_zone=settings[row.id].time_zone, currency=settings[row.id].currency,
                sales_today=sales[row.id], turnover_today=dict(totals[row.id]),
            )
            for row in stores
        ]  # fmt: skip

    def terminals(self) -> Sequence[TerminalRow]:
        """See Queries."""
        terminal = schema.terminal.c
        with self._database.read() as connection:
            rows = connection.execute(sa.select(schema.terminal).order_by(terminal.store, terminal.id)).all()
        return [
            TerminalRow(
                store=row.store, terminal=row.id, online=row.online, backlog=row.backlog,
                oldest_unsent_at=maybe_from_us(row.oldest_unsent_us), last_seen_at=maybe_from_us(row.last_seen_us),
                devices=msgspec.json.decode(row.devices, type=dict[str, str]), version=row.version, epoch=row.epoch,
                problem=row.problem if row.revoked_us is None else "revoked",
            )
            for row in rows
        ]  # fmt: skip

    def recent_sales(
        self,
        limit: int,
        *,
        before: int | None = None,
        store: str | None = None,
        order: SaleOrder = "newest",
        since: datetime | None = None,
    ) -> Sequence[SaleRow]:
        """See Queries."""
        sale = schema.sale.c
        query = sa.select(schema.sale).limit(limit)
        query = query.order_by(sale.position.desc() if order == "newest" else sale.latency_ms.desc())
        if before is not None:
            query = query.where(sale.position < before)
        if store is not None:
            query = query.where(sale.store == store)
        if since is not None:
            query = query.where(sale.received_us >= to_us(since))
        with self._database.read() as connection:
            return [_sale_row(row) for row in connection.execute(query)]

    def sale(self, position: int) -> SaleDetail | None:
        """See Queries."""
        sale, event = schema.sale.c, schema.event.c
        with self._database.read() as connection:
            row = connection.execute(sa.select(schema.sale).where(sale.position == position)).first()
            if row is None:
                return None
            place = sa.and_(
                event.store == row.store, event.terminal == row.terminal, event.epoch == row.epoch,
                event.sequence == row.sequence,
            )  # fmt: skip
            raw = connection.execute(sa.select(event.raw).where(place)).scalar_one()
        read = read_event(bytes(raw))
        data = read if isinstance(read, Unreadable) else read_data(read)
        if not isinstance(data, SaleCompleted | SaleRefunded):
            return SaleDetail(_sale_row(row), "", (), ())
        lines = [SaleLineRow(li.sku, li.name, li.quantity, li.unit_price, li.amount) for li in data.lines]
        return SaleDetail(
            _sale_row(row), data.cashier, lines, [(t.kind, t.amount) for t in data.tenders],
            original=(data.original_receipt or "") if isinstance(data, SaleRefunded) else "",
            exchange=bool(data.exchange), discounted=sum(cut.amount for line in data.lines for cut in line.cuts),
            allowed_by=data.allowed_by if isinstance(data, SaleRefunded) else "",
        )  # fmt: skip

    def latency(self, minutes: int, now: datetime) -> Latency:
        """See Queries."""
        latency = schema.latency.c
        first = int((now - timedelta(minutes=minutes)).timestamp()) // 60
        query = (
            sa.select(latency.minute, latency.bucket, latency.count.label("number"))
            .where(latency.minute > first)
            .order_by(latency.minute)
        )
        by_minute: defaultdict[int, dict[int, int]] = defaultdict(dict)
        everything: defaultdict[int, int] = defaultdict(int)
        with self._database.read() as connection:
            for row in connection.execute(query):
                by_minute[row.minute][row.bucket] = row.number
                everything[row.bucket] += row.number
        points = [point for minute, counts in by_minute.items() if (point := _point(minute, counts)) is not None]
        p50, p95, p99 = (buckets.percentile_ms(everything, share) for share in (0.5, 0.95, 0.99))
        return Latency(points, p50, p95, p99, sum(point.count for point in points))

    def parked(self, limit: int) -> Sequence[ParkedRow]:
        """See Queries."""
        parked = schema.parked.c
        query = sa.select(schema.parked).where(parked.resolved_us.is_(None)).order_by(parked.position.desc())
        with self._database.read() as connection:
            return [
                ParkedRow(
                    position=row.position, store=row.store, terminal=row.terminal, epoch=row.epoch,
                    sequence=row.sequence, reason=row.reason, text=row.text, received_at=from_us(row.parked_us),
                )
                for row in connection.execute(query.limit(limit))
            ]  # fmt: skip

    def alarms(self, limit: int) -> Sequence[AlarmRow]:
        """See Queries."""
        alarm, level = schema.alarm.c, schema.level.c
        raised = (
            sa.select(
                alarm.kind,
                alarm.store,
                alarm.terminal,
                alarm.subject,
                alarm.text,
                alarm.last_us,
                alarm.count.label("number"),
            )
            .where(alarm.closed_us.is_(None))
            .order_by(alarm.last_us.desc())
            .limit(limit)
        )
        negative = (
            sa.select(level.store, level.sku, level.on_hand, level.updated_us)
            .where(level.on_hand < sa.text("0"))
            .order_by(level.updated_us.desc())
            .limit(NEGATIVE_ALARMS_MAX)
        )
        with self._database.read() as connection:
            rows = [
                AlarmRow(
                    id=":".join((row.kind, row.store, row.terminal, *filter(None, [row.subject]))),
                    kind=_alarm_kind(row.kind), severity=_SEVERITY.get(row.kind, "warn"), at=from_us(row.last_us),
                    store=row.store, terminal=row.terminal, count=row.number, subject=row.subject,
                    text=row.text if row.subject else "",
                )
                for row in connection.execute(raised)
            ]  # fmt: skip
            rows += [
                AlarmRow(
                    id=f"negative_stock:{row.store}:{row.sku}", kind="negative_stock", severity="warn",
                    at=from_us(row.updated_us), store=row.store, sku=row.sku, quantity=row.on_hand,
                )
                for row in connection.execute(negative)
            ]  # fmt: skip
        return sorted(rows, key=lambda row: row.at, reverse=True)[:limit]

    def ping(self) -> None:
        """Raise StorageUnavailable unless the database answers."""
        with self._database.read() as connection:
            connection.execute(sa.text("SELECT 1"))


def _sale_row(row: sa.Row[tuple[object, ...]]) -> SaleRow:
    return SaleRow(
        position=row.position, at=from_us(row.at_us), store=row.store, terminal=row.terminal,
        receipt_number=row.receipt_number, total=row.total, currency=row.currency, item_count=row.item_count,
        received_at=from_us(row.received_us), latency_ms=row.latency_ms, kind=row.kind,
    )  # fmt: skip


def _point(minute: int, counts: dict[int, int]) -> LatencyPoint | None:
    p50, p95, p99 = (buckets.percentile_ms(counts, share) for share in (0.5, 0.95, 0.99))
    if p50 is None or p95 is None or p99 is None:
        return None
    count = sum(number for bucket, number in counts.items() if bucket != buckets.LATE)
    return LatencyPoint(datetime.fromtimestamp(minute * 60, UTC), p50, p95, p99, count)


def _alarm_kind(kind: str) -> AlarmKind:
    known: AlarmKind = msgspec.convert(kind, AlarmKind)
    return known


def _business_day(settings: Settings, now: datetime) -> str:
    return now.astimezone(zone_of(settings.time_zone)).date().isoformat()
