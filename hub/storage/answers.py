"""What a till may ask, on a real database."""

from __future__ import annotations

import sqlalchemy as sa

from hub.matters.outcome import returned_lines
from hub.stock.level import Level, web_available
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.matters import logged_sale, told_of
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
        level, item = schema.level.c, schema.item.c
        query = (
            sa.select(level.store, schema.store.c.name, level.on_hand, level.reserved)
            .select_from(schema.level.join(schema.store, schema.store.c.id == level.store))
            .where(level.sku == sku)
            .order_by(level.store)
        )
        known = sa.select(item.sku).where(item.sku == sku, item.deleted.is_(False))
        with self._database.read() as connection:
            rows = connection.execute(query).all()
            if not rows and connection.execute(known).first() is None:
                return None
        stores = [
            StoreStock(store=row.store, store_name=row.name, available=web_available(Level(row.on_hand, row.reserved)))
            for row in rows
        ]
        return Elsewhere(sku=sku, stores=tuple(stores))
