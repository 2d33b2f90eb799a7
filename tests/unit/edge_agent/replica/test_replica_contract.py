"""What every replica promises, in memory and in SQLite alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from edge_agent.replica.port import FeedState, Replica
from protocol.documents import Document, Item, Settings, Stock
from protocol.feed_receiver import Apply, Stage
from protocol.ids import GLOBAL_FEED, FeedName, Sku
from protocol.messages import Cursor
from protocol.movements import Movement

FEED = FeedName("store-hn01")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def document(body: Item | Stock | Settings, revision: int = 1) -> Document:
    """The document that the hub would send for `body`."""
    match body:
        case Item(sku=sku):
            kind, key = "item", sku
        case Stock(sku=sku):
            kind, key = "stock", sku
        case _:
            kind, key = "settings", "store"
    return Document(kind=kind, key=key, revision=revision, body=msgspec.Raw(msgspec.json.encode(body)))


def item(sku: str, *barcodes: str) -> Item:
    """A thing to sell."""
    return Item(sku=sku, name=f"Thing {sku}", barcodes=barcodes, price=12_500, currency="VND")


def change(
    *documents: Document, revision: int = 1, cursors: tuple[Cursor, ...] = (), replace: bool = False, request: str = ""
) -> Apply:
    """An update to apply."""
    return Apply(documents, cursors, "db-1", revision, request, replace)


def sold(sku: str, quantity: int, *, at: datetime = NOON, line: int = 0) -> Movement:
    """An own sale."""
    return Movement(line, Sku(sku), -quantity, "sale", at)


def cursor(sequence: int, *, epoch: int = 1, terminal: str = "t1") -> Cursor:
    """Up to where the hub has counted a terminal."""
    return Cursor(terminal=terminal, epoch=epoch, sequence=sequence)


def test_a_new_replica_knows_nothing(replica: Replica) -> None:
    """Unknown is unknown, never zero."""
    assert replica.feed_state(FEED) == FeedState("", 0)
    assert (replica.item("a"), replica.by_barcode("1"), replica.settings(), replica.item_count()) == (None,) * 3 + (0,)
    assert replica.stock_view("a") is None


def test_documents_are_found_by_key_and_by_barcode(replica: Replica) -> None:
    """A scan finds its item; UPC-A and EAN-13 of one number are one code."""
    replica.apply(GLOBAL_FEED, change(document(item("a", "036000291452", "HOUSE-1")), revision=5))
    assert replica.feed_state(GLOBAL_FEED) == FeedState("db-1", 5)
    for code in ("036000291452", "0036000291452", "00036000291452", "HOUSE-1"):
        found = replica.by_barcode(code)
        assert found is not None
        assert found.sku == "a"
    assert replica.item_count() == 1


def test_an_item_that_changes_its_barcodes_is_not_found_under_the_old_ones(replica: Replica) -> None:
    """A code that moved to another item finds that one; a deleted item is not found at all."""
    replica.apply(GLOBAL_FEED, change(document(item("a", "X1")), document(item("b", "X2"))))
    replica.apply(GLOBAL_FEED, change(document(item("a", "X3")), document(item("b", "X1")), revision=2))
    found = replica.by_barcode("X1")
    assert found is not None
    assert found.sku == "b"
    assert replica.by_barcode("X2") is None
    replica.apply(GLOBAL_FEED, change(Document(kind="item", key="b", revision=3, deleted=True), revision=3))
    assert replica.by_barcode("X1") is None
    assert replica.item("b") is None
    assert replica.item_count() == 1


def test_a_document_that_we_cannot_read_is_as_good_as_not_there(replica: Replica) -> None:
    """A newer hub's documents, of known and unknown kinds, spoil nothing around them."""
    odd = Document(kind="item", key="odd", revision=1, body=msgspec.Raw(b'{"sku": 7}'))
    future = Document(kind="hologram", key="h", revision=1, body=msgspec.Raw(b"[]"))
    replica.apply(GLOBAL_FEED, change(odd, future, document(item("a", "X1"))))
    assert replica.item("odd") is None
    assert replica.by_barcode("X1") is not None


