"""Parked events that this version can read at last: they are counted in where they stand in the log."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime

from hub.errors import StorageUnavailable
from hub.ingest.effects import matters_of, promise_kept, sale_of, unstorable
from hub.ingest.levels import ending, moved_levels
from hub.storage.port import LedgerReads, LedgerStore, ParkedStore
from hub.storage.records import (
    EpochKey,
    Identified,
    LedgerMovement,
    LedgerWrites,
    LoggedMatter,
    ParkedEvent,
    Place,
    SaleFact,
)
from protocol.event import Event, Unreadable, read_data, read_event, source_of
from protocol.events import EventData
from protocol.ids import StoreId
from protocol.movements import movements_of

REPLAYED_AT_ONCE = 500
_log = logging.getLogger(__name__)


def plan_replay(store: StoreId, parked: Sequence[ParkedEvent], reads: LedgerReads, now: datetime) -> LedgerWrites:
    """Decide on one store's parked events; what can still not be read, and forks, stay where they are.

    An event whose very id could not be read was never compared with the log, and may be in it twice (sealed again
    into a later epoch): it is identified now, and counts in at its first place only.
    """
    readable = [(entry, *found) for entry in parked if (found := _readable(entry)) is not None]
    if not readable:
        return LedgerWrites(at=now, revisions={})
    unnamed = {(store, event.id) for entry, event, _ in readable if entry.event_id is None}
    known = dict(reads.logged_ids(unnamed))
    movements: list[LedgerMovement] = []
    sales: list[SaleFact] = []
    matters: list[LoggedMatter] = []
    identified: list[Identified] = []
    kept = set()
    for entry, event, data in readable:
        if entry.event_id is None:
            original = known.setdefault((store, event.id), _place(entry))
            again = str(original) if original != _place(entry) else None
            identified.append(Identified(entry.key, entry.sequence, event.id, event.type, event.time, again))
            if again is not None:
                continue
        movements += [LedgerMovement(entry.key, entry.sequence, m) for m in movements_of(data, event.time)]
        sale = sale_of(entry.key, entry.sequence, data, event.time)
        if sale is not None:
            sales.append(sale)
        matters += matters_of(entry.key, entry.sequence, data, event.time)
        kept.add(promise_kept(data, store))
    ended = ending([promise for promise in kept if promise is not None], reads)
    return LedgerWrites(
        at=now,
        revisions={store: reads.revisions()[store] + 1},
        movements=tuple(movements),
        sales=tuple(sales),
        levels=moved_levels(movements, reads, ended),
        resolved_forks=reads.open_forks() & unnamed,
        replayed=tuple((entry.key, entry.sequence) for entry, _, _ in readable),
        identified=tuple(identified),
        matters=tuple(matters),
        reservations=dict.fromkeys(ended, 0),
    )


def replay(ledger: LedgerStore, parked: ParkedStore, store: StoreId, now: datetime) -> int:
    """Replay a store's parked events; returns how many were counted in.

    One that the database refuses, or that we stumble over, stays parked and keeps nobody else out.
    """
    try:
        return _replay(ledger, parked, store, now)
    except StorageUnavailable:
        raise
    except Exception as error:  # noqa: BLE001 - as the docstring says
        _log.error("a replay was refused", extra={"action": "replay_rejected"}, exc_info=error)
    done = 0
    for entry in parked.parked_events(store, REPLAYED_AT_ONCE):
        try:
            done += _replay(ledger, parked, store, now, only=(entry.key, entry.sequence, entry.raw))
        except StorageUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - as above
            place = f"{entry.key.store}/{entry.key.terminal} epoch {entry.key.epoch} sequence {entry.sequence}"
            extra = {"action": "replay_failed", "event": place}
            _log.error("an event still cannot be counted in", extra=extra, exc_info=error)
    return done


def _replay(
    ledger: LedgerStore,
    parked: ParkedStore,
    store: StoreId,
    now: datetime,
    *,
    only: tuple[EpochKey, int, bytes] | None = None,
) -> int:
    with ledger.begin([store]) as transaction:
        # Read under the store's lock: two replays at once must not count an event twice.
        waiting = parked.parked_events(store, REPLAYED_AT_ONCE)
        tried = [entry for entry in waiting if only in (None, (entry.key, entry.sequence, entry.raw))]
        writes = plan_replay(store, tried, transaction, now)
        if not writes.is_empty:
            transaction.write(writes)
    return len(writes.replayed)


def _place(entry: ParkedEvent) -> Place:
    return Place(entry.key.terminal, entry.key.epoch, entry.sequence)


def _readable(entry: ParkedEvent) -> tuple[Event, EventData] | None:
    if entry.reason not in ("unknown_type", "unreadable"):
        return None
    event = read_event(entry.raw)
    if isinstance(event, Unreadable):
        return None
    place = (entry.key.epoch, entry.sequence, source_of(entry.key.store, entry.key.terminal))
    if (event.epoch, event.sequence, event.source) != place:
        return None
    data = read_data(event)
    if isinstance(data, Unreadable) or unstorable(event, data) is not None:
        return None
    return event, data
