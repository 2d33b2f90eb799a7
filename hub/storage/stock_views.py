"""What stores are chosen by: what the web may sell where, as it is now, or as it was read once for many orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Protocol

import sqlalchemy as sa

from hub.matters.orders import Asked
from hub.storage import schema
from hub.storage.lots import day_in, expired_in
from hub.storage.moments import from_us
from hub.storage.shelves import Shelf, shelves_of


class StockView(Protocol):
    """What the web may sell, in thousandths. What has expired is kept some seconds behind; asked for, it is exact."""

    def online(self) -> Mapping[str, bool]:
        """Whether a till of a store is heard; a store without tills is left out."""
        ...

    def available(self, skus: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """By SKU and store, with what is kept of what has expired."""
        ...

    def less_expired(self, store: str, skus: Collection[str]) -> Mapping[str, int]:
        """What is available in a store of those SKUs of which something has expired, reckoned to this very day."""
        ...


class StockNow:
    """Reads each time it is asked."""

    def __init__(self, connection: sa.Connection, now_us: int) -> None:
        self._connection = connection
        self._now_us = now_us

    def online(self) -> Mapping[str, bool]:
        """See StockView."""
        terminal = schema.terminal.c
        heard = sa.select(terminal.store, sa.func.max(sa.case((terminal.online, 1), else_=0)).label("online"))
        rows = self._connection.execute(heard.where(terminal.revoked_us.is_(None)).group_by(terminal.store))
        return {row.store: bool(row.online) for row in rows}

    def available(self, skus: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """See StockView."""
        shelves = shelves_of(self._connection, skus)
        return {sku: {store: shelf.available for store, shelf in places.items()} for sku, places in shelves.items()}

    def less_expired(self, store: str, skus: Collection[str]) -> Mapping[str, int]:
        """See StockView."""
        gone = self.expired(store, skus)
        shelves = shelves_of(self._connection, list(gone)) if gone else {}
        return {sku: replace(shelves[sku][store], expired=quantity).available for sku, quantity in gone.items()}

    def expired(self, store: str, skus: Collection[str]) -> Mapping[str, int]:
        """How much of these has expired by the store's own day; what is 0 is left out."""
        return expired_in(self._connection, store, skus, day_in(self._connection, store, from_us(self._now_us)))


class StockOfMany:
    """Reads once for many orders, and remembers what was promised to those before: nothing else moves under locks."""

    def __init__(self, connection: sa.Connection, skus: Collection[str], now_us: int) -> None:
        self._now = StockNow(connection, now_us)
        self._skus = sorted(set(skus))
        self._online = self._now.online()
        self._shelves = {sku: dict(places) for sku, places in shelves_of(connection, self._skus).items()}
        self._available: dict[str, dict[str, int]] = {
            sku: {store: shelf.available for store, shelf in places.items()} for sku, places in self._shelves.items()
        }
        self._expired: dict[str, Mapping[str, int]] = {}

    def online(self) -> Mapping[str, bool]:
        """See StockView."""
        return self._online

    def available(self, skus: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """See StockView."""
        return {sku: self._available[sku] for sku in skus if sku in self._available}

    def less_expired(self, store: str, skus: Collection[str]) -> Mapping[str, int]:
        """See StockView."""
        if store not in self._expired:
            self._expired[store] = self._now.expired(store, self._skus)
        gone = self._expired[store]
        return {sku: replace(self._shelves[sku][store], expired=gone[sku]).available for sku in skus if sku in gone}

    def promise(self, asked: Iterable[Asked]) -> None:
        """What is asked of these stores is theirs no more to sell."""
        for one in asked:
            shelf: Shelf = self._shelves[one.sku][one.store]
            shelf = replace(shelf, reserved=shelf.reserved + one.quantity)
            self._shelves[one.sku][one.store] = shelf
            self._available[one.sku][one.store] = shelf.available


def by_store(available: Mapping[str, Mapping[str, int]]) -> Mapping[str, dict[str, int]]:
    """The same by store and SKU."""
    found: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for sku, places in available.items():
        for store, quantity in places.items():
            found[store][sku] = quantity
    return found
