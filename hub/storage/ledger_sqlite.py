"""A ledger transaction on SQLite, on the raw driver. The whole file is locked by BEGIN IMMEDIATE, so no row locks."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime

from hub.stock.level import Level
from hub.storage import ledger_rows as rows
from hub.storage.level_moves import derived_moves, moved_keys
from hub.storage.moments import maybe_from_us, to_us
from hub.storage.read_again import CHANNELS_AGAIN, MONEY_AGAIN
from hub.storage.records import EpochKey, LedgerWrites, LevelKey, Place, Promise
from protocol.event import Digest
from protocol.ids import Sku, StoreId, TerminalId, store_feed
from protocol.journal_receiver import JournalCursor
from protocol.movements import Movement

_IN_MAX = 500  # values in one IN (...): below every build's limit of variables


def _insert(table: str, columns: Sequence[str], suffix: str = "") -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))}) {suffix}"  # noqa: S608 - names from our own code only


_EVENT = _insert("event", rows.EVENT_COLUMNS)
_MOVEMENT = _insert("movement", rows.MOVEMENT_COLUMNS)
_SALE = _insert("sale", rows.SALE_COLUMNS)
_MOVE = (
    "UPDATE level SET on_hand = on_hand + ?, revision = ?, updated_us = ? WHERE store = ? AND sku = ? "
    "AND (counted_us IS NULL OR counted_us < ?)"
)
_LEVEL = _insert(
    "level",
    rows.LEVEL_COLUMNS,
    "ON CONFLICT (store, sku) DO UPDATE SET on_hand = excluded.on_hand, reserved = excluded.reserved, "
    "counted_us = excluded.counted_us, revision = excluded.revision, updated_us = excluded.updated_us",
)
_PARKED = _insert("parked", rows.PARKED_COLUMNS, "ON CONFLICT DO NOTHING")
_TURNOVER = _insert(
    "turnover",
    rows.TURNOVER_COLUMNS,
    "ON CONFLICT (store, business_day, currency) DO UPDATE SET sales = turnover.sales + excluded.sales, "
    "refunds = turnover.refunds + excluded.refunds, total = turnover.total + excluded.total",
)
_MATTER = _insert("matter", rows.MATTER_COLUMNS)
_ALARM = _insert(
    "alarm",
    rows.ALARM_COLUMNS,
    "ON CONFLICT (kind, store, terminal, subject) DO UPDATE SET count = alarm.count + excluded.count, "
    "text = excluded.text, last_us = excluded.last_us, closed_us = NULL",
)

_RESERVATION = _insert(
    "reservation",
    rows.RESERVATION_COLUMNS,
    "ON CONFLICT (store, sku, kind, key) DO UPDATE SET quantity = excluded.quantity",
)
_RESERVATION_ENDS = "DELETE FROM reservation WHERE store = ? AND sku = ? AND kind = ? AND key = ?"
_IDENTIFIED = (
    "UPDATE event SET event_id = ?, type = ?, at_us = ?, duplicate_of = ? "
    "WHERE store = ? AND terminal = ? AND epoch = ? AND sequence = ? AND event_id IS NULL"
)


class SqliteLedger:
    """See `LedgerTransaction`."""

    def __init__(self, connection: sqlite3.Connection, stores: Collection[StoreId]) -> None:
        self._connection = connection
        self._stores = sorted(stores)

    def revisions(self) -> Mapping[StoreId, int]:
        """See LedgerReads."""
        query = "SELECT revision FROM feed WHERE name = ?"
        found = {store: self._connection.execute(query, (store_feed(store),)).fetchone() for store in self._stores}
        return {store: row[0] for store, row in found.items() if row is not None}

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        """See LedgerReads."""
        query = "SELECT sequence, digest FROM epoch WHERE store = ? AND terminal = ? AND epoch = ?"
        found = {key: self._connection.execute(query, key).fetchone() for key in keys}
        return {key: JournalCursor(key.epoch, row[0], Digest(row[1])) for key, row in found.items() if row is not None}

    def digest_at(self, key: EpochKey, sequence: int) -> Digest | None:
        """See LedgerReads."""
        query = "SELECT digest FROM event WHERE store = ? AND terminal = ? AND epoch = ? AND sequence = ?"
        row = self._connection.execute(query, (*key, sequence)).fetchone()
        return None if row is None else Digest(row[0])

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        """See LedgerReads."""
        query = (
            "SELECT event_id, terminal, epoch, sequence FROM event "
            "WHERE store = ? AND event_id IN ({}) AND event_id IS NOT NULL AND duplicate_of IS NULL"
        )
        return {
            (store, row[0]): Place(TerminalId(row[1]), row[2], row[3])
            for store, part in _parts(ids)
            for row in self._connection.execute(query.format(_marks(part)), (store, *part))
        }

    def open_forks(self) -> frozenset[tuple[StoreId, str]]:
        """See LedgerReads."""
        query = (
            "SELECT event_id FROM parked WHERE store = ? AND reason = 'fork' AND resolved_us IS NULL "
            "AND event_id IS NOT NULL"
        )
        return frozenset((store, row[0]) for store in self._stores for row in self._connection.execute(query, (store,)))

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        """See LedgerReads."""
        query = "SELECT sku, on_hand, reserved, counted_us FROM level WHERE store = ? AND sku IN ({})"
        return {
            LevelKey(store, Sku(row[0])): Level(row[1], row[2], maybe_from_us(row[3]))
            for store, part in _parts(keys)
            for row in self._connection.execute(query.format(_marks(part)), (store, *part))
        }

    def reservations(self, promises: Collection[Promise]) -> Mapping[tuple[Promise, Sku], int]:
        """See LedgerReads."""
        query = "SELECT sku, quantity FROM reservation WHERE kind = ? AND key = ? AND store = ?"
        return {
            (promise, Sku(row[0])): row[1]
            for promise in promises
            for row in self._connection.execute(query, (promise.kind, promise.key, promise.store))
        }

    def promised(self, store: StoreId) -> Mapping[Sku, int]:
        """See LedgerReads."""
        query = "SELECT sku, SUM(quantity) FROM reservation WHERE store = ? GROUP BY sku"
        return {Sku(row[0]): row[1] for row in self._connection.execute(query, (store,))}

    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        """See LedgerReads."""
        query = (
            "SELECT line, sku, delta, kind, at_us, lot, expires FROM movement "
            "WHERE store = ? AND sku = ? AND at_us >= ?"
        )
        after = -(2**62) if since is None else to_us(since)
        return [rows.movement_of(row) for row in self._connection.execute(query, (*key, after))]

    def write(self, writes: LedgerWrites) -> None:
        """See LedgerTransaction."""
        run = self._connection.executemany
        run("UPDATE feed SET revision = ? WHERE name = ?", [(r, store_feed(s)) for s, r in writes.revisions.items()])
        run(_EVENT, rows.event_rows(writes))
        run(_MOVEMENT, rows.movement_rows(writes))
        run(_SALE, rows.sale_rows(writes))
        run(_TURNOVER, rows.turnover_rows(writes))
        levels = writes.levels
        if run(_MOVE, rows.move_rows(writes)).rowcount < len(writes.moves):
            levels = {**levels, **derived_moves(writes, self.levels(moved_keys(writes)))}
        run(_LEVEL, rows.level_rows(writes, levels))
        run(
            "UPDATE epoch SET sequence = ?, digest = ?, revision = ? WHERE store = ? AND terminal = ? AND epoch = ?",
            rows.cursor_rows(writes),
        )
        run(_PARKED, rows.parked_rows(writes))
        now = to_us(writes.at)
        run(
            "UPDATE parked SET resolved_us = ? WHERE resolved_us IS NULL AND reason = 'fork' "
            "AND store = ? AND event_id = ?",
            [(now, *identity) for identity in writes.resolved_forks],
        )
        run(
            "UPDATE parked SET resolved_us = ? WHERE resolved_us IS NULL AND reason <> 'fork' "
            "AND store = ? AND terminal = ? AND epoch = ? AND sequence = ?",
            [(now, *key, sequence) for key, sequence in writes.replayed],
        )
        for again in (CHANNELS_AGAIN, MONEY_AGAIN):
            run(again.format("?"), [(*key, sequence) for key, sequence in writes.replayed])
        run(_IDENTIFIED, rows.identified_rows(writes))
        run(_ALARM, rows.alarm_rows(writes))
        run(_MATTER, rows.matter_rows(writes))
        ended, standing = rows.reservation_rows(writes)
        run(_RESERVATION_ENDS, ended)
        run(_RESERVATION, standing)


def _parts(keys: Collection[tuple[StoreId, str]]) -> Iterator[tuple[StoreId, list[str]]]:
    by_store: defaultdict[StoreId, list[str]] = defaultdict(list)
    for store, name in sorted(keys):
        by_store[store].append(name)
    for store, names in by_store.items():
        for start in range(0, len(names), _IN_MAX):
            yield store, names[start : start + _IN_MAX]


def _marks(part: Sequence[str]) -> str:
    return ", ".join("?" * len(part))
