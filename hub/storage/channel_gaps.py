"""What is not linked between the shop and a channel, as the database knows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from hub.storage import schema, schema_channels
from hub.storage.database import Database

_LINK = schema_channels.channel_link.c
_ITEM, _LEVEL = schema.item.c, schema.level.c
_AT_ONCE = 500


@dataclass(frozen=True)
class UnlinkedItem:
    """Something of our catalogue that has no link, and the stores that have some of it."""

    sku: str
    name: str
    stores: tuple[str, ...]


class SqlChannelGaps:
    """Looks for gaps. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unlinked_items(self, channel: str, stores: Collection[str], limit: int) -> Sequence[UnlinkedItem]:
        """Items without a link that some of these stores have, by SKU; `limit` at most."""
        linked = sa.exists().where(_LINK.channel == channel, _LINK.kind == "item", _LINK.ours == _ITEM.sku)
        here = sa.and_(_LEVEL.sku == _ITEM.sku, _LEVEL.on_hand > 0, _LEVEL.store.in_(sorted(stores)))
        query = (
            sa.select(_ITEM.sku, _ITEM.name)
            .where(_ITEM.deleted.is_(False), ~linked, sa.exists().where(here))
            .order_by(_ITEM.sku)
            .limit(limit)
        )
        with self._database.read() as connection:
            items = connection.execute(query).all()
            where = _stores_with(connection, [row.sku for row in items], stores)
        return [UnlinkedItem(row.sku, row.name, tuple(where.get(row.sku, ()))) for row in items]

    def stores(self) -> Mapping[str, str]:
        """All stores and their names."""
        with self._database.read() as connection:
            rows = connection.execute(sa.select(schema.store.c.id, schema.store.c.name).order_by(schema.store.c.id))
            return {row.id: row.name for row in rows}

    def known_items(self, skus: Collection[str]) -> frozenset[str]:
        """Which of these SKUs are in the catalogue."""
        found: set[str] = set()
        wanted = sorted(set(skus))
        with self._database.read() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                part = wanted[start : start + _AT_ONCE]
                query = sa.select(_ITEM.sku).where(_ITEM.sku.in_(part), _ITEM.deleted.is_(False))
                found.update(connection.execute(query).scalars())
        return frozenset(found)


def _stores_with(
    connection: sa.Connection, skus: Sequence[str], stores: Collection[str]
) -> Mapping[str, Sequence[str]]:  # fmt: skip
    found: defaultdict[str, list[str]] = defaultdict(list)
    for start in range(0, len(skus), _AT_ONCE):
        part = skus[start : start + _AT_ONCE]
        query = sa.select(_LEVEL.sku, _LEVEL.store).where(
            _LEVEL.sku.in_(part), _LEVEL.on_hand > 0, _LEVEL.store.in_(sorted(stores))
        )
        for row in connection.execute(query.order_by(_LEVEL.store)):
            found[row.sku].append(row.store)
    return found
