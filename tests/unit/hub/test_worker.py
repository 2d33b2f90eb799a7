"""The ingest thread: one bad batch does not stop the others, a database that is away stops nothing for good."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager

from hub.errors import StorageRejected, StorageUnavailable
from hub.ingest.mqtt_packets import Message
from hub.ingest.session import IngestLimits, IngestSession
from hub.ingest.worker import CommitReport, IngestWorker, WorkerHooks
from hub.storage.memory import MemoryStore
from hub.storage.port import LedgerTransaction
from hub.storage.records import LedgerWrites
from protocol.ids import StoreId
from protocol.link import Publish
from tests.unit.hub.journals import Journal, at, sale
from tests.unit.hub.test_ingest import hub_store

LIMITS = IngestLimits(wait_s=0.01, retry_s=0.01)


class TroubledLedger:
    """A ledger that is away for its first commits, and that refuses every transaction with a certain event."""

    def __init__(self, store: MemoryStore, *, away: int = 0, poison: str = "") -> None:
        self._store = store
        self._away = away
        self._poison = poison

    def begin(self, stores: Collection[StoreId]) -> AbstractContextManager[LedgerTransaction]:
        """See LedgerStore."""
        return self._begin(stores)

    @contextmanager
    def _begin(self, stores: Collection[StoreId]) -> Iterator[LedgerTransaction]:
        if self._away:
            self._away -= 1
            raise StorageUnavailable("away")
        with self._store.begin(stores) as transaction:
            inner = transaction.write

            def write(writes: LedgerWrites) -> None:
                if self._poison in {event.event_id for event in writes.events}:
                    raise StorageRejected("poison")
                inner(writes)

            transaction.write = write  # type: ignore[method-assign] # the fake's own transaction
            yield transaction


class Heard:
    """What the worker told."""

    def __init__(self) -> None:
        self.acks: list[Publish] = []
        self.reports: list[CommitReport] = []
        self.failures: list[str] = []

    def hooks(self) -> WorkerHooks:
        """Hooks that note everything."""
        return WorkerHooks(self.acks.extend, self.reports.append, self.failures.append)


class Messages:
    """A line that has these messages, `at_once` of them at a time; lost before the message of number `lost_before`."""

    def __init__(self, messages: Sequence[Message], *, at_once: int = 100, lost_before: int = -1) -> None:
        self.waiting = list(messages)
        self.taken: list[int] = []
        self._received: list[int] = []
        self.pings = 0
        self.closed = False
        self.connected = False
        self._at_once = at_once
        self._lost_before = lost_before

    def connect_if_due(self) -> None:
        """See Line."""
        self.connected = True

    def receive(self, timeout_s: float) -> Sequence[Message]:
        """See Line."""
        assert self.connected
        if self.waiting and len(self.taken) == self._lost_before:
            self._lost_before, self.connected = -1, False
            return []
        if not self.waiting:
            time.sleep(min(timeout_s, 0.005))
        found, self.waiting = self.waiting[: self._at_once], self.waiting[self._at_once :]
        self._received += [message.packet_id for message in found]
        return found

    def acknowledge(self) -> None:
        """See Line."""
        self.taken += self._received
        self._received.clear()

    def keep_alive(self) -> None:
        """See Line."""
        self.pings += 1

    def close(self) -> None:
        """See Line."""
        self.closed = True


def run(ledger: TroubledLedger, store: MemoryStore, line: Messages, limits: IngestLimits = LIMITS) -> Heard:
    """Let a worker take all that the line has, and stop it."""
    heard = Heard()
    session = IngestSession(ledger, store, limits)
    worker = IngestWorker(
        session, line, name="lane", limits=limits, hooks=heard.hooks(), clock_s=time.monotonic, wall=lambda: at(60)
    )
    worker.start()
    deadline_s = time.monotonic() + 10
    while line.waiting and time.monotonic() < deadline_s:
        time.sleep(0.005)
    worker.stop(5)
    assert not worker.alive
    assert line.closed
    return heard


def messages_of(*frames: tuple[Journal, bytes]) -> list[Message]:
    """Messages as the broker delivers them, numbered from 1."""
    return [Message(journal.topic, frame, number, retained=False) for number, (journal, frame) in enumerate(frames, 1)]


def test_one_bad_batch_does_not_stop_the_others() -> None:
    """It is not acked, it is named, and everybody else's sales are committed."""
    good, bad = Journal(terminal="till1"), Journal(terminal="till2")
    good.append(sale(1, ("tea", 1_000)), at(1))
    bad.append(sale(1, ("tea", 1_000)), at(1), event_id="poison")
    store = hub_store(good, bad)
    line = Messages(messages_of(*((journal, journal.frame(1, 1)) for journal in (bad, good, bad))))
    heard = run(TroubledLedger(store, poison="poison"), store, line)
    assert line.taken == [1, 2, 3]
    assert [ack.topic for ack in heard.acks] == [good.topic.replace("journal", "ack")]
    assert any("hanoi/till2 epoch 1 from 1" in failure for failure in heard.failures)


def test_a_database_that_comes_back_gets_what_waited() -> None:
    """Nothing is lost while it is away, and stopping commits what is buffered."""
    journal = Journal()
    for number in range(5):
        journal.append(sale(number, ("tea", 1_000)), at(number))
    store = hub_store(journal)
    heard = run(TroubledLedger(store, away=2), store, Messages(messages_of((journal, journal.frame(1, 5)))))
    assert heard.failures == ["away"] * 2
    assert len(heard.acks) == 1
    assert sum(result.taken for report in heard.reports for result in report.results) == 5


def test_nothing_is_read_that_cannot_be_committed() -> None:
    """While the database is away the line is only kept alive: the broker has room for the rest."""
    journal = Journal()
    for number in range(6):
        journal.append(sale(number, ("tea", 1_000)), at(number))
    store = hub_store(journal)
    line = Messages(messages_of(*((journal, journal.frame(n, n)) for n in range(1, 7))), at_once=2)
    limits = IngestLimits(messages_max=2, wait_s=0.01, retry_s=0.02)
    ledger = TroubledLedger(store, away=3)
    heard = run(ledger, store, line, limits)
    assert line.pings
    assert line.taken == [1, 2, 3, 4, 5, 6]
    assert sum(result.taken for report in heard.reports for result in report.results) == 6


def test_a_line_that_is_lost_holds_up_no_commit() -> None:
    """What was taken before is committed; then the line is made again."""
    journal = Journal()
    for number in range(4):
        journal.append(sale(number, ("tea", 1_000)), at(number))
    store = hub_store(journal)
    line = Messages(messages_of(*((journal, journal.frame(n, n)) for n in range(1, 5))), at_once=2, lost_before=2)
    heard = run(TroubledLedger(store), store, line)
    assert [result.taken for report in heard.reports for result in report.results] == [2, 2]
