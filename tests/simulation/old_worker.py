"""A hub worker of the version before: it knows neither transfers nor web orders, and parks what it does not know.

Made of the shipped session: what its plan says about events of the new types is taken out again before it is written,
and they are parked instead, which is what the old program's plan was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hub.ingest.levels import moved_levels
from hub.ingest.session import IngestLimits, IngestSession
from hub.storage.port import KeyRing, LedgerStore
from hub.storage.records import EpochKey, LedgerWrites, LoggedEvent, ParkedEvent
from tests.simulation.lying import LyingStore, LyingTransaction

NEW_TYPES = frozenset(
    f"com.tillwire.{name}.v1" for name in ("transfer.sent", "transfer.received", "order.picked", "order.handed_over")
)


class OldTransaction(LyingTransaction):
    """Writes of events of new types only that they are there."""

    def write(self, writes: LedgerWrites) -> None:
        """See LedgerTransaction."""
        unknown = {(e.key, e.sequence): e for e in writes.events if e.type in NEW_TYPES and e.duplicate_of is None}
        self.real.write(self._without(writes, unknown) if unknown else writes)

    def park(self, event: LoggedEvent) -> tuple[ParkedEvent, ...]:
        """What stands for an event that this version does not know."""
        text = f"unknown event type {event.type}: this hub is older than the till, upgrade it and replay"
        return (ParkedEvent(event.key, event.sequence, event.event_id, "unknown_type", text, event.raw),)

    def _without(self, writes: LedgerWrites, unknown: Mapping[tuple[EpochKey, int], LoggedEvent]) -> LedgerWrites:
        movements = tuple(m for m in writes.movements if (m.key, m.sequence) not in unknown)
        parked = tuple(parked for event in unknown.values() for parked in self.park(event))
        return replace(
            writes,
            movements=movements,
            moves={},
            levels=moved_levels(movements, self.real),
            parked=(*writes.parked, *parked),
            matters=tuple(m for m in writes.matters if (m.key, m.sequence) not in unknown),
            reservations={},  # only events of the new types keep a promise
        )


class OldIngest(IngestSession):
    """The ingest of the version before."""

    def __init__(self, store: LedgerStore, keys: KeyRing, limits: IngestLimits | None = None) -> None:
        super().__init__(LyingStore(store, OldTransaction), keys, limits)
