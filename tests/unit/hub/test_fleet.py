"""What terminals say about themselves: one that cannot be written down does not silence the others."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.errors import StorageRejected
from hub.fleet.session import FleetSession
from hub.storage.memory import MemoryStore
from hub.storage.port import TerminalReport
from protocol.frame import encode
from protocol.ids import StoreId, TerminalId
from protocol.messages import EpochGrant, EpochRequest, Status
from protocol.topics import terminal_topic
from tests.unit.hub.journals import Journal, at
from tests.unit.hub.test_ingest import hub_store


class ChoosyStore(MemoryStore):
    """A database that refuses, for good, whatever till1 says."""

    def __init__(self) -> None:
        super().__init__()
        self.reported: list[TerminalId] = []

    def record_reports(self, reports: Sequence[TerminalReport], now: datetime) -> None:
        """See FleetStore."""
        del now
        if any(report.terminal == "till1" for report in reports):
            raise StorageRejected("a value that no column takes")
        self.reported += [report.terminal for report in reports]

    def grant_epoch(self, store: StoreId, terminal: TerminalId, request: EpochRequest, now: datetime) -> EpochGrant:
        """See EpochStore."""
        if terminal == "till1":
            raise StorageRejected("a value that no column takes")
        return super().grant_epoch(store, terminal, request, now)


def test_what_the_database_refuses_is_let_go_and_the_others_are_served() -> None:
    """A till that says something odd must not keep the feeds of all stores from going out."""
    journals = [Journal("hanoi", "till1"), Journal("hanoi", "till2")]
    store = ChoosyStore()
    hub_store(*journals, store=store)
    session = FleetSession(store, store)
    for journal in journals:
        topic = terminal_topic(journal.store, journal.terminal, "status")
        session.receive(topic, encode(Status(online=True), topic=topic, key=journal.key))
        topic = terminal_topic(journal.store, journal.terminal, "epoch")
        request = EpochRequest(epoch=1, reason="fork", nonce="n" * 16)
        session.receive(topic, encode(request, topic=topic, key=journal.key))
    grants = session.poll(0.0, at(1))
    assert [grant.topic for grant in grants] == [terminal_topic("hanoi", "till2", "grant")]  # type: ignore[arg-type] # ids as words
    assert store.reported == ["till2"]
    assert session.waiting == 0
    assert dict(session.refused.counts) == {"unstorable": 2}
