"""The catalogue as it is kept, for whoever changes it: items by SKU, and all packs and bundles."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from protocol.documents import Item

_PART = 500


def items_by_sku(database: Database, skus: Collection[str]) -> Mapping[str, Item]:
    """The items of these SKUs that there are."""
    item, wanted = schema.item.c, sorted(skus)
    found: dict[str, Item] = {}
    with database.read() as connection:
        for start in range(0, len(wanted), _PART):
            part = wanted[start : start + _PART]
            query = sa.select(item.sku, item.body).where(item.sku.in_(part), item.deleted.is_(False))
            found |= {sku: msgspec.json.decode(body, type=Item) for sku, body in connection.execute(query)}
    return found


def packs_and_bundles(database: Database) -> Iterator[Item]:
    """All packs and bundles; reads through the catalogue once, for commands that a person gives."""
    item = schema.item.c
    marked = sa.or_(item.body.contains('"pack_of":'), item.body.contains('"parts":'))
    with database.read() as connection:
        for (body,) in connection.execute(sa.select(item.body).where(item.deleted.is_(False), marked)):
            yield msgspec.json.decode(body, type=Item)
