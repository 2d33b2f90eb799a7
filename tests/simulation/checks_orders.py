"""What must hold of orders, reservations, transfers, lots and recounts: at every commit of the hub, and at rest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from hub.projections.rebuild import differences
from hub.stock.lots import expired
from hub.storage.lots import day_in, lots_at
from tests.simulation.books import (
    Asked,
    Balance,
    Fact,
    balance,
    counted_at,
    differing,
    effects_of,
    in_transit,
    level,
    lots_named,
    promised,
)
from tests.simulation.office import SAFETY
from tests.simulation.scenario import SKUS
from tests.simulation.sql_hub import SqlHub

if TYPE_CHECKING:
    from tests.simulation.world import World

_TWICE_OUT = (
    "SELECT key, store, count(*) FROM matter WHERE kind = 'pick' AND role = 'handed_over' GROUP BY key, store"
    " HAVING count(*) > 1"
)

Documents = Mapping[tuple[str, str, str], dict[str, object]]
"""Bodies of the documents that tills are shown, by store (or "global"), kind and key."""

_RESERVED = (
    "SELECT l.store, l.sku, l.reserved, coalesce(sum(r.quantity), 0) FROM level l LEFT JOIN reservation r"
    " ON r.store = l.store AND r.sku = l.sku GROUP BY l.store, l.sku HAVING l.reserved <> coalesce(sum(r.quantity), 0)"
    " OR l.reserved < 0"
)
_KEPT_AND_RESERVED = (
    "SELECT r.key, r.store FROM reservation r JOIN matter m ON m.kind = 'pick' AND m.key = r.key AND m.store = r.store"
    " AND m.role = 'handed_over' WHERE r.kind = 'order' UNION"
    " SELECT r.key, r.store FROM reservation r JOIN matter m ON m.kind = 'transfer' AND m.key = r.key"
    " AND m.store = r.store AND m.role = 'sent' WHERE r.kind = 'transfer'"
)


class OrderChecks:
    """Watches the orders of one run. `found` is a broken invariant in words."""

    def __init__(self, world: World, hub: SqlHub) -> None:
        self._world = world
        self._hub = hub
        self._decisions = 0

    def after_commit(self) -> Iterator[str]:
        """What must hold whenever the hub has committed."""
        hub = self._hub
        for store, sku, said, total in hub.rows(_RESERVED):
            yield f"8: {store} {sku}: the level says {said} reserved, the reservations are {total}"
        for order, store in hub.rows(_KEPT_AND_RESERVED):
            yield f"8: {order} has left {store}, and is still reserved there"
        for order, store, times in hub.rows(_TWICE_OUT):
            said = sum(fact.handed_over for fact in self._out(str(order), str(store)))
            if int(str(times)) > said:
                yield f"8: {order} was handed over {times} times at {store}, which has said so {said} times"
        asked = self._asked()
        for one in asked[self._decisions :]:
            left = hub.rows("SELECT on_hand - reserved FROM level WHERE store = ? AND sku = ?", one.store, one.sku)
            if not left or int(str(left[0][0])) < SAFETY.get(one.sku, 0) + self._expired(one.store, one.sku):
                yield f"9: {one.store} was asked for {one.quantity} {one.sku} of {one.order}: too many, {left}"
        self._decisions = len(asked)
        for order, sku, total in hub.rows(
            "SELECT key, sku, sum(quantity) FROM reservation WHERE kind = 'order' GROUP BY key, sku"
        ):
            known = self._world.books.orders.get(str(order))
            ordered = known.pieces.get(str(sku), 0) if known is not None else 0
            if int(str(total)) > ordered:
                yield f"9: {total} {sku} are reserved for {order}, ordered were {ordered}"

    def at_the_end(self, facts: Sequence[Fact]) -> Iterator[str]:
        """What must hold when all is quiet."""
        books, asked = self._world.books, self._asked()
        known = {str(row[0]): row[1:] for row in self._hub.rows("SELECT id, missing, state FROM web_order")}
        if set(known) != set(books.orders):
            yield f"8: orders {sorted(set(known) ^ set(books.orders))} are not what was placed"
            return
        balances = {order.id: balance(order, asked, facts) for order in books.orders.values()}
        documents = self._documents()
        self._tally(asked, documents, [str(state) for _, state in known.values()])
        for order, found in balances.items():
            yield from self._order(order, found, str(known[order][0]), str(known[order][1]))
            yield from self._picks(order, found, documents)
        yield from self._transfers(facts, documents)
        yield from self._alarms(facts, balances)
        for store in self._world.stores:
            for difference in differences(self._hub.stores.ledger, self._hub.database, store):
                yield f"2: rebuilt from its ledger, a level would be another one: {difference}"
        yield from self._recounts(facts, balances, documents)
        yield from self._lots(facts)

    def _tally(self, asked: Sequence[Asked], documents: Documents, states: Sequence[str]) -> None:
        count = self._world.dice.count
        for state in states:
            count(f"order ends {state}")
        for _ in (one for one in asked if one.round > 1):
            count("store asked in a later round")
        for _ in (kind for _, kind, _ in documents if kind == "recount"):
            count("recount asked for")

    def _order(self, order: str, found: Balance, missing: str, state: str) -> Iterator[str]:
        placed = self._world.books.orders[order]
        total = Counter(found.missing)
        for parcel in found.parcels:
            total.update(parcel.goods)
        if not placed.cancelled and total != Counter(placed.pieces):
            yield f"8: the parcels of {order} and what is missing are {dict(total)}, ordered was {dict(placed.pieces)}"
        if json.loads(missing) != found.missing:
            yield f"8: {order} lacks {found.missing}, the hub says {missing}"
        rows = self._hub.rows("SELECT store, sku, quantity FROM reservation WHERE kind = 'order' AND key = ?", order)
        reserved = {(str(store), str(sku)): quantity for store, sku, quantity in rows}
        wanted = {(p.store, sku): quantity for p in found.parcels for sku, quantity in p.reserved.items()}
        if reserved != wanted:
            yield f"8: for {order} the hub has reserved {reserved}, right is {wanted}"
        full = [parcel for parcel in found.parcels if parcel.goods]
        is_out = bool(full) and not found.missing and all(parcel.state == "handed_over" for parcel in full)
        if (state == "handed_over") != is_out or (placed.cancelled and not is_out and state != "cancelled"):
            yield f"8: {order} is {state} at the hub; its parcels: {found.parcels}"
        if found.missing:
            yield from self._still_there(order, found)

    def _still_there(self, order: str, found: Balance) -> Iterator[str]:
        chosen = self._world.books.orders[order].chosen
        closed = {parcel.store for parcel in found.parcels if parcel.state != "open" or parcel.short}
        for key, level_now in self._hub.levels().items():
            if key.sku in found.missing and key.store not in closed and key.store == (chosen or key.store):
                left = level_now.on_hand - level_now.reserved - SAFETY.get(key.sku, 0)
                left -= self._expired(key.store, key.sku)
                if left > 0:
                    yield f"9: {order} lacks {key.sku}, and {key.store}, which has {left}, was not asked"

    def _picks(self, order: str, found: Balance, documents: Documents) -> Iterator[str]:
        cancelled = self._world.books.orders[order].cancelled
        wanted = {
            parcel.store: (parcel.state, dict(parcel.goods))
            for parcel in found.parcels
            if parcel.goods and not (cancelled and parcel.state == "open")
        }
        shown = {
            store: (str(body.get("state", "open")), _goods(body))
            for (store, kind, key), body in documents.items()
            if (kind, key) == ("pick", order)
        }
        if self._world.scenario.hub_clock_jumps:  # work that was done a week ago, as the hub has it, is shown no more
            wanted = {
                s: told for s, told in wanted.items() if s in shown or not (cancelled or told[0] == "handed_over")
            }
        if shown != wanted:
            yield f"8: the stores are shown {shown} of {order}, right is {wanted}"

    def _transfers(self, facts: Sequence[Fact], documents: Documents) -> Iterator[str]:
        coming = {place: dict(goods) for place, goods in in_transit(facts).items() if place[1] in self._world.stores}
        to_send = promised(self._world.books.wanted, facts)
        wanted = coming | {(key, one.from_store): dict(one.goods) for key, one in to_send.items()}
        shown = {(key, store): _goods(body) for (store, kind, key), body in documents.items() if kind == "transfer"}
        if shown != wanted:
            yield f"10: on its way, or to be sent, is {wanted}, the stores are shown {shown}"
        rows = self._hub.rows("SELECT key, store, sku, quantity FROM reservation WHERE kind = 'transfer'")
        reserved = {(key, store, sku): quantity for key, store, sku, quantity in rows}
        right = {(key, one.from_store, sku): n for key, one in to_send.items() for sku, n in one.goods.items()}
        if reserved != right:
            yield f"10: reserved for transfers is {reserved}, right is {right}"

    def _alarms(self, facts: Sequence[Fact], balances: Mapping[str, Balance]) -> Iterator[str]:
        wanted = {("oversold", order) for order, found in balances.items() if found.missing}
        wanted |= {("transfer_differs", transfer) for transfer in differing(facts)}
        wanted |= {("handed_over_twice", order) for order, _ in _twice_out(facts)}
        kinds = "('oversold', 'transfer_differs', 'handed_over_twice')"
        rows = self._hub.rows(f"SELECT kind, subject FROM alarm WHERE closed_us IS NULL AND kind IN {kinds}")  # noqa: S608 - our own words
        if set(rows) != wanted:
            yield f"13: alarms stand for {rows}, right is {wanted}"

    def _recounts(self, facts: Sequence[Fact], balances: Mapping[str, Balance], documents: Documents) -> Iterator[str]:
        shown = {(store, key) for store, kind, key in documents if kind == "recount"}
        twice = _twice_out(facts)
        for store in self._world.stores:
            for sku in SKUS:
                counted = counted_at(effects_of(store, sku, facts))
                on_hand = level(store, sku, facts)
                is_below = on_hand is not None and on_hand < 0
                is_short = any(
                    sku in parcel.short and parcel.picked_at is not None and _is_before(counted, parcel.picked_at)
                    for found in balances.values()
                    for parcel in found.parcels
                    if parcel.store == store
                )
                is_twice = any(
                    place == store and sku in goods and _is_before(counted, last)
                    for (_, place), (last, goods) in twice.items()
                )
                # A pick-up that the store lacked goods for may have been cancelled since; the doubt about them stays.
                is_doubted = any(o.chosen == store and sku in o.pieces for o in self._world.books.orders.values())
                # A count of a clock that is ahead has seen what the hub has not come to yet.
                is_old = _is_before(counted, self._world.hub_wall - timedelta(days=3))
                must = (is_below and is_old) or ((is_short or is_twice) and not self._world.scenario.hub_clock_jumps)
                if (store, sku) in shown and not (is_below or is_short or is_twice or is_doubted):
                    yield f"11: {store} is asked to count {sku}, and nothing calls for it"
                if must and (store, sku) not in shown:
                    yield f"11: {store} has {on_hand} of {sku}, and is not asked to count it"

    def _lots(self, facts: Sequence[Fact]) -> Iterator[str]:
        with self._hub.database.read() as connection:
            for store in self._world.stores:
                for sku in SKUS:
                    found = lots_at(connection, store, sku)
                    on_hand = level(store, sku, facts) or 0
                    named = lots_named(effects_of(store, sku, facts))
                    there = {lot: quantity for lot, quantity in named.items() if quantity > 0}
                    shown = {f"{one.lot.name or f'@{one.lot.expires}'}": one.quantity for one in found if any(one.lot)}
                    if sum(one.quantity for one in found) != on_hand:
                        yield f"12: the lots of {store} {sku} are {found}, the level is {on_hand}"
                    if sum(there.values()) <= max(0, on_hand) and shown != there:
                        yield f"12: the lots of {store} {sku} are {shown}, right is {there}"
                    if any(quantity > there.get(lot, 0) for lot, quantity in shown.items()):
                        yield f"12: the lots of {store} {sku} are {shown}, and there are only {there}"

    def _expired(self, store: str, sku: str) -> int:
        """What of a level may not be sold any more, by the hub's own lots (12 holds those against the books)."""
        with self._hub.database.read() as connection:
            day = day_in(connection, store, self._world.hub_wall)
            return sum(one.quantity for one in expired(lots_at(connection, store, sku), day))

    def _out(self, order: str, store: str) -> list[Fact]:
        facts = self._world.books.all_facts().values()
        return [fact for fact in facts if fact.order == order and fact.store == store and fact.handed_over]

    def _asked(self) -> list[Asked]:
        rows = self._hub.rows("SELECT order_id, number, store, sku, quantity FROM allotment ORDER BY rowid")
        return [Asked(*row) for row in rows]  # type: ignore[arg-type] # the columns' own types

    def _documents(self) -> dict[tuple[str, str, str], dict[str, object]]:
        rows = self._hub.rows("SELECT feed, kind, key, body FROM document WHERE NOT deleted")
        return {
            (str(feed).removeprefix("store-"), str(kind), str(key)): json.loads(str(body))
            for feed, kind, key, body in rows
        }


def _twice_out(facts: Sequence[Fact]) -> dict[tuple[str, str], tuple[datetime, frozenset[str]]]:
    """Parcels that were handed over more than once: when last, and what of."""
    found: dict[tuple[str, str], list[Fact]] = {}
    for fact in facts:
        if fact.handed_over:
            found.setdefault((fact.order, fact.store), []).append(fact)
    return {
        place: (max(fact.at for fact in said), frozenset(effect.sku for fact in said for effect in fact.effects))
        for place, said in found.items()
        if len(said) > 1
    }


def _is_before(counted: datetime | None, moment: datetime) -> bool:
    return counted is None or counted < moment


def _goods(body: Mapping[str, object]) -> dict[str, int]:
    goods: Counter[str] = Counter()
    for line in body["lines"]:  # type: ignore[attr-defined] # JSON
        goods[line["sku"]] += line["quantity"]
    return dict(goods)
