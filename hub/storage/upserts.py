"""Inserting what may be there already; SQLite and PostgreSQL share the statement, SQLAlchemy keeps it per dialect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.storage import schema
from hub.storage.moments import to_us
from hub.storage.records import Alarm


def insert_for(connection: sa.Connection, table: sa.Table, row: Mapping[str, object]) -> bool:
    """Insert a row unless its key is taken; say whether it was inserted."""
    key = next(iter(table.primary_key))
    statement = _insert(connection, table).values(dict(row)).on_conflict_do_nothing().returning(key)
    return connection.execute(statement).first() is not None


def insert_new(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert those rows whose key is not taken."""
    if rows:
        statement = _insert(connection, table).on_conflict_do_nothing()
        connection.execute(statement, [dict(row) for row in rows])


def insert_all(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, none of which is there, all with the same columns: by the thousand, without looking at each again.

    Values are given to the driver as they are: numbers, texts, None.
    """
    if not rows:
        return
    compiled = sa.insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
    if compiled.positiontup is None:
        connection.exec_driver_sql(str(compiled), [dict(row) for row in rows])
        return
    take = itemgetter(*compiled.positiontup)
    connection.exec_driver_sql(str(compiled), [take(row) for row in rows])


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Mapping[str, object]],
    *,
    add: Sequence[str] = (),
    replace: Sequence[str] = (),
) -> None:
    """Insert rows; where the key is taken, add up the columns `add` and replace the columns `replace`."""
    if not rows:
        return
    statement = _insert(connection, table)
    changes: dict[str, Any] = {name: statement.excluded[name] for name in replace}
    changes |= {name: table.c[name] + statement.excluded[name] for name in add}
    keys = [column.name for column in table.primary_key]
    connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), [dict(row) for row in rows])


def count_up_alarms(connection: sa.Connection, alarms: Sequence[Alarm], now: datetime) -> None:
    """Raise alarms, or count up those that stand; in one order, so that two transactions cannot wait for each other."""
    moment = to_us(now)
    rows: list[dict[str, object]] = [
        {
            "kind": alarm.kind, "store": alarm.store, "terminal": alarm.terminal, "subject": alarm.subject,
            "text": alarm.text, "count": alarm.count, "first_us": moment, "last_us": moment, "closed_us": None,
        }
        for alarm in sorted(alarms, key=lambda alarm: (alarm.kind, alarm.store, alarm.terminal, alarm.subject))
    ]  # fmt: skip
    upsert(connection, schema.alarm, rows, add=["count"], replace=["text", "last_us", "closed_us"])


def _insert(connection: sa.Connection, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    return sqlite.insert(table) if connection.dialect.name == "sqlite" else postgresql.insert(table)
