"""Orders of channels on a real database: what follows from a state of an order, in one transaction.

The order, its allotments, reservations and picks, what left and came back of it, its lines that the channel still
holds goods back for, and the version that was taken in, are written together or not at all. So the same state may come
any number of times, from several processes, and older ones may come after newer ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
import sqlalchemy as sa

from hub.errors import UnknownStore
from hub.matters.channel_goods import ChannelGoods
from hub.matters.channel_orders import Intake, KnownOrder, SaidGoods, SaidOrder, intake_of, placed_of
from hub.matters.orders import Asked, PlacedOrder
from hub.storage import schema
from hub.storage.changed_skus import COUNTER
from hub.storage.channel_asides import resolve_aside
from hub.storage.channel_states import PORT, lock_states, states_of, write_states
from hub.storage.counted_lines import number_lines, open_skus
from hub.storage.database import Database
from hub.storage.document_rows import LockedFeeds
from hub.storage.moments import from_us, to_us
from hub.storage.new_orders import NewOrders, plan_new, write_new
from hub.storage.order_goods import write_goods
from hub.storage.orders import complete, order_text, refuse_picks, settle_placed, stores_now
from hub.storage.settling_orders import AllotmentPolicy, OrderFacts, SettledBy, all_stores, choose, facts_of, widening
from hub.storage.shelves import parts_by_sku
from protocol.goods import taken
from protocol.ids import StoreId, store_feed

TakenIn = Literal["known", "noted", "placed", "changed", "cancelled"]
"""What became of a state of an order. "noted": it is written down, and no order follows, or nothing of it is new."""


class _Plan(NamedTuple):
    """What is to be done with a state: `order` as it is to stand, None where the hub has none."""

    intake: Intake
    order: PlacedOrder | None
    goods: Sequence[ChannelGoods]
    stores: frozenset[str]
    taken_back: Sequence[Asked] = ()


class SqlChannelOrderStore:
    """Takes in orders of channels. Thread-safe."""

    def __init__(self, database: Database, policy: AllotmentPolicy) -> None:
        self._database = database
        self._policy = policy
        database.state(COUNTER, "0")

    def unknown(self, channel: str, versions: Mapping[str, str]) -> frozenset[str]:
        """Those of these orders (version by key) whose very state has not been taken in."""
        with self._database.read() as connection:
            known = states_of(connection, channel, list(versions))
        return frozenset(key for key, version in versions.items() if key not in known or known[key].version != version)

    def new_of(self, said: Sequence[SaidOrder], now: datetime) -> NewOrders:
        """What of some orders of one channel `take_new` can do; each may be there once."""
        with self._database.read() as connection:
            return plan_new(connection, said, SettledBy(to_us(now), self._policy))

    def take_new(self, said: Sequence[SaidOrder], plan: NewOrders, now: datetime) -> frozenset[str]:
        """Take in those orders that are new, or of which nothing follows, in one transaction; returns their keys.

        `plan` is what `new_of` said of them. Raises StorageUnavailable, StorageRejected: none of them was.
        """
        if not plan.keys:
            return frozenset()

        def attempt(stores: frozenset[str]) -> frozenset[str]:
            with self._database.write() as connection:
                return write_new(connection, said, plan, SettledBy(to_us(now), self._policy), stores).keys

        return widening(attempt, plan.stores, lambda: stores_now(self._database))

    def take(self, said: SaidOrder, now: datetime) -> TakenIn:
        """Take in an order as it is now.

        Raises UnorderableItem, UnknownStore, OrderConflict, msgspec.ValidationError: it cannot be taken in as it is,
        and nothing of it is; StorageUnavailable: try again.
        """
        by = SettledBy(to_us(now), self._policy)
        with self._database.read() as connection:
            plan = _plan(connection, said, by)
        if plan is None:
            return "known"
        return widening(
            lambda stores: self._take(said, SettledBy(by.now_us, by.policy, plan.stores), stores),
            plan.stores,
            lambda: stores_now(self._database),
        )

    def _take(self, said: SaidOrder, by: SettledBy, stores: frozenset[str]) -> TakenIn:
        with self._database.write() as connection:
            feeds = LockedFeeds(connection, [store_feed(StoreId(store)) for store in stores])
            lock_states(connection, [said])
            plan = _plan(connection, said, by, lock=True)
            if plan is None:
                return "known"
            order = said.head.order
            open_before = open_skus(connection, said.channel, [said.key])
            write_states(connection, [said], by.now_us)
            if plan.order is not None:
                _write_order(connection, plan, by.now_us)
                write_goods(connection, order, plan.goods)
                settle_placed(connection, feeds, order, by)
            resolve_aside(connection, said.channel, PORT, said.key, from_us(by.now_us))
            number_lines(connection, open_before | open_skus(connection, said.channel, [said.key]))
        return _word(plan.intake)


def _word(intake: Intake) -> TakenIn:
    if intake.cancel:
        return "cancelled"
    return "placed" if intake.place else "changed" if intake.change or intake.revive else "noted"


def _plan(connection: sa.Connection, said: SaidOrder, by: SettledBy, *, lock: bool = False) -> _Plan | None:
    facts = facts_of(connection, said.head.order, lock=lock)
    intake = intake_of(said, _known(connection, said, facts))
    if intake is None:
        return None
    if said.own or (facts is None and not intake.place):
        return _Plan(intake, None, (), frozenset())
    known = None if facts is None else facts.order
    order = _ordered(connection, said, known, by) if intake.place or intake.change or known is None else known
    goods = _goods(connection, said, facts)
    before = facts.cancelled_at if facts is not None and not intake.revive else None
    cancelled_at = from_us(by.now_us) if intake.cancel else before
    asked, told = (facts.asked, facts.told) if facts is not None else ((), ())
    back = _taken_back(facts) if intake.revive and facts is not None else []
    after = OrderFacts(order, [*asked, *back], told, cancelled_at, goods)
    # Under the locks it is chosen once more anyway, where it is decided (`settle_order`).
    chosen = () if lock else choose(connection, after, by)
    stores = after.stores.union(one.store for one in chosen)
    unknown = stores - all_stores(connection)
    if unknown:
        raise UnknownStore(
            f"order {order.order}: store {', '.join(sorted(unknown))}: there is none of this name; map the channel's "
            "location to one of `tillwire-hub store list`"
        )
    return _Plan(intake, order, goods, stores, back)


def _taken_back(facts: OrderFacts) -> list[Asked]:
    """All that stores were asked for and have not gathered: what is wanted again is asked for by today's stock."""
    number = max((one.number for one in facts.asked), default=0) + 1
    return [
        Asked(number, parcel.store, sku, -quantity)
        for parcel in facts.outcome.parcels
        if parcel.state == "open"
        for sku, quantity in parcel.rest.items()
    ]


