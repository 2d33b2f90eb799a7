"""The data folder as files: founding a journal in it, and setting a damaged one aside without forgetting that it was.

A new journal after a set-aside one must not pretend to be the first: it starts with its epoch lost, so that the hub
gives it a new one, and its receipt numbers start far from the old ones.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime
from pathlib import Path

import msgspec

from edge_agent.errors import JournalUnreadable
from edge_agent.journal import damage
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.record import restart_epoch
from edge_agent.journal.salvage.rebuild import RECEIPTS_APART, sync_folder
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.replica.sqlite import SqliteReplica
from protocol.ids import StoreId, TerminalId

DATABASE = "till.db"
SALVAGED = "salvaged.db"
MARK = "journal-set-aside.json"


class _Mark(msgspec.Struct, frozen=True):
    receipts_from: int


def open_journal(  # noqa: PLR0913 - where, whose, and with what a lost epoch is asked for
    connection: sqlite3.Connection, folder: Path, store: StoreId, terminal: TerminalId, *, epoch: int, nonce: str
) -> None:
    """Found the journal, or check that it is ours; take over a newer epoch from newer credentials.

    Raises JournalUnreadable for another terminal's journal.
    """
    found_journal(connection, store, terminal, epoch=epoch)
    journal = SqliteJournal(connection)
    mark = folder / MARK
    if journal.tail == 0 and mark.exists():
        receipts_from = msgspec.json.decode(mark.read_bytes(), type=_Mark).receipts_from
        connection.execute(
            "INSERT INTO receipt_counter (epoch, last) VALUES (?, ?) ON CONFLICT DO NOTHING", (epoch, receipts_from)
        )
        journal.lose_epoch(LostEpoch("restored", f"{nonce}-{epoch}"))
    elif epoch > journal.epoch:
        restart_epoch(journal, SqliteReplica(connection, store, terminal), epoch)


def forget_mark(folder: Path) -> None:
    """The new journal knows about the old one, on disk."""
    (folder / MARK).unlink(missing_ok=True)


def set_aside(folder: Path, at: datetime) -> Path:
    """Move the database away, whole, and leave a mark for the next one. Returns where it is now."""
    database = folder / DATABASE
    aside = folder / f"damaged-{at:%Y%m%dT%H%M%SZ}"
    aside.mkdir()
    mark = msgspec.json.encode(_Mark(_receipts_in(database) + RECEIPTS_APART))
    for name in (DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm"):
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    (folder / MARK).write_bytes(mark)
    return aside


def exchange(folder: Path) -> None:
    """Put the new database that was made of a damaged one (`SALVAGED`) into its place, and keep the damaged one.

    Whole again after a crash at any moment: as long as the new one has its first name, this is not finished. Does
    nothing if there is none.
    """
    new = folder / SALVAGED
    if not new.exists():
        return
    with contextlib.closing(sqlite3.connect(f"{new.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        report = damage.unread(connection)
    if report is None:
        raise JournalUnreadable(f"{new} is not what was made of a damaged journal: move it away, then start again")
    aside = folder / report.folder
    aside.mkdir(exist_ok=True)
    (aside / "why.txt").write_text(f"{report.at.isoformat()} {report.why}\n", encoding="utf-8")
    # The log first: it must never be found beside the new database.
    for name in (f"{DATABASE}-wal", f"{DATABASE}-shm", DATABASE):
        if (folder / name).exists():
            (folder / name).replace(aside / name)
    sync_folder(aside)
    sync_folder(folder)
    new.replace(folder / DATABASE)
    sync_folder(folder)


def aside_name(folder: Path, at: datetime, cause: str) -> str:
    """A new name for what is set aside, that says when and why."""
    name = f"damaged-{at:%Y%m%dT%H%M%SZ}-{cause}"
    taken = next(number for number in range(1, 1_000) if not (folder / _numbered(name, number)).exists())
    return _numbered(name, taken)


def _numbered(name: str, number: int) -> str:
    return name if number == 1 else f"{name}-{number}"


def _receipts_in(database: Path) -> int:
    try:
        connection = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
        try:
            row = connection.execute("SELECT max(last) FROM receipt_counter").fetchone()
        finally:
            connection.close()
    except sqlite3.Error:
        return 0
    return int(row[0] or 0)
