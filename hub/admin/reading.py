"""What the pages show, read once for all viewers: twenty open dashboards cost the database as much as one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.storage.reading import AlarmRow, Latency, ParkedRow, Queries, SaleRow, StoreRow, TerminalRow

LATENCY_MINUTES = 60
SALES_SHOWN = 50
ALARMS_READ = 200
PARKED_READ = 100
FRESH = timedelta(milliseconds=250)
"""For how long a reading serves other viewers. Shorter than the pages' own pace, so nobody sees old figures twice."""


@dataclass(frozen=True)
class Reading:
    """The state of everything at `now`."""

    now: datetime
    stores: Sequence[StoreRow]
    terminals: Sequence[TerminalRow]
    sales: Sequence[SaleRow]
    latency: Latency
    alarms: Sequence[AlarmRow]
    parked: Sequence[ParkedRow]


class Readings:
    """Reads on demand, at most once in FRESH. Thread-safe: the second asker waits for the first one's reading."""

    def __init__(self, queries: Queries, clock: Callable[[], datetime]) -> None:
        self._queries = queries
        self._clock = clock
        self._lock = threading.Lock()
        self._last: Reading | None = None

    def take(self) -> Reading:
        """A reading that is at most FRESH old. Blocks; call it in a worker thread."""
        with self._lock:
            now = self._clock()
            last = self._last
            if last is not None and timedelta(0) <= now - last.now < FRESH:
                return last
            queries = self._queries
            self._last = Reading(
                now=now,
                stores=queries.stores(now),
                terminals=queries.terminals(),
                sales=queries.recent_sales(SALES_SHOWN),
                latency=queries.latency(LATENCY_MINUTES, now),
                alarms=queries.alarms(ALARMS_READ),
                parked=queries.parked(PARKED_READ),
            )
            return self._last
