"""`till.db`: all or nothing, errors with names, one owner."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.errors import AlreadyRunning, JournalClosed, JournalError, JournalFull, JournalUnreadable
from edge_agent.journal.database import Database, open_database
from edge_agent.journal.folder import forget_mark, open_journal, set_aside
from edge_agent.journal.lock import FolderLock
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.port import LostEpoch
from edge_agent.journal.sqlite import SqliteJournal, found_journal
from edge_agent.journal.till_state import next_receipt
from protocol.events import DrawerOpened
from protocol.ids import StoreId, TerminalId

pytestmark = pytest.mark.anyio

STORE, TERMINAL = StoreId("hn01"), TerminalId("t1")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
FACT = DrawerOpened(by="lan", why="no_sale")


async def opened(folder: Path) -> Database:
    """The database in `folder`."""
    return await open_database(folder / "till.db", till_migrations(""))


async def test_it_is_durable_by_its_settings(tmp_path: Path) -> None:
    """WAL with synchronous FULL: what was committed survives a power cut."""
    database = await opened(tmp_path)
    assert await database.run(lambda c: c.execute("PRAGMA journal_mode").fetchone()) == ("wal",)
    assert await database.run(lambda c: c.execute("PRAGMA synchronous").fetchone()) == (2,)
    await database.close()


async def test_an_error_rolls_back_everything(tmp_path: Path) -> None:
    """Work that fails in the middle has not happened."""
    database = await opened(tmp_path)

    def half(connection: sqlite3.Connection) -> None:
        found_journal(connection, STORE, TERMINAL, epoch=1)
        raise KeyError("our own mistake")

    with pytest.raises(KeyError):
        await database.run(half)
    assert await database.run(lambda c: c.execute("SELECT count(*) FROM journal_state").fetchone()) == (0,)
    with pytest.raises(JournalUnreadable, match="no journal yet"):
        await database.run(lambda c: SqliteJournal(c).tail)
    await database.close()


async def test_opening_again_migrates_nothing_twice(tmp_path: Path) -> None:
    """Steps go forward once; data stays."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    await database.run(lambda c: SqliteJournal(c).append(FACT, event_id="1", time=NOON))
    await database.close()
    database = await opened(tmp_path)
    assert await database.run(lambda c: SqliteJournal(c).tail) == 1
    await database.close()


async def test_a_full_disk_has_a_name(tmp_path: Path) -> None:
    """JournalFull, nothing written, and it works again when there is room."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    await database.run(lambda c: c.execute("PRAGMA max_page_count = 1").fetchone())
    big = DrawerOpened(by="l" * 64, why="no_sale", receipt_number="r" * 64)

    def append_many(connection: sqlite3.Connection) -> None:
        journal = SqliteJournal(connection)
        for number in range(200):
            journal.append(big, event_id=f"{number}", time=NOON)

    with pytest.raises(JournalFull, match="disk is full"):
        await database.run(append_many)
    assert await database.run(lambda c: SqliteJournal(c).tail) == 0
    await database.run(lambda c: c.execute("PRAGMA max_page_count = 100000").fetchone())
    await database.run(append_many)
    assert await database.run(lambda c: SqliteJournal(c).tail) == 200
    await database.close()


@pytest.mark.parametrize("start", [0, 4096])
async def test_damage_is_told_and_nothing_is_replaced(tmp_path: Path, start: int) -> None:
    """Not a database at all, or a torn page: the file stays as it is, the remedy is named."""
    database = await opened(tmp_path)
    await database.close()
    path = tmp_path / "till.db"
    content = bytearray(await asyncio.to_thread(path.read_bytes))
    content[start : start + 4096] = b"\x5a" * 4096
    await asyncio.to_thread(path.write_bytes, content)
    with pytest.raises(JournalUnreadable, match="journal set-aside"):
        await opened(tmp_path)
    assert await asyncio.to_thread(path.read_bytes) == bytes(content)


async def test_other_errors_of_sqlite_are_ours_too(tmp_path: Path) -> None:
    """Nothing of sqlite3 gets out."""
    database = await opened(tmp_path)
    with pytest.raises(JournalError):
        await database.run(lambda c: c.execute("SELECT nonsense"))
    await database.close()
    await database.close()
    with pytest.raises(JournalClosed):
        await database.run(lambda c: c.execute("SELECT 1"))


async def test_work_is_done_one_after_the_other_in_the_order_given(tmp_path: Path) -> None:
    """A hundred at once are a hundred transactions, in order."""
    database = await opened(tmp_path)
    order: list[int] = []
    await asyncio.gather(*(database.run(lambda _, n=number: order.append(n)) for number in range(100)))  # type: ignore[misc]  # a default binds it now
    assert order == list(range(100))
    await database.close()


async def test_a_look_sees_what_was_committed_and_nothing_of_what_is_under_way(tmp_path: Path) -> None:
    """It reads beside the writer, who may be in the middle of a transaction, and waits for nobody."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    inside, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        SqliteJournal(connection).append(FACT, event_id="1", time=NOON)
        inside.set()
        assert go_on.wait(30)

    writing = asyncio.create_task(database.run(slow))
    await asyncio.to_thread(inside.wait, 30)
    assert await database.look(lambda c: SqliteJournal(c).tail) == 0
    go_on.set()
    await writing
    assert await database.look(lambda c: SqliteJournal(c).tail) == 1
    await database.close()


