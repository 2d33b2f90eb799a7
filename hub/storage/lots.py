"""The lots of a store's stock, read from its ledger, and what of them has expired by the store's own day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa

from hub.stock.lots import Lot, LotLevel, LotMovement, expired, lots_of, named_lots
from hub.storage import schema
from hub.storage.moments import from_us, zone_of
from protocol.documents import Settings

_COUNTED = ("count", "count_lot")
_DATED = schema.movement.c.expires != sa.text("''")
_PART = 500


def lots_at(connection: sa.Connection, store: str, sku: str) -> Sequence[LotLevel]:
    """What the level of a SKU in a store is made of, first to expire first; see `hub/stock/lots.py`."""
    return lots_in(connection, store, [sku]).get(sku, ())


def lots_in(connection: sa.Connection, store: str, skus: Collection[str]) -> Mapping[str, Sequence[LotLevel]]:
    """What the levels of these SKUs in a store are made of; SKUs that it never had are left out."""
    found: dict[str, Sequence[LotLevel]] = {}
    names = sorted(set(skus))
    for start in range(0, len(names), _PART):
        found |= _lots_of_some(connection, store, names[start : start + _PART])
    return found


def dated_skus(connection: sa.Connection, store: str, skus: Collection[str]) -> frozenset[str]:
    """Those of these SKUs that this store ever had with a day on which they expire."""
    movement = schema.movement.c
    query = sa.select(movement.sku).distinct().where(_DATED, movement.store == store)
    names = sorted(set(skus))
    parts = (names[start : start + _PART] for start in range(0, len(names), _PART))
    return frozenset(sku for part in parts for sku in connection.execute(query.where(movement.sku.in_(part))).scalars())


def expired_before(connection: sa.Connection, store: str, day: date) -> frozenset[str]:
    """The SKUs of which this store has something, and of which it ever had a lot that expired before `day`."""
    movement, level = schema.movement.c, schema.level.c
    there = sa.exists().where(level.store == store, level.sku == movement.sku, level.on_hand > 0)
    query = sa.select(movement.sku).distinct().where(_DATED, movement.store == store, there)
    return frozenset(connection.execute(query.where(movement.expires < day.isoformat())).scalars())


def expired_in(connection: sa.Connection, store: str, skus: Collection[str], day: date) -> Mapping[str, int]:
    """How much of these SKUs in a store may not be sold any more on `day`, in thousandths; what is 0 is left out."""
    dated = dated_skus(connection, store, skus)
    sums = {
        sku: sum(level.quantity for level in expired(levels, day))
        for sku, levels in lots_in(connection, store, dated).items()
    }
    return {sku: quantity for sku, quantity in sums.items() if quantity > 0}


def day_in(connection: sa.Connection, store: str, now: datetime) -> date:
    """The store's own calendar day: goods may be sold to the end of their last one."""
    found = connection.execute(sa.select(schema.store.c.settings).where(schema.store.c.id == store)).scalar_one()
    return now.astimezone(zone_of(msgspec.json.decode(found, type=Settings).time_zone)).date()


def _lots_of_some(connection: sa.Connection, store: str, skus: Sequence[str]) -> dict[str, Sequence[LotLevel]]:
    level, movement = schema.level.c, schema.movement.c
    levels = sa.select(level.sku, level.on_hand).where(level.store == store, level.sku.in_(skus))
    on_hand = {row.sku: row.on_hand for row in connection.execute(levels)}
    mine = sa.and_(movement.store == store, movement.sku.in_(skus))
    counts = sa.and_(mine, movement.kind == "count_lot")
    last = sa.func.max(movement.at_us)
    started = sa.select(movement.sku, last.label("at_us")).where(counts).group_by(movement.sku).subquery()
    newest = sa.and_(started.c.sku == movement.sku, started.c.at_us == movement.at_us)
    found: defaultdict[str, list[LotMovement]] = defaultdict(list)
    for row in connection.execute(sa.select(schema.movement).join(started, newest).where(counts)):
        event = f"{row.source}/{row.epoch}/{row.sequence}"
        said = LotMovement(_lot(row.lot, row.expires), row.delta, from_us(row.at_us), counted=True, event=event)
        found[row.sku].append(said)
    named = sa.or_(movement.lot != "", movement.expires != "")
    since = sa.or_(started.c.at_us.is_(None), movement.at_us > started.c.at_us)
    # Added up by the database: a lot is a few rows here, however often it was sold from.
    sums = (
        sa.select(movement.sku, movement.lot, movement.expires, sa.func.sum(movement.delta), last)
        .select_from(schema.movement.outerjoin(started, started.c.sku == movement.sku))
        .where(mine, named, movement.kind.not_in(_COUNTED), since)
        .group_by(movement.sku, movement.lot, movement.expires)
    )
    for sku, name, day, delta, at_us in connection.execute(sums):
        found[sku].append(LotMovement(_lot(name, day), int(delta), from_us(at_us)))
    return {sku: lots_of(named_lots(found[sku]), quantity) for sku, quantity in on_hand.items()}


def _lot(name: str, expires: str) -> Lot:
    return Lot(name, date.fromisoformat(expires) if expires else None)
