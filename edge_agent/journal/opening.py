"""Opening the books: check them, save what a damaged file still has, and hand over a journal that sells on.

Three causes of damage: the file (SQLite cannot read it, or finds it inconsistent), the chain (an unsent event or the
numbers around it are not what was written; SQLite sees nothing of that), the log (SQLite would pass over sales that
were synced). Whatever it is, the file is kept. What hub and cashier are told is in the new journal (`damage.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlite_utils import Migrations

from edge_agent.errors import JournalDamaged, JournalFull, JournalUnreadable
from edge_agent.journal.damage import Damage
from edge_agent.journal.database import Database, connect, connect_to_read, is_damage, open_database
from edge_agent.journal.folder import DATABASE, SALVAGED, aside_name, exchange, forget_mark, open_journal
from edge_agent.journal.salvage.image import log_beside, raw_file
from edge_agent.journal.salvage.rebuild import Owner, Place, rebuild, sync_folder
from edge_agent.journal.salvage.state import find_nonsense
from edge_agent.journal.salvage.wal import passed_over
from edge_agent.journal.sqlite import SqliteJournal

_log = logging.getLogger(__name__)
_TOLD_FROM = 20_000
"""Events whose check takes long enough to say how far it is."""

Cause = Literal["file", "chain", "log"]


@dataclass(frozen=True)
class Found:
    """What is wrong with a file, in words."""

    cause: Cause
    why: str


async def open_books(folder: Path, migrations: Migrations, owner: Owner, now: Callable[[], datetime]) -> Database:
    """Open or found the journal in `folder`; a damaged one is set aside and what it holds is saved first.

    Raises JournalUnreadable for another terminal's journal, JournalFull where there is no room to save a damaged one,
    JournalDamaged where saving failed: then the file is as it was.
    """
    await asyncio.to_thread(_mend, folder, migrations, owner, now)
    database = await open_database(folder / DATABASE, migrations)
    try:
        await database.run(
            lambda c: open_journal(
                c, folder, owner.store, owner.terminal, epoch=owner.epoch, nonce=owner.nonce
            )
        )  # fmt: skip
    except BaseException:
        await database.close()
        raise
    forget_mark(folder)
    return database


def find_damage(path: Path) -> Found | None:
    """Look for damage that must not be sold on top of; None for none. Changes nothing.

    A byte that is wrong in a place that neither SQLite nor the chain looks at is not found: the catalogue's prices, for
    instance, which the hub sends again.
    """
    try:
        with raw_file(path) as content:
            log = log_beside(path, content)
            why = passed_over(log, lambda page: content.read((page - 1) * log.page_size, log.page_size))
            if not why and not content.size and log.frames:
                why = "the file is empty, and its write-ahead log is not"
        if why:
            return Found("log", why)
        if not path.exists():
            return None
        with contextlib.closing(connect_to_read(path)) as reading:
            # SQLite checks constraints on connections that may write only. While this one holds the file, closing
            # that one does not fold the log into what may be damaged.
            reading.execute("BEGIN")
            reading.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            with contextlib.closing(connect(path)) as connection:
                verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                return Found("file", verdict) if verdict != "ok" else _look_at_journal(connection)
    except UnicodeDecodeError as error:
        return Found("file", f"a text in it cannot be read ({error.reason})")
    except JournalUnreadable as error:
        return Found("chain", str(error))
    except sqlite3.Error as error:
        return Found("file", str(error)) if is_damage(error) else None


def _look_at_journal(connection: sqlite3.Connection) -> Found | None:
    columns = {row[1] for row in connection.execute("PRAGMA table_info(journal_state)")}
    if "again" not in columns or connection.execute("SELECT 1 FROM journal_state").fetchone() is None:
        return None  # new, or an older version's: it is checked at the next start
    journal = SqliteJournal(connection)
    if not journal.is_sure():
        return Found("chain", "how far the hub has this journal is not what was written")
    broken = journal.broken_at(_progress)
    if broken is not None:
        return Found("chain", f"event {broken} of epoch {journal.epoch} is not what was written")
    if nonsense := find_nonsense(connection):
        return Found("chain", f"a row of {nonsense} is not what was written")
    given = connection.execute(
        "SELECT max(CAST(substr(receipt_number, -6) AS INTEGER)) FROM"
        " (SELECT receipt_number FROM sale ORDER BY position DESC LIMIT 20) WHERE instr(receipt_number, ?) > 0",
        (f"-{journal.epoch}-",),
    ).fetchone()[0]
    counted = connection.execute("SELECT last FROM receipt_counter WHERE epoch = ?", (journal.epoch,)).fetchone()
    if given is not None and (counted is None or counted[0] % 1_000_000 < given):
        return Found("chain", "the counter of receipt numbers is not what was written")
    return None


def _progress(checked: int) -> None:
    if checked % _TOLD_FROM == 0:
        _log.info("journal: checking what the hub does not have yet", extra={"events": checked})


def _mend(folder: Path, migrations: Migrations, owner: Owner, now: Callable[[], datetime]) -> None:
    path = folder / DATABASE
    exchange(folder)
    found = find_damage(path)
    if found is None:
        return
    _log.error("journal: damaged; saving what can be read", extra={"cause": found.cause, "why": found.why})
    try:
        report = _save(folder, migrations, owner, found, now())
    except (sqlite3.Error, OSError, UnicodeDecodeError) as error:
        full = (
            getattr(error, "errno", None) == errno.ENOSPC
            or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_FULL
        )
        if full:
            raise JournalFull(
                f"{path} is damaged ({found.why}), and the disk has no room to save what is in it: make room for "
                f"twice its size, then start again; nothing was changed"
            ) from error
        raise JournalDamaged(
            f"{path} is damaged ({found.why}), and saving what is in it failed ({error}). It is kept as it is: copy "
            f"the folder to a safe place, then run `tillwire-agent journal set-aside`",
            found.why,
        ) from error
    _log.error(
        "journal: a new one was made of the damaged one, selling goes on",
        extra={
            "saved": report.saved, "aside": report.aside, "missing": report.missing, "lost": list(report.lost),
            "folder": report.folder,
        },
    )  # fmt: skip


def _save(folder: Path, migrations: Migrations, owner: Owner, found: Found, at: datetime) -> Damage:
    place = Place(folder / DATABASE, folder / "salvaging.db", folder / "salvaging-image.db")
    report = rebuild(
        place, migrations, owner, why=found.why, aside=aside_name(folder, at, found.cause), at=at,
        told=lambda doing: _log.info("journal: saving", extra={"doing": doing}),
    )  # fmt: skip
    place.new.replace(folder / SALVAGED)
    sync_folder(folder)
    exchange(folder)
    return report
