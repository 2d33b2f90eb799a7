"""What the pages show, read once for all viewers: twenty open dashboards cost the database as much as one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from hub.admin.catching_up import CatchUp, CatchUps
from hub.storage.reading import AlarmRow, Latency, ParkedRow, Queries, SaleRow, StoreRow, TerminalRow

LATENCY_MINUTES = 60
SALES_SHOWN = 50
ALARMS_READ = 200
PARKED_READ = 100


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
    catching_up: Mapping[tuple[str, str], CatchUp] = field(default_factory=dict)


class Readings:
    """Reads on demand, one reading at a time. Thread-safe.

    Who asks gets a reading that began after the asking: one that was under way may have missed what made them ask.
    All who ask while one is under way share the next.
    """

    def __init__(self, queries: Queries, clock: Callable[[], datetime]) -> None:
        self._queries = queries
        self._clock = clock
        self._turn = threading.Condition()
        self._begun = 0
        self._catch_ups = CatchUps()
        self._busy = False
        self._last: tuple[int, Reading] | None = None

    def take(self) -> Reading:
        """A reading that began after this call. Blocks; call it in a worker thread."""
        with self._turn:
            wanted = self._begun + 1
            while self._busy:
                self._turn.wait()
                if self._last is not None and self._last[0] >= wanted:
                    return self._last[1]
            self._busy = True
            self._begun += 1
            number = self._begun
        try:
            reading = self._read()
        except BaseException:
            self._finish(None)  # those who wait try for themselves
            raise
        self._finish((number, reading))
        return reading

    def _finish(self, done: tuple[int, Reading] | None) -> None:
        with self._turn:
            self._busy = False
            self._last = done or self._last
            self._turn.notify_all()

    def _read(self) -> Reading:
        now, queries = self._clock(), self._queries
        terminals = queries.terminals()
        return Reading(
            now=now,
            stores=queries.stores(now),
            terminals=terminals,
            sales=queries.recent_sales(SALES_SHOWN),
            latency=queries.latency(LATENCY_MINUTES, now),
            alarms=queries.alarms(ALARMS_READ),
            parked=queries.parked(PARKED_READ),
            catching_up=self._catch_ups.take(terminals, now),
        )
