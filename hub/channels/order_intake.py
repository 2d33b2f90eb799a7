"""A channel's orders, taken in: what cannot be is parked alone, and those behind it go on.

New ones share transactions, all else is taken one by one.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from hub.channels.handed_on import PASSING
from hub.channels.links import Links
from hub.channels.ports import ChannelOrder, OrderSource, Page
from hub.channels.taking import CustomerTaker
from hub.errors import UnmappedWord
from hub.matters.channel_orders import SaidGoods, SaidLine, SaidOrder
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_orders import SqlChannelOrderStore
from hub.storage.channel_pages import PageEnd
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_states import PORT
from hub.storage.new_orders import AT_ONCE, NewOrders

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrderStores:
    """What is written."""

    orders: SqlChannelOrderStore
    asides: SqlAsideStore
    parts: SqlChannelParts


@dataclass(frozen=True)
class _New:
    """Orders of a page that may be taken together, as they were told and in our words, and what is to be done."""

    orders: Sequence[ChannelOrder] = ()
    said: Sequence[SaidOrder] = ()
    plan: NewOrders = field(default_factory=NewOrders)


class OrderIntake:
    """See `incoming.Intake`."""

    def __init__(self, stores: OrderStores, source: OrderSource, customers: CustomerTaker | None) -> None:
        self._stores = stores
        self._source = source
        self._customers = customers

    def page(self, cursor: str) -> Page[ChannelOrder]:
        """What changed."""
        return self._source.changed(cursor)

    def begin(self, since: datetime) -> str:
        """Orders are asked for by name."""
        del since
        return ""

    def one(self, key: str) -> Sequence[ChannelOrder] | None:
        """An order by the channel's id."""
        found = self._source.order(key)
        return () if found is None else (found,)

    def take(self, found: Sequence[ChannelOrder], end: PageEnd, links: Links, now: datetime) -> None:
        """Take in all; one that cannot be must not hold up others, since they concern different stores.

        The cursor is written once all have been: killed before, they come again, and are known.
        """
        for one in end.unread:
            self._stores.asides.put((end.channel, PORT, one.key), one.why, one.raw, now)
        for start in range(0, len(found), AT_ONCE):
            self._take_some(found[start : start + AT_ONCE], end, links, now)
        if end.cursor is not None:
            self._stores.parts.save_cursor(end.channel, end.port, end.cursor, end.holder)

    def _take_some(self, found: Sequence[ChannelOrder], end: PageEnd, links: Links, now: datetime) -> None:
        """Those that are new together, after all others: what was cancelled is theirs to have."""
        unknown = self._stores.orders.unknown(end.channel, {order.key: order.version for order in found})
        # Pages overlap: most of what comes again has nothing new, nor has its customer.
        news = [order for order in found if order.key in unknown]
        new = self._new_of(news, end, links, now)
        for order in news:
            if order.key not in new.plan.keys:
                self._take_alone(order, end, links, now)
        taken = self._take_new(new, end, now)
        for order in new.orders:
            if order.key not in taken:
                self._take_alone(order, end, links, now)

    def _new_of(self, news: Sequence[ChannelOrder], end: PageEnd, links: Links, now: datetime) -> _New:
        if len(news) < 2:  # noqa: PLR2004 - one is taken alone
            return _New()
        count = Counter(order.key for order in news)
        try:
            told = [_said(order, end.channel, links) for order in news if count[order.key] == 1]
            said = [one for one in told if one is not None]
            plan = self._stores.orders.new_of(said, now) if said else NewOrders()
        except PASSING:
            raise
        except Exception:  # noqa: BLE001 - taken one by one, it is said of which and why
            return _New()
        return _New([order for order in news if order.key in plan.keys], said, plan)

    def _take_new(self, new: _New, end: PageEnd, now: datetime) -> frozenset[str]:
        people = [order.customer for order in new.orders if order.customer is not None and not order.own]
        try:
            if self._customers is not None and people:
                self._customers(end.channel, people, now)
            return self._stores.orders.take_new(new.said, new.plan, now)
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("new orders are taken one by one", extra={"channel": end.channel, "why": str(error)})
            return frozenset()

    def _take_alone(self, order: ChannelOrder, end: PageEnd, links: Links, now: datetime) -> None:
        """Take it in, or put it aside."""
        try:
            if self._customers is not None and order.customer is not None and not order.own:
                self._customers(end.channel, [order.customer], now)
            self._stores.orders.take(said_of(order, end.channel, links), now)
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one order is no reason to stop all others
            why = str(error) or type(error).__name__
            _log.warning(
                "an order of a channel is put aside",
                extra={"channel": end.channel, "order": order.key, "why": why},
                exc_info=not str(error),
            )
            raw = order.raw or msgspec.json.encode(order)
            self._stores.asides.put((end.channel, PORT, order.key), why, raw, now)


def _said(order: ChannelOrder, channel: str, links: Links) -> SaidOrder | None:
    """As `said_of`; None for an order of which no words can be made, which is said when it is taken alone."""
    try:
        return said_of(order, channel, links)
    except Exception:  # noqa: BLE001 - one that cannot be read must not hold up all others
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
