"""Quantities that are held back of the web beside levels, by place: offline buffers, and what has expired.

What they change is numbered in the same transaction, so that web shops hear of it.
"""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from hub.storage.changed_skus import counter_locked, number_changes
from hub.storage.database import Database
from hub.storage.shelves import wholes_of
from hub.storage.upserts import upsert

WRITTEN_AT_ONCE = 1_000
Place = tuple[str, str]
"""Store and SKU."""


def standing(connection: sa.Connection, table: sa.Table, store: str | None = None) -> dict[Place, int]:
    """All that a table of (store, sku, quantity) holds back, or what it does in one store."""
    query = sa.select(table) if store is None else sa.select(table).where(table.c.store == store)
    return {(row.store, row.sku): row.quantity for row in connection.execute(query)}


def write_held(database: Database, table: sa.Table, wanted: Mapping[Place, int]) -> None:
    """Hold back so much at these places (0: nothing), and number their SKUs, some at once so that nobody waits long."""
    places = sorted(wanted)
    for start in range(0, len(places), WRITTEN_AT_ONCE):
        _write_some(database, table, {place: wanted[place] for place in places[start : start + WRITTEN_AT_ONCE]})


def _write_some(database: Database, table: sa.Table, places: Mapping[Place, int]) -> None:
    gone = [{"the_store": store, "the_sku": sku} for (store, sku), quantity in places.items() if not quantity]
    rows = [{"store": store, "sku": sku, "quantity": number} for (store, sku), number in places.items() if number]
    mine = sa.and_(table.c.store == sa.bindparam("the_store"), table.c.sku == sa.bindparam("the_sku"))
    skus = {sku for _, sku in places}
    with database.write() as connection:
        counter = counter_locked(connection)
        if gone:
            connection.execute(sa.delete(table).where(mine), gone)
        upsert(connection, table, rows, replace=["quantity"])
        number_changes(connection, skus | wholes_of(connection, skus), counter)
