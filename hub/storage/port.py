"""What the hub's rooms ask of a database, whichever it is.

All methods are synchronous and may block; the shells call them in threads. One lock orders everything that concerns a
store: its feed's row. A ledger transaction holds the locks of its stores (taken in sorted order) until it ends, so
cursors, levels and revisions of a store move in commit order, and any number of hub processes can share a database.
The trap: nothing may be published before `begin`'s context has closed without an exception; before that, nothing is.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from hub.stock.level import Level
from hub.storage.records import (
    Alarm,
    DocumentPut,
    EpochKey,
    KeptDocument,
    LedgerWrites,
    LevelKey,
    ParkedEvent,
    Place,
    Promise,
    WaitingEntry,
)
from protocol.documents import Item, Settings
from protocol.event import Digest
from protocol.feed_sender import FeedSnapshot
from protocol.frame import Key
from protocol.ids import FeedName, Sku, StoreId, TerminalId
from protocol.journal_receiver import JournalCursor
from protocol.messages import Elsewhere, EpochGrant, EpochRequest, FoundReceipt, Status
from protocol.movements import Movement


class LedgerReads(Protocol):
    """What a plan may ask while the stores' rows are locked."""

    def revisions(self) -> Mapping[StoreId, int]:
        """The feed revisions of the locked stores."""
        ...

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        """The journals' cursors; epochs that were never granted are left out."""
        ...

    def digest_at(self, key: EpochKey, sequence: int) -> Digest | None:
        """The digest of an event in the log; None if it is not there."""
        ...

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        """Which of these event ids are in the log already, and where (duplicates not counted)."""
        ...

    def open_forks(self) -> frozenset[tuple[StoreId, str]]:
        """The ids of fork events of the locked stores that are parked and have not come properly yet."""
        ...

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        """The levels; SKUs that this store never had are left out."""
        ...

    def reservations(self, promises: Collection[Promise]) -> Mapping[tuple[Promise, Sku], int]:
        """What is promised at the locked stores for these promises, by SKU."""
        ...

    def promised(self, store: StoreId) -> Mapping[Sku, int]:
        """All that is promised at a store, by SKU: what its levels should say is reserved."""
        ...

    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        """The movements of a SKU with event time at or after `since` (None: all)."""
        ...


class LedgerTransaction(LedgerReads, Protocol):
    """Reads under locks, and the one write."""

    def write(self, writes: LedgerWrites) -> None:
        """Write everything down; it takes effect when the transaction commits."""
        ...


class LedgerStore(Protocol):
    """The event log, the stock ledger and the journals' cursors."""

    def begin(self, stores: Collection[StoreId]) -> AbstractContextManager[LedgerTransaction]:
        """Open a transaction with the rows of `stores` locked; leaving it commits, an exception rolls back.

        Raises StorageUnavailable (the same work may succeed later) and StorageRejected (it will not), AlreadyLogged
        for a new event whose id its store's log has.
        """
        ...


class FeedStore(Protocol):
    """The documents of all feeds."""

    @property
    def lineage(self) -> str:
        """Names this database, so that its revisions are never compared with another's."""
        ...

    def heads(self) -> Mapping[FeedName, int]:
        """The newest revision of every feed."""
        ...

    def snapshot(self, feed: FeedName, from_rev: int) -> FeedSnapshot:
        """Documents and cursors that changed after `from_rev`, and the head, as one moment of the database saw them.

        Raises UnknownStore for a feed that does not exist.
        """
        ...


class EpochStore(Protocol):
    """The epochs of terminals."""

    def grant_epoch(self, store: StoreId, terminal: TerminalId, request: EpochRequest, now: datetime) -> EpochGrant:
        """Open an epoch new to both sides; the same nonce again gets the same answer. Raises UnknownTerminal."""
        ...


class KeyRing(Protocol):
    """Who may say what: the keys that authenticate frames."""

    def terminal_key(self, store: StoreId, terminal: TerminalId) -> Key | None:
        """A terminal's key; None when it is unknown or revoked."""
        ...

    def feed_key(self, feed: FeedName) -> Key | None:
        """A feed's key; None when there is no such feed."""
        ...


@dataclass(frozen=True)
class Keys:
    """All keys at one moment: of terminals that are not revoked, and of feeds. Never logged."""

    terminals: Mapping[tuple[StoreId, TerminalId], Key] = field(repr=False)
    feeds: Mapping[FeedName, Key] = field(repr=False)


