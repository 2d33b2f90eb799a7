"""New orders of a channel, taken in many at a time: what `channel_orders.py` does for one, in some thirty statements.

It is for orders of which the hub has nothing yet, and for what the hub itself wrote there: most of a page. Whatever
else a page has, a change, a cancel, goods that left, an order that cannot be taken, is left to be taken one by one. The
outcome is the same as if each had been taken by itself, in the order of the page; only revisions are fewer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from hub.errors import StoresNotLocked, UnorderableItem
from hub.matters.channel_orders import Intake, KnownOrder, SaidOrder, intake_of, placed_of
from hub.matters.orders import PlacedOrder
from hub.storage import schema
from hub.storage.channel_asides import resolve_aside, waiting_keys
from hub.storage.channel_states import PORT, lock_states, states_of, write_states
from hub.storage.counted_lines import count_new_lines, number_lines, open_skus
from hub.storage.document_rows import LockedFeeds
from hub.storage.moments import from_us, to_us
from hub.storage.orders import Offered, complete_by, offered, order_text
from hub.storage.reservations import reserve_new
from hub.storage.schema_channels import order_goods
from hub.storage.settling import settle_alarms
from hub.storage.settling_orders import (
    KIND,
    OrderFacts,
    SettledBy,
    all_stores,
    ask_to_count_of,
    choose_by,
    oversold,
    write_new_picks,
)
from hub.storage.stock_views import StockOfMany
from protocol.ids import StoreId, store_feed

AT_ONCE = 50
"""So many orders share a transaction: others wait for it some dozens of milliseconds."""


@dataclass(frozen=True)
class NewOrders:
    """What is to be written: `placed` with whom to ask, `noted` of which no order follows, `known` that are old news.

    What is in none of them is not for here.
    """

    placed: Mapping[str, OrderFacts] = field(default_factory=dict)
    noted: Collection[str] = ()
    known: Collection[str] = ()

    @property
    def stores(self) -> frozenset[str]:
        """All who are asked."""
        return frozenset[str]().union(*(facts.stores for facts in self.placed.values()))

    @property
    def keys(self) -> frozenset[str]:
        """The channel's ids of all."""
        return frozenset((*self.placed, *self.noted, *self.known))


def plan_new(
    connection: sa.Connection, said: Sequence[SaidOrder], by: SettledBy, before: NewOrders | None = None
) -> NewOrders:
    """What to do with these orders of one channel, each of which is there once. With `before`, under its locks.

    Reads only, and whom to ask is chosen as if each had been taken in before the next.
    """
    states = states_of(connection, said[0].channel, [one.key for one in said])
    touched = _touched(connection, [one.head.order for one in said])
    intakes = {one.key: intake_of(one, states.get(one.key, KnownOrder())) for one in said
               if one.own or one.head.order not in touched}  # fmt: skip
    noted = {key for key, intake in intakes.items() if intake == Intake()}
    known = {key for key, intake in intakes.items() if intake is None}
    new = [one for one in said if intakes.get(one.key) == Intake(place=True) and not one.goods]
    placed = _choose(connection, new, by, {} if before is None else before.placed) if new else {}
    return NewOrders(placed, noted, known)


def _choose(
    connection: sa.Connection, new: Sequence[SaidOrder], by: SettledBy, before: Mapping[str, OrderFacts]
) -> dict[str, OrderFacts]:
    stores = all_stores(connection)
    catalogue = offered(connection, {line.sku for one in new for line in one.ordered})
    orders = {one.key: order for one in new if (order := _complete(one, catalogue, stores, by)) is not None}
    stock = StockOfMany(connection, {sku for order in orders.values() for sku in order.pieces}, by.now_us)
    found: dict[str, OrderFacts] = {}
    for key, order in orders.items():
        facts = OrderFacts(order, (), (), None)
        chosen = before[key].stores if key in before else frozenset[str]()
        asked = choose_by(stock, facts, SettledBy(by.now_us, by.policy, chosen))
        if all(one.store in stores for one in asked):
            stock.promise(asked)
            found[key] = facts.with_asked(asked)
    return found


