"""The part of the read side that is about stock."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from hub.stock.level import Level, web_available
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import from_us
from hub.storage.reading import Availability, AvailabilityChanges, StockPage, StockQuery, StockRow


class StockQueries:
    """The stock methods of `Queries`."""

    def __init__(self, database: Database) -> None:
        self._stock_database = database

    def stock(self, query: StockQuery) -> StockPage:
        """See Queries."""
        level, item = schema.level.c, schema.item.c
        name = sa.func.coalesce(item.name, "")
        available = sa.case((level.on_hand > level.reserved, level.on_hand - level.reserved), else_=0)
        joined = schema.level.outerjoin(schema.item, item.sku == level.sku)
        conditions = _conditions(query)
        columns: dict[str, Any] = {
            "sku": level.sku, "name": name, "store": level.store, "on_hand": level.on_hand, "available": available,
            "updated_at": level.updated_us,
        }  # fmt: skip
        order = columns[query.order]
        rows_query = (
            sa.select(
                level.store, level.sku, name.label("name"), sa.func.coalesce(item.unit, "piece").label("unit"),
                level.on_hand, level.reserved, available.label("available"), level.updated_us,
            )
            .select_from(joined)
            .where(*conditions)
            .order_by(order.desc() if query.descending else order, level.sku, level.store)
            .limit(query.limit)
            .offset(query.offset)
        )  # fmt: skip
        needs_item = bool(query.search)
        counted = joined if needs_item else schema.level
        with self._stock_database.read() as connection:
            total = connection.execute(sa.select(sa.func.count()).select_from(counted).where(*conditions)).scalar_one()
            rows = [
                StockRow(
                    store=row.store, sku=row.sku, name=row.name, unit=row.unit or "piece", on_hand=row.on_hand,
                    reserved=row.reserved, available=row.available, updated_at=from_us(row.updated_us),
                )
                for row in connection.execute(rows_query)
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
    level, item, numbered = schema.level.c, schema.item.c, schema.availability.c
    items = connection.execute(sa.select(item.sku, item.unit).where(item.sku.in_(skus), item.deleted.is_(False)))
    units = {row.sku: row.unit for row in items}
    revisions = {
        row.sku: row.revision
        for row in connection.execute(sa.select(numbered.sku, numbered.revision).where(numbered.sku.in_(skus)))
    }
    query = sa.select(level.sku, level.store, level.on_hand, level.reserved).where(level.sku.in_(list(units)))
    locations: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for row in connection.execute(query.order_by(level.sku, level.store)):
        locations[row.sku].append((row.store, web_available(Level(row.on_hand, row.reserved))))
    return [
        Availability(sku=sku, locations=tuple(locations[sku]), revision=revisions.get(sku, 0), unit=units[sku])
        for sku in skus
        if sku in units
    ]
