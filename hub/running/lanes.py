"""The ingest lanes of one hub: each a thread with a connection, a session and a share of the stores of its own.

Stores are shared out by the buckets that stand in their topics, so two lanes never want one store's row, and one plans
in Python while the other's transaction is at work in PostgreSQL. SQLite has one writer, so there one lane is best.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from hub.broker.link import BrokerLink
from hub.config import INGEST_LANES_MAX
from hub.ingest.journal_line import JournalLine, forget_session
from hub.ingest.session import IngestLimits, IngestSession
from hub.ingest.worker import IngestWorker, WorkerHooks
from hub.storage.port import KeyRing, LedgerStore
from hub.storage.refusals import Refusals
from protocol.topics import BUCKETS, up_filter

LANES_MAX = 8
_FILE = "journal-lanes"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestLane:
    """One lane's parts."""

    line: JournalLine
    session: IngestSession
    worker: IngestWorker


@dataclass(frozen=True)
class LaneParts:
    """What all lanes work with; `clock_s` and `wall` as everywhere."""

    link: BrokerLink
    ledger: LedgerStore
    keys: KeyRing
    limits: IngestLimits
    hooks: WorkerHooks
    clock_s: Callable[[], float]
    wall: Callable[[], datetime]


class IngestLanes:
    """All lanes together, as many as there are `refusals`: each notes there what it refuses."""

    def __init__(self, parts: LaneParts, refusals: Sequence[Refusals]) -> None:
        self._link = parts.link
        count = len(refusals)
        self._names = session_names(parts.link.client_id, count)
        self._lanes = [
            _lane(parts, name, filters_of(number, count), refused)
            for number, (name, refused) in enumerate(zip(self._names, refusals, strict=True))
        ]

    def start(self) -> None:
        """Hear journals."""
        for lane in self._lanes:
            lane.worker.start()

    def stop(self, timeout_s: float) -> None:
        """Hear no more, commit what waits; each lane may take so long."""
        for lane in self._lanes:
            lane.worker.tell_to_stop()
        for lane in self._lanes:
            lane.worker.stop(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        return all(lane.worker.alive for lane in self._lanes)

    @property
    def connected(self) -> bool:
        """Whether all journals are being heard."""
        return all(lane.line.connected for lane in self._lanes)

    @property
    def line_problem(self) -> str:
        """Why journals are not heard; "" if they are."""
        return next((lane.line.problem for lane in self._lanes if lane.line.problem), "")

    @property
    def problem(self) -> str:
        """Why journals are not committed; "" if they are."""
        return next((lane.worker.problem for lane in self._lanes if lane.worker.problem), "")

    @property
    def waiting(self) -> int:
        """How many messages wait for a commit."""
        return sum(lane.session.pending for lane in self._lanes)

    @property
    def reconnects(self) -> int:
        """How many connections were made anew."""
        return sum(lane.line.reconnects for lane in self._lanes)

    def forget_former(self, folder: Path) -> None:
        """Let the broker forget the sessions of a former number of lanes, which would gather journals for nobody.

        `folder` remembers the number. What cannot be done now (no broker) is tried at the next start.
        """
        file = folder / _FILE
        former = int(known) if file.exists() and (known := file.read_text("ascii").strip()).isdigit() else 1
        former_names = session_names(self._link.client_id, min(former, INGEST_LANES_MAX))
        try:
            for name in set(former_names) - set(self._names):
                forget_session(self._link, name)
        except OSError as error:
            _log.warning(
                "old sessions stay at the broker for now", extra={"action": "sessions_kept", "why": str(error)}
            )
            return
        file.write_text(str(len(self._names)), "ascii")


def session_names(client_id: str, count: int) -> list[str]:
    """The client ids of `count` lanes. Another count has other names: a session's filters stand at the broker."""
    if count == 1:
        return [f"{client_id}-journal"]
    return [f"{client_id}-journal-{number + 1}of{count}" for number in range(count)]


def filters_of(number: int, count: int) -> list[str]:
    """The topics that lane `number` of `count` hears; together all journals, each once."""
    if count == 1:
        return [up_filter("journal")]
    return [up_filter("journal", f"b{bucket:02d}") for bucket in range(number, BUCKETS, count)]


def _lane(parts: LaneParts, name: str, filters: Sequence[str], refused: Refusals) -> IngestLane:
    session = IngestSession(parts.ledger, parts.keys, parts.limits, refused)
    line = JournalLine(parts.link, name, filters, parts.clock_s)
    worker = IngestWorker(
        session, line, name=name.rpartition("-")[2], limits=parts.limits, hooks=parts.hooks, clock_s=parts.clock_s,
        wall=parts.wall,
    )  # fmt: skip
    return IngestLane(line, session, worker)
