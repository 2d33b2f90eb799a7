"""The journal in SQLite and the one in memory are the same journal, whatever is done to them, crashes included."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlite_utils.db import Database

from edge_agent.journal.memory import MemoryJournal
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.undo import UndoLog
from protocol.event import GENESIS, chain_digest
from protocol.events import DrawerOpened, SaleCompleted
from protocol.ids import StoreId, TerminalId

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
START = datetime(2026, 11, 22, tzinfo=UTC)
FACTS = st.sampled_from(
    [
        DrawerOpened(by="lan", why="no_sale"),
        SaleCompleted(
            receipt_number="r", business_day=START.date(), currency="VND", cashier="lan", lines=(), tenders=(), total=0
        ),
    ]
)


class JournalsAgree(RuleBasedStateMachine):
    """Drive both and compare everything that the port shows."""

    def __init__(self) -> None:
        super().__init__()
        self.undo = UndoLog()
        self.memory = MemoryJournal(STORE, TERMINAL, epoch=1, undo=self.undo)
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        till_migrations("").apply(Database(self.connection, execute_plugins=False))
        found_journal(self.connection, STORE, TERMINAL, epoch=1)
        self.sqlite = SqliteJournal(self.connection)
        self.connection.execute("BEGIN")
        self.now = START
        self.count = 0
        self.committed_ids: list[str] = []

    @rule(fact=FACTS, seconds=st.integers(0, 100), unchecked=st.booleans())
    def append(self, fact: DrawerOpened | SaleCompleted, seconds: int, unchecked: bool) -> None:
        """A fact happens."""
        self.now += timedelta(seconds=seconds)
        self.count += 1
        for journal in (self.memory, self.sqlite):
            journal.append(fact, event_id=f"id-{self.count}", time=self.now, clock_unchecked=unchecked)

    @rule(data=st.data())
    def ack(self, data: st.DataObject) -> None:
        """The hub acknowledges something up to the tail."""
        sequence = data.draw(st.integers(0, self.memory.tail))
        self.memory.mark_acked(sequence)
        self.sqlite.mark_acked(sequence)

    @rule(seconds=st.integers(0, 300))
    def forget(self, seconds: int) -> None:
        """Old events go."""
        before = self.now - timedelta(seconds=seconds)
        assert self.memory.forget_older_than(before) == self.sqlite.forget_older_than(before)

    @rule()
    def lose(self) -> None:
        """The hub knows another history."""
        lost = LostEpoch("fork", f"nonce-{self.count:012d}")
        self.memory.lose_epoch(lost)
        self.sqlite.lose_epoch(lost)

    @precondition(lambda self: self.memory.lost_epoch is not None)
    @rule(step=st.integers(1, 3))
    def restart(self, step: int) -> None:
        """The hub grants a new epoch."""
        epoch = self.memory.epoch + step
        assert self.memory.start_epoch(epoch) == self.sqlite.start_epoch(epoch)

    @rule()
    def commit(self) -> None:
        """The transaction reaches the disk."""
        self.undo.commit()
        self.connection.execute("COMMIT")
        self.connection.execute("BEGIN")

    @rule()
    def crash(self) -> None:
        """The transaction is lost."""
        self.undo.rollback()
        self.connection.execute("ROLLBACK")
        self.connection.execute("BEGIN")

    @invariant()
    def they_agree(self) -> None:
        """Everything that can be asked has one answer."""
        for name in ("epoch", "tail", "acked", "lost_epoch", "set_aside"):
            assert getattr(self.memory, name) == getattr(self.sqlite, name), name
        first = self.memory.acked + 1
        events = self.memory.read(first, 100, 10**6)
        assert events == self.sqlite.read(first, 100, 10**6)
        assert self.memory.oldest_unsent_at() == self.sqlite.oldest_unsent_at()
        assert self.memory.previous_digest(first) == self.sqlite.previous_digest(first)
        for sequence in range(self.memory.tail + 2):
            assert self.memory.digest_at(sequence) == self.sqlite.digest_at(sequence)

    @invariant()
    def the_chain_is_whole(self) -> None:
        """Whatever happened, what is to be sent is chained, without a gap, and nothing unacked was forgotten."""
        previous = self.memory.previous_digest(self.memory.acked + 1) if self.memory.acked else GENESIS
        events = self.memory.read(self.memory.acked + 1, 10_000, 10**9)
        assert len(events) == self.memory.tail - self.memory.acked
        for event in events:
            assert chain_digest(event.raw, previous) == event.digest
            previous = event.digest

    def teardown(self) -> None:
        """Close the database."""
        self.connection.close()


TestJournalsAgree = JournalsAgree.TestCase
TestJournalsAgree.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
