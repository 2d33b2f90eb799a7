"""What one worker promises: each event takes effect once, nothing unreadable stops what follows, acks after commits."""

from __future__ import annotations

import hashlib
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import RowLocked
from hub.ingest.session import IngestLimits, IngestSession, ingest
from hub.stock.level import level_of
from hub.storage.memory import MemoryStore
from hub.storage.records import LevelKey
from protocol.documents import Settings
from protocol.event import Digest, SealedEvent, chain_digest
from protocol.frame import Key, decode
from protocol.ids import Sku, StoreId, store_feed
from protocol.link import Publish
from protocol.messages import Ack, EpochRequest
from tests.unit.hub.journals import Journal, at, count, sale

HANOI = StoreId("hanoi")
TEA = Sku("tea")


def hub_store(*journals: Journal, store: MemoryStore | None = None) -> MemoryStore:
    """A database (a new one, unless it is given) with the journals' stores and terminals."""
    store = store or MemoryStore()
    for journal in journals:
        if store_feed(journal.store) not in store.heads():
            store.add_store(journal.store, Settings(store_name="Shop"), Key(b"f" * 32), at(0))
        store.add_terminal(journal.store, journal.terminal, "", journal.key, at(0))
    return store


def ack_in(journal: Journal, publishes: list[Publish]) -> Ack:
    """The only ack among what was published."""
    (publish,) = publishes
    assert publish.retain
    return decode(publish.payload, Ack, topic=publish.topic, key=journal.key)


def session_of(store: MemoryStore) -> IngestSession:
    """A worker on that database."""
    return IngestSession(store, store, IngestLimits())


@given(st.data())
def test_duplicated_and_reordered_batches_take_effect_once(data: st.DataObject) -> None:
    """Two tills, cut and resent in any way, over two workers: levels, log and cursors are as if sent once."""
    journals = [Journal(terminal="till1"), Journal(terminal="till2")]
    expected = 0
    for journal in journals:
        for number in range(data.draw(st.integers(1, 12))):
            quantity = data.draw(st.integers(1, 5)) * 1_000
            journal.append(sale(number, ("tea", quantity)), at(number))
            expected -= quantity
    store = hub_store(*journals)
    workers = [session_of(store), session_of(store)]
    for _ in range(data.draw(st.integers(0, 25))):
        journal = data.draw(st.sampled_from(journals))
        first = data.draw(st.integers(1, len(journal.events)))
        last = data.draw(st.integers(first, len(journal.events)))
        worker = data.draw(st.sampled_from(workers))
        worker.receive(journal.topic, journal.frame(first, last), 0.0)
        if data.draw(st.booleans()):
            worker.commit(0.0, at(60))
    for worker in workers:
        worker.commit(0.0, at(60))
    for journal in journals:
        workers[0].receive(journal.topic, journal.frame(1, len(journal.events)), 0.0)
    workers[0].commit(0.0, at(60))
    assert [event.raw for event in store.events(HANOI)] == [e.raw for j in journals for e in j.events]
    level = store.level(HANOI, TEA)
    assert level is not None
    assert level.on_hand == expected
    assert level == level_of(store.movements(HANOI, TEA))
    assert len(store.sales()) == sum(len(journal.events) for journal in journals)


def test_a_crash_before_the_commit_leaves_nothing_behind() -> None:
    """Only what a transaction has committed is durable; the terminal sends again."""
    journal = Journal()
    journal.append(sale(1, ("tea", 1_000)), at(0))
    store = hub_store(journal)
    transaction = store.begin([HANOI])
    with pytest.raises(RowLocked):
        store.begin([HANOI])
    transaction.rollback()
    assert store.events(HANOI) == []
    ingest(store, [journal.batch(1, 1)], at(1))
    assert len(store.events(HANOI)) == 1


