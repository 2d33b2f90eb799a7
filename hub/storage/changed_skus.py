"""The counter that numbers changes of availability, and who takes its next numbers."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.upserts import upsert

COUNTER = "availability_revision"
_PART = 5_000
_COUNTED = sa.select(schema.state.c.value).where(schema.state.c.name == COUNTER)


def counter_now(connection: sa.Connection) -> int:
    """The newest number."""
    return int(connection.execute(_COUNTED).scalar() or 0)


def counter_locked(connection: sa.Connection) -> int:
    """The newest number, kept from all others until the transaction ends."""
    return int(connection.execute(_COUNTED.with_for_update()).scalars().one())


def number_changes(connection: sa.Connection, skus: Collection[str], counter: int) -> int:
    """Give each SKU the next number after `counter`, which must be locked; returns the newest number."""
    ordered = sorted(skus)
    rows = [{"sku": sku, "revision": counter + number} for number, sku in enumerate(ordered, 1)]
    for start in range(0, len(rows), _PART):
        upsert(connection, schema.availability, rows[start : start + _PART], replace=["revision"])
    if rows:
        update = sa.update(schema.state).where(schema.state.c.name == COUNTER)
        connection.execute(update.values(value=str(counter + len(rows))))
    return counter + len(rows)
