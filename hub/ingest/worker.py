"""An ingest lane: one thread that hears its share of the journals, commits them, and publishes the acks.

The only user of its line and its session. It never reads more than it can commit: what waits meanwhile waits in the
socket and at the broker. Lanes share nothing but the database, in which their stores are different ones.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from hub.errors import StorageUnavailable
from hub.ingest.mqtt_packets import Message
from hub.ingest.plan import IncomingBatch, IngestResult
from hub.ingest.session import IngestLimits, IngestSession, event_by_event
from protocol.link import Publish

IDLE_S = 0.5
STOP_TRIES = 3
_WHY_MAX = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CommitReport:
    """One commit, for metrics and projections: `committed_at` was read after it."""

    results: tuple[IngestResult, ...]
    took_s: float
    committed_at: datetime


class Line(Protocol):
    """Where journals come from; see `JournalLines`."""

    @property
    def connected(self) -> bool:
        """Whether journals are being heard."""
        ...

    def connect_if_due(self) -> None:
        """Connect what is lost, if it is time to."""
        ...

    def receive(self, timeout_s: float) -> Sequence[Message]:
        """What has come, waiting up to `timeout_s` for the first."""
        ...

    def acknowledge(self) -> None:
        """What was received has been taken."""
        ...

    def keep_alive(self) -> None:
        """Say that we live, while nothing is read."""
        ...

    def close(self) -> None:
        """Say goodbye."""
        ...


@dataclass(frozen=True)
class WorkerHooks:
    """What the worker calls, from its own thread. None of them may block for long or raise."""

    publish: Callable[[Sequence[Publish]], None]
    committed: Callable[[CommitReport], None]
    failed: Callable[[str], None]


class IngestWorker:
    """A thread around one IngestSession and one line."""

    def __init__(  # noqa: PLR0913 - its collaborators, each once
        self,
        session: IngestSession,
        line: Line,
        *,
        name: str,
        limits: IngestLimits,
        hooks: WorkerHooks,
        clock_s: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._line = line
        self._stopping = threading.Event()
        self._limits = limits
        self._hooks = hooks
        self._clock_s = clock_s
        self._wall = wall
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.problem = ""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def tell_to_stop(self) -> None:
        """Hear nothing more; returns at once."""
        self._stopping.set()

    def stop(self, timeout_s: float) -> None:
        """Hear nothing more, commit what is buffered, publish the acks, end the thread."""
        self.tell_to_stop()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._hear()
            if self._session.due(self._clock_s()):
                self._commit()
        for _ in range(STOP_TRIES):
            # What cannot be committed now is not lost: nobody has acked it.
            if self._session.pending:
                self._commit()
        self._line.close()

    def _hear(self) -> None:
        wake_at_s = self._session.wake_at_s()
        wait_s = IDLE_S if wake_at_s is None else min(IDLE_S, max(0.0, wake_at_s - self._clock_s()))
        if self._session.full:
            self._line.keep_alive()
            self._stopping.wait(wait_s)
            return
        # What waits is committed before a broker that is away takes seconds to say so.
        if not self._session.pending:
            self._line.connect_if_due()
        if not self._line.connected:
            self._stopping.wait(wait_s)
            return
        messages = self._line.receive(wait_s)
        if not messages:
            return
        now_s = self._clock_s()
        receive = self._session.receive
        for message in messages:
            receive(message.topic, message.payload or b"", now_s)
        self._line.acknowledge()

    def _commit(self) -> None:
        started_s = self._clock_s()
        try:
            acks = self._session.commit(started_s, self._wall())
        except StorageUnavailable as error:
            self._note(str(error))
            self._stopping.wait(self._limits.retry_s)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one batch must not stop all stores
            self._commit_singly(error)
        else:
            self._report(acks, started_s)

    def _commit_singly(self, error: Exception) -> None:
        """Find the event that cannot be counted in, be it the database's word or our own mistake.

        Each batch gets a transaction of its own, then each event of a bad one. What still fails is kept with its bytes
        and parked: the journal behind it goes on, a person is told, and it is replayed once the cause is mended.
        """
        _log.error("a transaction was refused", extra={"action": "ingest_rejected"}, exc_info=error)
        for incoming in self._session.take_pending():
            failure = self._try(incoming)
            if failure is not None and not isinstance(failure, StorageUnavailable):
                for event in event_by_event(incoming):
                    self._take_or_park(event)

    def _take_or_park(self, event: IncomingBatch) -> None:
        failure = self._try(event)
        if failure is None or isinstance(failure, StorageUnavailable):
            return
        why = f"this hub fails to count it in: {type(failure).__name__}: {failure}"[:_WHY_MAX].replace("\x00", "")
        _log.error("an event is set aside", extra={"action": "ingest_parked", "why": why}, exc_info=failure)
        failure = self._try(event, unfit=why)
        if failure is not None:
            # Not acked, so its terminal keeps it and sends it again; the problem stands until somebody mends the cause.
            self._note(
                f"{event.key.store}/{event.key.terminal} epoch {event.key.epoch} from {event.batch.first}: {why}"
            )

    def _try(self, incoming: IncomingBatch, *, unfit: str = "") -> Exception | None:
        """Commit it alone; returns what went wrong."""
        started_s = self._clock_s()
        self._session.put_back(incoming)
        try:
            acks = self._session.commit(started_s, self._wall(), unfit=unfit)
        except Exception as failure:  # noqa: BLE001 - whatever is wrong with one event must not stop all stores
            self._session.take_pending()
            if isinstance(failure, StorageUnavailable):
                self._note(str(failure))
            return failure
        self._report(acks, started_s)
        return None

    def _report(self, acks: Sequence[Publish], started_s: float) -> None:
        if self.problem:
            _log.info("the database takes journals again", extra={"action": "ingest_resumed"})
            self.problem = ""
        self._hooks.publish(acks)
        if self._session.results:
            took_s = self._clock_s() - started_s
            self._hooks.committed(CommitReport(self._session.results, took_s, self._wall()))

    def _note(self, problem: str) -> None:
        if not self.problem:
            _log.error("the database does not take journals", extra={"action": "ingest_stopped", "problem": problem})
        self.problem = problem
        self._hooks.failed(problem)
