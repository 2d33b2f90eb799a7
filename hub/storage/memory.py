"""The hub's database in memory: the fake that tests and the simulation use, with a database's manners.

What is durable is only what a transaction has committed: throw a transaction away and it never was. Rows are locked
by store as in the real ones, except that nobody can wait here: a second transaction for a locked store raises
RowLocked, and whoever schedules the workers tries again later. Not for several threads at once.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import msgspec

from hub.errors import RowLocked, StoreExists, TerminalExists, UnknownStore, UnknownTerminal
from hub.stock.level import Level
from hub.storage.documents import item_document, settings_document, stock_document
from hub.storage.memory_ledger import MemoryEpoch, MemoryTables, MemoryTerminal, MemoryTransaction, count_up
from hub.storage.port import BadFrame, Keys, TerminalReport
from hub.storage.records import (
    TWIN_AFTER,
    Alarm,
    EpochKey,
    LevelKey,
    LoggedEvent,
    ParkedEvent,
    SaleFact,
)
from protocol.documents import Document, Item, Settings
from protocol.event import GENESIS
from protocol.feed_sender import FeedSnapshot
from protocol.frame import Key
from protocol.ids import GLOBAL_FEED, FeedName, Sku, StoreId, TerminalId, store_feed, store_of_feed
from protocol.journal_receiver import JournalCursor
from protocol.messages import Cursor, EpochGrant, EpochRequest, Status
from protocol.movements import Movement

_BAD_FRAMES_KEPT = 100


class MemoryStore:
    """All storage ports over dictionaries."""

    def __init__(self, *, lineage: str = "memory", global_feed_key: Key | None = None) -> None:
        self.lineage = lineage
        self._tables = MemoryTables()
        self._tables.revisions[GLOBAL_FEED] = 0
        self._tables.feed_keys[GLOBAL_FEED] = global_feed_key or Key(bytes(32))
        self._locked: set[StoreId] = set()

    # The ledger.

    def begin(self, stores: Collection[StoreId]) -> MemoryTransaction:
        """Open a transaction; also usable without `with`, by `commit` and `rollback`. Raises RowLocked."""
        self._wait_for(stores)
        self._locked.update(stores)
        return MemoryTransaction(self._tables, frozenset(stores), self._locked)

    def events(self, store: StoreId) -> Sequence[LoggedEvent]:
        """The log of one store, journal by journal, in sequence order."""
        return [event for key, log in sorted(self._tables.events.items()) if key.store == store for event in log]

    def level(self, store: StoreId, sku: Sku) -> Level | None:
        """One level."""
        entry = self._tables.levels.get(LevelKey(store, sku))
        return entry[0] if entry is not None else None

    def levels(self) -> Mapping[LevelKey, Level]:
        """All levels."""
        return {key: level for key, (level, _) in self._tables.levels.items()}

    def movements(self, store: StoreId, sku: Sku) -> Sequence[Movement]:
        """The ledger of one SKU in one store, in the order in which it came."""
        return tuple(self._tables.movements.get(LevelKey(store, sku), ()))

    def cursor(self, key: EpochKey) -> JournalCursor | None:
        """How far an epoch's journal is in the log."""
        epoch = self._tables.epochs.get(key)
        return epoch.cursor if epoch is not None else None

    def sales(self) -> Sequence[SaleFact]:
        """All receipts in the order in which they came."""
        return tuple(self._tables.sales)

    def alarms(self) -> Sequence[Alarm]:
        """All alarms."""
        return tuple(self._tables.alarms.values())

    def parked_events(self, store: StoreId | None = None, limit: int = 1_000_000) -> Sequence[ParkedEvent]:
        """See ParkedStore."""
        parked = (p for p in self._tables.parked.values() if not p.resolved and store in (None, p.key.store))
        return sorted(parked, key=lambda p: (p.key, p.sequence))[:limit]

    # The feeds.

    def heads(self) -> Mapping[FeedName, int]:
        """See FeedStore."""
        return dict(self._tables.revisions)

    def snapshot(self, feed: FeedName, from_rev: int) -> FeedSnapshot:
        """See FeedStore."""
        tables = self._tables
        if feed not in tables.revisions:
            raise UnknownStore(f"feed {feed}: no such feed")
        store = store_of_feed(feed)
        documents: list[Document] = []
        cursors: list[Cursor] = []
        if store is None:
            documents += [item_document(sku, item, rev) for sku, (item, rev) in tables.items.items() if rev > from_rev]
        else:
            settings, revision = tables.settings[store]
            if revision > from_rev:
                documents.append(settings_document(settings, revision))
            documents += [
                stock_document(key.sku, level, rev)
                for key, (level, rev) in tables.levels.items()
                if key.store == store and rev > from_rev
            ]
            cursors += [
                Cursor(terminal=key.terminal, epoch=key.epoch, sequence=epoch.cursor.sequence)
                for key, epoch in tables.epochs.items()
                if key.store == store and epoch.revision > from_rev
            ]
        documents.sort(key=lambda document: (document.revision, document.kind, document.key))
        return FeedSnapshot(self.lineage, from_rev, tables.revisions[feed], documents, sorted(cursors, key=_cursor_key))

    # Fleet and keys.

    def terminal_key(self, store: StoreId, terminal: TerminalId) -> Key | None:
        """See KeyRing."""
        row = self._tables.terminals.get((store, terminal))
        return None if row is None or row.revoked else row.key

    def feed_key(self, feed: FeedName) -> Key | None:
        """See KeyRing."""
        return self._tables.feed_keys.get(feed)

    def keys(self) -> Keys:
        """See FleetStore."""
        rows = self._tables.terminals.items()
        return Keys({place: row.key for place, row in rows if not row.revoked}, dict(self._tables.feed_keys))

    def add_store(self, store: StoreId, settings: Settings, feed_key: Key, now: datetime) -> None:
        """See FleetStore."""
        del now
        if store in self._tables.settings:
            raise StoreExists(f"store {store} is there already")
        self._tables.settings[store] = (settings, 1)
        self._tables.revisions[store_feed(store)] = 1
        self._tables.feed_keys[store_feed(store)] = feed_key

    def set_settings(self, store: StoreId, settings: Settings, now: datetime) -> None:
        """See FleetStore."""
        del now
        self._wait_for([store])
        if store not in self._tables.settings:
            raise UnknownStore(f"store {store}: there is none of this name; `store add` creates it")
        revision = self._tables.revisions[store_feed(store)] + 1
        self._tables.revisions[store_feed(store)] = revision
        self._tables.settings[store] = (settings, revision)

    def add_terminal(self, store: StoreId, terminal: TerminalId, name: str, key: Key, now: datetime) -> int:
        """See FleetStore."""
        del now
        if store not in self._tables.settings:
            raise UnknownStore(f"store {store}: there is none of this name; `store add` creates it")
        if (store, terminal) in self._tables.terminals:
            raise TerminalExists(f"terminal {store}/{terminal} is there already; `terminal renew` gives it new keys")
        self._tables.terminals[store, terminal] = MemoryTerminal(name, key)
        self._open_epoch(store, terminal, 1, "")
        return 1

    def renew_terminal(self, store: StoreId, terminal: TerminalId, key: Key, now: datetime) -> int:
        """See FleetStore."""
        del now
        row = self._terminal(store, terminal)
        row.key, row.revoked, row.epoch = key, False, row.epoch + 1
        self._open_epoch(store, terminal, row.epoch, "")
        return row.epoch

    def revoke_terminal(self, store: StoreId, terminal: TerminalId, now: datetime) -> None:
        """See FleetStore."""
        del now
        self._terminal(store, terminal).revoked = True

    def grant_epoch(self, store: StoreId, terminal: TerminalId, request: EpochRequest, now: datetime) -> EpochGrant:
        """See EpochStore."""
        self._wait_for([store])
        row = self._terminal(store, terminal)
        for key, epoch in self._tables.epochs.items():
            if (key.store, key.terminal) == (store, terminal) and epoch.nonce == request.nonce:
                return EpochGrant(epoch=key.epoch, nonce=request.nonce)
        row.epoch = max(row.epoch, request.epoch) + 1
        row.granted_at = now
        self._open_epoch(store, terminal, row.epoch, request.nonce)
        self.raise_alarms([Alarm.for_grant(store, terminal, request, row.epoch)], now)
        return EpochGrant(epoch=row.epoch, nonce=request.nonce)

    def record_reports(self, reports: Sequence[TerminalReport], now: datetime) -> None:
        """See FleetStore."""
        for report in reports:
            row = self._tables.terminals.get((report.store, report.terminal))
            if row is not None:
                row.status, row.seen_at = report.status, now
                is_late = row.granted_at is not None and now - row.granted_at > TWIN_AFTER
                if is_late and report.status.online and 0 < report.status.epoch < row.epoch:
                    twin = Alarm.for_twin(report.store, report.terminal, report.status.epoch, row.epoch)
                    self.raise_alarms([twin], now)

    def forget_presence(self) -> None:
        """See FleetStore."""
        for row in self._tables.terminals.values():
            if row.status is not None:
                row.status = msgspec.structs.replace(row.status, online=False)

    def status(self, store: StoreId, terminal: TerminalId) -> Status | None:
        """What a terminal last said about itself."""
        return self._terminal(store, terminal).status

    # Catalogue and notes.

    def put_items(self, items: Sequence[Item], now: datetime) -> int:
        """See CatalogueStore."""
        del now
        changed = {Sku(item.sku): item for item in items if self._tables.items.get(Sku(item.sku), (None, 0))[0] != item}
        return self._change_items(changed)

    def delete_items(self, skus: Collection[Sku], now: datetime) -> int:
        """See CatalogueStore."""
        del now
        return self._change_items({sku: None for sku in skus if self._tables.items.get(sku, (None, 0))[0] is not None})

    def record_latency(self, counts: Mapping[tuple[int, int], int], now: datetime) -> None:
        """See WatchStore."""
        del now
        for bucket, count in counts.items():
            self._tables.latency[bucket] = self._tables.latency.get(bucket, 0) + count

    def record_bad_frames(self, frames: Sequence[BadFrame]) -> None:
        """See WatchStore."""
        self._tables.bad_frames = [*self._tables.bad_frames, *frames][-_BAD_FRAMES_KEPT:]

    def raise_alarms(self, alarms: Sequence[Alarm], now: datetime) -> None:
        """See WatchStore."""
        del now
        count_up(self._tables, alarms)

    def close_alarms(self, kind: str | None, now: datetime) -> int:
        """See WatchStore."""
        del now
        closed = [key for key in self._tables.alarms if kind in (None, key[0])]
        for key in closed:
            del self._tables.alarms[key]
        return len(closed)

    def _change_items(self, changed: Mapping[Sku, Item | None]) -> int:
        if changed:
            revision = self._tables.revisions[GLOBAL_FEED] + 1
            self._tables.revisions[GLOBAL_FEED] = revision
            self._tables.items.update({sku: (item, revision) for sku, item in changed.items()})
        return len(changed)

    def _terminal(self, store: StoreId, terminal: TerminalId) -> MemoryTerminal:
        row = self._tables.terminals.get((store, terminal))
        if row is None:
            raise UnknownTerminal(f"terminal {store}/{terminal}: there is none of this name; `terminal add` creates it")
        return row

    def _open_epoch(self, store: StoreId, terminal: TerminalId, epoch: int, nonce: str) -> None:
        self._tables.epochs[EpochKey(store, terminal, epoch)] = MemoryEpoch(JournalCursor(epoch, 0, GENESIS), 0, nonce)

    def _wait_for(self, stores: Collection[StoreId]) -> None:
        held = self._locked.intersection(stores)
        if held:
            raise RowLocked(f"another transaction holds {', '.join(sorted(held))}")


def _cursor_key(cursor: Cursor) -> tuple[str, int]:
    return cursor.terminal, cursor.epoch
