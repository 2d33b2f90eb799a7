"""The ingest thread: takes what the reader delivers, commits, and publishes the acks. The only user of its session."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from hub.errors import StorageUnavailable
from hub.ingest.inbox import Delivery, Inbox
from hub.ingest.plan import IngestResult
from hub.ingest.session import IngestLimits, IngestSession
from protocol.link import Publish

IDLE_S = 0.5
STOP_TRIES = 3
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CommitReport:
    """One commit, for metrics and projections: `committed_at` was read after it."""

    results: tuple[IngestResult, ...]
    took_s: float
    committed_at: datetime


@dataclass(frozen=True)
class WorkerHooks:
    """What the worker calls, from its own thread. None of them may block for long or raise."""

    publish: Callable[[Sequence[Publish]], None]
    taken: Callable[[Sequence[Delivery]], None]
    committed: Callable[[CommitReport], None]
    failed: Callable[[str], None]


class IngestWorker:
    """A thread around one IngestSession."""

    def __init__(  # noqa: PLR0913 - its collaborators, each once
        self,
        session: IngestSession,
        inbox: Inbox,
        *,
        limits: IngestLimits,
        hooks: WorkerHooks,
        clock_s: Callable[[], float],
        wall: Callable[[], datetime],
    ) -> None:
        self._session = session
        self._inbox = inbox
        self._limits = limits
        self._hooks = hooks
        self._clock_s = clock_s
        self._wall = wall
        self._thread = threading.Thread(target=self._run, name="ingest", daemon=True)
        self.problem = ""

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Commit what is buffered, publish the acks, end the thread. Call after the reader has stopped reading."""
        self._inbox.close()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def _run(self) -> None:
        tries_left = STOP_TRIES
        while True:
            if not self._session.full:
                self._receive()
            if self._session.due(self._clock_s()) or self._inbox.closed:
                self._commit()
            if self._inbox.closed and not len(self._inbox):
                # What cannot be committed now is not lost: nobody has acked it.
                tries_left -= 1
                if not self._session.pending or tries_left <= 0:
                    return

    def _receive(self) -> None:
        wake_at_s = self._session.wake_at_s()
        timeout_s = IDLE_S if wake_at_s is None else max(0.0, wake_at_s - self._clock_s())
        room = max(1, self._limits.messages_max - self._session.pending)
        deliveries = self._inbox.take(room, timeout_s)
        now_s = self._clock_s()
        for delivery in deliveries:
            self._session.receive(delivery.topic, delivery.payload, now_s)
        if deliveries:
            self._hooks.taken(deliveries)

    def _commit(self) -> None:
        started_s = self._clock_s()
        try:
            acks = self._session.commit(started_s, self._wall())
        except StorageUnavailable as error:
            self._note(str(error))
            threading.Event().wait(self._limits.retry_s)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one batch must not stop all stores
            self._commit_singly(error)
        else:
            self._report(acks, started_s)

    def _commit_singly(self, error: Exception) -> None:
        """Find the batch that cannot be committed, be it the database's word or our own mistake.

        Each gets a transaction of its own. The bad one is let go: it was not acked, so its terminal keeps it and sends
        it again; the problem stands until somebody mends the cause.
        """
        _log.error("a transaction was refused", extra={"action": "ingest_rejected"}, exc_info=error)
        for incoming in self._session.take_pending():
            started_s = self._clock_s()
            self._session.put_back(incoming)
            try:
                acks = self._session.commit(started_s, self._wall())
            except Exception as failure:  # noqa: BLE001 - as above
                self._session.take_pending()
                place = f"{incoming.key.store}/{incoming.key.terminal}"
                self._note(f"{place} epoch {incoming.key.epoch} from {incoming.batch.first}: {failure}")
            else:
                self._report(acks, started_s)

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
