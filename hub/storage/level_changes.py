"""Which levels of a store have changed since a revision: their SKUs, or the condition under which a query finds them.

On SQLite an index over the revisions answers that. On PostgreSQL such an index would cost every sale more than the rest
of its level (see migration 0005), so there the SKUs of each revision are noted in `level_change`. Notes go back some
thousand revisions; whoever asks for more has all of the store's levels looked through, which is right and slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from hub.storage import schema
from hub.storage.database import Database
from protocol.ids import StoreId, store_feed

KEPT = 10_000
"""Revisions of a store that are noted: a quarter of an hour at eleven commits a second; older ones go."""
PRUNE_EVERY_S = 60.0


def changed_since(connection: sa.Connection, store: str, since: int) -> Sequence[sa.ColumnElement[bool]]:
    """Conditions on `level`: the store's rows with a revision beyond `since`."""
    level = schema.level.c
    conditions: list[sa.ColumnElement[bool]] = [level.store == store, level.revision > since]
    noted = None if connection.dialect.name == "sqlite" else _noted(connection, store, since)
    if noted is not None:
        conditions.append(level.sku == sa.any_(sa.literal(sorted(noted), postgresql.ARRAY(sa.Text))))
    return conditions


def changed_skus(connection: sa.Connection, store: str, since: int) -> Mapping[str, int]:
    """The SKUs whose levels have a revision beyond `since`, each with that revision."""
    noted = None if connection.dialect.name == "sqlite" else _noted(connection, store, since)
    if noted is not None:
        return noted
    level = schema.level.c
    query = sa.select(level.sku, level.revision).where(level.store == store, level.revision > since)
    return {row[0]: row[1] for row in connection.execute(query)}


def _noted(connection: sa.Connection, store: str, since: int) -> dict[str, int] | None:
    """What the notes say; None if they do not go back so far."""
    noted = schema.level_change.c
    oldest = connection.execute(sa.select(sa.func.min(noted.revision)).where(noted.store == store)).scalar()
    if oldest is None or since < oldest - 1:
        return None
    query = sa.select(noted.skus, noted.revision).where(noted.store == store, noted.revision > since)
    found: dict[str, int] = {}
    for skus, revision in connection.execute(query.order_by(noted.revision)):
        found.update(dict.fromkeys(skus, revision))
    return found


class ChangePruning:
    """Forgets the notes of old revisions, once a minute. Used from one thread."""

    def __init__(self, database: Database, kept: int = KEPT) -> None:
        self._database = database
        self._kept = kept
        self._not_before_s = 0.0

    def advance(self, now: datetime, now_s: float) -> int:
        """Forget if it is time to; nobody is told of it, so the answer is 0. Raises StorageUnavailable."""
        del now
        if self._database.is_sqlite or now_s < self._not_before_s:
            return 0
        noted, feed = schema.level_change.c, schema.feed.c
        prefix = store_feed(StoreId("x")).removesuffix("x")
        old = sa.and_(feed.name == sa.literal(prefix) + noted.store, noted.revision <= feed.revision - self._kept)
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.level_change).where(old))
        self._not_before_s = now_s + PRUNE_EVERY_S
        return 0