def test_staged_parts_count_only_with_the_last_one(replica: Replica) -> None:
    """A pull that breaks off in the middle leaves what was there; another request forgets its parts."""
    replica.apply(GLOBAL_FEED, change(document(item("a"))))
    replica.stage(GLOBAL_FEED, Stage("r1", (document(item("b")),)))
    assert replica.item("b") is None
    replica.stage(GLOBAL_FEED, Stage("r2", (document(item("c")),)))
    replica.stage(GLOBAL_FEED, Stage("r2", (document(item("d")),)))
    replica.apply(GLOBAL_FEED, change(document(item("e")), revision=9, request="r2"))
    assert [sku for sku in "abcde" if replica.item(sku)] == ["a", "c", "d", "e"]
    replica.apply(GLOBAL_FEED, change(revision=10, request="r2"))
    assert replica.item_count() == 4


def test_a_whole_state_replaces_what_was_there(replica: Replica) -> None:
    """After a change of the hub's database nothing of the old one stays, in this feed only."""
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=1000)), cursors=(cursor(9, terminal="t2"),)))
    replica.apply(GLOBAL_FEED, change(document(item("a", "X1"))))
    replica.stage(GLOBAL_FEED, Stage("r1", (document(item("b", "X2")),), replace=True))
    replica.apply(GLOBAL_FEED, change(document(item("c", "X3")), request="r1", replace=True))
    assert [sku for sku in "abc" if replica.item(sku)] == ["b", "c"]
    assert replica.by_barcode("X1") is None
    assert replica.by_barcode("X2") is not None
    assert replica.stock_view("a") == 1000


def test_a_whole_state_is_put_together_unseen_and_appears_at_once(replica: Replica) -> None:
    """Parts of a whole state show nothing before the last one; a broadcast meanwhile goes into what is read now."""
    replica.apply(GLOBAL_FEED, change(document(item("a", "X1"))))
    replica.stage(GLOBAL_FEED, Stage("r1", (document(item("b", "X2")),), replace=True))
    replica.stage(GLOBAL_FEED, Stage("r1", (document(item("c", "X1")),), replace=True))
    replica.apply(GLOBAL_FEED, change(document(item("d", "X4")), revision=2))
    assert [sku for sku in "abcd" if replica.item(sku)] == ["a", "d"]
    assert replica.by_barcode("X1") == item("a", "X1")
    assert replica.by_barcode("X2") is None
    replica.apply(GLOBAL_FEED, change(document(item("e")), revision=9, request="r1", replace=True))
    assert [sku for sku in "abcde" if replica.item(sku)] == ["b", "c", "e"]
    assert replica.by_barcode("X1") == item("c", "X1")
    assert (replica.by_barcode("X4"), replica.item_count()) == (None, 3)


def test_a_whole_state_that_was_given_up_leaves_nothing(replica: Replica) -> None:
    """The hub changed in the middle of its answer: the next answer starts from nothing, whatever was tidied when."""
    replica.apply(GLOBAL_FEED, change(document(item("a"))))
    replica.stage(GLOBAL_FEED, Stage("r1", (document(item("b", "X")),), replace=True))
    replica.stage(GLOBAL_FEED, Stage("r2", (document(item("c", "X")),), replace=True))
    replica.stage(GLOBAL_FEED, Stage("r3", (document(item("d")),)))
    replica.stage(GLOBAL_FEED, Stage("r2", (document(item("e", "X")),), replace=True))
    while replica.tidy(1):
        pass
    replica.apply(GLOBAL_FEED, change(request="r2", replace=True))
    while replica.tidy(1):
        pass
    assert [sku for sku in "abcde" if replica.item(sku)] == ["e"]
    assert replica.by_barcode("X") == item("e", "X")
    replica.apply(GLOBAL_FEED, change(request="r2", replace=True))
    assert replica.item_count() == 0


