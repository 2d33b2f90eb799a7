"""Orders as a channel tells them, for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hub.matters.channel_orders import SaidGoods, SaidLine, SaidOrder
from hub.matters.orders import OrderHead
from tests.unit.hub.journals import at

CHANNEL = "web"


def said_order(  # noqa: PLR0913 - all that an order may be
    version: int, lines: Mapping[str, int], *, key: str = "o1", cancelled: bool = False,
    goods: Sequence[SaidGoods] = (), fulfilled: Mapping[str, int] | None = None, own: bool = False,
) -> SaidOrder:  # fmt: skip
    """The `version`-th state of an order of (SKU: thousandths); each SKU is a line of its own."""
    left = fulfilled or {}
    return SaidOrder(
        channel=CHANNEL, key=key, version=str(version), updated_at=at(1000 + version),
        head=OrderHead(order=f"{CHANNEL}:{key}", channel=CHANNEL, number=f"#{key}", placed_at=at(900)),
        lines=[SaidLine(f"{key}-{sku}", sku, quantity, left.get(sku, 0)) for sku, quantity in sorted(lines.items())],
        cancelled=cancelled, goods=goods, own=own,
    )  # fmt: skip


def left(
    key: str, store: str, second: float = 1500, *, ours: str = "", pool: Sequence[str] = (), **goods: int
) -> SaidGoods:
    """Goods that left by the channel's word."""
    return SaidGoods("left", key, store, at(second), goods, ours, frozenset(pool))


def returned(key: str, store: str, second: float = 1600, **goods: int) -> SaidGoods:
    """Goods that came back by the channel's word."""
    return SaidGoods("returned", key, store, at(second), goods)
