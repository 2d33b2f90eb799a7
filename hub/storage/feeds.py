"""The feeds on a real database: documents and cursors as one moment saw them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from hub.errors import UnknownStore
from hub.stock.level import Level
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.documents import SETTINGS_KEY, stock_document
from hub.storage.level_changes import changed_since
from hub.storage.moments import maybe_from_us
from protocol.documents import Document
from protocol.feed_sender import FeedSnapshot
from protocol.ids import FeedName, Sku, StoreId, store_of_feed
from protocol.messages import Cursor


class SqlFeedStore:
    """See `FeedStore`."""

    def __init__(self, database: Database, lineage: str) -> None:
        self._database = database
        self.lineage = lineage

    def heads(self) -> Mapping[FeedName, int]:
        """See FeedStore."""
        with self._database.read() as connection:
            found = connection.execute(sa.select(schema.feed.c.name, schema.feed.c.revision))
            return {FeedName(row.name): row.revision for row in found}

    def snapshot(self, feed: FeedName, from_rev: int) -> FeedSnapshot:
        """See FeedStore."""
        store = store_of_feed(feed)
        with self._database.read() as connection:
            head = connection.execute(sa.select(schema.feed.c.revision).where(schema.feed.c.name == feed)).scalar()
            if head is None:
                raise UnknownStore(f"feed {feed}: no such feed")
            if store is None:
                found = [*_items(connection, from_rev), *_documents(connection, feed, from_rev)]
                return FeedSnapshot(self.lineage, from_rev, head, found, ())
            documents = [
                *_documents(connection, feed, from_rev),
                *_settings(connection, store, from_rev),
                *_levels(connection, store, from_rev),
            ]
            return FeedSnapshot(self.lineage, from_rev, head, documents, cursors_of(connection, store, from_rev))


def _items(connection: sa.Connection, from_rev: int) -> Sequence[Document]:
    item = schema.item.c
    query = sa.select(schema.item).where(item.revision > from_rev).order_by(item.revision, item.sku)
    return [
        Document(
            kind="item", key=row.sku, revision=row.revision, deleted=row.deleted,
            body=msgspec.Raw(b"{}" if row.deleted else row.body.encode()),
        )
        for row in connection.execute(query)
    ]  # fmt: skip


def _documents(connection: sa.Connection, feed: FeedName, from_rev: int) -> Sequence[Document]:
    document = schema.document.c
    query = (
        sa.select(document.kind, document.key, document.revision, document.deleted, document.body)
        .where(document.feed == feed, document.revision > from_rev)
        .order_by(document.revision, document.kind, document.key)
    )
    return [
        Document(kind=row[0], key=row[1], revision=row[2], deleted=row[3], body=msgspec.Raw(row[4].encode()))
        for row in connection.execute(query)
    ]


def _settings(connection: sa.Connection, store: StoreId, from_rev: int) -> Sequence[Document]:
    found = schema.store.c
    query = sa.select(found.settings, found.settings_revision).where(
        found.id == store, found.settings_revision > from_rev
    )
    return [
        Document(
            kind="settings", key=SETTINGS_KEY, revision=row.settings_revision, body=msgspec.Raw(row.settings.encode())
        )
        for row in connection.execute(query)
    ]


def _levels(connection: sa.Connection, store: StoreId, from_rev: int) -> Sequence[Document]:
    level = schema.level.c
    query = (
        sa.select(level.sku, level.on_hand, level.reserved, level.counted_us, level.revision)
        .where(*changed_since(connection, store, from_rev))
        .order_by(level.revision, level.sku)
    )
    return [
        stock_document(Sku(row[0]), Level(row[1], row[2], maybe_from_us(row[3])), row[4])
        for row in connection.execute(query)
    ]


def cursors_of(connection: sa.Connection, store: StoreId, from_rev: int) -> Sequence[Cursor]:
    """How far each journal of a store is counted in, as far as that changed after `from_rev`."""
    epoch = schema.epoch.c
    query = (
        sa.select(epoch.terminal, epoch.epoch, epoch.sequence)
        .where(epoch.store == store, epoch.revision > from_rev)
        .order_by(epoch.terminal, epoch.epoch)
    )
    return [Cursor(terminal=row[0], epoch=row[1], sequence=row[2]) for row in connection.execute(query)]
