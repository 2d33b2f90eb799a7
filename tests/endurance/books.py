"""What the till's books say, read from outside, and whether they agree with themselves and with what was seen.

Every problem is (kind, words). The kinds are the counters of the report.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import msgspec

from edge_agent.devices.printer import spool
from edge_agent.journal.shift_state import load_tally
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from edge_agent.till.shift import tally_of
from protocol.event import Event, Unreadable, read_data, read_event
from protocol.events import EventData, SaleCompleted, SaleRefunded
from protocol.ids import TerminalId
from protocol.movements import movements_of
from tests.endurance.till import OPENING, STOCK, STORE
from tests.endurance.witness import Witness

Kind = Literal["lost", "doubled", "receipts_missing", "receipts_doubled", "drawer", "parts", "books", "screen"]
Problem = tuple[Kind, str]
ReceiptFact = SaleCompleted | SaleRefunded


@dataclass(frozen=True)
class Books:
    """One reading: `receipts` by number, `sales` cart id -> receipt number, `jobs` the spool's receipts."""

    receipts: dict[str, ReceiptFact]
    sales: dict[str, str]
    jobs: tuple[spool.Job, ...]
    problems: tuple[Problem, ...]


def read_books(connection: sqlite3.Connection, terminal: TerminalId, seen: set[str]) -> Books:
    """Read everything and compare. `seen`: receipt numbers that were on a screen."""
    facts, problems = _journal(connection)
    receipts = [fact for fact, _ in facts if isinstance(fact, SaleCompleted | SaleRefunded)]
    numbers = Counter(fact.receipt_number for fact in receipts)
    problems += [
        ("doubled", f"{number} is in the journal {times} times") for number, times in numbers.items() if times > 1
    ]
    problems += [
        ("lost", f"{number} was on the screen and is not in the journal") for number in sorted(seen - set(numbers))
    ]
    sales = dict(connection.execute("SELECT sale_id, receipt_number FROM sale").fetchall())
    if len(set(sales.values())) != len(sales):
        problems.append(("doubled", "two carts have one receipt number"))
    own = {fact.receipt_number for fact in receipts}
    if not set(sales.values()) <= own:
        problems.append(("lost", f"answered and not in the journal: {sorted(set(sales.values()) - own)}"))
    running, again = (
        msgspec.structs.replace(tally, opened_at=None) for tally in (load_tally(connection), tally_of(facts))
    )
    if running != again:
        problems.append(("books", f"the shift's sums are {running}, the journal's {again}"))
    problems += _stock(connection, terminal, facts)
    rows = connection.execute("SELECT job_id FROM print_job WHERE kind = 'receipt' ORDER BY position")
    jobs = tuple(spool.get(connection, job_id) for (job_id,) in rows.fetchall())
    problems += [
        ("receipts_missing", f"{number} has no print job")
        for number in sorted(own - {job.receipt_number for job in jobs})
    ]
    return Books({fact.receipt_number: fact for fact in receipts}, sales, jobs, tuple(problems))


def paper_problems(books: Books, witness: Witness) -> list[Problem]:
    """Compare the papers with the jobs, all of which should be over: each receipt is in somebody's hand, once."""
    problems: list[Problem] = []
    for job in books.jobs:
        count = sum(witness.whole[digest] for digest in witness.looks.get(job.receipt_number, {}).values())
        if job.state != "printed":
            problems.append(("receipts_missing", f"{job.receipt_number} is {job.state} and nobody was asked"))
        elif count == 0:
            problems.append(("receipts_missing", f"{job.receipt_number} is called printed, and nobody has it"))
        if count > 1:
            problems.append(("receipts_doubled", f"{job.receipt_number} came out {count} times"))
    meant = {digest for looks in witness.looks.values() for digest in looks.values()}
    problems += [
        ("receipts_missing", f"a paper came out whole that is no receipt as it was meant: {digest[:12]}")
        for digest in sorted(set(witness.whole) - meant)
    ]
    return problems


def _journal(connection: sqlite3.Connection) -> tuple[list[tuple[EventData, datetime]], list[Problem]]:
    """Every fact with its time; a gap in the sequence or the digest chain is a problem."""
    journal = SqliteJournal(connection)
    problems: list[Problem] = []
    if (broken := journal.broken_at()) is not None:
        problems.append(("lost", f"the journal's chain is broken at {broken}"))
    facts: list[tuple[EventData, datetime]] = []
    for expected, raw in enumerate(journal.all_kept(), 1):
        event = read_event(raw)
        data = read_data(event) if isinstance(event, Event) else event
        if not isinstance(event, Event) or isinstance(data, Unreadable):
            problems.append(("lost", f"event {expected} cannot be read: {data}"))
        else:
            if event.sequence != expected:
                problems.append(("lost", f"event {expected} is missing, {event.sequence} stands there"))
            facts.append((data, event.time))
    return facts, problems


def _stock(
    connection: sqlite3.Connection, terminal: TerminalId, facts: list[tuple[EventData, datetime]]
) -> list[Problem]:
    """The till's view must be the opening stock and what the journal moved."""
    moved: Counter[str] = Counter()
    for fact, at in facts:
        for movement in movements_of(fact, at):
            moved[movement.sku] += movement.delta
    replica = SqliteReplica(connection, STORE, terminal)
    views = {good.item.sku: replica.stock_view(good.item.sku) for good in STOCK}
    return [
        ("books", f"{sku}: the till shows {view}, the journal makes {OPENING + moved[sku]}")
        for sku, view in views.items()
        if view != OPENING + moved[sku]
    ]
