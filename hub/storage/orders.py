"""Web orders on a real database: placed, cancelled, asked about again, each in one transaction under locks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import islice

import msgspec
import sqlalchemy as sa

from hub.errors import OrderConflict, UnknownOrder, UnknownStore, UnorderableItem
from hub.matters.orders import Goods, PlacedOrder
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.document_rows import LockedFeeds
from hub.storage.moments import from_us, to_us
from hub.storage.settling import settle_alarm
from hub.storage.settling_orders import AllotmentPolicy, OrderFacts, SettledBy, all_stores, facts_of, settle_order
from hub.storage.shelves import parts_by_sku, web_levels
from protocol.errors import InexactQuantity
from protocol.goods import taken
from protocol.ids import StoreId, store_feed

RETRIED_AT_ONCE = 50
LOOKED_AT_MAX = 2_000
"""How many orders that miss something are looked at for hope; the oldest of them that have some are asked for."""


class SqlOrderStore:
    """Takes orders and cancellations. Thread-safe, as every transaction locks the rows of its stores."""

    def __init__(self, database: Database, policy: AllotmentPolicy) -> None:
        self._database = database
        self._policy = policy

    def place(self, order: PlacedOrder, now: datetime) -> bool:
        """Allot and reserve an order, and send its picks; False if it was placed before, and nothing changed.

        Raises OrderConflict (another order has this id), UnknownStore (the chosen one), UnorderableItem.
        """
        with self._database.write() as connection:
            stores = all_stores(connection)
            if order.store and order.store not in stores:
                raise UnknownStore(
                    f"order {order.order}: store {order.store}: there is none of this name; `tillwire-hub store list` "
                    "shows them"
                )
            feeds = LockedFeeds(connection, [store_feed(StoreId(store)) for store in stores])
            known = facts_of(connection, order.order)
            if known is not None:
                _check_same(known.order, order)
                return False
            complete = _complete(connection, order, now)
            connection.execute(
                sa.insert(schema.web_order).values(
                    id=order.order, placed_us=to_us(complete.placed_at or now), body=_text(complete), cancelled_us=None,
                    state="open", missing="{}", updated_us=to_us(now),
                )
            )  # fmt: skip
            _settle(connection, feeds, order.order, SettledBy(to_us(now), self._policy))
        return True

    def cancel(self, order: str, now: datetime) -> bool:
        """Give up an order: what is reserved is free, what was not gathered is not; False if it was cancelled before.

        Raises UnknownOrder.
        """
        table = schema.web_order.c
        with self._database.write() as connection:
            known = facts_of(connection, order)
            if known is None:
                raise UnknownOrder(f"order {order}: there is none of this id; `tillwire-hub order list` shows them")
            # The decisions can grow between this read and the locks, so the locks are of all stores that may have one.
            stores = all_stores(connection)
            feeds = LockedFeeds(connection, [store_feed(StoreId(store)) for store in stores])
            mine = sa.update(schema.web_order).where(table.id == order, table.cancelled_us.is_(None))
            if not connection.execute(mine.values(cancelled_us=to_us(now))).rowcount:
                return False
            _settle(connection, feeds, order, SettledBy(to_us(now), self._policy))
        return True

    def facts(self, order: str) -> OrderFacts | None:
        """Everything known of an order; None for an unknown one."""
        with self._database.read() as connection:
            return facts_of(connection, order)


def retry_missing(database: Database, policy: AllotmentPolicy, now: datetime) -> int:
    """Ask again for what orders miss, the oldest first, where some store may have it by now; returns how many."""
    table = schema.web_order.c
    query = sa.select(table.id, table.missing).where(table.state == "oversold").order_by(table.placed_us)
    with database.read() as connection:
        rows = connection.execute(query.limit(LOOKED_AT_MAX)).all()
        missing = {row.id: msgspec.json.decode(row.missing, type=dict[str, int]) for row in rows}
        levels = web_levels(connection, sorted({sku for goods in missing.values() for sku in goods}))
        hope = (order for order in missing if _may_be_filled(connection, order, missing[order], levels))
        hopeful = list(islice(hope, RETRIED_AT_ONCE))
    for order in hopeful:
        with database.write() as connection:
            feeds = LockedFeeds(connection, [store_feed(StoreId(store)) for store in all_stores(connection)])
            _settle(connection, feeds, order, SettledBy(to_us(now), policy))
    return len(hopeful)


def _may_be_filled(connection: sa.Connection, order: str, missing: Goods, levels: Mapping[str, Goods]) -> bool:
    facts = facts_of(connection, order)
    if facts is None:
        return False
    closed = facts.closed
    chosen = facts.order.store if facts.order.way == "pickup" else ""
    return any(
        available > 0 and store not in closed and store == (chosen or store)
        for sku in missing
        for store, available in levels.get(sku, {}).items()
    )


def _settle(connection: sa.Connection, feeds: LockedFeeds, order: str, by: SettledBy) -> None:
    settled = settle_order(connection, feeds, order, by)
    assert settled is not None
    settle_alarm(connection, "oversold", order, settled.alarm, by.now_us)
    feeds.finish()


def _check_same(known: PlacedOrder, order: PlacedOrder) -> None:
    same = msgspec.structs.replace(order, pieces=known.pieces, placed_at=order.placed_at or known.placed_at)
    if same != known:
        differing = [name for name in known.__struct_fields__ if getattr(known, name) != getattr(same, name)]
        raise OrderConflict(
            f"order {order.order}: there is another one of this id, with another {', '.join(differing)}; "
            "cancel that one or give this one its own id"
        )


def _complete(connection: sa.Connection, order: PlacedOrder, now: datetime) -> PlacedOrder:
    item = schema.item.c
    skus = sorted({line.sku for line in order.lines})
    known = set(connection.execute(sa.select(item.sku).where(item.sku.in_(skus), item.deleted.is_(False))).scalars())
    made_of = parts_by_sku(connection, skus)
    pieces: Counter[str] = Counter()
    for number, line in enumerate(order.lines, 1):
        where = f"order {order.order}: field lines.{number}"
        if line.sku not in known:
            raise UnorderableItem(f"{where}.sku: {line.sku!r} is not in the catalogue")
        try:
            moves = taken(made_of[line.sku], line.quantity) if line.sku in made_of else (line,)
        except InexactQuantity as error:
            raise UnorderableItem(f"{where}.quantity: {error}") from error
        for move in moves:
            pieces[move.sku] += move.quantity
    placed_at = order.placed_at or from_us(to_us(now))
    return msgspec.structs.replace(order, pieces=dict(sorted(pieces.items())), placed_at=placed_at)


def _text(order: PlacedOrder) -> str:
    return msgspec.json.encode(order).decode()