async def test_a_look_stays_in_one_state_of_the_books(tmp_path: Path) -> None:
    """What is committed between two questions of one look is not seen by the second one."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    looked, go_on = threading.Event(), threading.Event()

    def twice(connection: sqlite3.Connection) -> tuple[int, int]:
        first = SqliteJournal(connection).tail
        looked.set()
        assert go_on.wait(30)
        return first, SqliteJournal(connection).tail

    looking = asyncio.create_task(database.look(twice))
    await asyncio.to_thread(looked.wait, 30)
    await database.run(lambda c: SqliteJournal(c).append(FACT, event_id="1", time=NOON))
    go_on.set()
    assert await looking == (0, 0)
    await database.close()


async def test_a_look_cannot_write(tmp_path: Path) -> None:
    """Not even by mistake; the error is ours, and the next look works."""
    database = await opened(tmp_path)
    with pytest.raises(JournalError, match="readonly"):
        await database.look(lambda c: c.execute("DELETE FROM event"))
    with pytest.raises(KeyError):
        await database.look(lambda _: dict[str, int]()["our own mistake"])
    assert await database.look(lambda c: c.execute("SELECT count(*) FROM event").fetchone()) == (0,)
    await database.close()


async def test_a_look_that_nobody_waits_for_any_more_is_never_begun(tmp_path: Path) -> None:
    """Who types on makes the question before the last one void."""
    database = await opened(tmp_path)
    begun: list[int] = []
    inside, go_on = threading.Event(), threading.Event()

    def slow(_: sqlite3.Connection) -> None:
        inside.set()
        assert go_on.wait(30)

    first = asyncio.create_task(database.look(slow))
    await asyncio.to_thread(inside.wait, 30)
    second = asyncio.create_task(database.look(lambda _: begun.append(2)))
    third = asyncio.create_task(database.look(lambda _: begun.append(3)))
    await asyncio.sleep(0)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    go_on.set()
    await asyncio.gather(first, third)
    assert begun == [3]
    await database.close()


async def test_closing_leaves_one_file_and_takes_no_more_questions(tmp_path: Path) -> None:
    """The reader closes before the writer, so the write-ahead log is folded in and gone."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    assert await database.look(lambda c: SqliteJournal(c).tail) == 0
    await database.close()
    assert await asyncio.to_thread(lambda: sorted(path.name for path in tmp_path.iterdir())) == ["till.db"]
    with pytest.raises(JournalClosed):
        await database.look(lambda c: SqliteJournal(c).tail)


def test_one_owner_per_folder(tmp_path: Path) -> None:
    """The second is refused with words; a released lock is free."""
    first = FolderLock(tmp_path)
    with pytest.raises(AlreadyRunning, match="another Tillwire agent"):
        FolderLock(tmp_path)
    first.release()
    FolderLock(tmp_path).release()


async def test_anothers_journal_is_refused(tmp_path: Path) -> None:
    """Two tills' sales in one chain could never be told apart."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    with pytest.raises(JournalUnreadable, match="belongs to terminal t1"):
        await database.run(lambda c: found_journal(c, STORE, TerminalId("t2"), epoch=1))
    await database.close()


async def test_newer_credentials_start_their_epoch(tmp_path: Path) -> None:
    """`terminal renew` gives a new epoch: what is unsent goes there; older credentials change nothing."""
    database = await opened(tmp_path)

    async def start(epoch: int) -> tuple[int, int]:
        await database.run(lambda c: open_journal(c, tmp_path, STORE, TERMINAL, epoch=epoch, nonce="n" * 24))
        return await database.run(lambda c: (SqliteJournal(c).epoch, SqliteJournal(c).tail))

    assert await start(1) == (1, 0)
    await database.run(lambda c: SqliteJournal(c).append(FACT, event_id="1", time=NOON))
    assert await start(4) == (4, 1)
    assert await start(2) == (4, 1)
    await database.close()


async def test_a_journal_after_one_that_was_set_aside_knows_it(tmp_path: Path) -> None:
    """Its epoch is lost from the start, and its receipt numbers are far from the old ones."""
    database = await opened(tmp_path)
    await database.run(lambda c: found_journal(c, STORE, TERMINAL, epoch=1))
    await database.run(lambda c: [next_receipt(c, 1) for _ in range(7)])
    await database.close()
    where = set_aside(tmp_path, NOON)
    assert (where / "till.db").exists()
    assert not (tmp_path / "till.db").exists()
    database = await opened(tmp_path)
    await database.run(lambda c: open_journal(c, tmp_path, STORE, TERMINAL, epoch=1, nonce="n" * 24))
    forget_mark(tmp_path)
    assert await database.run(lambda c: SqliteJournal(c).lost_epoch) == LostEpoch("restored", "n" * 24 + "-1")
    assert await database.run(lambda c: next_receipt(c, 1)) == 500_008
    await database.close()
