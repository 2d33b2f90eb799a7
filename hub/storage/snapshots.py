"""A feed's whole state as a stream, for the file that terminals fetch; see `SnapshotSource`.

Rows come through a cursor, some hundred at a time: two million documents cost no more memory than two thousand. They
come by key and not by revision, which is how a till's tables take them fastest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import sqlalchemy as sa

from hub.errors import UnknownStore
from hub.stock.level import Level
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.documents import SETTINGS_KEY, stock_document
from hub.storage.feeds import cursors_of
from hub.storage.moments import maybe_from_us
from hub.storage.upserts import upsert
from protocol.documents import Document
from protocol.ids import FeedName, Sku, StoreId, store_of_feed
from protocol.snapshot import SnapshotHead

_FETCHED = 500


class SqlSnapshotSource:
    """See `SnapshotSource`."""

    def __init__(self, database: Database, lineage: str) -> None:
        self._database = database
        self.lineage = lineage

    def changed(self, feed: FeedName, from_rev: int, count_max: int) -> int:
        """See SnapshotSource."""
        with self._database.read() as connection:
            found = 0
            for table, mine in _places(feed):
                some = sa.select(table.c.revision).where(mine, table.c.revision > from_rev).limit(count_max - found)
                found += connection.execute(sa.select(sa.func.count()).select_from(some.subquery())).scalar_one()
                if found >= count_max:
                    break
            return found

    @contextmanager
    def whole(self, feed: FeedName) -> Iterator[tuple[SnapshotHead, Iterator[Document]]]:
        """See SnapshotSource."""
        store = store_of_feed(feed)
        with self._database.read() as connection:
            revision = connection.execute(sa.select(schema.feed.c.revision).where(schema.feed.c.name == feed)).scalar()
            if revision is None:
                raise UnknownStore(f"feed {feed}: no such feed")
            count = 0 if store is None else 1  # the settings
            for table, mine in _places(feed):
                living = sa.not_(table.c.deleted) if "deleted" in table.c else sa.true()
                count += connection.execute(sa.select(sa.func.count()).where(mine, living)).scalar_one()
            cursors = tuple(cursors_of(connection, store, 0)) if store is not None else ()
            head = SnapshotHead(feed=feed, lineage=self.lineage, revision=revision, documents=count, cursors=cursors)
            yield head, _documents(connection, feed, store)

    def noted(self, feed: FeedName) -> str:
        """See SnapshotSource."""
        with self._database.read() as connection:
            query = sa.select(schema.state.c.value).where(schema.state.c.name == _name(feed))
            return str(connection.execute(query).scalar() or "")

    def note(self, feed: FeedName, digest: str) -> None:
        """See SnapshotSource."""
        with self._database.write() as connection:
            upsert(connection, schema.state, [{"name": _name(feed), "value": digest}], replace=("value",))


def _name(feed: FeedName) -> str:
    return f"snapshot.{feed}"


def _places(feed: FeedName) -> Iterator[tuple[sa.Table, sa.ColumnElement[bool]]]:
    """The tables in which a feed's documents stand, and which rows of them; settings aside, which are one."""
    store = store_of_feed(feed)
    if store is None:
        yield schema.item, sa.true()
    else:
        yield schema.level, schema.level.c.store == store
    yield schema.document, schema.document.c.feed == feed


def _documents(connection: sa.Connection, feed: FeedName, store: StoreId | None) -> Iterator[Document]:
    streaming = connection.execution_options(yield_per=_FETCHED)
    if store is None:
        item = schema.item.c
        items = sa.select(item.sku, item.revision, item.body).where(sa.not_(item.deleted)).order_by(item.sku)
        for sku, revision, body in streaming.execute(items):
            yield Document(kind="item", key=sku, revision=revision, body=msgspec.Raw(body.encode()))
    else:
        yield from _of_store(streaming, store)
    document = schema.document.c
    others = (
        sa.select(document.kind, document.key, document.revision, document.body)
        .where(document.feed == feed, sa.not_(document.deleted))
        .order_by(document.kind, document.key)
    )
    for kind, key, revision, body in streaming.execute(others):
        yield Document(kind=kind, key=key, revision=revision, body=msgspec.Raw(body.encode()))


def _of_store(streaming: sa.Connection, store: StoreId) -> Iterator[Document]:
    found, level = schema.store.c, schema.level.c
    settings = sa.select(found.settings, found.settings_revision).where(found.id == store)
    for body, revision in streaming.execute(settings):
        yield Document(kind="settings", key=SETTINGS_KEY, revision=revision, body=msgspec.Raw(body.encode()))
    levels = (
        sa.select(level.sku, level.on_hand, level.reserved, level.counted_us, level.revision)
        .where(level.store == store)
        .order_by(level.sku)
    )
    for sku, on_hand, reserved, counted_us, revision in streaming.execute(levels):
        yield stock_document(Sku(sku), Level(on_hand, reserved, maybe_from_us(counted_us)), revision)
