"""Writing a fact down: the event, and what it moves in this till's own view of stock, in one transaction."""

from __future__ import annotations

from datetime import datetime

from edge_agent.journal.port import Journal
from edge_agent.replica.port import Replica
from protocol.event import SealedEvent
from protocol.events import EventData
from protocol.movements import movements_of


def record(  # noqa: PLR0913 - where to write, and an event's attributes
    journal: Journal,
    replica: Replica,
    data: EventData,
    *,
    event_id: str,
    time: datetime,
    clock_unchecked: bool = False,
) -> SealedEvent:
    """Append `data` and remember its movements. Safe when the caller's transaction is committed."""
    sealed = journal.append(data, event_id=event_id, time=time, clock_unchecked=clock_unchecked)
    replica.add_own(journal.epoch, sealed.sequence, movements_of(data, time))
    return sealed


def restart_epoch(journal: Journal, replica: Replica, epoch: int) -> None:
    """Move journal and own movements into the epoch that the hub granted."""
    old = journal.epoch
    replica.rekey_own(old, epoch, journal.start_epoch(epoch))
