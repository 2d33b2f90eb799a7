"""A ledger transaction on PostgreSQL, on the raw driver: row locks on the stores, COPY for what is only added.

READ COMMITTED is enough and is needed: each statement after the locks sees what the lock's former holder committed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg

from hub.stock.level import Level
from hub.storage import ledger_rows as rows
from hub.storage.level_moves import derived_moves, moved_keys
from hub.storage.moments import maybe_from_us, to_us
from hub.storage.postgres_arrays import Int8Column, TextColumn
from hub.storage.read_again import CHANNELS_AGAIN, MONEY_AGAIN
from hub.storage.records import EpochKey, LedgerWrites, LevelKey, Place, Promise
from protocol.event import Digest
from protocol.ids import Sku, StoreId, TerminalId, store_feed, store_of_feed
from protocol.journal_receiver import JournalCursor
from protocol.movements import Movement

Connection = psycopg.Connection[tuple[Any, ...]]
Column = Int8Column | TextColumn | list[Any]

_LOCK = "SELECT name, revision FROM feed WHERE name = ANY(%s) ORDER BY name FOR UPDATE"
_EVENT = f"COPY event ({', '.join(rows.EVENT_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_EVENT_TYPES = ("text", "text", "int8", "int8", "text", "text", "int8", "int8", "bytea", "bytea", "text")
_MOVEMENT = f"COPY movement ({', '.join(rows.MOVEMENT_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_MOVEMENT_TYPES = (
    "text", "text", "int8", "text", "int8", "int8", "int8", "int8", "text", "text", "text", "text",
)  # fmt: skip
_SALE = f"COPY sale ({', '.join(rows.SALE_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_SALE_TYPES = (
    "text", "text", "int8", "int8", "text", "int8", "int8", "int8", "text", "text", "text", "int8", "int8",
)  # fmt: skip
_MATTER = f"COPY matter ({', '.join(rows.MATTER_COLUMNS)}) FROM STDIN (FORMAT BINARY)"
_MATTER_TYPES = ("text", "text", "text", "text", "int8", "int8", "text", "int8", "int8", "text")
_MOVE = (
    "UPDATE level SET on_hand = level.on_hand + n.delta, revision = n.revision, updated_us = n.updated_us "
    "FROM unnest(%b::int8[], %b::int8[], %b::int8[], %b::text[], %b::text[], %b::int8[]) "
    "AS n(delta, revision, updated_us, store, sku, first_us) WHERE level.store = n.store AND level.sku = n.sku "
    "AND (level.counted_us IS NULL OR level.counted_us < n.first_us)"
)
_MOVE_KINDS = (Int8Column, Int8Column, Int8Column, TextColumn, TextColumn, Int8Column)
_LEVEL = (
    "INSERT INTO level (store, sku, on_hand, reserved, counted_us, revision, updated_us) "
    "SELECT * FROM unnest(%b::text[], %b::text[], %b::int8[], %b::int8[], %b::int8[], %b::int8[], %b::int8[]) "
    "ON CONFLICT (store, sku) DO UPDATE SET on_hand = excluded.on_hand, reserved = excluded.reserved, "
    "counted_us = excluded.counted_us, revision = excluded.revision, updated_us = excluded.updated_us"
)
_LEVEL_KINDS = (TextColumn, TextColumn, Int8Column, Int8Column, Int8Column, Int8Column, Int8Column)
_CURSOR = (
    "UPDATE epoch SET sequence = n.sequence, digest = n.digest, revision = n.revision "
    "FROM unnest(%b::int8[], %b::bytea[], %b::int8[], %b::text[], %b::text[], %b::int8[]) "
    "AS n(sequence, digest, revision, store, terminal, epoch) "
    "WHERE epoch.store = n.store AND epoch.terminal = n.terminal AND epoch.epoch = n.epoch"
)
_CURSOR_KINDS = (Int8Column, list, Int8Column, TextColumn, TextColumn, Int8Column)
_TURNOVER = (
    "INSERT INTO turnover (store, business_day, currency, sales, refunds, total) VALUES (%s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (store, business_day, currency) DO UPDATE SET sales = turnover.sales + excluded.sales, "
    "refunds = turnover.refunds + excluded.refunds, total = turnover.total + excluded.total"
)
_PARKED = (
    f"INSERT INTO parked ({', '.join(rows.PARKED_COLUMNS)}) "  # noqa: S608 - names from our own code only
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)
_ALARM = (
    "INSERT INTO alarm (kind, store, terminal, subject, text, count, first_us, last_us) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s, %s) "
    "ON CONFLICT (kind, store, terminal, subject) DO UPDATE SET count = alarm.count + excluded.count, "
    "text = excluded.text, last_us = excluded.last_us, closed_us = NULL"
)

_RESERVATION = (
    "INSERT INTO reservation (store, sku, kind, key, quantity) VALUES (%s, %s, %s, %s, %s) "
    "ON CONFLICT (store, sku, kind, key) DO UPDATE SET quantity = excluded.quantity"
)
_RESERVATION_ENDS = "DELETE FROM reservation WHERE store = %s AND sku = %s AND kind = %s AND key = %s"
_IDENTIFIED = (
    "UPDATE event SET event_id = %s, type = %s, at_us = %s, duplicate_of = %s "
    "WHERE store = %s AND terminal = %s AND epoch = %s AND sequence = %s AND event_id IS NULL"
)


class PostgresLedger:
    """See `LedgerTransaction`. Making one takes the stores' locks, waiting for them in sorted order."""

    def __init__(self, connection: Connection, stores: Collection[StoreId]) -> None:
        self._connection = connection
        feeds = sorted(store_feed(store) for store in stores)
        found = connection.execute(_LOCK, (feeds,)).fetchall()
        self._revisions = {store: row[1] for row in found if (store := store_of_feed(row[0])) is not None}

    def revisions(self) -> Mapping[StoreId, int]:
        """See LedgerReads."""
        return self._revisions

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        """See LedgerReads."""
        query = (
            "SELECT store, terminal, epoch, sequence, digest FROM epoch "
            "JOIN unnest(%b::text[], %b::text[], %b::int8[]) AS k(store, terminal, epoch) "
            "USING (store, terminal, epoch)"
        )
        return {
            EpochKey(StoreId(row[0]), TerminalId(row[1]), row[2]): JournalCursor(row[2], row[3], Digest(row[4]))
            for row in self._connection.execute(query, _columns(keys, TextColumn, TextColumn, Int8Column))
        }

    def digest_at(self, key: EpochKey, sequence: int) -> Digest | None:
        """See LedgerReads."""
        query = "SELECT digest FROM event WHERE store = %s AND terminal = %s AND epoch = %s AND sequence = %s"
        row = self._connection.execute(query, (*key, sequence)).fetchone()
        return None if row is None else Digest(row[0])

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        """See LedgerReads."""
        query = (
            "SELECT store, event_id, terminal, epoch, sequence FROM event "
            "JOIN unnest(%b::text[], %b::text[]) AS k(store, event_id) USING (store, event_id) "
            "WHERE event_id IS NOT NULL AND duplicate_of IS NULL"
        )
        return {
            (StoreId(row[0]), row[1]): Place(TerminalId(row[2]), row[3], row[4])
            for row in self._connection.execute(query, _columns(ids, TextColumn, TextColumn))
        }

    def open_forks(self) -> frozenset[tuple[StoreId, str]]:
        """See LedgerReads."""
        query = (
            "SELECT store, event_id FROM parked WHERE store = ANY(%s) AND reason = 'fork' "
            "AND resolved_us IS NULL AND event_id IS NOT NULL"
        )
        return frozenset((StoreId(row[0]), row[1]) for row in self._connection.execute(query, (list(self._revisions),)))

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        """See LedgerReads."""
        query = (
            "SELECT store, sku, on_hand, reserved, counted_us FROM level "
            "JOIN unnest(%b::text[], %b::text[]) AS k(store, sku) USING (store, sku)"
        )
        return {
            LevelKey(StoreId(row[0]), Sku(row[1])): Level(row[2], row[3], maybe_from_us(row[4]))
            for row in self._connection.execute(query, _columns(keys, TextColumn, TextColumn))
        }

    def reservations(self, promises: Collection[Promise]) -> Mapping[tuple[Promise, Sku], int]:
        """See LedgerReads."""
        query = "SELECT sku, quantity FROM reservation WHERE kind = %s AND key = %s AND store = %s"
        return {
            (promise, Sku(row[0])): row[1]
            for promise in promises
            for row in self._connection.execute(query, (promise.kind, promise.key, promise.store))
        }

    def promised(self, store: StoreId) -> Mapping[Sku, int]:
        """See LedgerReads."""
        query = "SELECT sku, SUM(quantity)::int8 FROM reservation WHERE store = %s GROUP BY sku"
        return {Sku(row[0]): row[1] for row in self._connection.execute(query, (store,))}

    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        """See LedgerReads."""
        query = (
            "SELECT line, sku, delta, kind, at_us, lot, expires FROM movement "
            "WHERE store = %s AND sku = %s AND at_us >= %s"
        )
        after = -(2**62) if since is None else to_us(since)
        return [rows.movement_of(row) for row in self._connection.execute(query, (*key, after))]

    def write(self, writes: LedgerWrites) -> None:
        """See LedgerTransaction."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE feed SET revision = %s WHERE name = %s",
                [(revision, store_feed(store)) for store, revision in sorted(writes.revisions.items())],
            )
            _copy(cursor, _EVENT, _EVENT_TYPES, rows.event_rows(writes))
            _copy(cursor, _MOVEMENT, _MOVEMENT_TYPES, rows.movement_rows(writes))
            _copy(cursor, _SALE, _SALE_TYPES, rows.sale_rows(writes))
            cursor.executemany(_TURNOVER, rows.turnover_rows(writes))
            self._write_levels(cursor, writes)
            cursor.execute(_CURSOR, _columns(rows.cursor_rows(writes), *_CURSOR_KINDS))
            self._write_rare(cursor, writes)

    def _write_levels(self, cursor: psycopg.Cursor[tuple[Any, ...]], writes: LedgerWrites) -> None:
        levels = writes.levels
        if writes.moves:
            cursor.execute(_MOVE, _columns(rows.move_rows(writes), *_MOVE_KINDS))
            if cursor.rowcount < len(writes.moves):
                levels = {**levels, **derived_moves(writes, self.levels(moved_keys(writes)))}
        if levels:
            cursor.execute(_LEVEL, _columns(rows.level_rows(writes, levels), *_LEVEL_KINDS))

    def _write_rare(self, cursor: psycopg.Cursor[tuple[Any, ...]], writes: LedgerWrites) -> None:
        now = to_us(writes.at)
        cursor.executemany(_PARKED, rows.parked_rows(writes))
        cursor.executemany(
            "UPDATE parked SET resolved_us = %s WHERE resolved_us IS NULL AND reason = 'fork' "
            "AND store = %s AND event_id = %s",
            [(now, *identity) for identity in writes.resolved_forks],
        )
        cursor.executemany(
            "UPDATE parked SET resolved_us = %s WHERE resolved_us IS NULL AND reason <> 'fork' "
            "AND store = %s AND terminal = %s AND epoch = %s AND sequence = %s",
            [(now, *key, sequence) for key, sequence in writes.replayed],
        )
        for again in (CHANNELS_AGAIN, MONEY_AGAIN):
            cursor.executemany(again.format("%s"), [(*key, sequence) for key, sequence in writes.replayed])
        cursor.executemany(_IDENTIFIED, rows.identified_rows(writes))
        cursor.executemany(_ALARM, rows.alarm_rows(writes))
        _copy(cursor, _MATTER, _MATTER_TYPES, rows.matter_rows(writes))
        ended, standing = rows.reservation_rows(writes)
        cursor.executemany(_RESERVATION_ENDS, ended)
        cursor.executemany(_RESERVATION, standing)


def _copy(
    cursor: psycopg.Cursor[tuple[Any, ...]], statement: str, types: Sequence[str], found: Iterable[rows.Row]
) -> None:
    pending = list(found)
    if not pending:
        return
    with cursor.copy(statement.encode()) as copy:
        copy.set_types(types)
        for row in pending:
            copy.write_row(row)


def _columns(found: Iterable[Sequence[Any]], *kinds: type[Column]) -> list[Column]:
    columns = tuple(zip(*found, strict=True)) or ((),) * len(kinds)
    return [kind(column) for kind, column in zip(kinds, columns, strict=True)]
