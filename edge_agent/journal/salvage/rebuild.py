"""From a damaged `till.db` to a new one that sells on: everything that can be read and proved, in one file beside it.

The original is not touched until the new file is complete and on disk. Then they change places (`folder.exchange`).
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from sqlite_utils import Migrations
from sqlite_utils.db import Database as MigratedDatabase

from edge_agent.journal import damage
from edge_agent.journal.damage import Damage, Loss
from edge_agent.journal.database import connect
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.salvage import state
from edge_agent.journal.salvage.cells import FoundEvent, find_events
from edge_agent.journal.salvage.events import Proved, Sorted, sort_out
from edge_agent.journal.salvage.image import log_beside, pages_of, raw_file, write_image
from edge_agent.journal.salvage.rows import copy_table, mend_schema, value
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.customers import index_customers
from edge_agent.replica.search.index import index_catalogue
from edge_agent.replica.sqlite import SqliteReplica
from protocol.event import GENESIS, SealedEvent, declared_digest, reseal, source_of
from protocol.ids import GLOBAL_FEED, StoreId, TerminalId
from protocol.movements import movements_of

RECEIPTS_APART = 500_000
"""Between the numbers of a journal that was damaged and those of its successor in the same epoch."""

_CURRENT = "generation = coalesce((SELECT current FROM feed_generation AS g WHERE g.feed = document.feed), 0)"
_CURRENT_CODES = f"generation = coalesce((SELECT current FROM feed_generation WHERE feed = '{GLOBAL_FEED}'), 0)"  # noqa: S608 - our own word
_TABLES: tuple[tuple[str, Loss | None, str], ...] = (
    ("receipt_counter", None, "1"), ("event_set_aside", None, "1"), ("pin_failure", None, "1"),
    ("training_counter", None, "1"), ("printer_broken_off", None, "1"), ("preference", "settings", "name <> 'damage'"),
    ("cart", "cart", "1"), ("held_cart", "held", "1"), ("shift_tally", "shift", "1"), ("shift_closed", "shift", "1"),
    ("print_job", "papers", "1"), ("payment_attempt", "payments", "1"), ("payment_seen", "payments", "1"),
    ("payment_late", "payments", "1"), ("own_value", "payments", "1"), ("sale", "receipts", "1"),
    ("receipt_kept", "receipts", "1"), ("line_returned", "receipts", "1"), ("line_returned_elsewhere", "receipts", "1"),
    ("customer_new", "customers", "1"), ("work", "work", "1"), ("work_line", "work", "1"), ("work_done", "work", "1"),
    ("work_counter", "work", "1"), ("feed_generation", "catalogue", "1"), ("document", "catalogue", _CURRENT),
    ("barcode", "catalogue", _CURRENT_CODES),
)  # fmt: skip
"""What is copied as it is, and which matter has lost something where that does not go to the end."""


@dataclass(frozen=True)
class Owner:
    """Whose journal it is. `epoch` is the credentials', `nonce` unique to this start."""

    store: StoreId
    terminal: TerminalId
    epoch: int
    nonce: str


@dataclass(frozen=True)
class Place:
    """Where the damaged database is, where the new one is made, and where it works meanwhile."""

    damaged: Path
    new: Path
    image: Path


def rebuild(  # noqa: PLR0913 - where, whose, and what is said of it
    place: Place, migrations: Migrations, owner: Owner, *, why: str, aside: str, at: datetime,
    told: Callable[[str], None],
) -> Damage:  # fmt: skip
    """Make `place.new` of what can be read. Raises sqlite3.Error and OSError: nothing has changed then."""
    for file in (place.new, place.image):
        file.unlink(missing_ok=True)
    try:
        with raw_file(place.damaged) as content:
            told("reading its pages")
            pages = pages_of(content, log_beside(place.damaged, content))
            found = list(find_events(pages.read, pages.count, pages.size, 0))
            write_image(pages, place.image)
        target = connect(place.new)
        try:
            migrations.apply(MigratedDatabase(target, execute_plugins=False))
            mend_schema(place.image, target)
            with _source(place.image) as source:
                target.execute("BEGIN IMMEDIATE")
                events = _sorted(source, found, owner)
                begun = Damage(at=at, why=why, folder=aside)
                report = _fill(source, target, events, owner, report=begun, told=told)
                target.execute("COMMIT")
        finally:
            target.close()  # folds the log in, with fsync
    finally:
        place.image.unlink(missing_ok=True)
    sync_folder(place.new.parent)
    return report


