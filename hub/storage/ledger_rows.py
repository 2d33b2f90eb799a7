"""A ledger transaction's writes as rows, in the order of the columns below; shared by the dialects' raw SQL."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date

from hub.stock.level import Level
from hub.storage.moments import from_us, maybe_us, to_us
from hub.storage.records import EpochKey, LedgerWrites, LevelKey, ParkedEvent
from protocol.ids import Sku
from protocol.movements import Movement, MovementKind

Row = tuple[object, ...]

EVENT_COLUMNS = (
    "store", "terminal", "epoch", "sequence", "event_id", "type", "at_us", "received_us", "digest", "raw",
    "duplicate_of",
)  # fmt: skip
MOVEMENT_COLUMNS = (
    "store", "sku", "at_us", "source", "epoch", "sequence", "line", "delta", "kind", "reason", "lot", "expires",
)  # fmt: skip
SALE_COLUMNS = (
    "store", "terminal", "epoch", "sequence", "kind", "at_us", "received_us", "latency_ms", "receipt_number",
    "business_day", "currency", "total", "item_count",
)  # fmt: skip
LEVEL_COLUMNS = ("store", "sku", "on_hand", "reserved", "counted_us", "revision", "updated_us")
PARKED_COLUMNS = (
    "store", "terminal", "epoch", "sequence", "raw_hash", "event_id", "reason", "text", "raw", "parked_us",
    "resolved_us",
)  # fmt: skip
TURNOVER_COLUMNS = ("store", "business_day", "currency", "sales", "refunds", "total")
ALARM_COLUMNS = ("kind", "store", "terminal", "subject", "text", "count", "first_us", "last_us")
MATTER_COLUMNS = ("kind", "key", "store", "terminal", "epoch", "sequence", "role", "amount", "at_us", "state")

RESERVATION_COLUMNS = ("store", "sku", "kind", "key", "quantity")


def event_rows(writes: LedgerWrites) -> Iterator[Row]:
    """EVENT_COLUMNS."""
    received = to_us(writes.at)
    for event in writes.events:
        store, terminal, epoch = event.key
        yield (
            store, terminal, epoch, event.sequence, event.event_id, event.type, maybe_us(event.at), received,
            event.digest, event.raw, event.duplicate_of,
        )  # fmt: skip


def movement_rows(writes: LedgerWrites) -> Iterator[Row]:
    """MOVEMENT_COLUMNS."""
    at, at_us = writes.at, to_us(writes.at)
    for entry in writes.movements:
        (store, source, epoch), movement = entry.key, entry.movement
        if movement.at is not at:  # the lines of one sale share their time
            at, at_us = movement.at, to_us(movement.at)
        yield (
            store, movement.sku, at_us, source, epoch, entry.sequence, movement.line, movement.delta,
            movement.kind, entry.reason, movement.lot, movement.expires.isoformat() if movement.expires else "",
        )  # fmt: skip


def movement_of(row: tuple[int, str, int, MovementKind, int, str, str]) -> Movement:
    """A movement of a row of: line, sku, delta, kind, at_us, lot, expires."""
    line, sku, delta, kind, at_us, lot, expires = row
    return Movement(line, Sku(sku), delta, kind, from_us(at_us), lot, date.fromisoformat(expires) if expires else None)


def sale_rows(writes: LedgerWrites) -> Iterator[Row]:
    """SALE_COLUMNS."""
    received = to_us(writes.at)
    for sale in writes.sales:
        store, terminal, epoch = sale.key
        at_us = to_us(sale.at)
        yield (
            store, terminal, epoch, sale.sequence, sale.kind, at_us, received, max(0, (received - at_us) // 1_000),
            sale.receipt_number, sale.business_day.isoformat(), sale.currency, sale.total, sale.item_count,
        )  # fmt: skip


def turnover_rows(writes: LedgerWrites) -> list[Row]:
    """TURNOVER_COLUMNS, to be added to what is there; one row for each key, sorted."""
    sums: dict[tuple[str, date, str], list[int]] = {}
    for sale in writes.sales:
        day = (sale.key.store, sale.business_day, sale.currency)
        entry = sums.get(day)
        if entry is None:
            entry = sums[day] = [0, 0, 0]
        entry[sale.kind == "refund"] += 1
        entry[2] += sale.total
    return [(store, day.isoformat(), currency, *values) for (store, day, currency), values in sorted(sums.items())]


def move_rows(writes: LedgerWrites) -> Iterator[Row]:
    """delta, revision, updated_us, store, sku, first_us."""
    updated, revisions = to_us(writes.at), writes.revisions
    at, at_us = writes.at, updated
    for (store, sku), moved in writes.moves.items():
        if moved.first_at is not at:
            at, at_us = moved.first_at, to_us(moved.first_at)
        yield moved.delta, revisions[store], updated, store, sku, at_us


def level_rows(writes: LedgerWrites, levels: Mapping[LevelKey, Level]) -> Iterator[Row]:
    """LEVEL_COLUMNS."""
    updated = to_us(writes.at)
    for (store, sku), level in levels.items():
        counted = maybe_us(level.counted_at)
        yield store, sku, level.on_hand, level.reserved, counted, writes.revisions[store], updated


def cursor_rows(writes: LedgerWrites) -> Iterator[Row]:
    """sequence, digest, revision, store, terminal, epoch."""
    for (store, terminal, epoch), cursor in writes.cursors.items():
        yield cursor.sequence, cursor.digest, writes.revisions[store], store, terminal, epoch


def identified_rows(writes: LedgerWrites) -> list[Row]:
    """event_id, type, at_us, duplicate_of, store, terminal, epoch, sequence; originals before their duplicates."""
    return [
        (event.event_id, event.type, to_us(event.at), event.duplicate_of, *event.key, event.sequence)
        for event in sorted(writes.identified, key=lambda event: event.duplicate_of is not None)
    ]


def parked_rows(writes: LedgerWrites) -> list[Row]:
    """PARKED_COLUMNS."""
    now = to_us(writes.at)
    return [_parked_row(parked, parked.key, now) for parked in writes.parked]


def alarm_rows(writes: LedgerWrites) -> list[Row]:
    """ALARM_COLUMNS, to be counted up; in one order, so that two transactions cannot wait for each other."""
    now = to_us(writes.at)
    rows = [
        (alarm.kind, alarm.store, alarm.terminal, alarm.subject, alarm.text, alarm.count, now, now)
        for alarm in writes.alarms
    ]
    return sorted(rows, key=lambda row: row[:4])


def matter_rows(writes: LedgerWrites) -> Iterator[Row]:
    """MATTER_COLUMNS, all new."""
    for entry in writes.matters:
        part = entry.part
        yield part.kind, part.key, *entry.key, entry.sequence, part.role, part.amount, to_us(entry.at), "new"


def reservation_rows(writes: LedgerWrites) -> tuple[list[Row], list[Row]]:
    """Reservations that end (store, sku, kind, key), and RESERVATION_COLUMNS of those that stand."""
    ended: list[Row] = []
    standing: list[Row] = []
    for (promise, sku), quantity in sorted(writes.reservations.items()):
        place = (promise.store, sku, promise.kind, promise.key)
        if quantity:
            standing.append((*place, quantity))
        else:
            ended.append(place)
    return ended, standing


def _parked_row(parked: ParkedEvent, key: EpochKey, now: int) -> Row:
    raw_hash = hashlib.sha256(parked.raw).digest()
    resolved = now if parked.resolved else None
    return (*key, parked.sequence, raw_hash, parked.event_id, parked.reason, parked.text, parked.raw, now, resolved)
