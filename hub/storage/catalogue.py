"""The catalogue on a real database: items as documents of the global feed."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.upserts import upsert
from protocol.documents import Item
from protocol.goods import parts_of
from protocol.ids import GLOBAL_FEED, Sku

_PART = 500
T = TypeVar("T")


class SqlCatalogueStore:
    """See `CatalogueStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put_items(self, items: Sequence[Item], now: datetime) -> int:
        """See CatalogueStore."""
        del now
        with self._database.write() as connection:
            return put_items(connection, items)

    def delete_items(self, skus: Collection[Sku], now: datetime) -> int:
        """See CatalogueStore."""
        del now
        with self._database.write() as connection:
            return delete_items(connection, skus)


def put_items(connection: sa.Connection, items: Sequence[Item]) -> int:
    """As `CatalogueStore.put_items`, within a caller's transaction."""
    bodies = {Sku(item.sku): (item, msgspec.json.encode(item).decode()) for item in items}
    revision = lock_catalogue(connection) + 1
    known = _bodies(connection, list(bodies))
    rows = [
        {
            "sku": sku, "revision": revision, "deleted": False, "name": item.name, "unit": item.unit,
            "search": search_text(item.name), "body": body, "category": item.category,
        }
        for sku, (item, body) in bodies.items()
        if known.get(sku) != body
    ]  # fmt: skip
    _write(connection, rows, revision)
    _write_parts(connection, [bodies[Sku(str(row["sku"]))][0] for row in rows])
    return len(rows)


def delete_items(connection: sa.Connection, skus: Collection[Sku]) -> int:
    """As `CatalogueStore.delete_items`, within a caller's transaction."""
    revision = lock_catalogue(connection) + 1
    rows = [
        {
            "sku": sku, "revision": revision, "deleted": True, "name": "", "unit": "", "search": "",
            "body": "{}", "category": "",
        }
        for sku in _bodies(connection, list(skus))
    ]  # fmt: skip
    _write(connection, rows, revision)
    return len(rows)


def kept_items(connection: sa.Connection, skus: Sequence[Sku]) -> dict[Sku, Item]:
    """The items of these SKUs that are not deleted."""
    return {sku: msgspec.json.decode(body, type=Item) for sku, body in _bodies(connection, skus).items()}


def search_text(name: str) -> str:
    """What a name is found by: without case, and both with and without its accents ("Phở" by "phở" and by "pho")."""
    folded = name.casefold()
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not unicodedata.combining(c)).replace("đ", "d")
    return folded if bare == folded else f"{folded}\n{bare}"


def lock_catalogue(connection: sa.Connection) -> int:
    """Lock the global feed, which is also the catalogue's lock; returns its revision."""
    query = sa.select(schema.feed.c.revision).where(schema.feed.c.name == GLOBAL_FEED).with_for_update()
    return int(connection.execute(query).scalar_one())


def _bodies(connection: sa.Connection, skus: Sequence[Sku]) -> Mapping[Sku, str]:
    item = schema.item.c
    found: dict[Sku, str] = {}
    for part in _parts(skus):
        query = sa.select(item.sku, item.body).where(item.sku.in_(part), item.deleted.is_(False))
        found.update({Sku(row[0]): row[1] for row in connection.execute(query)})
    return found


def _write(connection: sa.Connection, rows: Sequence[Mapping[str, object]], revision: int) -> None:
    if not rows:
        return
    columns = ["revision", "deleted", "name", "unit", "search", "body", "category"]
    upsert(connection, schema.item, rows, replace=columns)
    connection.execute(sa.update(schema.feed).where(schema.feed.c.name == GLOBAL_FEED).values(revision=revision))


def _write_parts(connection: sa.Connection, items: Sequence[Item]) -> None:
    # A deleted item keeps its parts: an order of yesterday may still name it.
    rows = [{"sku": item.sku, "part": part.sku, "quantity": part.quantity} for item in items for part in parts_of(item)]
    for part in _parts(items):
        mine = schema.made_of.c.sku.in_([item.sku for item in part])
        connection.execute(sa.delete(schema.made_of).where(mine))
    if rows:
        connection.execute(sa.insert(schema.made_of), rows)


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), _PART):
        yield values[start : start + _PART]
