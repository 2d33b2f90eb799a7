"""The price rules of a store, compiled when a promotion or a setting has changed, and kept from scan to scan.

What is kept is named by what it was made from (revisions, settings), never by when: whoever asks inside a transaction
gets the rules of that transaction's books. The trap: the writer's and the reader's thread both ask; so what is kept is
a tuple, which is replaced and never changed.
"""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from edge_agent.replica.documents import KindMark, list_documents, mark_of
from edge_agent.till.pricing import Basket, PricedBasket, PriceRules, compile_rules, price
from protocol.documents import Settings
from protocol.ids import GLOBAL_FEED, FeedName
from protocol.promotions import Promotion

_KIND = "promotion"


class _Revisions(NamedTuple):
    """How far both feeds are applied: as long as this stands, no promotion can have changed."""

    of_all: tuple[str, int]
    of_store: tuple[str, int]


class _Source(NamedTuple):
    """What rules are made from."""

    of_all: KindMark
    of_store: KindMark
    prices_include_tax: bool
    currency: str
    cash_step: int


class RulesKept:
    """The newest rules and the newest priced basket. Any thread may ask."""

    def __init__(self) -> None:
        self._marks: tuple[_Revisions, KindMark, KindMark] | None = None
        self._rules: tuple[_Source, PriceRules] | None = None
        self._priced: tuple[Basket, PriceRules, PricedBasket] | None = None

    def of(self, connection: sqlite3.Connection, feed: FeedName, settings: Settings, currency: str) -> PriceRules:
        """The rules of the store with this feed, in the books that the connection sees."""
        revisions = _Revisions(_revision(connection, GLOBAL_FEED), _revision(connection, feed))
        known = self._marks
        if known is None or known[0] != revisions:
            # A level of stock moves the store's feed at every sale; that costs a look at the marks and no more.
            known = (revisions, mark_of(connection, GLOBAL_FEED, _KIND), mark_of(connection, feed, _KIND))
            self._marks = known
        source = _Source(known[1], known[2], settings.prices_include_tax, currency, settings.cash_step)
        kept = self._rules
        if kept is None or kept[0] != source:
            kept = source, _compile(connection, feed, source)
            self._rules = kept
        return kept[1]

    def price(self, basket: Basket, rules: PriceRules) -> PricedBasket:
        """Price a basket; an order and the picture after it, or two pictures of one cart, are priced once."""
        kept = self._priced
        if kept is None or kept[1] is not rules or kept[0] != basket:
            kept = basket, rules, price(basket, rules)
            self._priced = kept
        return kept[2]


def _compile(connection: sqlite3.Connection, feed: FeedName, source: _Source) -> PriceRules:
    promotions = [
        promotion for each in (GLOBAL_FEED, feed) for promotion in list_documents(connection, each, _KIND, Promotion)
    ]
    return compile_rules(
        promotions, prices_include_tax=source.prices_include_tax, currency=source.currency, cash_step=source.cash_step
    )


def _revision(connection: sqlite3.Connection, feed: FeedName) -> tuple[str, int]:
    row = connection.execute("SELECT lineage, revision FROM feed_state WHERE feed = ?", (feed,)).fetchone()
    return (row[0], row[1]) if row is not None else ("", 0)
