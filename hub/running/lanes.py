"""The ingest lanes of one process: each a thread with connections, a session and a share of the stores of its own.

Stores are shared out by the buckets that stand in their topics (`shares.py`), so two lanes never want one store's row,
and one plans in Python while the other's transaction is at work in PostgreSQL. SQLite has one writer, so there one lane
is best; it has several connections, see `JournalLine`.
"""

from __future__ import annotations

import logging
import selectors
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from hub.broker.link import BrokerLink
from hub.ingest.journal_line import JournalLine, JournalLines, forget_session
from hub.ingest.session import IngestLimits, IngestSession
from hub.ingest.worker import IngestWorker, WorkerHooks
from hub.running.shares import Shares, remember, remembered
from hub.storage.port import KeyRing, LedgerStore
from hub.storage.refusals import Refusals
from protocol.topics import BUCKETS

LANES_MAX = 8
SHARES_FILE = "journal-lines"
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class IngestLane:
    """One lane's parts."""

    lines: JournalLines
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


class Lanes(Protocol):
    """What takes journals, wherever its threads are."""

    def start(self) -> None:
        """Hear journals; returns when they are being heard, or it is known why not, but for what takes too long."""
        ...

    def stop(self, timeout_s: float) -> None:
        """Hear no more, commit what waits; each lane may take so long."""
        ...

    @property
    def alive(self) -> bool:
        """Whether all threads run."""
        ...

    @property
    def connected(self) -> bool:
        """Whether all journals are being heard."""
        ...

    @property
    def line_problem(self) -> str:
        """Why journals are not heard; "" if they are."""
        ...

    @property
    def problem(self) -> str:
        """Why journals are not committed; "" if they are."""
        ...

    @property
    def waiting(self) -> int:
        """How many messages wait for a commit."""
        ...

    @property
    def reconnects(self) -> int:
        """How many connections were made anew."""
        ...


class IngestLanes:
    """See `Lanes`: those in this process. `lanes` has the numbers of each lane's lines; each has its `refusals`."""

    def __init__(
        self, parts: LaneParts, refusals: Sequence[Refusals], shares: Shares, lanes: Sequence[Sequence[int]]
    ) -> None:
        self._lanes = [_lane(parts, shares, mine, refused) for mine, refused in zip(lanes, refusals, strict=True)]

    def start(self) -> None:
        """See Lanes."""
        for lane in self._lanes:
            lane.worker.start()

    def stop(self, timeout_s: float) -> None:
        """See Lanes."""
        for lane in self._lanes:
            lane.worker.tell_to_stop()
        for lane in self._lanes:
            lane.worker.stop(timeout_s)

    @property
    def alive(self) -> bool:
        """See Lanes."""
        return all(lane.worker.alive for lane in self._lanes)

    @property
    def connected(self) -> bool:
        """See Lanes."""
        return all(line.connected for line in self._lines())

    @property
    def line_problem(self) -> str:
        """See Lanes."""
        return next((line.problem for line in self._lines() if line.problem), "")

    @property
    def problem(self) -> str:
        """See Lanes."""
        return next((lane.worker.problem for lane in self._lanes if lane.worker.problem), "")

    @property
    def waiting(self) -> int:
        """See Lanes."""
        return sum(lane.session.pending for lane in self._lanes)

    @property
    def reconnects(self) -> int:
        """See Lanes."""
        return sum(line.reconnects for line in self._lines())

    def _lines(self) -> Iterator[JournalLine]:
        return (line for lane in self._lanes for line in lane.lines.lines)


def forget_former(link: BrokerLink, shares: Shares, folder: Path) -> None:
    """Let the broker forget the sessions of a former deal, which would gather journals for nobody.

    `folder` remembers them. What cannot be done now (no broker) is tried at the next start.
    """
    file = folder / SHARES_FILE
    names = [f"{link.client_id}{name}" for name in shares.names]
    known = remembered(file)
    former = set(known.sessions) if known is not None else _sessions_before_deals(link.client_id, file)
    try:
        for name in former - set(names):
            forget_session(link, name)
    except OSError as error:
        _log.warning("old sessions stay at the broker for now", extra={"action": "sessions_kept", "why": str(error)})
        remember(file, shares, former | set(names))
        return
    remember(file, shares, names)


def _sessions_before_deals(client_id: str, file: Path) -> set[str]:
    """What release 0.1 called its lines: its file has their number only."""
    try:
        count = int(file.read_text("ascii"))
    except (OSError, ValueError):
        count = 1
    if count == 1:
        return {f"{client_id}-journal"}
    return {f"{client_id}-journal-{number + 1}of{count}" for number in range(min(count, BUCKETS))}


def _lane(parts: LaneParts, shares: Shares, mine: Sequence[int], refused: Refusals) -> IngestLane:
    session = IngestSession(parts.ledger, parts.keys, parts.limits, refused)

    def make(ready: selectors.BaseSelector) -> list[JournalLine]:
        return [
            JournalLine(
                parts.link,
                f"{parts.link.client_id}{shares.names[n]}",
                shares.filters(n),
                ready=ready,
                clock_s=parts.clock_s,
            )
            for n in mine
        ]

    lines = JournalLines(make)
    name = f"ingest-{mine[0] + 1}"
    worker = IngestWorker(
        session, lines, name=name, limits=parts.limits, hooks=parts.hooks, clock_s=parts.clock_s, wall=parts.wall
    )
    return IngestLane(lines, session, worker)