def _complete(said: SaidOrder, catalogue: Offered, stores: Collection[str], by: SettledBy) -> PlacedOrder | None:
    """The order with its pieces; None for one that cannot be taken, of which is said why when it is taken alone."""
    try:
        order = placed_of(said)
        if order.store and order.store not in stores:
            return None
        return complete_by(catalogue, order, from_us(by.now_us))
    except (msgspec.ValidationError, UnorderableItem):
        return None


def _touched(connection: sa.Connection, orders: Sequence[str]) -> frozenset[str]:
    """Those of these orders of which there is anything: an order, a till's word, a pick, even one that was deleted."""
    matter, document = schema.matter.c, schema.document.c
    feeds = [store_feed(StoreId(store)) for store in sorted(all_stores(connection))]
    queries = (
        sa.select(schema.web_order.c.id).where(schema.web_order.c.id.in_(orders)),
        sa.select(schema.allotment.c.order_id).where(schema.allotment.c.order_id.in_(orders)),
        sa.select(order_goods.c.order_id).where(order_goods.c.order_id.in_(orders)),
        sa.select(matter.key).where(matter.kind == KIND, matter.key.in_(orders)),
        sa.select(document.key).where(document.feed.in_(feeds), document.kind == KIND, document.key.in_(orders)),
    )
    found = [key for query in queries for key in connection.execute(query).scalars()]
    return frozenset(found) | {order for order, count in Counter(orders).items() if count > 1}


def write_new(connection: sa.Connection, said: Sequence[SaidOrder], before: NewOrders, by: SettledBy,
              stores: frozenset[str]) -> NewOrders:  # fmt: skip
    """Take them in under the locks of `stores`; returns what was done.

    Raises StoresNotLocked: by the stock of now, others are to be asked.
    """
    channel = said[0].channel
    feeds = LockedFeeds(connection, [store_feed(StoreId(store)) for store in stores])
    mine = [one for one in said if one.key in before.keys]
    lock_states(connection, mine)
    plan = plan_new(connection, mine, by, before)
    if not plan.stores <= stores:
        raise StoresNotLocked(plan.stores - stores)
    taken = [one for one in mine if one.key in plan.placed or one.key in plan.noted]
    keys = [one.key for one in taken]
    open_before = open_skus(connection, channel, keys)
    write_states(connection, taken, by.now_us)
    _write_orders(connection, feeds, list(plan.placed.values()), by.now_us)
    count_new_lines(connection, channel, {key: facts.outcome for key, facts in plan.placed.items()})
    for key in waiting_keys(connection, channel, PORT, keys):
        resolve_aside(connection, channel, PORT, key, from_us(by.now_us))
    feeds.finish()
    number_lines(connection, open_before | open_skus(connection, channel, keys))
    return plan


def _write_orders(connection: sa.Connection, feeds: LockedFeeds, placed: Sequence[OrderFacts], now_us: int) -> None:
    if not placed:
        return
    orders = [
        {
            "id": facts.order.order, "placed_us": to_us(facts.order.placed_at or from_us(now_us)),
            "body": order_text(facts.order), "cancelled_us": None, "state": facts.outcome.state,
            "missing": msgspec.json.encode(facts.outcome.missing).decode(), "updated_us": now_us,
        }
        for facts in placed
    ]  # fmt: skip
    connection.execute(sa.insert(schema.web_order), orders)
    asked = [
        {"order_id": facts.order.order, **one._asdict(), "at_us": now_us} for facts in placed for one in facts.asked
    ]
    if asked:
        connection.execute(sa.insert(schema.allotment), asked)
    write_new_picks(connection, feeds, placed, now_us)
    for facts in placed:
        ask_to_count_of(connection, feeds, facts)
    reserve_new(connection, feeds, {facts.order.order: _reserved(facts) for facts in placed}, now_us)
    settle_alarms(connection, "oversold", {facts.order.order: oversold(facts) for facts in placed}, now_us)


def _reserved(facts: OrderFacts) -> Mapping[tuple[str, str], int]:
    return {(p.store, sku): quantity for p in facts.outcome.parcels for sku, quantity in p.reserved.items()}
