"""Web orders: the channel that places and cancels them, and the desks of the stores that gather and hand them over.

A channel repeats what was not answered, and now and then what was; a clerk sees no more than what his till shows.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Literal, NamedTuple

from hub.errors import StorageUnavailable, UnknownOrder
from hub.matters.orders import OrderedLine, PlacedOrder
from hub.stock.allotment import RULES
from hub.storage.settling_orders import AllotmentPolicy
from protocol.events import OrderHandedOver, OrderPicked, StockLine, StockReceived, TransferSent
from protocol.ids import store_feed
from tests.simulation.books import Effect, Order
from tests.simulation.reach import Reach, WorkerCrashed
from tests.simulation.road import Shipment
from tests.simulation.scenario import SKUS
from tests.simulation.shop import MADE_OF, Happening, Picked

if TYPE_CHECKING:
    from tests.simulation.till import Till
    from tests.simulation.world import World


class Work(NamedTuple):
    """An order as a till shows it, in thousandths by SKU."""

    order: str
    state: str
    goods: Mapping[str, int]
    note: str


class Channel:
    """The web shop. What it wants of the hub it wants until it is told that it is done."""

    def __init__(self, world: World, policy: AllotmentPolicy) -> None:
        assert world.sql is not None
        self._world = world
        ports = world.sql.ports(Reach(world, self._dies))
        self._store = world.parts.order_store(ports.database, policy)

    def order(self) -> None:
        """A customer buys, and may think better of it; the shop may send the order twice."""
        world, dice = self._world, self._world.dice
        number = len(world.books.orders) + 1
        lines = Counter({dice.random.choice([*SKUS, *MADE_OF]): 1000 * dice.random.randint(1, 4)})
        lines[dice.random.choice(SKUS)] += 1000
        pieces: Counter[str] = Counter()
        for sku, quantity in lines.items():
            for part, each in MADE_OF.get(sku, ((sku, 1000),)):
                pieces[part] += each * quantity // 1000
        way: Literal["pickup", "delivery"] = "pickup" if dice.chance(0.3) else "delivery"
        chosen = dice.random.choice(world.stores) if way == "pickup" or dice.chance(0.2) else ""
        placed = PlacedOrder(
            order=f"O{number}", way=way, store=chosen,
            lines=tuple(OrderedLine(sku=sku, quantity=quantity) for sku, quantity in lines.items()),
        )  # fmt: skip
        world.books.orders[placed.order] = Order(placed.order, pieces, chosen if way == "pickup" else "")
        world.dice.count(f"order for {way}")
        self._place(placed)
        if dice.chance(0.3):
            world.schedule.after(dice.pause(0.0, 4.0), self._place, placed)
        if dice.chance(0.4):
            world.schedule.after(dice.pause(0.0, 12.0), self.cancel, placed.order)

    def cancel(self, order: str) -> None:
        """A customer gives an order up."""
        self._world.books.orders[order].cancelled = True
        self._do(lambda now: self._store.cancel(order, now), f"cancels {order}", "order cancelled")

    def _place(self, placed: PlacedOrder) -> None:
        self._do(lambda now: self._store.place(placed, now), f"places {placed.order}", "order placed")

    def _do(self, work: Callable[[datetime], bool], note: str, tally: str) -> None:
        world = self._world
        try:
            is_new = work(world.hub_wall)
        except (StorageUnavailable, WorkerCrashed, UnknownOrder):
            world.dice.count(f"{tally}: no answer")
            world.schedule.after(world.dice.pause(0.3, 2.0), self._do, work, note, tally)
            return
        world.dice.count(tally if is_new else f"{tally} again")
        world.note("channel", note if is_new else f"{note} again")
        for worker in world.workers:
            worker.poll_soon()

    def _dies(self, _where: str) -> bool:
        dice = self._world.dice
        return dice.chance(dice.rates.worker_crash)


class Desks:
    """The people who gather orders. What they have done is in the books."""

    def __init__(self, world: World, channel: Channel) -> None:
        self._world = world
        self._channel = channel

    def open(self) -> None:
        """Every store begins with some of everything."""
        dice = self._world.dice.random
        for store in self._world.stores:
            till = next(till for till in self._world.tills if till.identity.store == store)
            goods = {sku: 1000 * dice.randint(5, 20) for sku in SKUS}
            till.say(partial(_receive, goods))

    def work(self) -> None:
        """Somebody looks at a till for what is to be done, and does the next thing about it."""
        till = self._world.dice.random.choice(self._world.tills)
        if self._world.dice.chance(0.3) and self._send(till):
            return
        found = [work for work in _shown(till) if self._is_open(till, work)]
        if till.session is None or not found:
            return
        work = self._world.dice.random.choice(found)
        gathered = self._gathered(till, work.order)
        if gathered is None:
            self._pick(till, work)
        elif "Cancelled" in work.note:
            self._world.dice.count("order put back on the shelf")
        else:
            self._hand_over(till, work.order, gathered)

    def _send(self, till: Till) -> bool:
        store = till.identity.store
        begun = {fact.transfer.partition(">")[0] for fact in self._world.books.all_facts().values()}
        for (kind, key), document in sorted(till.disk.replica.documents(store_feed(store)).items()):
            body = json.loads(bytes(document.body)) if kind == "transfer" and key not in begun else {}
            if body.get("state") != "wanted" or till.session is None:
                continue
            goods = tuple((line["sku"], line["quantity"]) for line in body["lines"])
            till.say(partial(_ship, Shipment(key, store, body["to_store"], goods, "transfer sent")))
            self._world.dice.count("wanted transfer sent")
            return True
        return False

    def _pick(self, till: Till, work: Work) -> None:
        dice = self._world.dice
        is_short = dice.chance(0.35)
        found = dict(work.goods)
        if is_short:
            sku = dice.random.choice(sorted(found))
            found[sku] -= min(found[sku], 1000 * dice.random.randint(1, max(1, found[sku] // 1000)))
        short = {sku: work.goods[sku] - found[sku] for sku in found if work.goods[sku] > found[sku]}
        data = OrderPicked(order=work.order, lines=_lines(found), by="lan", short=_lines(short))
        till.say(lambda _: Happening(data, pick=Picked(work.order, found)))
        dice.count("order picked short" if is_short else "order picked")

    def _hand_over(self, till: Till, order: str, goods: Mapping[str, int]) -> None:
        world = self._world
        data = OrderHandedOver(order=order, lines=_lines(goods), by="lan")

        def hand_over(at: datetime) -> Happening:
            effects = tuple(Effect(sku, -quantity, at) for sku, quantity in goods.items() if quantity)
            return Happening(data, effects, pick=Picked(order, None))

        if not world.books.orders[order].cancelled and world.dice.chance(0.15):
            world.dice.count("order cancelled while it is handed over")
            self._channel.cancel(order)
        elif world.books.orders[order].cancelled:
            world.dice.count("order handed over that the hub knows is cancelled")
        till.say(hand_over)
        world.dice.count("order handed over")
        desk = world.dice.random.choice([other for other in world.tills if other.identity.store == till.identity.store])
        if world.dice.chance(0.1) and desk.session is not None:
            # Somebody at a till that does not show it yet hands the same parcel over, or thinks so.
            desk.say(hand_over)
            world.dice.count("order handed over twice")

    def _is_open(self, till: Till, work: Work) -> bool:
        store = till.identity.store
        facts = self._world.books.all_facts().values()
        is_out = any(fact.handed_over for fact in facts if fact.order == work.order and fact.store == store)
        return bool(work.goods) and work.state != "handed_over" and not is_out

    def _gathered(self, till: Till, order: str) -> Mapping[str, int] | None:
        facts = self._world.books.all_facts().values()
        picks = [
            f.picked for f in facts if f.order == order and f.store == till.identity.store and f.picked is not None
        ]
        return picks[-1] if picks else None


def draw_policy(world: World) -> AllotmentPolicy:
    """How this chain allots."""
    return AllotmentPolicy(world.dice.random.choice(RULES), tuple(world.stores))


def _shown(till: Till) -> list[Work]:
    documents = till.disk.replica.documents(store_feed(till.identity.store))
    found = []
    for kind, key in sorted(documents):
        if kind == "pick":
            body = json.loads(bytes(documents[kind, key].body))
            goods: Counter[str] = Counter()
            for line in body["lines"]:
                goods[line["sku"]] += line["quantity"]
            found.append(Work(key, body.get("state", "open"), goods, body.get("note", "")))
    return found


def _receive(goods: Mapping[str, int], at: datetime) -> Happening:
    effects = tuple(Effect(sku, quantity, at) for sku, quantity in goods.items())
    return Happening(StockReceived(lines=_lines(goods), by="lan"), effects)


def _ship(shipment: Shipment, at: datetime) -> Happening:
    goods = dict(shipment.goods)
    data = TransferSent(transfer=shipment.transfer, to_store=shipment.to_store, lines=_lines(goods), by="lan")
    return Happening(data, tuple(Effect(sku, -quantity, at) for sku, quantity in goods.items()), shipment=shipment)


def _lines(goods: Mapping[str, int]) -> tuple[StockLine, ...]:
    return tuple(StockLine(sku=sku, quantity=quantity) for sku, quantity in goods.items() if quantity)