def test_own_sales_lower_the_view_until_the_hub_has_counted_them(replica: Replica) -> None:
    """Right at once, and never counted twice: the level and its cursor come together."""
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=10_000)), cursors=(cursor(0),)))
    replica.add_own(1, 1, (sold("a", 2000), sold("a", 500, line=1), sold("b", 1000, line=2)))
    replica.add_own(1, 2, (sold("a", 1000),))
    assert replica.stock_view("a") == 6500
    assert replica.stock_view("b") is None
    moved = replica.apply(
        FEED,
        change(document(Stock(sku="a", on_hand=7500), 2), revision=2, cursors=(cursor(1), cursor(4, terminal="t2"))),
    )
    assert moved == (cursor(1), cursor(4, terminal="t2"))
    assert replica.stock_view("a") == 6500
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=6500), 3), revision=3, cursors=(cursor(2),)))
    assert replica.stock_view("a") == 6500


def test_cursors_never_go_back(replica: Replica) -> None:
    """A late, older update cannot bring counted movements back."""
    replica.apply(FEED, change(cursors=(cursor(5),), revision=2))
    assert replica.apply(FEED, change(cursors=(cursor(4), cursor(5)), revision=2)) == ()
    assert replica.apply(FEED, change(cursors=(cursor(1, epoch=2),), revision=3)) == (cursor(1, epoch=2),)


def test_a_clone_that_goes_on_in_another_epoch_hides_nothing_of_ours(replica: Replica) -> None:
    """After a fork two PCs have one name and two epochs; each counts off its own sales by its own epoch's cursor."""
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=10_000))))
    replica.apply(FEED, change(revision=2, cursors=(cursor(7, epoch=2),)))
    replica.add_own(1, 1, (sold("a", 1000),))
    assert replica.stock_view("a") == 9000
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=9000)), revision=3, cursors=(cursor(1),)))
    assert replica.stock_view("a") == 9000


def test_movements_of_unacked_events_move_with_them_into_the_new_epoch(replica: Replica) -> None:
    """The old epoch's cursor does not cover them any more; the new epoch's does."""
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=10_000))))
    replica.add_own(1, 1, (sold("a", 1000),))
    replica.add_own(1, 2, (sold("a", 2000),))
    replica.rekey_own(1, 2, {2: 1})
    replica.apply(FEED, change(revision=2, cursors=(cursor(9),)))
    assert replica.stock_view("a") == 8000
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=7000)), revision=3, cursors=(cursor(1, epoch=2),)))
    assert replica.stock_view("a") == 7000


def test_movements_of_events_that_were_set_aside_count_no_more(replica: Replica) -> None:
    """No hub will ever count them in, so a view that kept them would be wrong for good."""
    replica.apply(FEED, change(document(Stock(sku="a", on_hand=10_000))))
    replica.add_own(1, 1, (sold("a", 1000),))
    replica.add_own(1, 2, (sold("a", 2000),))
    replica.forget_own(1, [2])
    assert replica.stock_view("a") == 9000


def test_sales_from_before_a_count_leave_the_level_alone(replica: Replica) -> None:
    """The count has seen the shelf without them."""
    counted = Stock(sku="a", on_hand=5000, counted_at=NOON)
    replica.apply(FEED, change(document(counted)))
    replica.add_own(1, 1, (sold("a", 1000, at=NOON - timedelta(seconds=1)),))
    replica.add_own(1, 2, (sold("a", 1000, at=NOON),))
    assert replica.stock_view("a") == 5000
    replica.add_own(1, 3, (sold("a", 1000, at=NOON + timedelta(microseconds=1)),))
    assert replica.stock_view("a") == 4000


def test_an_own_count_counts_at_once(replica: Replica) -> None:
    """Offline too, the till that counted the shelf shows what was counted, less what it sold since."""
    replica.add_own(1, 1, (sold("a", 1000, at=NOON),))
    replica.add_own(1, 2, (Movement(0, Sku("a"), 8000, "count", NOON + timedelta(minutes=1)),))
    replica.add_own(1, 3, (sold("a", 3000, at=NOON + timedelta(minutes=2)),))
    assert replica.stock_view("a") == 5000


def test_settings_come_with_the_stores_feed(replica: Replica) -> None:
    """Name, currency and language of the shop are the hub's to say."""
    replica.apply(FEED, change(document(Settings(store_name="Chợ Bến Thành"))))
    settings = replica.settings()
    assert settings is not None
    assert settings.store_name == "Chợ Bến Thành"
