"""The ledger on a real database: opens transactions and picks the dialect's raw SQL."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import psycopg
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.ledger_postgres import Connection, PostgresLedger
from hub.storage.ledger_sqlite import SqliteLedger
from hub.storage.port import LedgerTransaction
from hub.storage.records import EpochKey, ParkedEvent
from protocol.ids import StoreId, TerminalId


class SqlLedgerStore:
    """See `LedgerStore` and `ParkedStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @contextmanager
    def begin(self, stores: Collection[StoreId]) -> Iterator[LedgerTransaction]:
        """See LedgerStore."""
        with self._database.write() as connection:
            yield ledger_on(connection, stores)

    def parked_events(self, store: StoreId | None, limit: int) -> Sequence[ParkedEvent]:
        """See ParkedStore."""
        parked = schema.parked.c
        query = sa.select(schema.parked).where(parked.resolved_us.is_(None)).order_by(parked.position).limit(limit)
        if store is not None:
            query = query.where(parked.store == store)
        with self._database.read() as connection:
            return [
                ParkedEvent(
                    EpochKey(StoreId(row.store), TerminalId(row.terminal), row.epoch),
                    row.sequence, row.event_id, row.reason, row.text, row.raw,
                )
                for row in connection.execute(query)
            ]  # fmt: skip


def ledger_on(connection: sa.Connection, stores: Collection[StoreId]) -> LedgerTransaction:
    """The ledger within a caller's transaction, the rows of `stores` locked: see LedgerStore."""
    raw = connection.connection.driver_connection
    if isinstance(raw, psycopg.Connection):
        return PostgresLedger(cast("Connection", raw), stores)
    assert raw is not None
    return SqliteLedger(raw, stores)
