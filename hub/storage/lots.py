"""The lots of a store's stock, read from its ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import sqlalchemy as sa

from hub.stock.lots import Lot, LotLevel, LotMovement, lots_of, named_lots
from hub.storage import schema
from hub.storage.moments import from_us

_COUNTED = ("count", "count_lot")


def lots_at(connection: sa.Connection, store: str, sku: str) -> Sequence[LotLevel]:
    """What the level of a SKU in a store is made of, first to expire first; see `hub/stock/lots.py`."""
    level, movement = schema.level.c, schema.movement.c
    on_hand = connection.execute(sa.select(level.on_hand).where(level.store == store, level.sku == sku)).scalar()
    if on_hand is None:
        return ()
    mine = sa.and_(movement.store == store, movement.sku == sku)
    counted = sa.and_(mine, movement.kind == "count_lot")
    started = connection.execute(sa.select(sa.func.max(movement.at_us)).where(counted)).scalar()
    found: list[LotMovement] = []
    if started is not None:
        query = sa.select(schema.movement).where(counted, movement.at_us == started)
        for row in connection.execute(query):
            event = f"{row.source}/{row.epoch}/{row.sequence}"
            found.append(
                LotMovement(_lot(row.lot, row.expires), row.delta, from_us(row.at_us), counted=True, event=event)
            )
    last = sa.func.max(movement.at_us)
    named = sa.or_(movement.lot != "", movement.expires != "")
    since = sa.and_(mine, named, movement.kind.not_in(_COUNTED))
    if started is not None:
        since = sa.and_(since, movement.at_us > started)
    # Added up by the database: a lot is a few rows here, however often it was sold from.
    sums = sa.select(movement.lot, movement.expires, sa.func.sum(movement.delta), last).where(since)
    for name, day, delta, at_us in connection.execute(sums.group_by(movement.lot, movement.expires)):
        found.append(LotMovement(_lot(name, day), int(delta), from_us(at_us)))
    return lots_of(named_lots(found), on_hand)


def _lot(name: str, expires: str) -> Lot:
    return Lot(name, date.fromisoformat(expires) if expires else None)
