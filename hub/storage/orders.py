"""Web orders on a real database: placed, cancelled, asked about again, each in a transaction that locks its stores."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from functools import partial
from itertools import islice
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from hub.errors import OrderConflict, UnknownOrder, UnknownStore, UnorderableItem
from hub.matters.orders import Goods, PlacedOrder
from hub.storage import schema
from hub.storage.channel_cancels import tell_cancelled
from hub.storage.database import Database
from hub.storage.document_rows import LockedFeeds
from hub.storage.moments import from_us, to_us
from hub.storage.settling import settle_alarm
from hub.storage.settling_orders import (
    KIND,
    AllotmentPolicy,
    OrderFacts,
    SettledBy,
    all_stores,
    choose,
    facts_of,
    oversold,
    settle_order,
    widening,
)
from hub.storage.shelves import parts_by_sku, web_levels
from hub.storage.upserts import insert_for
from protocol.documents import Part
from protocol.errors import InexactQuantity
from protocol.goods import taken
from protocol.ids import FeedName, StoreId, store_feed, store_of_feed

_PART = 500
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
        with self._database.read() as connection:
            if order.store and order.store not in all_stores(connection):
                raise UnknownStore(
                    f"order {order.order}: store {order.store}: there is none of this name; `tillwire-hub store list` "
                    "shows them"
                )
            if _is_known(connection, order):
                return False
            whole = complete(connection, order, now)
            stores = self._chosen(connection, OrderFacts(whole, (), (), None), now)
        return self._widening(lambda locked: self._place(whole, now, locked), stores)

    def cancel(self, order: str, now: datetime) -> bool:
        """Give up an order: what is reserved is free, what was not gathered is not; False if it was cancelled before.

        Raises UnknownOrder.
        """
        known = self.facts(order)
        if known is None:
            raise UnknownOrder(f"order {order}: there is none of this id; `tillwire-hub order list` shows them")
        return self._widening(lambda locked: self._cancel(order, now, locked), known.stores)

    def _place(self, order: PlacedOrder, now: datetime, stores: frozenset[str]) -> bool:
        with self._database.write() as connection:
            feeds = _locked(connection, stores)
            row = {
                "id": order.order, "placed_us": to_us(order.placed_at or now), "body": order_text(order),
                "cancelled_us": None, "state": "open", "missing": "{}", "updated_us": to_us(now),
            }  # fmt: skip
            if not insert_for(connection, schema.web_order, row):  # the same order, meanwhile, at another process
                _is_known(connection, order)
                return False
            refuse_picks(connection, order.order)
            settle_placed(connection, feeds, order.order, SettledBy(to_us(now), self._policy, stores))
        return True

    def _cancel(self, order: str, now: datetime, stores: frozenset[str]) -> bool:
        table = schema.web_order.c
        with self._database.write() as connection:
            feeds = _locked(connection, stores)
            mine = sa.update(schema.web_order).where(table.id == order, table.cancelled_us.is_(None))
            if not connection.execute(mine.values(cancelled_us=to_us(now))).rowcount:
                return False
            tell_cancelled(connection, order, now)
            settle_placed(connection, feeds, order, SettledBy(to_us(now), self._policy))
        return True

    def _chosen(self, connection: sa.Connection, facts: OrderFacts, now: datetime) -> frozenset[str]:
        asked = choose(connection, facts, SettledBy(to_us(now), self._policy))
        return frozenset(one.store for one in asked)

    def _widening(self, attempt: Callable[[frozenset[str]], bool], stores: frozenset[str]) -> bool:
        return widening(attempt, stores, lambda: stores_now(self._database))

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
        by = SettledBy(to_us(now), policy)
        stores = {order: _concerned(connection, order, by) for order in hopeful}
    for order in hopeful:
        widening(partial(_ask_again, database, order, by), stores[order], partial(stores_now, database))
    return len(hopeful)


def stores_now(database: Database) -> frozenset[str]:
    """All stores that there are now."""
    with database.read() as connection:
        return all_stores(connection)


def _concerned(connection: sa.Connection, order: str, by: SettledBy) -> frozenset[str]:
    facts = facts_of(connection, order)
    assert facts is not None
    return facts.stores.union(one.store for one in choose(connection, facts, by))


def _ask_again(database: Database, order: str, by: SettledBy, stores: frozenset[str]) -> None:
    with database.write() as connection:
        settle_placed(connection, _locked(connection, stores), order, by)


def _locked(connection: sa.Connection, stores: frozenset[str]) -> LockedFeeds:
    return LockedFeeds(connection, [store_feed(StoreId(store)) for store in stores])


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


def settle_placed(connection: sa.Connection, feeds: LockedFeeds, order: str, by: SettledBy) -> None:
    """Write down what follows from an order that there is, its alarm, too, and move the feeds that changed."""
    settled = settle_order(connection, feeds, order, by)
    assert settled is not None
    settle_alarm(connection, "oversold", order, oversold(settled), by.now_us)
    feeds.finish()


def refuse_picks(connection: sa.Connection, order: str) -> None:
    """Raise OrderConflict if somebody has put a pick of this id by hand."""
    document = schema.document.c
    # Feed by feed: without them, its index would not be used, and all documents of all kinds would be gone through.
    feeds = [store_feed(StoreId(store)) for store in sorted(all_stores(connection))]
    by_hand = sa.and_(
        document.feed.in_(feeds), document.kind == KIND, document.key == order, document.deleted.is_(False)
    )
    for feed in connection.execute(sa.select(document.feed).where(by_hand).order_by(document.feed)).scalars():
        store = store_of_feed(FeedName(feed))
        raise OrderConflict(
            f"order {order}: a pick of this id was put by hand at {store}; give this one its own, or take that away: "
            f"tillwire-hub document delete {store} pick {order}"
        )


def _is_known(connection: sa.Connection, order: PlacedOrder) -> bool:
    """Whether an order was placed before. Raises OrderConflict: another one was."""
    facts = facts_of(connection, order.order)
    if facts is None:
        return False
    known = facts.order
    same = msgspec.structs.replace(order, pieces=known.pieces, placed_at=order.placed_at or known.placed_at)
    if same != known:
        differing = [name for name in known.__struct_fields__ if getattr(known, name) != getattr(same, name)]
        raise OrderConflict(
            f"order {order.order}: there is another one of this id, with another {', '.join(differing)}; "
            "cancel that one or give this one its own id"
        )
    return True


def complete(connection: sa.Connection, order: PlacedOrder, now: datetime, former: Collection[str] = ()) -> PlacedOrder:
    """An order with the pieces that it takes by today's catalogue. Raises UnorderableItem.

    `former` are SKUs that it was placed with: their items may have been taken off the catalogue since.
    """
    return complete_by(offered(connection, {line.sku for line in order.lines}), order, now, former)


class Offered(NamedTuple):
    """What of some SKUs is in the catalogue, and what packs and bundles among them are made of."""

    known: frozenset[str]
    made_of: Mapping[str, tuple[Part, ...]]


def offered(connection: sa.Connection, skus: Collection[str]) -> Offered:
    """Look these SKUs up."""
    item = schema.item.c
    names = sorted(skus)
    parts = (names[start : start + _PART] for start in range(0, len(names), _PART))
    query = sa.select(item.sku).where(item.deleted.is_(False))
    known = (sku for part in parts for sku in connection.execute(query.where(item.sku.in_(part))).scalars())
    return Offered(frozenset(known), parts_by_sku(connection, names))


def complete_by(catalogue: Offered, order: PlacedOrder, now: datetime, former: Collection[str] = ()) -> PlacedOrder:
    """As `complete`, by what was looked up before."""
    pieces: Counter[str] = Counter()
    for number, line in enumerate(order.lines, 1):
        where = f"order {order.order}: field lines.{number}"
        if line.sku not in catalogue.known and line.sku not in former:
            raise UnorderableItem(f"{where}.sku: {line.sku!r} is not in the catalogue")
        made_of = catalogue.made_of.get(line.sku)
        try:
            moves = taken(made_of, line.quantity) if made_of is not None else (line,)
        except InexactQuantity as error:
            raise UnorderableItem(f"{where}.quantity: {error}") from error
        for move in moves:
            pieces[move.sku] += move.quantity
    placed_at = order.placed_at or from_us(to_us(now))
    return msgspec.structs.replace(order, pieces=dict(sorted(pieces.items())), placed_at=placed_at)


def order_text(order: PlacedOrder) -> str:
    """An order as it is kept."""
    return msgspec.json.encode(order).decode()