def _known(connection: sa.Connection, said: SaidOrder, facts: OrderFacts | None) -> KnownOrder:
    heard = states_of(connection, said.channel, [said.key]).get(said.key, KnownOrder())
    if facts is None:
        return heard
    return replace(heard, order=facts.order, cancelled=facts.cancelled_at is not None)


def _ordered(connection: sa.Connection, said: SaidOrder, known: PlacedOrder | None, by: SettledBy) -> PlacedOrder:
    order = placed_of(said)
    if order.store and order.store not in all_stores(connection):
        raise UnknownStore(
            f"order {order.order}: store {order.store}: there is none of this name; `tillwire-hub store list` shows all"
        )
    if known is None:
        refuse_picks(connection, order.order)
        return complete(connection, order, from_us(by.now_us))
    order = msgspec.structs.replace(order, placed_at=order.placed_at or known.placed_at)
    if order.lines == known.lines:  # a recipe that was changed meanwhile changes nothing of what was promised
        return msgspec.structs.replace(order, pieces=known.pieces)
    return complete(connection, order, from_us(by.now_us), {line.sku for line in known.lines})


def _goods(connection: sa.Connection, said: SaidOrder, facts: OrderFacts | None) -> list[ChannelGoods]:
    """What left and came back by the channel's word, in pieces, each with what the ledger was told of it so far."""
    known = {} if facts is None else {(goods.kind, goods.key, goods.sku): goods for goods in facts.said}
    made_of = parts_by_sku(connection, sorted({sku for one in said.goods for sku in one.goods}))
    found: dict[tuple[str, str, str], ChannelGoods] = {}
    for one in said.goods:
        pieces: Counter[str] = Counter()
        for sku, quantity in one.goods.items():
            if sku in made_of:
                for part in taken(made_of[sku], quantity):
                    pieces[part.sku] += part.quantity
            else:
                pieces[sku] += quantity
        for sku, quantity in sorted(pieces.items()):
            before = known.pop((one.kind, one.key, sku), None)
            store, at, moved = (
                (before.store, before.at, before.moved) if before is not None else (_store(one, sku, facts), one.at, 0)
            )
            found[one.kind, one.key, sku] = ChannelGoods(one.kind, one.key, sku, store, at, quantity, one.ours, moved)
    # What the channel said once and says no more has not happened after all, unless it says each return but once.
    stays = {"returned"} if said.returned_once else set[str]()
    return [
        *found.values(),
        *(goods if goods.kind in stays else replace(goods, quantity=0) for goods in known.values()),
    ]


def _store(said: SaidGoods, sku: str, facts: OrderFacts | None) -> str:
    """Which of the stores that share a place at the channel: one that has these goods of the order, if any has."""
    if facts is None or said.kind == "returned":
        return said.store
    having = [p for p in facts.outcome.parcels if p.store in said.pool and p.goods.get(sku, 0) > 0]
    having.sort(key=lambda parcel: (parcel.state == "handed_over", parcel.store != said.store, parcel.store))
    return having[0].store if having else said.store


def _write_order(connection: sa.Connection, plan: _Plan, now_us: int) -> None:
    order, table = plan.order, schema.web_order.c
    assert order is not None
    if plan.intake.place:
        row = {
            "id": order.order, "placed_us": to_us(order.placed_at or from_us(now_us)), "body": order_text(order),
            "cancelled_us": None, "state": "open", "missing": "{}", "updated_us": now_us,
        }  # fmt: skip
        connection.execute(sa.insert(schema.web_order).values(row))
    mine = sa.update(schema.web_order).where(table.id == order.order)
    if plan.intake.change:
        connection.execute(mine.values(body=order_text(order), updated_us=now_us))
    if plan.intake.revive:
        connection.execute(mine.values(cancelled_us=None))
    if plan.taken_back:
        rows = [{"order_id": order.order, **one._asdict(), "at_us": now_us} for one in plan.taken_back]
        connection.execute(sa.insert(schema.allotment), rows)
    if plan.intake.cancel:
        connection.execute(mine.where(table.cancelled_us.is_(None)).values(cancelled_us=now_us))
