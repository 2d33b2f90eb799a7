"""The state that goes into a file is the state that goes out in parts, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hub.errors import UnknownStore
from hub.storage.database import Database
from hub.storage.records import DocumentPut
from hub.storage.stores import SqlStores, open_stores
from protocol.documents import Customer, Item, Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, store_feed

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
STORE = StoreId("hn01")


def stores_in(database: Database) -> SqlStores:
    """A small shop: items, one of them deleted, customers, one store."""
    stores = open_stores(database, new_lineage="one", new_global_key=Key(bytes(32)))
    stores.fleet.add_store(STORE, Settings(store_name="Shop"), Key(b"f" * 32), NOW)
    stores.fleet.add_terminal(STORE, "t1", "", Key(b"t" * 32), NOW)  # type: ignore[arg-type]  # a name that is one
    items = [Item(sku=f"S{number:03d}", name=f"Item {number}", price=number, currency="VND") for number in range(30)]
    stores.catalogue.put_items(items, NOW)
    stores.catalogue.delete_items(["S007"], NOW)  # type: ignore[list-item]  # as above
    customers = [DocumentPut(f"c{number}", Customer(customer=f"c{number}", name="Lan")) for number in range(5)]
    stores.documents.put(GLOBAL_FEED, "customer", customers, NOW)
    stores.documents.delete(GLOBAL_FEED, "customer", ["c3"], NOW)
    return stores


@pytest.mark.parametrize("feed", [GLOBAL_FEED, store_feed(STORE)])
def test_a_file_has_every_living_document_and_all_cursors(database: Database, feed: FeedName) -> None:
    """By kind and key, once each, with the head's count; deleted ones are left out."""
    stores = stores_in(database)
    parts = stores.feeds.snapshot(feed, 0)
    with stores.snapshots.whole(feed) as (head, documents):
        read = list(documents)
    assert (head.revision, head.lineage, head.documents) == (parts.to_rev, "one", len(read))
    assert head.cursors == tuple(parts.cursors)
    wanted = {(each.kind, each.key): (each.revision, bytes(each.body)) for each in parts.documents if not each.deleted}
    assert {(each.kind, each.key): (each.revision, bytes(each.body)) for each in read} == wanted
    assert len(read) == len(wanted)


def test_changes_are_counted_as_far_as_is_asked(database: Database) -> None:
    """From any revision, tombstones included: they would have to be sent, too."""
    stores = stores_in(database)
    head = stores.feeds.heads()[GLOBAL_FEED]
    for from_rev in range(head + 1):
        changed = len(stores.feeds.snapshot(GLOBAL_FEED, from_rev).documents)
        for most in (1, 10, 1_000):
            assert stores.snapshots.changed(GLOBAL_FEED, from_rev, most) == min(changed, most)


def test_what_was_noted_is_the_databases_own(database: Database) -> None:
    """One note a feed; the newest counts."""
    source = stores_in(database).snapshots
    assert source.noted(GLOBAL_FEED) == ""
    source.note(GLOBAL_FEED, "a" * 64)
    source.note(GLOBAL_FEED, "b" * 64)
    source.note(store_feed(STORE), "c" * 64)
    assert source.noted(GLOBAL_FEED) == "b" * 64


def test_a_feed_that_is_not_there_is_an_error(database: Database) -> None:
    """As for a snapshot in parts."""
    with pytest.raises(UnknownStore), stores_in(database).snapshots.whole(store_feed(StoreId("nowhere"))):
        pass