def sync_folder(folder: Path) -> None:
    """Names that were made, changed or taken away in a folder survive a power cut from here on."""
    if sys.platform != "win32":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


@contextlib.contextmanager
def _source(image: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"{image.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        connection.execute("PRAGMA cell_size_check = ON")
        yield connection
    finally:
        connection.close()


def _sorted(source: sqlite3.Connection, found: Sequence[FoundEvent], owner: Owner) -> Sorted:
    epoch, acked, again = (
        value(source, f"SELECT {column} FROM journal_state")  # noqa: S608 - our own words
        for column in ("epoch", "acked", "again")
    )
    if not isinstance(epoch, int) or (again is not None and again != f"{epoch}.{acked}"):
        epoch = acked = None
    # Its rightmost page says how many there were, whatever became of the others.
    tail = value(source, "SELECT max(sequence) FROM event WHERE epoch = ?", epoch)
    return sort_out(
        found, source=source_of(owner.store, owner.terminal),
        epoch=epoch, acked=acked if isinstance(acked, int) else None,
        tail=tail if isinstance(tail, int) else None,
    )  # fmt: skip


def _fill(  # noqa: PLR0913 - from where to where, and what is known
    source: sqlite3.Connection, target: sqlite3.Connection, events: Sorted, owner: Owner, *, report: Damage,
    told: Callable[[str], None],
) -> Damage:  # fmt: skip
    told(f"{len(events.unsent)} events saved; copying the rest")
    lost: set[Loss] = set()
    for table, loss, where in _TABLES:
        copied = copy_table(source, target, table, where)
        if loss is not None and not copied.complete:
            lost.add(loss)
    lost |= state.drop_nonsense(target)
    told("indexing the catalogue")
    index_catalogue(target)
    index_customers(target)
    epoch = _found(target, events, owner)
    known = (*events.sent, *events.unsent)
    if events.acked and target.execute("SELECT 1 FROM event WHERE sequence = ?", (events.acked,)).fetchone():
        copy_table(source, target, "own_movement", f"epoch = {epoch} AND sequence <= {events.acked}")
    state.keep_receipts(target, known)
    state.ask_about_papers(target)
    if state.put_paid_cart_aside(target, known, report.at):
        lost.add("cart")
    found_shift = state.mend_shift(target, events)
    last = state.last_receipt(target, epoch, known) + RECEIPTS_APART
    target.execute(
        "INSERT INTO receipt_counter (epoch, last) VALUES (?, ?) ON CONFLICT (epoch) DO UPDATE SET last = ?",
        (epoch, last, last),
    )
    report = Damage(
        at=report.at, why=report.why, folder=report.folder, saved=len(events.unsent), aside=len(events.unproved),
        missing=events.missing, at_least=not events.is_tail_known, found_shift=found_shift,
        lost=cast("tuple[Loss, ...]", tuple(sorted(lost - {"shift"} if found_shift else lost))),
    )  # fmt: skip
    damage.keep(target, report)
    return report


def _found(target: sqlite3.Connection, events: Sorted, owner: Owner) -> int:
    """Found the new journal with what the hub may lack, in the old epoch, which is lost from here on."""
    epoch = events.epoch or owner.epoch
    found_journal(target, owner.store, owner.terminal, epoch=epoch)
    journal, replica = SqliteJournal(target), SqliteReplica(target, owner.store, owner.terminal)
    base = next((event for event in events.sent if event.sequence == events.acked), None)
    if base is not None:
        journal.found_at(_sealed(base), base.time)
    previous = _sealed(base).digest if base is not None else GENESIS
    for sequence, event in enumerate(events.unsent, journal.tail + 1):
        sealed = reseal(event.raw, previous=previous, epoch=epoch, sequence=sequence)
        journal.take_over(sealed, event.time)
        previous = sealed.digest
        if event.fact is not None:
            replica.add_own(epoch, sequence, movements_of(event.fact, event.time))
    journal.put_aside(epoch, [(event.sequence, event.raw) for event in events.unproved])
    journal.lose_epoch(LostEpoch("broken", f"{owner.nonce}-{epoch}"))
    return epoch


def _sealed(event: Proved) -> SealedEvent:
    digest = declared_digest(event.raw)
    assert digest is not None, "it was proved by it"
    return SealedEvent(event.sequence, digest, event.raw)