@dataclass(frozen=True)
class TerminalReport:
    """A status that was authentic, for the fleet's table."""

    store: StoreId
    terminal: TerminalId
    status: Status


class FleetStore(EpochStore, Protocol):
    """Stores, terminals and what they said about themselves."""

    def add_store(self, store: StoreId, settings: Settings, feed_key: Key, now: datetime) -> None:
        """Create a store and its feed. Raises StoreExists."""
        ...

    def set_settings(self, store: StoreId, settings: Settings, now: datetime) -> None:
        """Change how a store's tills look and count; goes out on its feed. Raises UnknownStore."""
        ...

    def add_terminal(self, store: StoreId, terminal: TerminalId, name: str, key: Key, now: datetime) -> int:
        """Create a terminal and return its first epoch. Raises UnknownStore, TerminalExists."""
        ...

    def renew_terminal(self, store: StoreId, terminal: TerminalId, key: Key, now: datetime) -> int:
        """Give a terminal a new key, un-revoke it, and return its new epoch. Raises UnknownTerminal."""
        ...

    def revoke_terminal(self, store: StoreId, terminal: TerminalId, now: datetime) -> None:
        """Refuse everything that this terminal sends from now on. Raises UnknownTerminal."""
        ...

    def keys(self) -> Keys:
        """All keys."""
        ...

    def record_reports(self, reports: Sequence[TerminalReport], now: datetime) -> None:
        """Keep the newest status of each terminal."""
        ...

    def forget_presence(self) -> None:
        """Take every terminal for offline until it reports again: a broker that restarted has lost the last wills."""
        ...


class CatalogueStore(Protocol):
    """The items of the global feed."""

    def put_items(self, items: Sequence[Item], now: datetime) -> int:
        """Add or change items; unchanged ones keep their revision. Returns how many changed."""
        ...

    def delete_items(self, skus: Collection[Sku], now: datetime) -> int:
        """Turn items into tombstones. Returns how many there were."""
        ...


@dataclass(frozen=True)
class BadFrame:
    """A message that was refused: why, and the start of its bytes."""

    at: datetime
    topic: str
    reason: str
    text: str
    sample: bytes


class WatchStore(Protocol):
    """What the hub notes about its own work, behind the ingest path."""

    def record_latency(self, counts: Mapping[tuple[int, int], int], now: datetime) -> None:
        """Add to the histograms: (minute since 1970, bucket) -> count. Old minutes are forgotten."""
        ...

    def record_bad_frames(self, frames: Sequence[BadFrame]) -> None:
        """Keep samples of refused messages; only the newest are kept."""
        ...

    def raise_alarms(self, alarms: Sequence[Alarm], now: datetime) -> None:
        """Raise alarms, or count up those that stand already."""
        ...

    def close_alarms(self, kind: str | None, now: datetime) -> int:
        """Close the open alarms of a kind (None: all); raised again, one opens anew. Returns how many."""
        ...


class DocumentStore(Protocol):
    """Documents of all kinds but item, stock and settings; what events say of them is added to what is put."""

    def put(self, feed: FeedName, kind: str, puts: Sequence[DocumentPut], now: datetime) -> int:
        """Put documents of one kind; unchanged ones keep their revision. Returns how many changed. Raises UnknownStore.

        What events made of a document before (a customer's new phone) gives way to what is put now; a rest (owed,
        left, to come) does so only where the put says so.
        """
        ...

    def delete(self, feed: FeedName, kind: str, keys: Collection[str], now: datetime) -> int:
        """Turn documents into tombstones. Returns how many there were. Raises UnknownStore."""
        ...

    def documents(
        self, feed: FeedName | None = None, kind: str | None = None, *, key: str | None = None, limit: int = 1_000
    ) -> Sequence[KeptDocument]:
        """Documents as tills have them, by feed, kind and key."""
        ...

    def waiting(self, limit: int) -> Sequence[WaitingEntry]:
        """Events that wait for another one, oldest first."""
        ...


class AnswerStore(Protocol):
    """What a till may ask."""

    def find_receipt(self, number: str, nearest: StoreId) -> FoundReceipt | None:
        """A sale by its receipt's number, in any store (`nearest` first, then the newest), and what came back of it."""
        ...

    def elsewhere(self, sku: str) -> Elsewhere | None:
        """What all stores have of a SKU; None for one that neither the catalogue nor any store knows."""
        ...


class ParkedStore(Protocol):
    """Events that were put aside."""

    def parked_events(self, store: StoreId | None, limit: int) -> Sequence[ParkedEvent]:
        """Unresolved ones, oldest first."""
        ...
