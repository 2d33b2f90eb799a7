"""What a till may ask, on a real database."""

from __future__ import annotations

import sqlalchemy as sa

from hub.matters.outcome import returned_lines
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.matters import logged_sale, told_of
from hub.storage.shelves import web_levels
from protocol.events import SaleRefunded
from protocol.ids import StoreId
from protocol.messages import Elsewhere, FoundReceipt, ReturnedLine, StoreStock


class SqlAnswerStore:
    """See `AnswerStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find_receipt(self, number: str, nearest: StoreId) -> FoundReceipt | None:
        """See AnswerStore."""
        with self._database.read() as connection:
            found = logged_sale(connection, number, nearest)
            if found is None:
                return None
            refunds = [told.data for told in told_of(connection, "receipt", number)]
        returned = returned_lines(found.sale, [data for data in refunds if isinstance(data, SaleRefunded)])
        return FoundReceipt(
            sale=found.sale, store=found.told.store, terminal=found.told.terminal, at=found.told.at,
            returned=tuple(ReturnedLine(line=line, quantity=quantity) for line, quantity in sorted(returned.items())),
        )  # fmt: skip

    def elsewhere(self, sku: str) -> Elsewhere | None:
        """See AnswerStore."""
        item = schema.item.c
        known = sa.select(item.sku).where(item.sku == sku, item.deleted.is_(False))
        with self._database.read() as connection:
            levels = web_levels(connection, [sku])[sku]
            if not levels and connection.execute(known).first() is None:
                return None
            names = {row.id: row.name for row in connection.execute(sa.select(schema.store.c.id, schema.store.c.name))}
        stores = [
            StoreStock(store=store, store_name=names[store], available=available)
            for store, available in sorted(levels.items())
            if store in names
        ]
        return Elsewhere(sku=sku, stores=tuple(stores))
