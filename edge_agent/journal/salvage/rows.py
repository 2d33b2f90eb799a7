"""Rows of a damaged database, read around what SQLite cannot read: from both ends up to the damage.

The trap: a row that can be read need not be what was written. What says so is looked at (`state.py`); the catalogue
is believed for the moment and asked for anew.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

Row = tuple[object, ...]


@dataclass(frozen=True)
class Copied:
    """How much of a table came over: `rows`, and whether SQLite could read all of it."""

    rows: int
    complete: bool


def copy_table(source: sqlite3.Connection, target: sqlite3.Connection, table: str, where: str = "1") -> Copied:
    """Copy what can be read; rows that the table refuses are left out, and make it incomplete."""
    try:
        keys, columns = _columns(source, target, table)
    except (sqlite3.DatabaseError, UnicodeDecodeError):
        return Copied(0, complete=False)
    if not columns:
        return Copied(0, complete=True)  # an older version had no such table
    put = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 - our own words
    count, complete = 0, True
    reading = _Reading(source, table, columns, keys, where)
    for row in reading.rows():
        try:
            target.execute(put, row)
            count += 1
        except sqlite3.IntegrityError:
            complete = False
    return Copied(count, complete and reading.complete)


class _Reading:
    """One table, from its first row to the damage, then from its last row back to where the first pass came to."""

    def __init__(
        self, source: sqlite3.Connection, table: str, columns: Sequence[str], keys: Sequence[str], where: str
    ) -> None:
        self._source = source
        self._select = f"SELECT {', '.join(keys)}, {', '.join(columns)} FROM {table} NOT INDEXED WHERE {where}"  # noqa: S608 - our own words
        self._keys = keys
        self.complete = True

    def rows(self) -> Iterator[Row]:
        """Each row that can be read, once."""
        seen: set[Row] = set()
        for way in ("ASC", "DESC"):
            for row in self._pass(way):
                key = row[: len(self._keys)]
                if key in seen:
                    return
                seen.add(key)
                yield row[len(self._keys) :]
            if self.complete:
                return

    def _pass(self, way: str) -> Iterator[Row]:
        order = ", ".join(f"{key} {way}" for key in self._keys)
        try:
            cursor = self._source.execute(f"{self._select} ORDER BY {order}")
            while (row := cursor.fetchone()) is not None:
                yield row
        except (sqlite3.DatabaseError, UnicodeDecodeError, OverflowError):
            self.complete = False


def mend_schema(image: Path, pattern: sqlite3.Connection) -> None:
    """Write the words of the tables as `pattern` has them, if SQLite cannot read them: one wrong letter hides all."""
    with contextlib.closing(sqlite3.connect(image, isolation_level=None)) as connection:
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            return
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            connection.execute("PRAGMA writable_schema = ON")
            words = pattern.execute("SELECT sql, name FROM sqlite_schema WHERE type = 'table'").fetchall()
            connection.execute("DELETE FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL")
            connection.executemany(
                "UPDATE sqlite_schema SET sql = ?1, tbl_name = ?2 WHERE type = 'table' AND name = ?2", words
            )


def value(source: sqlite3.Connection, question: str, *values: object) -> object:
    """The first column of the first row; None where there is none, or where it cannot be read."""
    with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
        row = source.execute(question, values).fetchone()
        return row[0] if row is not None else None
    return None


def _columns(source: sqlite3.Connection, target: sqlite3.Connection, table: str) -> tuple[list[str], list[str]]:
    """The table's key and the columns that both have."""
    theirs = {row[1] for row in source.execute(f"PRAGMA table_info({table})")}
    ours = target.execute(f"PRAGMA table_info({table})").fetchall()
    has_rowid = "WITHOUT ROWID" not in str(
        target.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    )
    keys = ["rowid"] if has_rowid else [row[1] for row in sorted(ours, key=lambda row: row[5]) if row[5]]
    if theirs and not has_rowid and not set(keys) <= theirs:
        return keys, []
    return keys, [row[1] for row in ours if row[1] in theirs]