def test_a_gap_is_answered_with_where_the_hub_stands_unless_the_same_commit_closes_it() -> None:
    """The terminal rewinds to the ack; a gap that is already closed must not make it."""
    journal = Journal()
    for number in range(6):
        journal.append(sale(number, ("tea", 1_000)), at(number))
    session = session_of(hub_store(journal))
    session.receive(journal.topic, journal.frame(3, 4), 0.0)
    ack = ack_in(journal, session.commit(0.0, at(9)))
    assert (ack.status, ack.sequence) == ("gap", 0)
    session.receive(journal.topic, journal.frame(3, 4), 0.0)
    session.receive(journal.topic, journal.frame(1, 4), 0.0)
    ack = ack_in(journal, session.commit(0.0, at(9)))
    assert (ack.status, ack.sequence, ack.digest) == ("ok", 4, journal.digest(4).hex())


def test_a_fork_is_parked_and_resolved_when_its_events_come_in_a_new_epoch() -> None:
    """A cloned PC's sales are kept aside at once and counted once it has an epoch of its own."""
    original, clone = Journal(), Journal()
    for journal in (original, clone):
        journal.append(sale(1, ("tea", 1_000)), at(1))
    original.append(sale(2, ("tea", 1_000)), at(2))
    clone.append(sale(3, ("tea", 5_000)), at(3), event_id="from-the-clone")
    store = hub_store(original)
    session = session_of(store)
    session.receive(original.topic, original.frame(1, 2), 0.0)
    session.commit(0.0, at(4))
    session.receive(clone.topic, clone.frame(1, 2), 0.0)
    session.receive(clone.topic, clone.frame(1, 2), 0.0)
    ack = ack_in(clone, session.commit(0.0, at(5)))
    assert (ack.status, ack.sequence) == ("fork", 2)
    assert [parked.event_id for parked in store.parked_events()] == ["from-the-clone"]
    assert {alarm.kind for alarm in store.alarms()} == {"fork"}

    request = EpochRequest(epoch=1, reason="fork", nonce="n" * 16)
    grant = store.grant_epoch(HANOI, clone.terminal, request, at(6))
    assert store.grant_epoch(HANOI, clone.terminal, request, at(7)) == grant
    fresh = Journal(epoch=grant.epoch)
    for event in clone.events:
        fresh.adopt(event.raw)
    session.receive(fresh.topic, fresh.frame(1, 2), 0.0)
    assert ack_in(fresh, session.commit(0.0, at(8))).status == "ok"
    assert store.parked_events() == []
    marks = [event.duplicate_of for event in store.events(HANOI)]
    assert marks == [None, None, "till1/1/1", None]
    level = store.level(HANOI, TEA)
    assert level is not None
    assert level.on_hand == -7_000
    assert len(store.sales()) == 3


def _rechained(journal: Journal, raw: bytes) -> None:
    """Append bytes of our own making, properly chained."""
    digest = hashlib.sha256(journal.digest(len(journal.events)) + raw).digest()
    sealed = raw[:-1] + b',"digest":"' + digest.hex().encode() + b'"}'
    assert chain_digest(sealed, journal.digest(len(journal.events))) == digest
    journal.events.append(SealedEvent(len(journal.events) + 1, Digest(digest), sealed))


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b'{"nonsense":1}', "unreadable"),
        (b'{"id":' + b"[" * 100_000 + b"1" + b"]" * 100_000 + b"}", "unreadable"),
        (
            (
                b'{"id":"x1","source":"/stores/hanoi/terminals/till1","type":"com.tillwire.moon.landed.v9",'
                b'"time":"2026-11-22T08:00:00Z","epoch":1,"sequence":1,"data":{}}'
            ),
            "unknown_type",
        ),
        (
            (
                b'{"id":"x1","source":"/stores/saigon/terminals/till1","type":"com.tillwire.sale.completed.v1",'
                b'"time":"2026-11-22T08:00:00Z","epoch":1,"sequence":1,"data":{}}'
            ),
            "misplaced",
        ),
        (
            (
                b'{"id":"x1","source":"/stores/hanoi/terminals/till1","type":"com.tillwire.stock.adjusted.v1",'
                b'"time":"2026-11-22T08:00:00Z","epoch":1,"sequence":1,'
                b'"data":{"by":"an","reason":"r","lines":[{"sku":"a\\u0000b","quantity":1}]}}'
            ),
            "unreadable",
        ),
    ],
)
def test_a_poison_event_is_parked_and_does_not_stop_the_next(raw: bytes, reason: str) -> None:
    """Bytes kept, cursor moved, alarm raised, neighbour counted."""
    journal = Journal()
    _rechained(journal, raw)
    journal.append(sale(2, ("tea", 1_000)), at(2))
    store = hub_store(journal)
    session = session_of(store)
    session.receive(journal.topic, journal.frame(1, 2), 0.0)
    ack = ack_in(journal, session.commit(0.0, at(3)))
    assert (ack.status, ack.sequence) == ("ok", 2)
    (parked,) = store.parked_events()
    assert parked.reason == reason
    assert parked.raw == journal.events[0].raw
    assert store.level(HANOI, TEA) is not None
    assert "parked" in {alarm.kind for alarm in store.alarms()}


