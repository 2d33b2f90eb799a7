"""Broken hubs: see `mutants.py`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from hub.errors import StorageUnavailable
from hub.feed.session import FeedSession, FeedSessionLimits
from hub.ingest.plan import IngestPlan, plan_batches
from hub.ingest.session import IngestLimits, IngestSession, ack_of
from hub.storage.port import FeedStore, KeyRing, LedgerStore, LedgerTransaction
from hub.storage.records import EpochKey, LedgerWrites, LevelKey, Place
from protocol.errors import BadFrame
from protocol.event import GENESIS, Unreadable, read_event
from protocol.feed_sender import answer_parts, pull_from
from protocol.frame import Key, decode_batch, encode
from protocol.ids import FeedName, StoreId
from protocol.journal_receiver import JournalCursor
from protocol.link import Publish
from protocol.messages import Pull
from protocol.movements import Movement
from protocol.topics import parse_terminal_topic
from tests.simulation.lying import LyingStore, LyingTransaction


class NoDedupe(IngestSession):
    """The log takes an event once, but what an event moves is written each time that it comes."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        super().__init__(LyingStore(store, self._lie), keys, limits)

    def _lie(self, real: LedgerTransaction) -> LedgerTransaction:
        firsts: dict[EpochKey, int] = {}
        for incoming in self._pending:
            firsts[incoming.key] = min(incoming.batch.first, firsts.get(incoming.key, incoming.batch.first))
        return _Rewound(real, firsts)


class _Rewound(LyingTransaction):
    def __init__(self, real: LedgerTransaction, firsts: Mapping[EpochKey, int]) -> None:
        super().__init__(real)
        self._firsts = firsts

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        return {key: self._rewound(key, cursor) for key, cursor in self.real.cursors(keys).items()}

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        del ids
        return {}

    def write(self, writes: LedgerWrites) -> None:
        known = self.real.cursors({event.key for event in writes.events})
        news = tuple(event for event in writes.events if event.sequence > known[event.key].sequence)
        cursors = {key: max(cursor, known[key], key=lambda c: c.sequence) for key, cursor in writes.cursors.items()}
        self.real.write(replace(writes, events=news, cursors=cursors))

    def _rewound(self, key: EpochKey, cursor: JournalCursor) -> JournalCursor:
        before = min(self._firsts[key] - 1, cursor.sequence)
        return JournalCursor(cursor.epoch, before, self.real.digest_at(key, before) or GENESIS)


class NoIdDedupe(IngestSession):
    """Forgets to ask whether an event of a new epoch was logged in an old one."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        super().__init__(LyingStore(store, _WithoutIds), keys, limits)


class _WithoutIds(LyingTransaction):
    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        del ids
        return {}

    def write(self, writes: LedgerWrites) -> None:
        ids = {(event.key.store, event.event_id) for event in writes.events if event.event_id is not None}
        known = self.real.logged_ids(ids)  # a database without the unique index, too
        self.real.write(
            replace(
                writes,
                events=tuple(
                    msgspec.structs.replace(event, event_id=None)
                    if (event.key.store, event.event_id) in known
                    else event
                    for event in writes.events
                ),
            )
        )


class DropsPoison(IngestSession):
    """Logs what it cannot read, and tells nobody."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        super().__init__(LyingStore(store, _WithoutParking), keys, limits)


class _WithoutParking(LyingTransaction):
    def write(self, writes: LedgerWrites) -> None:
        self.real.write(replace(writes, parked=()))


class CountForgetsWhatFollowed(IngestSession):
    """Takes a count for the level of now: what was sold after it, and came before it, is not added."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        super().__init__(LyingStore(store, _WithoutLedger), keys, limits)


class _WithoutLedger(LyingTransaction):
    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        del key, since
        return ()


class StopsAtPoison(IngestSession):
    """Refuses a batch with an event that it cannot read."""

    def receive(self, topic: str, payload: bytes, now_s: float) -> None:
        """As a hub that parses before it stores."""
        place = parse_terminal_topic(topic)
        key = self._keys.terminal_key(place.store, place.terminal)
        try:
            batch = decode_batch(payload, topic=topic, key=key or Key(b""))
        except BadFrame:
            return
        if not any(isinstance(read_event(raw), Unreadable) for raw in batch.events):
            super().receive(topic, payload, now_s)


class AckBeforeCommit(IngestSession):
    """Answers at once and writes a moment later."""

    _answered = False

    def commit(self, now_s: float, wall: datetime, *, unfit: str = "") -> list[Publish]:
        """First the acks, with the next call the commit."""
        if self._answered or not self._pending:
            self._answered = False
            super().commit(now_s, wall, unfit=unfit)
            return []
        acks: list[Publish] = []
        with self._store.begin(frozenset(incoming.key.store for incoming in self._pending)) as transaction:
            results = plan_batches(self._pending, transaction, wall).results
        for result in results:
            key = self._keys.terminal_key(result.key.store, result.key.terminal)
            assert key is not None
            acks.append(ack_of(result.key.store, result.key.terminal, result, key))
        self._answered = True
        self._not_before_s = now_s + 0.05
        return acks


class CursorsInFirstPart(FeedSession):
    """Sends the cursors ahead of the levels that they belong to."""

    def _answer(self, asker: object, pull: Pull, head: int | None, wall: datetime) -> list[Publish]:
        answer = super()._answer(asker, pull, head, wall)  # type: ignore[arg-type] # its class is private, only passed on
        if len(answer) < 2 or head is None:
            return answer
        snapshot = self._store.snapshot(FeedName(pull.feed), pull_from(pull, self._store.lineage, head))
        parts = list(answer_parts(pull, snapshot, self._limits.publish))
        first = msgspec.structs.replace(parts[0], cursors=tuple(snapshot.cursors))
        topic = answer[0].topic
        place = parse_terminal_topic(topic)
        key = self._keys.terminal_key(place.store, place.terminal)
        assert key is not None
        return [Publish(topic, encode(first, topic=topic, key=key)), *answer[1:]]


class NoHeartbeat(FeedSession):
    """Broadcasts changes, and says nothing when there are none."""

    def __init__(self, store: FeedStore, keys: KeyRing, limits: FeedSessionLimits | None = None) -> None:
        limits = limits or FeedSessionLimits()
        silent = replace(limits, publish=replace(limits.publish, heartbeat_s=1e9))
        super().__init__(store, keys, silent)


class AcksWhateverHappens(IngestSession):
    """Takes it for granted that what was written is committed, whatever the database has answered."""

    def commit(self, now_s: float, wall: datetime, *, unfit: str = "") -> list[Publish]:
        """Acks also when the commit failed, or when nobody knows."""
        plan: IngestPlan | None = None
        try:
            with self._store.begin(frozenset(incoming.key.store for incoming in self._pending)) as transaction:
                plan = plan_batches(self._pending, transaction, wall, unfit=unfit)
                transaction.write(plan.writes)
        except StorageUnavailable:
            if plan is None:
                self._not_before_s = now_s + self._limits.retry_s
                raise
        self.take_pending()
        self.results = plan.results
        return [publish for result in plan.results if (publish := self._ack(result)) is not None]
