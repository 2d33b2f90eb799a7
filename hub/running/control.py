"""The control thread: pulls, questions, statuses and epoch requests in; broadcasts, answers and grants out; notes kept.

It is the only user of the feed and fleet sessions and of the availability projection. A commit wakes it; the feed's
limits make it coalesce.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import StorageError
from hub.feed.asks import AskSession
from hub.feed.session import FeedSession
from hub.fleet.keyring import CachedKeyRing
from hub.fleet.session import FleetSession
from hub.projections.availability import AvailabilityProjection
from hub.projections.matters import MatterProjection
from hub.running.changes import ChangeBoard
from hub.running.commit_tally import CommitTally
from hub.running.metrics import HubMetrics
from hub.storage import latency_buckets as buckets
from hub.storage.port import FeedStore, FleetStore, WatchStore
from hub.storage.queries import SqlQueries
from hub.storage.records import Alarm
from hub.storage.refusals import Refusals
from protocol.errors import InvalidId
from protocol.link import Publish
from protocol.topics import parse_terminal_topic

MESSAGES_MAX = 20_000
BUSY_S = 0.025
REST, REST_S_MAX = 6.0, 1.0
"""Broadcasts and projections rest so many times as long as they took: at most a seventh of the time goes to them, and a
busy hub coalesces more instead of taking journals later. A quiet one takes milliseconds, and so rests for as few."""
IDLE_S = 0.25
NOTES_EVERY_S = 1.0
KEYS_EVERY_S = 2.0
RETRY_S = 1.0
MESSAGE_BYTES_MAX = 64 * 1024
"""Whatever comes here is a hundred times smaller; 20,000 that wait must not fill the memory."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ControlParts:
    """What the control thread works with."""

    feed: FeedSession
    fleet: FleetSession
    asks: AskSession
    terminals: FleetStore
    feeds: FeedStore
    projection: AvailabilityProjection
    matters: MatterProjection
    watch: WatchStore
    queries: SqlQueries
    keys: CachedKeyRing
    changes: ChangeBoard
    metrics: HubMetrics
    journal_refusals: Sequence[Refusals]
    publish: Callable[[Sequence[Publish]], None]
    room_bytes: Callable[[], int]
    stock_moved: Callable[[], None] = lambda: None
    """Called when availability has been numbered: channels may be told."""


