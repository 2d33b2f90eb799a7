"""Proxies in front of a hub's ledger, for whoever must answer a little differently than the real one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime

from hub.stock.level import Level
from hub.storage.port import LedgerStore, LedgerTransaction
from hub.storage.records import EpochKey, LedgerWrites, LevelKey, Place, Promise
from protocol.event import Digest
from protocol.ids import Sku, StoreId
from protocol.journal_receiver import JournalCursor
from protocol.movements import Movement


class LyingTransaction:
    """A transaction that answers as the real one does; who is not honest overrides one answer."""

    def __init__(self, real: LedgerTransaction) -> None:
        self.real = real

    def revisions(self) -> Mapping[StoreId, int]:
        """See LedgerReads."""
        return self.real.revisions()

    def cursors(self, keys: Collection[EpochKey]) -> Mapping[EpochKey, JournalCursor]:
        """See LedgerReads."""
        return self.real.cursors(keys)

    def digest_at(self, key: EpochKey, sequence: int) -> Digest | None:
        """See LedgerReads."""
        return self.real.digest_at(key, sequence)

    def logged_ids(self, ids: Collection[tuple[StoreId, str]]) -> Mapping[tuple[StoreId, str], Place]:
        """See LedgerReads."""
        return self.real.logged_ids(ids)

    def open_forks(self) -> frozenset[tuple[StoreId, str]]:
        """See LedgerReads."""
        return self.real.open_forks()

    def levels(self, keys: Collection[LevelKey]) -> Mapping[LevelKey, Level]:
        """See LedgerReads."""
        return self.real.levels(keys)

    def reservations(self, promises: Collection[Promise]) -> Mapping[tuple[Promise, Sku], int]:
        """See LedgerReads."""
        return self.real.reservations(promises)

    def promised(self, store: StoreId) -> Mapping[Sku, int]:
        """See LedgerReads."""
        return self.real.promised(store)

    def ledger(self, key: LevelKey, since: datetime | None) -> Sequence[Movement]:
        """See LedgerReads."""
        return self.real.ledger(key, since)

    def write(self, writes: LedgerWrites) -> None:
        """See LedgerTransaction."""
        self.real.write(writes)


Lie = Callable[[LedgerTransaction], LedgerTransaction]


class LyingStore:
    """A store whose transactions lie."""

    def __init__(self, real: LedgerStore, lie: Lie) -> None:
        self._real = real
        self._lie = lie

    def begin(self, stores: Collection[StoreId]) -> AbstractContextManager[LedgerTransaction]:
        """See LedgerStore."""
        return self._lying(stores)

    @contextmanager
    def _lying(self, stores: Collection[StoreId]) -> Iterator[LedgerTransaction]:
        with self._real.begin(stores) as transaction:
            yield self._lie(transaction)
