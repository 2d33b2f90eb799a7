"""What the web may sell, by place: levels less reservations, safety stock, offline buffers and what has expired.

Packs and bundles are reckoned by their pieces.

Rules are few and closest-first (`hub/stock/safety.py`), so they are looked up when somebody asks, not kept with each
level: a rule that changes touches no level, and a sale writes no more than before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from hub.stock.level import Level, web_available
from hub.stock.safety import Rule, SafetyStock
from hub.storage import schema
from protocol.documents import Part
from protocol.goods import makeable

_PART = 500


@dataclass(frozen=True)
class Shelf:
    """A level and all that is held back of it, in thousandths; `rule` is the safety stock's, None for none."""

    on_hand: int
    reserved: int
    buffer: int
    rule: Rule | None
    expired: int = 0

    @property
    def safety(self) -> int:
        """The safety stock."""
        return self.rule.quantity if self.rule is not None else 0

    @property
    def available(self) -> int:
        """What the web may sell here."""
        level = Level(self.on_hand, self.reserved)
        return web_available(level, safety=self.safety, buffer=self.buffer, expired=self.expired)


Shelves = Mapping[str, Mapping[str, Shelf]]
"""By SKU and store."""


def shelves_of(connection: sa.Connection, skus: Collection[str]) -> Shelves:
    """The shelves of these SKUs in all stores that ever had them."""
    level, item, buffer, gone = schema.level.c, schema.item.c, schema.offline_buffer.c, schema.expired_stock.c
    joined = (
        schema.level.outerjoin(schema.item, item.sku == level.sku)
        .outerjoin(schema.offline_buffer, sa.and_(buffer.store == level.store, buffer.sku == level.sku))
        .outerjoin(schema.expired_stock, sa.and_(gone.store == level.store, gone.sku == level.sku))
    )
    columns = (
        level.sku, level.store, level.on_hand, level.reserved, sa.func.coalesce(item.category, "").label("category"),
        sa.func.coalesce(buffer.quantity, 0).label("buffer"), sa.func.coalesce(gone.quantity, 0).label("expired"),
    )  # fmt: skip
    found: defaultdict[str, dict[str, Shelf]] = defaultdict(dict)
    for part in _parts(sorted(set(skus))):
        query = sa.select(*columns).select_from(joined).where(level.sku.in_(part)).order_by(level.sku, level.store)
        rows = connection.execute(query).all()
        safety = _safety_stock(connection, part, {row.category for row in rows})
        for row in rows:
            rule = safety.rule_for(row.store, row.sku, row.category)
            found[row.sku][row.store] = Shelf(row.on_hand, row.reserved, row.buffer, rule, row.expired)
    return found


def _safety_stock(connection: sa.Connection, skus: Sequence[str], categories: Collection[str]) -> SafetyStock:
    rule = schema.stock_rule.c
    wider = sa.and_(rule.sku == "", rule.category.in_(sorted({"", *categories})))
    columns = sa.select(rule.store, rule.sku, rule.category, rule.quantity)
    return SafetyStock(Rule(*row) for row in connection.execute(columns.where(sa.or_(rule.sku.in_(skus), wider))))


def parts_by_sku(connection: sa.Connection, skus: Collection[str]) -> Mapping[str, tuple[Part, ...]]:
    """What packs and bundles consume; SKUs with a stock of their own are left out."""
    made = schema.made_of.c
    found: defaultdict[str, list[Part]] = defaultdict(list)
    for part in _parts(sorted(set(skus))):
        query = sa.select(schema.made_of).where(made.sku.in_(part)).order_by(made.sku, made.part)
        for row in connection.execute(query):
            found[row.sku].append(Part(sku=row.part, quantity=row.quantity))
    return {sku: tuple(parts) for sku, parts in found.items()}


def wholes_of(connection: sa.Connection, skus: Collection[str]) -> frozenset[str]:
    """The packs and bundles whose availability hangs on these SKUs."""
    made = schema.made_of.c
    found: set[str] = set()
    for part in _parts(sorted(set(skus))):
        found.update(connection.execute(sa.select(made.sku).where(made.part.in_(part))).scalars())
    return frozenset(found)


def web_levels(connection: sa.Connection, skus: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    """What the web may sell of each SKU, by store; a store where it is unknown is left out.

    Packs and bundles are whole ones, of what is left of their parts after all that is held back of those.
    """
    made_of = parts_by_sku(connection, skus)
    pieces = {part.sku for parts in made_of.values() for part in parts}
    shelves = shelves_of(connection, pieces.union(skus))
    found: dict[str, dict[str, int]] = {}
    for sku in skus:
        parts = made_of.get(sku)
        if parts is None:
            found[sku] = {store: shelf.available for store, shelf in shelves.get(sku, {}).items()}
            continue
        stores = sorted(set().union(*(shelves.get(part.sku, {}) for part in parts)))
        wholes = ((store, makeable(parts, _left_in(store, shelves))) for store in stores)
        found[sku] = {store: level for store, level in wholes if level is not None}
    return found


def _left_in(store: str, shelves: Shelves) -> Callable[[str], int | None]:
    def left_of(sku: str) -> int | None:
        shelf = shelves.get(sku, {}).get(store)
        return None if shelf is None else shelf.available

    return left_of


def available_column(connection: sa.Connection) -> sa.ColumnElement[int]:
    """What the web may sell of a row of `level` joined with `item`, to be ordered by.

    Kinds of rules that do not stand cost nothing. Packs and bundles have no level of their own, and so no such row.
    """
    level = schema.level.c
    left: sa.ColumnElement[int] = level.on_hand - level.reserved
    for table in (schema.offline_buffer, schema.expired_stock):
        if connection.execute(sa.select(table.c.sku).limit(1)).first() is not None:
            mine = sa.select(table.c.quantity).where(table.c.store == level.store, table.c.sku == level.sku)
            left = left - sa.func.coalesce(mine.correlate(schema.level).scalar_subquery(), 0)
    safety = _safety_column(connection)
    if safety is not None:
        left = left - safety
    return sa.case((left > sa.text("0"), left), else_=0)


def _safety_column(connection: sa.Connection) -> sa.ColumnElement[int] | None:
    level, item, rule = schema.level.c, schema.item.c, schema.stock_rule.c
    shapes = sa.select(rule.store != "", rule.sku != "", rule.category != "").distinct()
    standing = {(bool(row[0]), bool(row[1]), bool(row[2])) for row in connection.execute(shapes)}
    order = ((True, True, False), (False, True, False), (True, False, True), (False, False, True))
    found: list[sa.ColumnElement[int]] = []
    for by_store, by_sku, by_category in (*order, (True, False, False), (False, False, False)):
        if (by_store, by_sku, by_category) in standing:
            mine = sa.select(rule.quantity).where(
                rule.store == (level.store if by_store else ""),
                rule.sku == (level.sku if by_sku else ""),
                rule.category == (item.category if by_category else ""),
            )
            found.append(mine.correlate(schema.level, schema.item).scalar_subquery())
    return sa.func.coalesce(*found, 0) if found else None


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
