"""What must hold of a channel's orders: at every commit of the hub, and when all is quiet."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hub.projections.rebuild import differences
from tests.simulation.channel_shop import CHANNEL, ShopOrder
from tests.simulation.checks import Violation

if TYPE_CHECKING:
    from tests.simulation.channel_world import ChannelWorld

_RESERVED = (
    "SELECT l.store, l.sku, l.reserved, coalesce(sum(r.quantity), 0) FROM level l LEFT JOIN reservation r"
    " ON r.store = l.store AND r.sku = l.sku GROUP BY l.store, l.sku HAVING l.reserved <> coalesce(sum(r.quantity), 0)"
    " OR l.reserved < 0"
)
_MOVED = (
    "SELECT coalesce(sum(moved), 0) FROM order_goods UNION ALL SELECT coalesce(sum(delta), 0) FROM movement"
    " WHERE source = '~hub' AND kind IN ('fulfil', 'refund')"
)


class ChannelChecks:
    """Watches one run."""

    def __init__(self, world: ChannelWorld) -> None:
        self._world = world

    def after_commit(self) -> None:
        """Raise Violation for what must hold whenever the hub has committed."""
        hub = self._world.hub
        for store, sku, said, total in hub.rows(_RESERVED):
            raise Violation(f"8: {store} {sku}: the level says {said} reserved, the reservations are {total}")
        said, moved = (row[0] for row in hub.rows(_MOVED))
        if said != moved:
            raise Violation(f"14: the hub's own movements are {moved}, by what channels said they are {said}")
        pieces = {str(row[0]): json.loads(str(row[1])).get("pieces", {}) for row in hub.rows(
            "SELECT id, body FROM web_order")}  # fmt: skip
        for order, sku, total in hub.rows("SELECT key, sku, sum(quantity) FROM reservation GROUP BY key, sku"):
            if int(str(total)) > pieces[str(order)].get(str(sku), 0):
                raise Violation(f"9: {total} {sku} are reserved for {order}, ordered are {pieces[str(order)]}")

    def at_the_end(self) -> Iterator[str]:
        """What must hold when all is quiet."""
        world, hub = self._world, self._world.hub
        for store in world.tills:
            for difference in differences(hub.stores.ledger, hub.database, store):
                yield f"2: rebuilt from its ledger, a level would be another one: {difference}"
        yield from self._levels()
        waiting = hub.rows("SELECT kind, key, why FROM channel_aside WHERE resolved_us IS NULL")
        if waiting:
            yield f"15: parked for ever: {waiting}"
        if hub.rows("SELECT 1 FROM channel_heard WHERE state = 'new'"):
            yield "15: a webhook that nobody has looked at"
        known = {str(row[0]): row[1:] for row in hub.rows("SELECT id, body, cancelled_us IS NOT NULL FROM web_order")}
        for order in map(world.shop.order_now, world.shop.order_keys()):
            yield from self._order(order, known)

    def _levels(self) -> Iterator[str]:
        from tests.simulation.channel_people import OPENING  # noqa: PLC0415 - it stands on this module

        for store, sku, on_hand in self._world.hub.rows("SELECT store, sku, on_hand FROM level"):
            truly = OPENING + self._world.shop.moved[str(store), str(sku)]
            if on_hand != truly:
                yield f"16: {store} has {truly} {sku}, the hub says {on_hand}"

    def _order(self, order: ShopOrder, known: dict[str, tuple[object, ...]]) -> Iterator[str]:
        name = f"{CHANNEL}:{order.key}"
        lines = {sku: quantity for sku, quantity in order.lines.items() if quantity}
        given_up = order.cancelled or not lines
        if order.own:
            if name in known:
                yield f"17: {name} is what the hub itself wrote there, and was taken for an order"
            return
        if name not in known:
            if not given_up:
                yield f"17: {name} was never taken in"
            return
        body, cancelled = known[name]
        if bool(cancelled) != given_up:
            yield f"17: {name} is {'off' if given_up else 'on'} at the shop, at the hub it is not"
        if not given_up and json.loads(str(body))["pieces"] != lines:
            yield f"17: {name} wants {lines}, the hub has {json.loads(str(body))['pieces']}"
        open_ = {str(row[0]) for row in self._world.hub.rows(
            "SELECT sku FROM channel_line WHERE key = ? AND open", order.key)}  # fmt: skip
        if open_ != set(order.open()):
            yield f"18: the shop holds goods back for {sorted(order.open())} of {name}, the hub counts {sorted(open_)}"
        if not given_up:
            yield from self._parcels(name, lines)

    def _parcels(self, name: str, lines: dict[str, int]) -> Iterator[str]:
        facts = self._world._facts(name.partition(":")[2])  # noqa: SLF001 - the world's own eyes
        total = Counter(facts.outcome.missing)
        surplus: Counter[str] = Counter()
        for parcel in facts.outcome.parcels:
            total.update(parcel.goods)
            surplus.update(parcel.surplus)
        for sku, quantity in lines.items():
            gone = sum((p.goods if p.state == "handed_over" else p.left).get(sku, 0) for p in facts.outcome.parcels)
            if total[sku] - surplus[sku] < quantity or (total[sku] - surplus[sku] > quantity and gone <= quantity):
                outcome = facts.outcome
                yield f"19: of {quantity} {sku} of {name}, parcels and what is missing are {total[sku]}: {outcome}"
