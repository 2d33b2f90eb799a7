"""Store work on disk: what is open, line by line, and what was finished here before the hub has said so.

Functions on a connection, inside the caller's transaction: a work leaves these tables exactly when its event is
written. At most one work is active; others wait.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, cast

import msgspec

from edge_agent.till.moments import from_us, to_us
from edge_agent.till.work import Work, WorkAsk, WorkKind, WorkLine
from protocol.stock_events import StockLine

DONE_KEPT = timedelta(days=90)

SCHEMA = """
CREATE TABLE work (
  id         TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  by_whom    TEXT NOT NULL,
  started_us INTEGER NOT NULL,
  reference  TEXT NOT NULL,
  partner    TEXT NOT NULL,
  document   TEXT NOT NULL,
  active     INTEGER NOT NULL
) STRICT;
CREATE TABLE work_line (
  work     TEXT NOT NULL,
  number   INTEGER NOT NULL,
  sku      TEXT NOT NULL,
  name     TEXT NOT NULL,
  unit     TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  expected INTEGER,
  barcode  TEXT NOT NULL,
  shelf    TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  touched  INTEGER NOT NULL,
  PRIMARY KEY (work, sku)
) STRICT, WITHOUT ROWID;
CREATE INDEX work_line_touched ON work_line (work, touched, number);
CREATE TABLE work_done (
  kind  TEXT NOT NULL,
  key   TEXT NOT NULL,
  body  BLOB NOT NULL,
  at_us INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE work_counter (
  id   INTEGER PRIMARY KEY CHECK (id = 1),
  last INTEGER NOT NULL
) STRICT;
"""

LOTS = """
CREATE TABLE work_line_of_lot (
  work     TEXT NOT NULL,
  number   INTEGER NOT NULL,
  sku      TEXT NOT NULL,
  name     TEXT NOT NULL,
  unit     TEXT NOT NULL,
  quantity INTEGER NOT NULL,
  expected INTEGER,
  barcode  TEXT NOT NULL,
  shelf    TEXT NOT NULL,
  at_us    INTEGER NOT NULL,
  touched  INTEGER NOT NULL,
  lot      TEXT NOT NULL,
  expires  TEXT,
  asks     TEXT NOT NULL,
  PRIMARY KEY (work, number)
) STRICT, WITHOUT ROWID;
INSERT INTO work_line_of_lot
  SELECT work, number, sku, name, unit, quantity, expected, barcode, shelf, at_us, touched, '', NULL, '' FROM work_line;
DROP TABLE work_line;
ALTER TABLE work_line_of_lot RENAME TO work_line;
CREATE INDEX work_line_touched ON work_line (work, touched, number);
CREATE INDEX work_line_sku ON work_line (work, sku);
"""
"""A SKU may have several lines: one for each lot."""

DoneKind = Literal["purchase", "transfer", "picked", "handed_over", "counted"]


@dataclass(frozen=True)
class Done:
    """Something that was finished at this till: the feed may not say so yet."""

    kind: DoneKind
    key: str
    lines: tuple[StockLine, ...]
    at: datetime


def start(connection: sqlite3.Connection, work: Work, lines: Iterable[WorkLine]) -> None:
    """Keep a new work, which becomes the active one."""
    connection.execute("UPDATE work SET active = 0")
    connection.execute(
        "INSERT INTO work (id, kind, by_whom, started_us, reference, partner, document, active)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, 1)",
        (work.id, work.kind, work.by, to_us(work.started_at), work.reference, work.partner, work.document),
    )
    for line in lines:
        put_line(connection, work.id, line)


def active(connection: sqlite3.Connection) -> Work | None:
    """The work that scans go to."""
    return next(_works(connection.execute(f"{_WORK} WHERE active")), None)


def find(connection: sqlite3.Connection, work_id: str) -> Work | None:
    """One open work."""
    return next(_works(connection.execute(f"{_WORK} WHERE id = ?", (work_id,))), None)


def listed(connection: sqlite3.Connection) -> tuple[Work, ...]:
    """All open works, the oldest first."""
    return tuple(_works(connection.execute(f"{_WORK} ORDER BY started_us")))


def activate(connection: sqlite3.Connection, work_id: str) -> None:
    """Let scans go to this work; "" to none."""
    connection.execute("UPDATE work SET active = (id = ?)", (work_id,))


def remove(connection: sqlite3.Connection, work_id: str) -> None:
    """Forget a work with its lines."""
    connection.execute("DELETE FROM work_line WHERE work = ?", (work_id,))
    connection.execute("DELETE FROM work WHERE id = ?", (work_id,))


def lines_of(connection: sqlite3.Connection, work_id: str) -> tuple[WorkLine, ...]:
    """All lines, in the order in which they were last touched; what is only expected comes first."""
    return tuple(map(_line, connection.execute(f"{_LINE} WHERE work = ? ORDER BY touched, number", (work_id,))))


def last_lines(connection: sqlite3.Connection, work_id: str, count: int) -> tuple[WorkLine, ...]:
    """The lines that were touched last, the newest one last."""
    rows = connection.execute(f"{_LINE} WHERE work = ? ORDER BY touched DESC, number DESC LIMIT ?", (work_id, count))
    return tuple(reversed([_line(row) for row in rows]))


def count_lines(connection: sqlite3.Connection, work_id: str) -> int:
    """How many lines a work has."""
    row = connection.execute("SELECT count(*) FROM work_line WHERE work = ?", (work_id,)).fetchone()
    return cast("int", row[0])


def lines_of_sku(connection: sqlite3.Connection, work_id: str, sku: str) -> tuple[WorkLine, ...]:
    """The lines of a SKU, one for each lot; the one that was touched last is the last."""
    rows = connection.execute(f"{_LINE} WHERE work = ? AND sku = ? ORDER BY touched, number", (work_id, sku))
    return tuple(map(_line, rows))


def line_of_number(connection: sqlite3.Connection, work_id: str, number: int) -> WorkLine | None:
    """A line by its number."""
    row = connection.execute(f"{_LINE} WHERE work = ? AND number = ?", (work_id, number)).fetchone()
    return _line(row) if row is not None else None


def put_line(connection: sqlite3.Connection, work_id: str, line: WorkLine, *, touched: bool = False) -> None:
    """Add or change a line; a touched one becomes the last."""
    connection.execute(
        "INSERT INTO work_line (work, number, sku, name, unit, quantity, expected, barcode, shelf, at_us, touched,"
        " lot, expires, asks) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (work, number) DO UPDATE SET"
        " quantity = excluded.quantity, at_us = excluded.at_us, touched = excluded.touched, lot = excluded.lot,"
        " expires = excluded.expires, asks = excluded.asks",
        (
            work_id, line.number, line.sku, line.name, line.unit, line.quantity, line.expected, line.barcode,
            line.shelf, to_us(line.at), _next_touch(connection, work_id) if touched else 0, line.lot,
            line.expires.isoformat() if line.expires is not None else None, " ".join(line.asks),
        ),
    )  # fmt: skip


def drop_line(connection: sqlite3.Connection, work_id: str, number: int) -> None:
    """Take a line off."""
    connection.execute("DELETE FROM work_line WHERE work = ? AND number = ?", (work_id, number))


def next_number(connection: sqlite3.Connection, work_id: str) -> int:
    """The number of the next new line: one that was taken off gives its number to nobody."""
    row = connection.execute(
        "UPDATE work SET last_number = last_number + 1 WHERE id = ? RETURNING last_number", (work_id,)
    ).fetchone()
    return cast("int", row[0])


def next_work(connection: sqlite3.Connection) -> int:
    """Count the works of this till, from 1."""
    row = connection.execute(
        "INSERT INTO work_counter (id, last) VALUES (1, 1)"
        " ON CONFLICT (id) DO UPDATE SET last = last + 1 RETURNING last"
    ).fetchone()
    return cast("int", row[0])


def note_done(connection: sqlite3.Connection, done: Done) -> None:
    """Remember what was finished here; what is long past is forgotten with it."""
    connection.execute("DELETE FROM work_done WHERE at_us < ?", (to_us(done.at - DONE_KEPT),))
    connection.execute(
        "INSERT INTO work_done (kind, key, body, at_us) VALUES (?, ?, ?, ?) ON CONFLICT (kind, key) DO UPDATE SET"
        " body = excluded.body, at_us = excluded.at_us",
        (done.kind, done.key, msgspec.json.encode(done.lines), to_us(done.at)),
    )


def find_done(connection: sqlite3.Connection, kind: DoneKind, key: str) -> Done | None:
    """What was finished here of this, if anything."""
    row = connection.execute("SELECT body, at_us FROM work_done WHERE kind = ? AND key = ?", (kind, key)).fetchone()
    if row is None:
        return None
    return Done(kind, key, msgspec.json.decode(row[0], type=tuple[StockLine, ...]), from_us(row[1]))


def _next_touch(connection: sqlite3.Connection, work_id: str) -> int:
    row = connection.execute("SELECT max(touched) FROM work_line WHERE work = ?", (work_id,)).fetchone()
    return cast("int", row[0] or 0) + 1


_WORK = "SELECT id, kind, by_whom, started_us, reference, partner, document, active FROM work"
_LINE = (
    "SELECT number, sku, name, unit, quantity, at_us, expected, barcode, shelf, lot, expires, asks, touched"
    " FROM work_line"
)


def _works(rows: sqlite3.Cursor) -> Iterator[Work]:
    for work_id, kind, by, started_us, reference, partner, document, is_active in rows:
        yield Work(
            work_id, cast("WorkKind", kind), by, from_us(started_us), reference, partner, document, bool(is_active)
        )


def _line(
    row: tuple[int, str, str, str, int, int, int | None, str, str, str, str | None, str, int],
) -> WorkLine:
    number, sku, name, unit, quantity, at_us, expected, barcode, shelf, lot, expires, asks, touched = row
    return WorkLine(
        number, sku, name, unit, quantity, from_us(at_us), expected, barcode, shelf, lot,
        date.fromisoformat(expires) if expires is not None else None, cast("tuple[WorkAsk, ...]", tuple(asks.split())),
        touched > 0,
    )  # fmt: skip