class ControlThread:
    """One thread. `deliver`, `counted` and `wake` may be called from others."""

    def __init__(self, parts: ControlParts, clock_s: Callable[[], float], wall: Callable[[], datetime]) -> None:
        self._parts = parts
        self._clock_s = clock_s
        self._wall = wall
        self._messages: deque[tuple[str, bytes]] = deque(maxlen=MESSAGES_MAX)
        self._latency: Counter[tuple[int, int]] = Counter()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control", daemon=True)
        self._presence_is_old = False
        self._busy_until_s = 0.0
        self._rest_until_s = 0.0
        self._notes_at_s = 0.0
        self._keys_at_s = 0.0
        self.problem = ""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Write the last notes and end the thread."""
        self._stopping.set()
        self._wake.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def deliver(self, topic: str, payload: bytes) -> None:
        """Take a message from the broker. When 20,000 wait, the oldest goes: whoever sent it says it again."""
        # One that is too large is refused in its turn, and so counted: what is left of it proves nothing.
        self._messages.append((topic, payload if len(payload) <= MESSAGE_BYTES_MAX else b""))
        self._wake.set()

    def counted(self, tally: CommitTally) -> None:
        """Note a commit: its latencies, and that the feeds have moved."""
        self._parts.metrics.committed(tally)
        latency = Counter((tally.minute, bucket) for bucket in map(buckets.bucket_of, tally.timely_ms))
        latency[tally.minute, buckets.LATE] = tally.late
        with self._lock:
            self._latency.update(+latency)
        if tally.troubled:
            self._parts.changes.tell("alarms", tally.troubled)
        self.wake()

    def connected(self) -> None:
        """The broker's connection is new: who is online will be told again, and only that can be believed."""
        self._presence_is_old = True
        self.wake()

    def wake(self) -> None:
        """There is something new in the database."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            now_s = self._clock_s()
            self._wake.wait(BUSY_S if now_s < self._busy_until_s else IDLE_S)
            if self._wake.is_set():
                self._wake.clear()
                self._busy_until_s = self._clock_s() + 4 * BUSY_S
            try:
                self._step()
                self.problem = ""
            except StorageError as error:
                if not self.problem:
                    _log.error("the database is away", extra={"action": "control_stopped", "problem": str(error)})
                self.problem = str(error)
                self._stopping.wait(RETRY_S)
            except Exception as error:  # noqa: BLE001 - as the next lines say
                # A mistake of ours in one message's or one feed's way must not end the hub, and with it every store.
                if not self.problem:
                    _log.exception("a control step failed", extra={"action": "control_failed"})
                self.problem = f"a mistake of ours, see the log: {type(error).__name__}"
                self._stopping.wait(RETRY_S)
        try:
            self._keep_notes()
        except StorageError as error:
            _log.warning("the last notes are lost", extra={"action": "notes_lost", "problem": str(error)})

    def _step(self) -> None:
        parts = self._parts
        now_s, wall = self._clock_s(), self._wall()
        if self._presence_is_old:
            # Taken down before the work, so that a connection made meanwhile is not missed.
            self._presence_is_old = False
            try:
                parts.terminals.forget_presence()
            except StorageError:
                self._presence_is_old = True
                raise
            parts.changes.tell("terminals")
        self._take_messages(now_s)
        reported = set(parts.fleet.reported())
        publishes = parts.fleet.poll(now_s, wall)
        if reported:
            parts.changes.tell("terminals", reported)
        # Before the feeds: a customer waits for it, and a whole catalogue may be on its way to others.
        publishes += parts.asks.poll(now_s, room_bytes=parts.room_bytes())
        rested = now_s >= self._rest_until_s
        publishes += parts.feed.poll(now_s, wall, room_bytes=parts.room_bytes(), broadcast=rested)
        if publishes:
            parts.publish(publishes)
            parts.metrics.published.inc(len(publishes))
        if rested:
            self._project(now_s, wall)
            ended_s = self._clock_s()
            self._rest_until_s = ended_s + min(REST_S_MAX, REST * (ended_s - now_s))
        if now_s - self._notes_at_s >= NOTES_EVERY_S:
            self._notes_at_s = now_s
            self._keep_notes()
        if now_s - self._keys_at_s >= KEYS_EVERY_S:
            self._keys_at_s = now_s
            parts.keys.refresh()

    def _take_messages(self, now_s: float) -> None:
        parts = self._parts
        for _ in range(len(self._messages)):
            topic, payload = self._messages.popleft()
            match _leaf(topic):
                case "pull":
                    parts.feed.receive(topic, payload)
                case "ask":
                    parts.asks.receive(topic, payload, now_s)
                case _:
                    parts.fleet.receive(topic, payload)

    def _project(self, now_s: float, wall: datetime) -> None:
        parts = self._parts
        heads = parts.feeds.heads()
        if parts.matters.advance(heads, wall, now_s):
            parts.changes.tell("alarms")
            self._wake.set()  # there may be more, and what has changed is to be broadcast
        step = parts.projection.advance(heads)
        if step.skus:
            parts.changes.tell("stock", step.skus)
            parts.stock_moved()
        if step.stores:
            parts.changes.tell("sales", step.stores)
        if step.catalogue:
            parts.changes.tell("catalogue")

    def _keep_notes(self) -> None:
        parts, wall = self._parts, self._wall()
        with self._lock:
            latency, self._latency = self._latency, Counter()
        if latency:
            try:
                parts.watch.record_latency(latency, wall)
            except StorageError:
                with self._lock:
                    self._latency.update(latency)
                raise
        refusals = (*parts.journal_refusals, parts.feed.refused, parts.fleet.refused, parts.asks.refused)
        total: Counter[str] = Counter()
        for each in refusals:
            total.update(each.counts)
        new = parts.metrics.refusals(total)
        samples = [sample for each in refusals for sample in each.take_samples(wall)]
        if samples:
            parts.watch.record_bad_frames(samples)
        if new:
            text = ", ".join(f"{count} {reason}" for reason, count in sorted(new.items()))
            parts.watch.raise_alarms([Alarm("bad_frames", "", "", f"messages refused: {text}", new.total())], wall)
            parts.changes.tell("alarms")
        self._gauge()

    def _gauge(self) -> None:
        parts = self._parts
        terminals = parts.queries.terminals()
        parts.metrics.terminals.set(len(terminals))
        parts.metrics.asks_let_go.set(parts.asks.let_go)
        parts.metrics.online.set(sum(row.online for row in terminals))
        for feed, head in parts.feeds.heads().items():
            parts.metrics.revision.labels(feed).set(head)


def _leaf(topic: str) -> str:
    try:
        return parse_terminal_topic(topic).leaf
    except InvalidId:
        return ""
