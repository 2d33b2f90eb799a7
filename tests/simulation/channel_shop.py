"""A web shop and its books: orders that were placed, changed, cancelled, shipped and returned.

It tells what it knows, now and then as it was some changes ago: whoever answers is behind whoever wrote. What truly
left each store and came back stands beside, in `moved`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.channels.ports import ChannelLine, ChannelOrder, LeftGoods, Page, ReturnedGoods
from hub.errors import ChannelUnavailable
from hub.matters.orders import OrderHead
from tests.simulation.dice import Dice

PAGE, OVERLAP, LAG_MAX = 4, 1, 15
CHANNEL = "web"


@dataclass(frozen=True)
class Shipment:
    """Goods of an order that the shop says have left a store; `ours` if it knows that a till handed them over."""

    key: str
    store: str
    at: datetime
    goods: Mapping[str, int]
    ours: str = ""


@dataclass(frozen=True)
class ShopOrder:
    """An order as the shop has it."""

    key: str
    lines: Mapping[str, int]
    cancelled: bool = False
    own: bool = False
    shipped: tuple[Shipment, ...] = ()
    returned: tuple[ReturnedGoods, ...] = ()

    def left(self, sku: str) -> int:
        """What the shop believes has left."""
        return sum(one.goods.get(sku, 0) for one in self.shipped)

    def open(self) -> dict[str, int]:
        """What the shop believes is still to be shipped."""
        if self.cancelled:
            return {}
        return {sku: rest for sku, quantity in self.lines.items() if (rest := quantity - self.left(sku)) > 0}


@dataclass
class ChannelShop:
    """All orders, each change numbered; `now` is the shop's clock."""

    dice: Dice
    lags: bool = True
    changes: list[tuple[datetime, ShopOrder]] = field(default_factory=list)
    moved: Counter[tuple[str, str]] = field(default_factory=Counter)
    physically: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By order, store and SKU: what the shop's own people truly took from a store."""
    pause: Callable[[Collection[str]], None] = lambda _: None
    """Called with the orders of an answer before it is given."""

    def order_now(self, key: str) -> ShopOrder:
        """How an order is."""
        return next(order for _, order in reversed(self.changes) if order.key == key)

    def order_keys(self) -> list[str]:
        """All orders."""
        return list(dict.fromkeys(order.key for _, order in self.changes))

    def put(self, order: ShopOrder, now: datetime) -> None:
        """An order is new, or has changed."""
        self.changes.append((now, order))

    def changed(self, cursor: str) -> Page[ChannelOrder]:
        """See OrderSource."""
        self._is_there()
        visible = self._visible()
        since = int(cursor or 0)
        page = list(range(max(0, since - OVERLAP), min(len(visible), since + PAGE)))
        newest = {visible[number][1].key: number for number in page}
        found = [self._told(number) for number in sorted(newest.values())]
        ahead = min(len(visible), since + PAGE)
        self.pause([order.key for order in found])
        return Page(found, str(max(ahead, since)), ahead < len(visible))

    def order(self, order: str) -> ChannelOrder | None:
        """See OrderSource."""
        self._is_there()
        numbers = [number for number, (_, one) in enumerate(self._visible()) if one.key == order]
        return self._told(numbers[-1]) if numbers else None

    def _is_there(self) -> None:
        if self.dice.chance(self.dice.rates.database_away):
            self.dice.count("channel away")
            raise ChannelUnavailable("away")

    def _visible(self) -> list[tuple[datetime, ShopOrder]]:
        lag = self.dice.random.randint(1, LAG_MAX) if self.lags and self.dice.chance(self.dice.rates.reorder) else 0
        if lag:
            self.dice.count("channel tells what it was")
        return self.changes[: max(0, len(self.changes) - lag)]

    def _told(self, number: int) -> ChannelOrder:
        at, order = self.changes[number]
        lines = [
            ChannelLine(f"{order.key}-{sku}", sku, quantity, sku, order.left(sku))
            for sku, quantity in sorted(order.lines.items())
        ]
        return ChannelOrder(
            key=order.key, version=str(number), updated_at=at, head=OrderHead(order=f"{CHANNEL}:{order.key}"),
            state="cancelled" if order.cancelled else "placed", lines=lines, own=order.own,
            left=[LeftGoods(one.key, one.store, one.at, one.goods, one.ours) for one in order.shipped],
            returned=order.returned,
        )  # fmt: skip


def with_shipment(order: ShopOrder, shipment: Shipment) -> ShopOrder:
    """The order after goods left."""
    return replace(order, shipped=(*order.shipped, shipment))
