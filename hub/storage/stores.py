"""All storage ports over one database, as the rooms are given them."""

from __future__ import annotations

from dataclasses import dataclass

from hub.storage import schema
from hub.storage.answers import SqlAnswerStore
from hub.storage.catalogue import SqlCatalogueStore
from hub.storage.database import Database
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.feeds import SqlFeedStore
from hub.storage.fleet import SqlFleetStore
from hub.storage.ledger import SqlLedgerStore
from hub.storage.snapshots import SqlSnapshotSource
from hub.storage.upserts import insert_for
from hub.storage.watch import SqlWatchStore
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED


@dataclass(frozen=True)
class SqlStores:
    """The ports."""

    ledger: SqlLedgerStore
    feeds: SqlFeedStore
    fleet: SqlFleetStore
    catalogue: SqlCatalogueStore
    watch: SqlWatchStore
    answers: SqlAnswerStore
    documents: SqlDocumentStore
    snapshots: SqlSnapshotSource


def open_stores(database: Database, *, new_lineage: str, new_global_key: Key) -> SqlStores:
    """Join the ports. A database that is new takes the lineage and the global feed's key from here."""
    lineage = database.state("lineage", new_lineage)
    with database.write() as connection:
        insert_for(connection, schema.feed, {"name": GLOBAL_FEED, "revision": 0, "key": new_global_key})
    return SqlStores(
        SqlLedgerStore(database),
        SqlFeedStore(database, lineage),
        SqlFleetStore(database),
        SqlCatalogueStore(database),
        SqlWatchStore(database),
        SqlAnswerStore(database),
        SqlDocumentStore(database),
        SqlSnapshotSource(database, lineage),
    )
