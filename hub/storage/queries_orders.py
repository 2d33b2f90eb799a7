"""The part of the read side that is about orders, rules, accuracy and what was set aside."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.matters.orders import PlacedOrder
from hub.stock.accuracy import Accuracy, Counted, accuracy_of
from hub.stock.safety import Rule
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import from_us, maybe_from_us, to_us, zone_of
from hub.storage.reading_stock import OrderDetail, OrderPage, OrderRow, ParkedDetail
from hub.storage.records import HUB_SOURCE
from hub.storage.settling_orders import facts_of
from protocol.documents import Item, Settings

COUNTS_MAX = 50_000
"""So many counted SKUs are added up at once, the newest."""

_PART = 500


class OrderQueries:
    """The methods of `Queries` about orders, rules and accuracy."""

    def __init__(self, database: Database) -> None:
        self._orders_database = database

    def orders(self, *, state: str = "", limit: int = 50, offset: int = 0) -> OrderPage:
        """See StockReads."""
        table, allotment = schema.web_order.c, schema.allotment.c
        query = sa.select(schema.web_order).order_by(table.placed_us.desc(), table.id)
        if state:
            query = query.where(table.state == state)
        with self._orders_database.read() as connection:
            by_state = sa.select(table.state, sa.func.count()).group_by(table.state)
            counts = {row[0]: row[1] for row in connection.execute(by_state)}
            rows = connection.execute(query.limit(limit).offset(offset)).all()
            stores: defaultdict[str, list[str]] = defaultdict(list)
            for start in range(0, len(rows), _PART):
                ids = [row.id for row in rows[start : start + _PART]]
                asked = sa.select(allotment.order_id, allotment.store).distinct().where(allotment.order_id.in_(ids))
                for order, store in connection.execute(asked.order_by(allotment.store)):
                    stores[order].append(store)
        total = counts.get(state, 0) if state else sum(counts.values())
        return OrderPage([_order_row(row, stores[row.id]) for row in rows], total, counts)

    def order(self, order: str) -> OrderDetail | None:
        """See StockReads."""
        with self._orders_database.read() as connection:
            facts = facts_of(connection, order)
            if facts is None:
                return None
            placed = sa.select(schema.web_order.c.placed_us).where(schema.web_order.c.id == order)
            placed_at = from_us(connection.execute(placed).scalar_one())
        return OrderDetail(facts.order, placed_at, facts.cancelled_at, facts.outcome)

    def rules(self, *, limit: int = 50, offset: int = 0) -> Sequence[Rule]:
        """See StockReads."""
        rule = schema.stock_rule.c
        columns = sa.select(rule.store, rule.sku, rule.category, rule.quantity)
        query = columns.order_by(rule.store, rule.category, rule.sku)
        with self._orders_database.read() as connection:
            return [Rule(*row) for row in connection.execute(query.limit(limit).offset(offset))]

    def accuracy(self, since: datetime, *, store: str | None = None) -> Sequence[Accuracy]:
        """See StockReads. The first count of a SKU that a store never had anything of says nothing, and is left out."""
        with self._orders_database.read() as connection:
            rows = connection.execute(_counts_with_levels(to_us(since), store)).all()
            zones = {
                row.id: zone_of(msgspec.json.decode(row.settings, type=Settings).time_zone)
                for row in connection.execute(sa.select(schema.store.c.id, schema.store.c.settings))
            }
            prices = _prices(connection, sorted({row.sku for row in rows}))
        return accuracy_of(
            Counted(
                store=row.store, day=from_us(row.at_us).astimezone(zones[row.store]).date(), sku=row.sku,
                counted=row.delta, expected=int(row.counted_before or 0) + int(row.moved or 0),
                price=prices.get(row.sku, 0),
            )
            for row in rows
            if row.counted_before is not None or row.movements
        )  # fmt: skip

    def parked_event(self, position: int) -> ParkedDetail | None:
        """See StockReads."""
        with self._orders_database.read() as connection:
            query = sa.select(schema.parked).where(schema.parked.c.position == position)
            row = connection.execute(query).first()
        if row is None:
            return None
        return ParkedDetail(
            position=row.position, store=row.store, terminal=row.terminal, epoch=row.epoch, sequence=row.sequence,
            reason=row.reason, text=row.text, received_at=from_us(row.parked_us),
            resolved_at=maybe_from_us(row.resolved_us), event_id=row.event_id, raw=bytes(row.raw),
        )  # fmt: skip


def _order_row(row: sa.Row[tuple[object, ...]], stores: Sequence[str]) -> OrderRow:
    placed = msgspec.json.decode(row.body, type=PlacedOrder)
    return OrderRow(
        order=row.id, number=placed.number, channel=placed.channel, placed_at=from_us(row.placed_us), state=row.state,
        way=placed.way, customer=placed.customer, missing=msgspec.json.decode(row.missing, type=dict[str, int]),
        stores=stores,
    )  # fmt: skip


def _counts_with_levels(since_us: int, store: str | None) -> sa.Select[tuple[object, ...]]:
    """Counts, each with what its own ledger says of the moment before: the count before it, and what moved since."""
    movement, before, moved = schema.movement.c, schema.movement.alias("before"), schema.movement.alias("moved")
    count = sa.select(movement.store, movement.sku, movement.at_us, movement.delta).where(
        movement.kind == "count", movement.at_us >= since_us, movement.source != HUB_SOURCE
    )
    if store is not None:
        count = count.where(movement.store == store)
    former = sa.select(sa.func.max(before.c.at_us)).where(
        before.c.store == movement.store, before.c.sku == movement.sku, before.c.kind == "count",
        before.c.at_us < movement.at_us,
    )  # fmt: skip
    counts = (
        count.add_columns(former.correlate(schema.movement).scalar_subquery().label("former_us"))
        .order_by(movement.at_us.desc())
        .limit(COUNTS_MAX)
        .subquery("counts")
    )
    c = counts.c
    counted_before = sa.select(sa.func.min(before.c.delta)).where(
        before.c.store == c.store, before.c.sku == c.sku, before.c.kind == "count", before.c.at_us == c.former_us
    )
    between = (
        moved.c.store == c.store, moved.c.sku == c.sku, moved.c.kind.not_in(("count", "count_lot")),
        moved.c.at_us <= c.at_us, moved.c.at_us > sa.func.coalesce(c.former_us, sa.literal_column(str(-(2**62)))),
    )  # fmt: skip
    query: sa.Select[tuple[object, ...]] = sa.select(
        c.store, c.sku, c.at_us, c.delta,
        counted_before.correlate(counts).scalar_subquery().label("counted_before"),
        sa.select(sa.func.sum(moved.c.delta)).where(*between).correlate(counts).scalar_subquery().label("moved"),
        sa.select(sa.func.count()).select_from(moved).where(*between).correlate(counts).scalar_subquery()
        .label("movements"),
    )  # fmt: skip
    return query


def _prices(connection: sa.Connection, skus: Sequence[str]) -> dict[str, int]:
    item = schema.item.c
    found: dict[str, int] = {}
    for start in range(0, len(skus), _PART):
        part = skus[start : start + _PART]
        query = sa.select(item.sku, item.body).where(item.sku.in_(part), item.deleted.is_(False))
        for row in connection.execute(query):
            found[row.sku] = msgspec.json.decode(row.body, type=Item).price
    return found
