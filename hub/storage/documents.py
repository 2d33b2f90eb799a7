"""The hub's rows as feed documents."""

from __future__ import annotations

import msgspec

from hub.stock.level import Level
from protocol.documents import Document, Item, Settings, Stock
from protocol.ids import Sku

SETTINGS_KEY = "store"
_encoder = msgspec.json.Encoder()


def stock_document(sku: Sku, level: Level, revision: int) -> Document:
    """A store's level, as its tills hear of it."""
    stock = Stock(sku=sku, on_hand=level.on_hand, reserved=level.reserved, counted_at=level.counted_at)
    return Document(kind="stock", key=sku, revision=revision, body=msgspec.Raw(_encoder.encode(stock)))


def item_document(sku: Sku, item: Item | None, revision: int) -> Document:
    """An item of the catalogue; None is one that was deleted."""
    if item is None:
        return Document(kind="item", key=sku, revision=revision, deleted=True)
    return Document(kind="item", key=sku, revision=revision, body=msgspec.Raw(_encoder.encode(item)))


def settings_document(settings: Settings, revision: int) -> Document:
    """How a store's tills look and count."""
    return Document(kind="settings", key=SETTINGS_KEY, revision=revision, body=msgspec.Raw(_encoder.encode(settings)))
