"""What people count, receive and write off at a channel, taken into the hub's ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from hub.channels.links import Links
from hub.channels.ports import Page, StockFact, StockSource
from hub.errors import PooledLocation, UnmappedWord
from hub.matters.stock_facts import SaidFact
from hub.storage.channel_facts import SqlChannelFacts
from hub.storage.channel_pages import NotTaken, PageEnd


class CountIntake:
    """See `incoming.Intake`. `wake` is called when the channel is to be told of its levels anew."""

    def __init__(self, store: SqlChannelFacts, source: StockSource, wake: Callable[[], None]) -> None:
        self._store = store
        self._source = source
        self._wake = wake

    def page(self, cursor: str) -> Page[StockFact]:
        """What was told."""
        return self._source.changed(cursor)

    def begin(self, since: datetime) -> str:
        """Facts are asked for by name."""
        del since
        return ""

    def one(self, key: str) -> Sequence[StockFact] | None:
        """A fact by the channel's id."""
        found = self._source.fact(key)
        return () if found is None else (found,)

    def take(self, found: Sequence[StockFact], end: PageEnd, links: Links, now: datetime) -> None:
        """Take in a page: facts, levels, what is parked and the cursor, all at once."""
        said: list[SaidFact] = []
        unmapped: list[NotTaken] = []
        for fact in found:
            try:
                said.append(said_of(fact, links))
            except (UnmappedWord, PooledLocation) as error:
                unmapped.append(NotTaken(fact.key, str(error), fact.raw))
        if self._store.take(said, end, unmapped, now):
            self._wake()


def said_of(fact: StockFact, links: Links) -> SaidFact:
    """A fact with the store that it is of. Raises UnmappedWord, and PooledLocation where it is one of several."""
    store = links.to_ours("location", fact.location).ours
    if len(stores := links.all_ours("location", fact.location)) > 1:
        raise PooledLocation(links.channel, fact.location, stores)
    return SaidFact(fact.key, fact.kind, fact.sku, store, fact.location, fact.quantity, fact.at, fact.note, fact.raw)
