"""Reservations written together with the levels' sums, under their stores' locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.document_rows import LockedFeeds
from hub.storage.upserts import upsert
from protocol.ids import StoreId, store_feed

Wanted = Mapping[tuple[str, str], int]
"""Thousandths, by store and SKU."""


def reserve(
    connection: sa.Connection, feeds: LockedFeeds, promise: tuple[Literal["order", "transfer"], str], wanted: Wanted,
    now_us: int,
) -> None:  # fmt: skip
    """Make the reservations of one promise what is `wanted`; its stores' feeds must be locked.

    Where a store has no level of a SKU, nothing is reserved: what is unknown must not become a number.
    """
    kind, key = promise
    table, level = schema.reservation.c, schema.level.c
    query = sa.select(table.store, table.sku, table.quantity).where(table.kind == kind, table.key == key)
    before = {(row.store, row.sku): row.quantity for row in connection.execute(query)}
    after = {place: quantity for place, quantity in wanted.items() if quantity > 0}
    for store, sku in sorted(before.keys() | after.keys()):
        quantity, former = after.get((store, sku), 0), before.get((store, sku), 0)
        feed = store_feed(StoreId(store))
        if quantity == former or not feeds.has(feed):
            continue
        update = sa.update(schema.level).where(level.store == store, level.sku == sku)
        values = {
            "reserved": level.reserved + (quantity - former), "revision": feeds.next_revision(feed),
            "updated_us": now_us,
        }  # fmt: skip
        if connection.execute(update.values(values)).rowcount:
            feeds.touch(feed)
            _write(connection, {"store": store, "sku": sku, "kind": kind, "key": key, "quantity": quantity})


def reserve_new(connection: sa.Connection, feeds: LockedFeeds, wanted: Mapping[str, Wanted], now_us: int) -> None:
    """Make the reservations of orders that have none yet, by order; all have a level where they are promised."""
    total: Counter[tuple[str, str]] = Counter()
    for promised in wanted.values():
        total.update(promised)
    table = schema.level.c
    update = (
        sa.update(schema.level)
        .where(table.store == sa.bindparam("at"), table.sku == sa.bindparam("what"))
        .values(reserved=table.reserved + sa.bindparam("more"), revision=sa.bindparam("number"), updated_us=now_us)
    )
    rows = []
    for (store, sku), more in sorted(total.items()):
        feed = store_feed(StoreId(store))
        feeds.touch(feed)
        rows.append({"at": store, "what": sku, "more": more, "number": feeds.next_revision(feed)})
    if rows:
        connection.execute(update, rows)
    promises = [
        {"store": store, "sku": sku, "kind": "order", "key": order, "quantity": quantity}
        for order, promised in wanted.items()
        for (store, sku), quantity in promised.items()
    ]
    upsert(connection, schema.reservation, promises, replace=["quantity"])


def _write(connection: sa.Connection, row: Mapping[str, object]) -> None:
    table = schema.reservation.c
    if row["quantity"]:
        upsert(connection, schema.reservation, [row], replace=["quantity"])
        return
    mine = (table.store == row["store"], table.sku == row["sku"], table.kind == row["kind"], table.key == row["key"])
    connection.execute(sa.delete(schema.reservation).where(*mine))
