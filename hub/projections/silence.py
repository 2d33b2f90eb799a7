"""Offline buffers: what is held back of the shelves of tills that cannot be heard, written down once a minute.

The work is bounded by what is silent: a chain whose tills are all heard costs one small read a minute. A till's rate
is read once, when it falls silent (nothing newer can come from it), for SKUs that its store has something left of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.stock.sales_rate import RecentSales
from hub.stock.silence import RATE_WINDOW, TillContact, TillSales, held_back, silent_since
from hub.storage import schema
from hub.storage.changed_skus import COUNTER
from hub.storage.database import Database
from hub.storage.held_back import Place, standing, write_held
from hub.storage.moments import from_us, maybe_from_us, to_us, zone_of
from protocol.documents import Settings

EVERY_S = 60.0
RETURNED_EVERY_S = 2.0
"""While something is held back, so often is it looked whether its till is back."""

SKUS_MAX = 20_000
"""So many SKUs of a till are held back for; the best-selling ones, should there be more."""

_Till = tuple[str, str]


class SilenceProjection:
    """Holds back, and lets go. Used from one thread; several hub processes write the same."""

    def __init__(self, database: Database, *, risk: float) -> None:
        self._database = database
        self._risk = risk
        database.state(COUNTER, "0")
        self._looked_at_s: float | None = None
        self._written_at_s: float | None = None
        self._since: dict[_Till, datetime] = {}
        self._sales: dict[_Till, TillSales] = {}

    def advance(self, now: datetime, now_s: float) -> int:
        """Bring the buffers up to date if it is time to; returns how many SKUs changed. Raises StorageError."""
        if self._looked_at_s is not None and now_s - self._looked_at_s < RETURNED_EVERY_S:
            return 0
        self._looked_at_s = now_s
        due = self._written_at_s is None or now_s - self._written_at_s >= EVERY_S
        if not due and not self._since:
            return 0
        since = silent_tills(self._database, now)
        if not due and since.keys() == self._since.keys():
            return 0
        self._written_at_s = now_s
        for till, at in since.items():
            if till not in self._sales or self._since.get(till) != at:
                self._sales[till] = sales_before(self._database, till, at)
        self._since = since
        self._sales = {till: self._sales[till] for till in since}
        return self._write(now)

    def _write(self, now: datetime) -> int:
        by_store: defaultdict[str, list[tuple[datetime, TillSales]]] = defaultdict(list)
        for (store, terminal), since in self._since.items():
            by_store[store].append((since, self._sales[store, terminal]))
        wanted = {
            (store, sku): quantity
            for store, tills in by_store.items()
            for sku, quantity in held_back(tills, now, self._risk).items()
        }
        return write_buffers(self._database, wanted)


def silent_tills(database: Database, now: datetime) -> dict[_Till, datetime]:
    """Which tills cannot be heard, and since when."""
    terminal, sale = schema.terminal.c, schema.sale.c
    found: dict[_Till, datetime] = {}
    with database.read() as connection:
        rows = connection.execute(sa.select(schema.terminal).where(terminal.revoked_us.is_(None))).all()
        for row in rows:
            till = TillContact(
                row.store, row.id, row.online, row.backlog, maybe_from_us(row.oldest_unsent_us),
                maybe_from_us(row.last_seen_us),
            )  # fmt: skip
            if silent_since(till, now) is None:
                continue
            # Its journal may have been heard after its last status; asked of silent tills only.
            mine = sa.select(sale.received_us).where(sale.store == row.store, sale.terminal == row.id)
            newest = connection.execute(mine.order_by(sale.position.desc()).limit(1)).scalar()
            last = max(row.last_seen_us or 0, newest or 0)
            since = silent_since(replace(till, last_contact=from_us(last)), now)
            if since is not None:
                found[row.store, row.id] = since
    return found


def sales_before(database: Database, till: _Till, since: datetime) -> TillSales:
    """What a till sold in the weeks before `since` of what its store still has, and when it sold at all."""
    store, terminal = till
    level, movement, sale = schema.level.c, schema.movement.c, schema.sale.c
    first = since - RATE_WINDOW
    joined = schema.level.outerjoin(
        schema.movement,
        sa.and_(
            movement.store == level.store, movement.sku == level.sku, movement.at_us >= to_us(first),
            movement.source == terminal, movement.kind == "sale",
        ),
    )  # fmt: skip
    units = movement.delta * sa.literal_column("-0.001")
    sold = sa.func.coalesce(sa.func.sum(units), 0.0)
    query = (
        sa.select(
            level.sku, sa.func.count(movement.sku).label("purchases"), sold.label("units"),
            sa.func.coalesce(sa.func.sum(units * units), 0.0).label("squares"),
        )
        .select_from(joined)
        .where(level.store == store, level.on_hand > level.reserved)
        .group_by(level.sku)
        .order_by(sold.desc(), level.sku)
        .limit(SKUS_MAX)
    )  # fmt: skip
    hour_us = timedelta(hours=1) // timedelta(microseconds=1)
    hour = sale.at_us // sa.literal_column(str(hour_us))
    receipts = (
        sa.select(hour.label("hour"), sa.func.count().label("receipts"))
        .where(sale.store == store, sale.business_day >= first.date().isoformat(), sale.terminal == terminal)
        .where(sale.at_us >= to_us(first), sale.kind == "sale")
        .group_by(hour)
    )
    with database.read() as connection:
        settings = connection.execute(sa.select(schema.store.c.settings).where(schema.store.c.id == store)).scalar_one()
        zone = zone_of(msgspec.json.decode(settings, type=Settings).time_zone)
        amounts = {
            row.sku: RecentSales(row.purchases, float(row.units), float(row.squares))
            for row in connection.execute(query)
        }
        hours = {from_us(row.hour * hour_us).astimezone(zone): row.receipts for row in connection.execute(receipts)}
    return TillSales(amounts, hours)


def write_buffers(database: Database, wanted: Mapping[Place, int]) -> int:
    """Make the buffers what is wanted, and number the SKUs that change; returns how many places changed."""
    with database.read() as connection:
        before = standing(connection, schema.offline_buffer)
    places = before.keys() | wanted.keys()
    changed = {place: wanted.get(place, 0) for place in places if before.get(place, 0) != wanted.get(place, 0)}
    write_held(database, schema.offline_buffer, changed)
    return len(changed)
