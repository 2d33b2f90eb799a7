"""The hub's database as one process reaches it: away, read-only or slow for a while, or gone in mid-transaction.

A transaction ends in one of five ways: committed; dead with its process before the commit or right after it; failed,
because the database went away and came back on its last commit; or committed, with the answer lost on the way, so
that the process must take it for failed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol

from hub.errors import StorageUnavailable
from hub.storage.memory import MemoryStore
from hub.storage.memory_ledger import MemoryTransaction
from hub.storage.port import FeedStore, FleetStore, LedgerStore, LedgerTransaction, ParkedStore, TerminalReport
from protocol.feed_sender import FeedSnapshot
from protocol.ids import FeedName, StoreId, TerminalId
from protocol.messages import EpochGrant, EpochRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.simulation.world import World

Outage = Literal["away", "read-only", "slow"]
OUTAGES: Sequence[Outage] = ("away", "read-only", "slow")


class WorkerCrashed(Exception):
    """The process is gone in the middle of what it did."""


class Reach:
    """Decides what becomes of a process's reads and transactions. `dies` says whether the process dies here."""

    def __init__(self, world: World, dies: Callable[[str], bool]) -> None:
        self._world = world
        self._dies = dies

    def reads(self) -> None:
        """A read begins. Raises StorageUnavailable."""
        if self._world.faults.outage == "away":
            raise StorageUnavailable("the simulated database is away")

    def begins(self) -> None:
        """A transaction begins. Raises StorageUnavailable."""
        self.reads()
        dice = self._world.dice
        if dice.chance(dice.rates.database_away):
            dice.count("database away")
            raise StorageUnavailable("the simulated database is away")

    def commits(self) -> None:
        """All is written but not committed; whatever this raises rolls it back."""
        dice = self._world.dice
        if self._world.faults.outage == "read-only":
            dice.count("refused by a read-only database")
            raise StorageUnavailable("the simulated database is read-only")
        if self._dies("before the commit"):
            raise WorkerCrashed
        if dice.chance(dice.rates.commit_fails):
            dice.count("database gone in mid-transaction")
            raise StorageUnavailable("the simulated database went away, and is back on its last commit")

    def committed(self) -> None:
        """It is durable; what this raises is all that the process hears."""
        self._world.checks.after_commit()
        if self._dies("between commit and ack"):
            raise WorkerCrashed
        dice = self._world.dice
        if dice.chance(dice.rates.answer_lost):
            dice.count("answer to a commit lost")
            raise StorageUnavailable("the simulated database has gone away, nobody knows whether before the commit")


class HubPorts(Protocol):
    """What a process of the hub does its work with."""

    @property
    def ledger(self) -> LedgerStore:
        """The ledger."""
        ...

    @property
    def feeds(self) -> FeedStore:
        """The feeds."""
        ...

    @property
    def fleet(self) -> FleetStore:
        """Terminals and epochs."""
        ...

    @property
    def parked(self) -> ParkedStore:
        """What was set aside."""
        ...


class _Transaction:
    def __init__(self, reach: Reach, inner: MemoryTransaction) -> None:
        self._reach = reach
        self._inner = inner

    def __enter__(self) -> LedgerTransaction:
        return self._inner

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            try:
                self._reach.commits()
            except BaseException:
                self._inner.rollback()
                raise
            self._inner.commit()
            self._reach.committed()
        else:
            self._inner.rollback()


class MemoryPorts:
    """The stores in memory, with faults: see `Reach`."""

    def __init__(self, reach: Reach, store: MemoryStore) -> None:
        self._reach = reach
        self._store = store

    @property
    def ledger(self) -> LedgerStore:
        """See HubPorts."""
        return self

    @property
    def feeds(self) -> FeedStore:
        """See HubPorts."""
        return self

    @property
    def fleet(self) -> FleetStore:
        """See HubPorts."""
        return self  # type: ignore[return-value] # a worker grants and records; what else a fleet store can is the office's

    @property
    def parked(self) -> ParkedStore:
        """See HubPorts."""
        return self._store

    @property
    def lineage(self) -> str:
        """See FeedStore."""
        return self._store.lineage

    def begin(self, stores: Collection[StoreId]) -> AbstractContextManager[LedgerTransaction]:
        """See LedgerStore."""
        self._reach.begins()
        return _Transaction(self._reach, self._store.begin(stores))

    def heads(self) -> Mapping[FeedName, int]:
        """See FeedStore."""
        self._reach.reads()
        return self._store.heads()

    def snapshot(self, feed: FeedName, from_rev: int) -> FeedSnapshot:
        """See FeedStore."""
        self._reach.reads()
        return self._store.snapshot(feed, from_rev)

    def grant_epoch(self, store: StoreId, terminal: TerminalId, request: EpochRequest, now: datetime) -> EpochGrant:
        """See EpochStore."""
        self._reach.begins()
        self._reach.commits()
        grant = self._store.grant_epoch(store, terminal, request, now)
        self._reach.committed()
        return grant

    def record_reports(self, reports: Sequence[TerminalReport], now: datetime) -> None:
        """See FleetStore."""
        self._reach.begins()
        self._reach.commits()
        self._store.record_reports(reports, now)
        self._reach.committed()
