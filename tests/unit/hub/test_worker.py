"""The ingest thread: one bad batch does not stop the others, a database that is away stops nothing for good."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager

from hub.errors import StorageRejected, StorageUnavailable
from hub.ingest.mqtt_packets import Message
from hub.ingest.replay import replay
from hub.ingest.session import IngestLimits, IngestSession
from hub.ingest.worker import CommitReport, IngestWorker, WorkerHooks
from hub.storage.memory import MemoryStore
from hub.storage.port import LedgerTransaction
from hub.storage.records import LedgerWrites, LevelKey, Place
from protocol.frame import decode
from protocol.ids import Sku, StoreId
from protocol.link import Publish
from protocol.messages import Ack
from tests.unit.hub.journals import Journal, at, sale
from tests.unit.hub.test_ingest import HANOI, hub_store

TEA = LevelKey(HANOI, Sku("tea"))
LIMITS = IngestLimits(wait_s=0.01, retry_s=0.01)


class TroubledLedger:
    """A ledger that is away for its first commits, and that refuses every transaction with a certain event."""

    def __init__(self, store: MemoryStore, *, away: int = 0, poison: Collection[str] = ()) -> None:
        self._store = store
        self._away = away
        self._poison = poison
        self.refused_questions = 0

    def begin(self, stores: Collection[StoreId]) -> AbstractContextManager[LedgerTransaction]:
        """See LedgerStore."""
        return self._begin(stores)

    @contextmanager
    def _begin(self, stores: Collection[StoreId]) -> Iterator[LedgerTransaction]:
        if self._away:
            self._away -= 1
            raise StorageUnavailable("away")
        with self._store.begin(stores) as transaction:
            inner, logged = transaction.write, transaction.logged_ids

            def write(writes: LedgerWrites) -> None:
                written = {event.event_id for event in writes.events} | {one.event_id for one in writes.identified}
                if refused := written.intersection(self._poison):
                    raise StorageRejected(f"refused: {refused}")
                inner(writes)

            def logged_ids(ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
                if any("\x00" in event_id for _, event_id in ids):
                    self.refused_questions += 1
                    raise StorageRejected("PostgreSQL takes no zero character, not even in a question")
                return logged(ids)

            transaction.logged_ids = logged_ids  # type: ignore[method-assign] # as the next line
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


def test_an_event_that_cannot_be_counted_in_is_set_aside_and_stops_nobody() -> None:
    """The journal goes on behind it, its bytes are kept, a person is told, and everybody else's sales are committed."""
    good, bad = Journal(terminal="till1"), Journal(terminal="till2")
    good.append(sale(1, ("tea", 1_000)), at(1))
    for number, event_id in enumerate(("before", "poison", "after"), 1):
        bad.append(sale(number, ("tea", 1_000)), at(number), event_id=event_id)
    store = hub_store(good, bad)
    line = Messages(messages_of((bad, bad.frame(1, 3)), (good, good.frame(1, 1))))
    heard = run(TroubledLedger(store, poison=["poison"]), store, line)
    assert line.taken == [1, 2]
    with store.begin([HANOI]) as reads:
        cursors = reads.cursors(frozenset({good.epoch_key, bad.epoch_key}))
        assert (cursors[good.epoch_key].sequence, cursors[bad.epoch_key].sequence) == (1, 3)
        assert reads.levels({TEA})[TEA].on_hand == -3_000
    (parked,) = store.parked_events()
    assert (parked.sequence, parked.raw, parked.reason) == (2, bad.events[1].raw, "unreadable")
    assert "poison" in parked.text
    assert [alarm.terminal for alarm in store.alarms() if alarm.kind == "parked"] == ["till2"]
    last = [ack for ack in heard.acks if ack.topic == bad.topic.replace("journal", "ack")][-1]
    assert decode(last.payload, Ack, topic=last.topic, key=bad.key).sequence == 3


def test_an_id_that_no_database_can_take_is_not_asked_for() -> None:
    """It is parked as it comes; asked for, beside one that came again, it would fail everybody who is in it."""
    first, second = Journal(terminal="till1"), Journal(terminal="till2")
    first.append(sale(1, ("tea", 1_000)), at(1), event_id="again")
    second.append(sale(1, ("tea", 1_000)), at(1), event_id="again")
    second.append(sale(2, ("tea", 1_000)), at(2), event_id="zero \x00")
    store = hub_store(first, second)
    ledger = TroubledLedger(store)
    for journal in (first, second):
        run(ledger, store, Messages(messages_of((journal, journal.frame(1, len(journal.events))))))
    assert ledger.refused_questions == 0
    (parked,) = store.parked_events()
    assert (parked.sequence, parked.reason) == (2, "unreadable")
    assert "zero character" in parked.text


def test_what_was_set_aside_is_counted_in_once_the_cause_is_mended() -> None:
    """Until then a replay takes the others, and leaves it where it is."""
    journal = Journal()
    for number, event_id in enumerate(("poison", "poison too", "sound"), 1):
        journal.append(sale(number, ("tea", 1_000)), at(number), event_id=event_id)
    store = hub_store(journal)
    line = Messages(messages_of((journal, journal.frame(1, 3))))
    run(TroubledLedger(store, poison=["poison", "poison too"]), store, line)
    assert [parked.sequence for parked in store.parked_events()] == [1, 2]
    assert replay(TroubledLedger(store, poison=["poison"]), store, HANOI, at(70)) == 1
    assert [parked.sequence for parked in store.parked_events()] == [1]
    assert replay(store, store, HANOI, at(80)) == 1
    assert store.parked_events() == []
    with store.begin([HANOI]) as reads:
        assert reads.levels({TEA})[TEA].on_hand == -3_000


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
