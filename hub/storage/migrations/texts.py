"""How texts are compared in the hub's database."""

from __future__ import annotations

from collections import defaultdict

import sqlalchemy as sa

_COLUMNS = sa.text(
    "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a "
    "JOIN pg_class c ON c.oid = a.attrelid "
    "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version' "
    "AND a.attnum > 0 AND NOT a.attisdropped AND a.attcollation NOT IN (0, 'pg_catalog.\"C\"'::regcollation) "
    "ORDER BY c.relname, a.attnum"
)
"""The columns with texts that are compared as the database pleases."""
_IS_PLAIN = sa.text(
    "SELECT datlocprovider = 'c' AND datcollate IN ('C', 'POSIX') FROM pg_database WHERE datname = current_database()"
)


def by_code_point(connection: sa.Connection) -> None:
    """Let PostgreSQL compare all texts by their code points, as SQLite and our own code do; others are left alone.

    What a database does by itself depends on where it was made: pages that go on behind the last key would skip rows.
    Indexes over texts are built anew, rows are not. To be called by each migration that adds a text.
    """
    if connection.dialect.name != "postgresql" or connection.execute(_IS_PLAIN).scalar():
        return
    changes: defaultdict[str, list[str]] = defaultdict(list)
    for table, column, kind in connection.execute(_COLUMNS):
        changes[table].append(f'ALTER COLUMN "{column}" TYPE {kind} COLLATE "C"')
    for table, parts in changes.items():
        connection.execute(sa.text(f'ALTER TABLE "{table}" {", ".join(parts)}'))
