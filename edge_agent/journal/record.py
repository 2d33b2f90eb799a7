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
    old, unacked = journal.epoch, range(journal.acked + 1, journal.tail + 1)
    moved = journal.start_epoch(epoch)
    replica.rekey_own(old, epoch, moved)
    # What was set aside will never be counted in by the hub; a person enters it again, and then it moves stock.
    replica.forget_own(old, [sequence for sequence in unacked if sequence not in moved])
