"""What truly happens around a web shop's orders: its customers, its own people, and the clerks of the stores.

They see what is in their hands. What they do is in the shop's books and in the tills' journals; what of it the hub has
heard is another matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from hub.channels.ports import ReturnedGoods
from hub.ingest.session import ingest
from hub.storage.orders import SqlOrderStore
from hub.storage.settling_orders import AllotmentPolicy
from protocol.events import EventData, OrderHandedOver, OrderPicked, StockLine
from protocol.ids import Sku, StoreId
from tests.simulation.channel_checks import ChannelChecks
from tests.simulation.channel_shop import CHANNEL, ChannelShop, Shipment, ShopOrder, with_shipment
from tests.simulation.dice import Dice
from tests.simulation.sql_hub import SqlHub
from tests.unit.hub.journals import Journal

BEGIN = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)
STORES = (StoreId("S1"), StoreId("S2"))
SKUS = (Sku("A"), Sku("B"))
UNKNOWN = Sku("X")
OPENING = 40_000
TRIES = 30


@dataclass
class Parcel:
    """What a store's clerk has gathered of an order."""

    order: str
    store: StoreId
    goods: dict[str, int]
    is_out: bool = False
    told: bool = False


class ChannelPeople:
    """The part of a run that is no program. What stands here the run itself makes (`channel_world.py`)."""

    names_hand_overs: bool
    dice: Dice
    now: datetime
    hub: SqlHub
    shop: ChannelShop
    checks: ChannelChecks
    policy: AllotmentPolicy
    tills: dict[StoreId, Journal]
    sent: Counter[StoreId]
    parcels: list[Parcel]
    webhooks: list[tuple[int, str, str]]
    _serial: int
    _about: frozenset[str]

    def _place(self) -> None:
        self._serial += 1
        sku = UNKNOWN if self.dice.chance(0.2) else self.dice.random.choice(SKUS)
        lines: dict[str, int] = {sku: self._some(), self.dice.random.choice(SKUS): self._some()}
        self.dice.count("shop order placed" if sku != UNKNOWN else "shop order of an unknown SKU")
        self._put(ShopOrder(f"o{self._serial}", lines, own=self.dice.chance(0.1)))

    def _change(self) -> None:
        order = self._pick(lambda one: not one.cancelled and not one.own)
        if order is None or not self.names_hand_overs:
            return
        sku = self.dice.random.choice(sorted(order.lines))
        quantity = max(order.left(sku), self._some() - 1_000)
        self.dice.count("shop order changed")
        self._put(replace(order, lines={**order.lines, sku: quantity}))

    def _cancel(self) -> None:
        order = self._pick(lambda one: not one.cancelled and not one.shipped and not one.own)
        if order is not None:
            self.dice.count("shop order cancelled")
            self._put(replace(order, cancelled=True))

    def _ship(self) -> None:
        """The shop's own people take goods of an order from a store that was asked for them."""
        order = self._pick(lambda one: bool(one.open()) and not one.own)
        facts = None if order is None else self._facts(order.key)
        if order is None or facts is None or facts.cancelled_at is not None:
            return
        for parcel in facts.outcome.parcels:
            store = StoreId(parcel.store)
            if any(one.is_out and (one.order, one.store) == (order.key, store) for one in self.parcels):
                continue
            goods = {
                sku: min(quantity, order.open().get(sku, 0), self._some()) for sku, quantity in parcel.rest.items()
            }
            unseen = {sku: self._unseen(order.key, store, sku) for sku in goods}
            goods = {sku: least for sku, q in goods.items() if (least := min(q, parcel.rest[sku] - unseen[sku])) > 0}
            if goods and self._is_within(order, goods):
                self._serial += 1
                self._left(store, goods)
                for sku, quantity in goods.items():
                    self.shop.physically[order.key, store, sku] += quantity
                self.dice.count("shop ships by itself")
                self._put(with_shipment(order, Shipment(f"f{self._serial}", store, self.now, goods)))
                return

    def _echo(self) -> None:
        """The shop is told of a parcel that a till handed over, and the hub has heard of."""
        for parcel in self.parcels:
            order = self.shop.order_now(parcel.order)
            if not (parcel.is_out and self._is_heard(parcel)) or parcel.told:
                continue
            parcel.told = True
            goods = {sku: quantity for sku, quantity in parcel.goods.items() if quantity}
            if all(order.open().get(sku, 0) >= quantity for sku, quantity in goods.items()):
                self._serial += 1
                ours = f"h{self._serial}" if self.names_hand_overs else ""
                self.dice.count("shop is told of a hand-over")
                self._put(with_shipment(order, Shipment(f"f{self._serial}", parcel.store, self.now, goods, ours)))
                return

    def _return(self) -> None:
        order = self._pick(lambda one: bool(one.shipped))
        if order is None:
            return
        back = Counter[str]()
        for one in order.returned:
            back.update(one.goods)
        goods = {sku: 1_000 for sku in order.lines if order.left(sku) - back[sku] >= 1_000}
        if goods:
            self._serial += 1
            store = self.dice.random.choice(STORES)
            self._left(store, {sku: -quantity for sku, quantity in goods.items()})
            self.dice.count("shop order returned")
            returned = (*order.returned, ReturnedGoods(f"r{self._serial}", store, self.now, goods))
            self._put(replace(order, returned=returned))

    def _put(self, order: ShopOrder) -> None:
        self.shop.put(order, self.now)
        self._serial += 1
        for _ in self.dice.hops():
            self.webhooks.append((TRIES, f"e{self._serial}", order.key))

    # what stores do

    def _gather(self) -> None:
        for key in self.dice.random.sample(self.shop.order_keys(), len(self.shop.order_keys())):
            facts = self._facts(key)
            if facts is None or facts.cancelled_at is not None:
                continue
            for parcel in facts.outcome.parcels:
                store = StoreId(parcel.store)
                known = any((one.order, one.store) == (key, store) for one in self.parcels)
                if parcel.state != "open" or known or not parcel.rest:
                    continue
                # What the shop's people took meanwhile is not there, whether the till shows so or not.
                goods = {sku: q - self._unseen(key, store, sku) for sku, q in parcel.rest.items()}
                if min(goods.values()) < 0 or not any(goods.values()):
                    continue
                if self.dice.chance(0.2):
                    sku = self.dice.random.choice(sorted(goods))
                    goods[sku] = max(0, goods[sku] - 1_000)
                    self.dice.count("parcel gathered short")
                self.parcels.append(Parcel(key, store, goods))
                self._says(store, OrderPicked(order=f"{CHANNEL}:{key}", lines=_lines(goods), by="lan"))
                self.dice.count("parcel gathered")
                return

    def _hand_over(self) -> None:
        waiting = [one for one in self.parcels if not one.is_out]
        if not waiting:
            return
        parcel = self.dice.random.choice(waiting)
        # Before the shop's people took something of it, or not at all: a clerk sees what is in his hands.
        if self._taken_of(parcel) or not any(parcel.goods.values()):
            return
        parcel.is_out = True
        self._left(parcel.store, parcel.goods)
        data = OrderHandedOver(order=f"{CHANNEL}:{parcel.order}", lines=_lines(parcel.goods), by="lan")
        self._says(parcel.store, data)
        self.dice.count("parcel handed over")

    def _says(self, store: StoreId, data: EventData) -> None:
        self.tills[store].append(data, self.now)

    def _tell(self) -> None:
        """A till's journal reaches the hub."""
        store = self.dice.random.choice(STORES)
        till = self.tills[store]
        if self.sent[store] < len(till.events):
            self.sent[store] += 1
            ingest(self.hub.stores.ledger, [till.batch(self.sent[store], self.sent[store])], self.now)
            self.checks.after_commit()

    def _facts(self, key: str) -> Any:  # noqa: ANN401 - OrderFacts, or None
        return SqlOrderStore(self.hub.database, self.policy).facts(f"{CHANNEL}:{key}")

    def _pick(self, wanted: Callable[[ShopOrder], bool]) -> ShopOrder | None:
        keys = [key for key in self.shop.order_keys() if not self._about or key in self._about]
        orders = [order for order in map(self.shop.order_now, keys) if wanted(order)]
        return self.dice.random.choice(orders) if orders else None

    def _some(self) -> int:
        return 1_000 * self.dice.random.randint(1, 4)

    def _left(self, store: StoreId, goods: dict[str, int]) -> None:
        for sku, quantity in goods.items():
            self.shop.moved[store, sku] -= quantity

    def _unseen(self, key: str, store: StoreId, sku: str) -> int:
        """What the shop's people took there and the hub has not heard of."""
        rows = self.hub.rows(
            "SELECT coalesce(sum(quantity), 0) FROM order_goods WHERE order_id = ? AND kind = 'left' AND store = ?"
            " AND sku = ? AND ours = ''", f"{CHANNEL}:{key}", store, sku,
        )  # fmt: skip
        return self.shop.physically[key, store, sku] - int(str(rows[0][0]))

    def _taken_of(self, parcel: Parcel) -> bool:
        return any(self.shop.physically[parcel.order, parcel.store, sku] for sku in parcel.goods)

    def _is_within(self, order: ShopOrder, goods: dict[str, int]) -> bool:
        """Nobody takes out more than was ordered, by whichever way."""
        for sku, quantity in goods.items():
            by_tills = sum(one.goods.get(sku, 0) for one in self.parcels if one.order == order.key and one.is_out)
            by_shop = sum(q for (key, _, s), q in self.shop.physically.items() if (key, s) == (order.key, sku))
            if by_tills + by_shop + quantity > order.lines.get(sku, 0):
                return False
        return True

    def _is_heard(self, parcel: Parcel) -> bool:
        query = "SELECT 1 FROM matter WHERE kind = 'pick' AND role = 'handed_over' AND key = ? AND store = ?"
        return bool(self.hub.rows(query, f"{CHANNEL}:{parcel.order}", parcel.store))


def _lines(goods: dict[str, int]) -> tuple[StockLine, ...]:
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in sorted(goods.items()) if quantity)
