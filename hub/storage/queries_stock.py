"""The part of the read side that is about stock."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import from_us
from hub.storage.reading import Availability, AvailabilityChanges, StockPage, StockQuery, StockRow
from hub.storage.shelves import available_column, shelves_of, web_levels


class StockQueries:
    """The stock methods of `Queries`."""

    def __init__(self, database: Database) -> None:
        self._stock_database = database

    def stock(self, query: StockQuery) -> StockPage:
        """See Queries."""
        level, item = schema.level.c, schema.item.c
        name = sa.func.coalesce(item.name, "")
        joined = schema.level.outerjoin(schema.item, item.sku == level.sku)
        conditions = _conditions(query)
        columns: dict[str, Any] = {
            "sku": level.sku, "name": name, "store": level.store, "on_hand": level.on_hand,
            "updated_at": level.updated_us,
        }  # fmt: skip
        rows_query = (
            sa.select(
                level.store, level.sku, name.label("name"), sa.func.coalesce(item.unit, "piece").label("unit"),
                level.on_hand, level.reserved, level.updated_us,
            )
            .select_from(joined)
            .where(*conditions)
            .limit(query.limit)
            .offset(query.offset)
        )  # fmt: skip
        needs_item = bool(query.search)
        counted = joined if needs_item else schema.level
        with self._stock_database.read() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(counted).where(*conditions)).scalar_one()
            order = available_column(connection) if query.order == "available" else columns[query.order]
            ordered = rows_query.order_by(order.desc() if query.descending else order, level.sku, level.store)
            found = connection.execute(ordered).all()
            shelves = shelves_of(connection, {row.sku for row in found})
            rows = [
                StockRow(
                    store=row.store, sku=row.sku, name=row.name, unit=row.unit or "piece", on_hand=row.on_hand,
                    reserved=row.reserved, available=shelf.available, updated_at=from_us(row.updated_us),
                    safety=shelf.safety, buffer=shelf.buffer, expired=shelf.expired,
                )
                for row in found
                for shelf in [shelves[row.sku][row.store]]
            ]  # fmt: skip
        return StockPage(rows, total)

    def availability(self, skus: Sequence[str]) -> Sequence[Availability]:
        """See Queries."""
        with self._stock_database.read() as connection:
            return _availability(connection, list(dict.fromkeys(skus)))

    def availability_changes(self, after: int | None, limit: int) -> AvailabilityChanges:
        """See Queries."""
        found = schema.availability.c
        with self._stock_database.read() as connection:
            head = connection.execute(sa.select(sa.func.max(found.revision))).scalar() or 0
            if after is None:
                return AvailabilityChanges(head, ())
            query = sa.select(found.sku, found.revision).where(found.revision > after)
            rows = connection.execute(query.order_by(found.revision).limit(limit)).all()
            items = _availability(connection, [row.sku for row in rows])
        # A full page ends at its last change, a short one at the head: there is nothing between.
        return AvailabilityChanges(rows[-1].revision if len(rows) == limit else head, items)


def _conditions(query: StockQuery) -> list[sa.ColumnElement[bool]]:
    level, item = schema.level.c, schema.item.c
    conditions: list[sa.ColumnElement[bool]] = []
    if query.search:
        text = query.search.casefold()
        conditions.append(
            sa.or_(
                sa.func.lower(level.sku).startswith(text, autoescape=True),
                item.search.contains(text, autoescape=True),
            )
        )
    if query.sku is not None:
        conditions.append(level.sku == query.sku)
    if query.store is not None:
        conditions.append(level.store == query.store)
    if query.negative_only:
        conditions.append(level.on_hand < sa.text("0"))
    return conditions


def _availability(connection: sa.Connection, skus: list[str]) -> list[Availability]:
    item, numbered = schema.item.c, schema.availability.c
    items = connection.execute(sa.select(item.sku, item.unit).where(item.sku.in_(skus), item.deleted.is_(False)))
    units = {row.sku: row.unit for row in items}
    revisions = {
        row.sku: row.revision
        for row in connection.execute(sa.select(numbered.sku, numbered.revision).where(numbered.sku.in_(skus)))
    }
    levels = web_levels(connection, list(units))
    return [
        Availability(sku, tuple(levels[sku].items()), revisions.get(sku, 0), units[sku]) for sku in skus if sku in units
    ]
