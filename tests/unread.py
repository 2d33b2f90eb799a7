"""Events as a hub takes them that cannot read them; another version can, later."""

from __future__ import annotations

from datetime import datetime

from hub.storage.port import LedgerStore
from hub.storage.records import EpochKey, LedgerWrites, LoggedEvent, ParkedEvent
from protocol.event import Event, SealedEvent, read_event
from protocol.journal_receiver import JournalCursor


def take_unread(ledger: LedgerStore, key: EpochKey, sealed: SealedEvent, now: datetime, *, named: bool = False) -> None:
    """Take the next event of a journal, and park it; `named` if its id and type could be read."""
    event = read_event(sealed.raw)
    assert isinstance(event, Event)
    known = (event.id, event.type, event.time) if named else (None, None, None)
    with ledger.begin([key.store]) as transaction:
        transaction.write(
            LedgerWrites(
                at=now,
                revisions={key.store: transaction.revisions()[key.store] + 1},
                events=(LoggedEvent(key, sealed.sequence, sealed.digest, sealed.raw, *known),),
                cursors={key: JournalCursor(key.epoch, sealed.sequence, sealed.digest)},
                parked=(ParkedEvent(key, sealed.sequence, known[0], "unreadable", "an older hub", sealed.raw),),
            )
        )
