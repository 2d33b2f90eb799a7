"""What every database promises about stores, terminals, keys, items and settings."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from hub.errors import StoreExists, TerminalExists, UnknownStore, UnknownTerminal
from hub.storage import schema
from hub.storage.memory import MemoryStore
from hub.storage.port import TerminalReport
from protocol.documents import Item, Settings
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, Sku, StoreId, TerminalId, store_feed
from protocol.messages import EpochRequest, Status
from tests.contract.hub_storage.conftest import Ports
from tests.unit.hub.journals import at

HANOI, TILL = StoreId("hanoi"), TerminalId("till1")
KEY, OTHER = Key(b"k" * 32), Key(b"o" * 32)


def alarms_of(ports: Ports) -> set[str]:
    """The kinds of all alarms."""
    if isinstance(ports.fleet, MemoryStore):
        return {alarm.kind for alarm in ports.fleet.alarms()}
    assert ports.database is not None
    with ports.database.read() as connection:
        return set(connection.execute(sa.select(schema.alarm.c.kind)).scalars())


def with_store(ports: Ports) -> None:
    """One store."""
    ports.fleet.add_store(HANOI, Settings(store_name="Hà Nội"), Key(b"f" * 32), at(0))


def test_a_store_and_a_terminal_have_keys_from_the_start(ports: Ports) -> None:
    """What `terminal add` hands out is what frames are checked with."""
    with_store(ports)
    assert ports.fleet.add_terminal(HANOI, TILL, "Kasse 1", KEY, at(0)) == 1
    keys = ports.fleet.keys()
    assert keys.terminals == {(HANOI, TILL): KEY}
    assert set(keys.feeds) == {GLOBAL_FEED, store_feed(HANOI)}
    assert "kkkk" not in repr(keys)


def test_nothing_is_created_twice_or_out_of_nothing(ports: Ports) -> None:
    """Each mistake has its own error, so that the command line can name the remedy."""
    with pytest.raises(UnknownStore):
        ports.fleet.add_terminal(HANOI, TILL, "", KEY, at(0))
    with pytest.raises(UnknownStore):
        ports.fleet.set_settings(HANOI, Settings(store_name="x"), at(0))
    with pytest.raises(UnknownStore):
        ports.feeds.snapshot(FeedName("store-hanoi"), 0)
    with pytest.raises(UnknownTerminal):
        ports.fleet.grant_epoch(HANOI, TILL, EpochRequest(epoch=1, reason="fork", nonce="n" * 16), at(0))
    with_store(ports)
    with pytest.raises(StoreExists):
        with_store(ports)
    ports.fleet.add_terminal(HANOI, TILL, "", KEY, at(0))
    with pytest.raises(TerminalExists):
        ports.fleet.add_terminal(HANOI, TILL, "", OTHER, at(0))
    with pytest.raises(UnknownTerminal):
        ports.fleet.renew_terminal(HANOI, TerminalId("till9"), OTHER, at(0))
    with pytest.raises(UnknownTerminal):
        ports.fleet.revoke_terminal(HANOI, TerminalId("till9"), at(0))


def test_a_granted_epoch_is_new_to_the_till_too(ports: Ports) -> None:
    """A hub that was put back to a backup has forgotten epochs that its tills have used."""
    with_store(ports)
    ports.fleet.add_terminal(HANOI, TILL, "", KEY, at(0))
    request = EpochRequest(epoch=7, reason="unknown_epoch", nonce="n" * 16)
    assert ports.fleet.grant_epoch(HANOI, TILL, request, at(1)).epoch == 8
    assert ports.fleet.grant_epoch(HANOI, TILL, request, at(2)).epoch == 8


def test_a_revoked_terminal_has_no_key_until_it_is_renewed(ports: Ports) -> None:
    """Renewing gives a new key and a new epoch."""
    with_store(ports)
    ports.fleet.add_terminal(HANOI, TILL, "", KEY, at(0))
    ports.fleet.revoke_terminal(HANOI, TILL, at(1))
    assert ports.fleet.keys().terminals == {}
    assert ports.fleet.renew_terminal(HANOI, TILL, OTHER, at(2)) == 2
    assert ports.fleet.keys().terminals == {(HANOI, TILL): OTHER}


def test_settings_go_out_on_the_stores_feed(ports: Ports) -> None:
    """A change of settings is a document with a newer revision."""
    with_store(ports)
    ports.fleet.set_settings(HANOI, Settings(store_name="Hà Nội", currency="USD"), at(1))
    (document,) = ports.feeds.snapshot(store_feed(HANOI), 1).documents
    assert (document.kind, document.revision) == ("settings", 2)
    assert b"USD" in bytes(document.body)


def test_items_change_their_revision_only_when_they_change(ports: Ports) -> None:
    """An import of the same file sends nothing to the tills; a deleted item stays as a tombstone."""
    tea, rice = Item(sku="tea", name="Trà", price=1, currency="VND"), Item(sku="r", name="R", price=2, currency="VND")
    assert ports.catalogue.put_items([tea, rice], at(0)) == 2
    assert ports.catalogue.put_items([tea, rice], at(0)) == 0
    assert ports.catalogue.delete_items([Sku("tea"), Sku("nothing")], at(0)) == 1
    assert ports.catalogue.delete_items([Sku("tea")], at(0)) == 0
    snapshot = ports.feeds.snapshot(GLOBAL_FEED, 0)
    assert snapshot.to_rev == 2
    assert [(d.key, d.revision, d.deleted) for d in snapshot.documents] == [("r", 1, False), ("tea", 2, True)]
    assert ports.catalogue.put_items([tea], at(0)) == 1


def test_reports_of_unknown_terminals_are_let_go(ports: Ports) -> None:
    """A terminal that was removed while its status was on the way must not stop the others."""
    with_store(ports)
    ports.fleet.add_terminal(HANOI, TILL, "", KEY, at(0))
    status = Status(online=True, version="1", backlog=3, devices={"printer": "ready"}, oldest_unsent_at=at(1))
    ports.fleet.record_reports(
        [TerminalReport(HANOI, TILL, status), TerminalReport(HANOI, TerminalId("gone"), status)], at(2)
    )
    ports.fleet.record_reports([TerminalReport(HANOI, TILL, Status(online=False))], at(3))


def test_a_pc_that_reports_an_epoch_which_its_till_has_left_is_a_second_one(ports: Ports) -> None:
    """A copy that heard of the other's sales takes itself for restored; the other one goes on, and must be found.

    What was on its way when the epoch was granted, and a last will, which knows no epoch, are nobody.
    """
    with_store(ports)
    ports.fleet.add_terminal(HANOI, TILL, "", KEY, at(0))
    request = EpochRequest(epoch=1, reason="restored", nonce="n" * 16)
    assert ports.fleet.grant_epoch(HANOI, TILL, request, at(1)).epoch == 2

    def report(epoch: int, seconds: float, *, online: bool = True) -> set[str]:
        status = Status(online=online, version="1", epoch=epoch)
        ports.fleet.record_reports([TerminalReport(HANOI, TILL, status)], at(seconds))
        return alarms_of(ports)

    assert report(1, 2) == {"restored"}
    assert report(2, 60) == {"restored"}
    assert report(0, 61, online=False) == {"restored"}
    assert report(1, 62) == {"restored", "fork"}
