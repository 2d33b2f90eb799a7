"""A channel's orders, taken in one by one: what cannot be taken in is parked, and those behind it go on."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from hub.channels.handed_on import PASSING
from hub.channels.links import Links
from hub.channels.ports import ChannelOrder, OrderSource, Page
from hub.channels.taking import CustomerTaker
from hub.errors import UnmappedWord
from hub.matters.channel_orders import SaidGoods, SaidLine, SaidOrder
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_orders import PORT, SqlChannelOrderStore
from hub.storage.channel_pages import PageEnd
from hub.storage.channel_parts import SqlChannelParts

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrderStores:
    """What is written."""

    orders: SqlChannelOrderStore
    asides: SqlAsideStore
    parts: SqlChannelParts


class OrderIntake:
    """See `incoming.Intake`."""

    def __init__(self, stores: OrderStores, source: OrderSource, customers: CustomerTaker | None) -> None:
        self._stores = stores
        self._source = source
        self._customers = customers

    def page(self, cursor: str) -> Page[ChannelOrder]:
        """What changed."""
        return self._source.changed(cursor)

    def one(self, key: str) -> Sequence[ChannelOrder] | None:
        """An order by the channel's id."""
        found = self._source.order(key)
        return () if found is None else (found,)

    def take(self, found: Sequence[ChannelOrder], end: PageEnd, links: Links, now: datetime) -> None:
        """Take in each by itself: they concern different stores, and one that cannot be must not hold up others.

        The cursor is written once all have been: killed before, they come again, and are known.
        """
        for one in end.unread:
            self._stores.asides.put((end.channel, PORT, one.key), one.why, one.raw, now)
        for order in found:
            problem = self._take(order, end, links, now)
            if problem is not None:
                raw = order.raw or msgspec.json.encode(order)
                self._stores.asides.put((end.channel, PORT, order.key), problem, raw, now)
        if end.cursor is not None:
            self._stores.parts.save_cursor(end.channel, end.port, end.cursor, end.holder)

    def _take(self, order: ChannelOrder, end: PageEnd, links: Links, now: datetime) -> str | None:
        """None, or why it could not be taken in."""
        try:
            if self._stores.orders.is_known(end.channel, order.key, order.version):
                return None  # pages overlap: most of what comes again has nothing new, nor has its customer
            if self._customers is not None and order.customer is not None and not order.own:
                self._customers(end.channel, [order.customer], now)
            self._stores.orders.take(said_of(order, end.channel, links), now)
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one order is no reason to stop all others
            _log.warning(
                "an order of a channel is put aside",
                extra={"channel": end.channel, "order": order.key, "why": str(error)},
                exc_info=not str(error),
            )
            return str(error) or type(error).__name__
        return None


def said_of(order: ChannelOrder, channel: str, links: Links) -> SaidOrder:
    """A channel's order in the words of the hub's core."""
    left = [
        SaidGoods("left", one.key, one.store, one.at, one.goods, one.ours, _pool(one.store, links))
        for one in order.left
    ]
    returned = [SaidGoods("returned", one.key, one.store, one.at, one.goods) for one in order.returned]
    return SaidOrder(
        channel=channel, key=order.key, version=order.version, updated_at=order.updated_at, head=order.head,
        lines=[SaidLine(line.line, line.sku, line.quantity, line.fulfilled) for line in order.lines],
        cancelled=order.state == "cancelled", goods=[*left, *returned], own=order.own,
        returned_once=order.returned_once, body=_body(order), raw=order.raw,
    )  # fmt: skip


def _pool(store: str, links: Links) -> frozenset[str]:
    """The stores that are one place to the channel, with this one."""
    try:
        theirs = links.to_theirs("location", store).theirs
    except UnmappedWord:
        return frozenset()
    return frozenset(links.all_ours("location", theirs))


def _body(order: ChannelOrder) -> str:
    """The order for people, without the bytes that stand beside it."""
    fields = {name: getattr(order, name) for name in ("key", "version", "updated_at", "head", "state", "lines", "left")}
    return msgspec.json.encode({**fields, "returned": order.returned, "own": order.own}).decode()
