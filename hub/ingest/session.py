"""One ingest worker without I/O: frames in, one transaction, acks out.

The shell hands over what the broker delivered, asks `due`, and publishes what `commit` returns. `commit` returns only
after the store has committed, so an ack never speaks of anything that a crash could take back. If the store is away,
`commit` raises and keeps everything for the next try; a worker that dies instead loses nothing either, because its
terminals send again until they hear an ack. A message that nobody can trust is counted, sampled, and let go.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from hub.errors import AlreadyLogged, StorageUnavailable
from hub.ingest.plan import IncomingBatch, IngestPlan, IngestResult, plan_batches
from hub.storage.port import KeyRing, LedgerStore
from hub.storage.records import EpochKey
from hub.storage.refusals import Refusals
from protocol.errors import BadFrame, InvalidId
from protocol.event import Digest, chain_digest
from protocol.frame import Key, decode_batch, encode
from protocol.ids import StoreId, TerminalId
from protocol.link import Publish
from protocol.messages import Batch
from protocol.topics import parse_terminal_topic, terminal_topic

EPOCH_MAX = 2**31 - 1


@dataclass(frozen=True)
class IngestLimits:
    """How much goes into one transaction, and how long the first message waits for company.

    100 messages is rumqttd's whole window of unacknowledged deliveries on a connection: with one of them, waiting for
    more would only be waiting. A commit of 2,000 events takes a fifth of a second at the machine's limit: so long may a
    sale wait behind another till's backlog.
    """

    messages_max: int = 100
    events_max: int = 2_000
    wait_s: float = 0.005
    retry_s: float = 0.5


class IngestSession:
    """One worker's buffer and its commits. `results` of the last commit are kept for metrics."""

    def __init__(
        self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None, refused: Refusals | None = None
    ) -> None:
        self._store = store
        self._keys = keys
        self._limits = limits or IngestLimits()
        self._pending: list[IncomingBatch] = []
        self._events = 0
        self._first_at_s = 0.0
        self._not_before_s = 0.0
        self.refused = refused or Refusals()
        self.results: tuple[IngestResult, ...] = ()

    @property
    def pending(self) -> int:
        """How many batches wait for the next commit."""
        return len(self._pending)

    @property
    def full(self) -> bool:
        """Whether to commit before anything more is received."""
        return len(self._pending) >= self._limits.messages_max or self._events >= self._limits.events_max

    def receive(self, topic: str, payload: bytes, now_s: float) -> None:
        """Take a message of a journal topic. Never raises for what is in it."""
        try:
            place = parse_terminal_topic(topic)
            key = self._keys.terminal_key(place.store, place.terminal)
            if key is None:
                text = f"{place.store}/{place.terminal} is not enrolled here, or was revoked"
                self.refused.refuse(topic, payload, "unknown_terminal", text)
                return
            batch = decode_batch(payload, topic=topic, key=key)
        except (BadFrame, InvalidId) as error:
            self.refused.refuse_error(topic, payload, error)
            return
        if not 0 < batch.epoch <= EPOCH_MAX:
            self.refused.refuse(topic, payload, "unreadable", f"epoch {batch.epoch} is none that we grant")
            return
        if not self._pending:
            self._first_at_s = now_s
        self._pending.append(IncomingBatch(EpochKey(place.store, place.terminal, batch.epoch), batch))
        self._events += len(batch.events)

    def due(self, now_s: float) -> bool:
        """Whether to commit now."""
        wake_at_s = self.wake_at_s()
        return wake_at_s is not None and now_s >= wake_at_s

    def wake_at_s(self) -> float | None:
        """When `due` turns true by itself; None while nothing waits."""
        if not self._pending:
            return None
        return max(self._first_at_s + (0.0 if self.full else self._limits.wait_s), self._not_before_s)

    def commit(self, now_s: float, wall: datetime, *, unfit: str = "") -> list[Publish]:
        """Commit everything that waits, in one transaction, and return the acks to publish.

        With `unfit`, the reason, the events are kept and parked instead of being counted in.

        Raises StorageUnavailable, keeps what waits, and is due again a little later. What the database refuses as
        such (StorageRejected) would fail again: the caller takes it back by `take_pending`.
        """
        self.results = ()
        if not self._pending:
            return []
        try:
            plan = ingest(self._store, self._pending, wall, unfit=unfit)
        except StorageUnavailable:
            self._not_before_s = now_s + self._limits.retry_s
            raise
        self.take_pending()
        self.results = plan.results
        return [publish for result in plan.results if (publish := self._ack(result)) is not None]

    def take_pending(self) -> tuple[IncomingBatch, ...]:
        """Give up what waits, and hand it to the caller."""
        pending, self._pending, self._events = tuple(self._pending), [], 0
        return pending

    def put_back(self, incoming: IncomingBatch) -> None:
        """Let a batch wait for the next commit again."""
        self._pending.append(incoming)
        self._events += len(incoming.batch.events)

    def _ack(self, result: IngestResult) -> Publish | None:
        store, terminal, _ = result.key
        key = self._keys.terminal_key(store, terminal)
        return None if key is None else ack_of(store, terminal, result, key)


def ingest(store: LedgerStore, batches: Sequence[IncomingBatch], now: datetime, *, unfit: str = "") -> IngestPlan:
    """Take batches in one transaction; when this returns, it has committed. `unfit`: see plan_batches.

    Event ids are looked up in the log only when its index has refused one: they repeat where a till had to seal what
    was not acked again, and almost nowhere else, and a thousand look-ups cost as much as writing the thousand events.
    """
    try:
        return _ingest(store, batches, now, asking=False, unfit=unfit)
    except AlreadyLogged:
        return _ingest(store, batches, now, asking=True, unfit=unfit)


def _ingest(
    store: LedgerStore, batches: Sequence[IncomingBatch], now: datetime, *, asking: bool, unfit: str
) -> IngestPlan:
    with store.begin(frozenset(incoming.key.store for incoming in batches)) as transaction:
        plan = plan_batches(batches, transaction, now, asking=asking, unfit=unfit)
        if not plan.writes.is_empty:
            transaction.write(plan.writes)
    return plan


def event_by_event(incoming: IncomingBatch) -> Iterator[IncomingBatch]:
    """The same events in batches of one. From a break of the chain on they stay together, to be judged as they are."""
    batch = incoming.batch
    previous: Digest | None = batch.previous
    for index, raw in enumerate(batch.events):
        if previous is None:
            break
        following = chain_digest(raw, previous)
        events = (raw,) if following is not None else batch.events[index:]
        yield replace(incoming, batch=Batch(batch.epoch, batch.first + index, previous, batch.sent_at, events))
        previous = following


def ack_of(store: StoreId, terminal: TerminalId, result: IngestResult, key: Key) -> Publish:
    """The retained message that tells a terminal what is committed."""
    topic = terminal_topic(store, terminal, "ack")
    return Publish(topic, encode(result.ack, topic=topic, key=key), retain=True)