def test_an_epoch_that_was_never_granted_is_said_so() -> None:
    """A hub that was put back to an older state must not silently drop a till's new epoch."""
    journal = Journal(epoch=7)
    journal.append(sale(1, ("tea", 1_000)), at(1))
    session = session_of(hub_store(journal))
    session.receive(journal.topic, journal.frame(1, 1), 0.0)
    assert ack_in(journal, session.commit(0.0, at(2))).status == "unknown_epoch"


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        ("tillwire/v1/nonsense", b"", "topic"),
        (Journal().topic, b"not a frame", "unreadable"),
        (Journal().topic, Journal(key=b"x" * 32).frame(1, 1), "forged"),
        (Journal(terminal="nobody").topic, b"TW1", "unknown_terminal"),
    ],
)
def test_untrusted_messages_are_counted_and_sampled(topic: str, payload: bytes, reason: str) -> None:
    """Nothing that comes from outside raises; everything refused can be looked at."""
    session = session_of(hub_store(Journal()))
    session.receive(topic, payload, 0.0)
    assert session.pending == 0
    assert dict(session.refused.counts) == {reason: 1}
    (sample,) = session.refused.take_samples(at(1))
    assert (sample.topic, sample.reason) == (topic, reason)
    assert session.refused.take_samples(at(1)) == ()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 20), st.integers(-3, 9)), max_size=15))
def test_counts_in_the_stream_agree_with_the_ledger(steps: list[tuple[bool, int, int]]) -> None:
    """Whatever order counts and sales come in, the stored level is the ledger's."""
    journal = Journal()
    for number, (is_count, second, quantity) in enumerate(steps):
        when: datetime = at(second)
        journal.append(count("tea", quantity, when) if is_count else sale(number, ("tea", quantity)), when)
    store = hub_store(journal)
    session = session_of(store)
    for sequence in range(1, len(steps) + 1):
        session.receive(journal.topic, journal.frame(sequence, sequence), 0.0)
        if sequence % 3 == 0:
            session.commit(0.0, at(30))
    session.commit(0.0, at(30))
    for key, level in store.levels().items():
        assert level == level_of(store.movements(key.store, key.sku))
    assert set(store.levels()) <= {LevelKey(HANOI, TEA)}


@pytest.mark.parametrize(
    "data",
    [
        b'{"session":"s","by":"an","lines":[{"sku":"tea","quantity":1,"at":"0001-01-01T00:00:00+14:00"}]}',
        b'{"session":"s","by":"an","lines":[{"sku":"tea","quantity":1,"at":"2026-01-01T00:00:00"}]}',
        b'{"session":"s","by":"an","lines":[{"sku":"tea","quantity":999999999999999,"at":"2026-01-01T00:00:00Z"}]}',
        b'{"session":"s","by":"an","lines":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_counts_past_all_reason_are_parked(data: bytes) -> None:
    """They would break a sum or a comparison later, far from their cause."""
    journal = Journal()
    head = (
        b'{"id":"x1","source":"/stores/hanoi/terminals/till1","type":"com.tillwire.stock.counted.v1",'
        b'"time":"2026-11-22T08:00:00Z","epoch":1,"sequence":1,"data":'
    )
    _rechained(journal, head + data + b"}")
    store = hub_store(journal)
    ingest(store, [journal.batch(1, 1)], at(1))
    assert [parked.reason for parked in store.parked_events()] == ["unreadable"]
    assert store.level(HANOI, TEA) is None
