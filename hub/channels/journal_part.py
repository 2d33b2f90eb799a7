"""Goes through the tills' journals behind the ingest, and puts into a channel's outbox what it wants to be told.

The rows and the cursor that says how far this is are written in one transaction: whatever dies when, each sale is in
the outbox once. A sale that is taken in costs the ingest nothing for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from hub.channels.part import Opened
from hub.channels.settings import sales_of, tells_sales
from hub.channels.told import (
    HANDED_OVER_TYPE,
    REFUND_TYPE,
    SALE_TYPE,
    Telling,
    hear,
    orders_named,
    receipts_named,
    to_tell,
)
from hub.storage.channel_journals import SqlChannelJournals

EVENTS_AT_ONCE = 500
IDLE_S = 1.0
LOOK_ANYWAY = timedelta(seconds=30)


class JournalPart:
    """See Part. `drains` are the parts that send what this one writes."""

    def __init__(self, opened: Opened, journals: SqlChannelJournals, drains: tuple[str, ...]) -> None:
        self._opened = opened
        self._journals = journals
        self._drains = drains
        self._seen: Mapping[str, int] | None = None
        self._looked_at: datetime | None = None
        sales = opened.channel.sales is not None and tells_sales(opened.settings)
        self._receipts_of = sales_of(opened.settings) if sales else None
        receipts = (SALE_TYPE, REFUND_TYPE) if sales else ()
        parcels = (HANDED_OVER_TYPE,) if opened.channel.orders is not None else ()
        self._types = (*receipts, *parcels)

    def step(self, now: datetime) -> float:
        """See Part."""
        heads = self._journals.heads()
        if heads == self._seen and self._looked_at is not None and now - self._looked_at < LOOK_ANYWAY:
            return IDLE_S
        news = self._journals.news(self._opened.name, self._types, EVENTS_AT_ONCE)
        if news.upto or news.again:
            heard = [hear(event, now) for event in news.events]
            orders = orders_named(heard)
            receipts = receipts_named(heard)
            telling = Telling(
                self._receipts_of,
                self._journals.their_orders(self._opened.name, orders) if orders else {},
                self._journals.passed_receipts(self._opened.name, receipts) if receipts else frozenset(),
            )
            told = to_tell(heard, telling, now)
            self._journals.write(self._opened.name, self._opened.holder, news, told, now)
            if told.now or told.later:
                for part in self._drains:
                    self._opened.wake(part)
        if news.more:
            return 0.0
        self._seen, self._looked_at = heads, now
        return IDLE_S


def make_journal_part(journals: SqlChannelJournals, drains: tuple[str, ...], opened: Opened) -> JournalPart | None:
    """The journal part of a channel that takes sales or gives orders; None for others."""
    if opened.channel.sales is None and opened.channel.orders is None:
        return None
    return JournalPart(opened, journals, drains)
