"""Opening a damaged journal: found, kept, saved, said, and sold on; at any moment of a crash."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from edge_agent.errors import JournalUnreadable
from edge_agent.journal import damage, held_carts, shift_state, till_state
from edge_agent.journal.database import connect
from edge_agent.journal.migrations import till_migrations
from edge_agent.journal.opening import find_damage, open_books
from edge_agent.journal.salvage.events import with_one_byte_mended
from edge_agent.journal.salvage.rebuild import RECEIPTS_APART, Owner
from edge_agent.journal.sqlite import SqliteJournal, hash_of
from edge_agent.replica.sqlite import SqliteReplica
from protocol.event import Event, read_event
from protocol.ids import TerminalId
from tests.faults.row import set_aside_in
from tests.faults.till import GOODS, OPENING, STORE, TERMINAL, read_kept, seconds, till_in

pytestmark = pytest.mark.anyio


async def sold(folder: Path, count: int = 6, acked: int = 2) -> list[str]:
    """A till that has sold, with an open shift and a cart on the screen; returns its receipts."""
    async with till_in(folder) as desk:
        await desk.counter.order("open_shift", {"number": "1", "amount": "100000"})
        for number in range(count):
            await desk.sell(GOODS[number])
        await desk.database.run(lambda c: SqliteJournal(c).mark_acked(acked))
        await desk.counter.scan(GOODS[50].barcodes[0], source="scanner")
    return desk.confirmed


def spoil_event(folder: Path, sequence: int) -> None:
    """More than a byte of an event's data is another."""
    with closing(sqlite3.connect(folder / "till.db")) as connection:
        connection.execute(
            "UPDATE event SET raw = CAST(replace(CAST(raw AS TEXT), 'SKU', 'XYZ') AS BLOB) WHERE sequence = ?",
            (sequence,),
        )
        connection.commit()


async def test_a_whole_journal_is_left_alone(tmp_path: Path) -> None:
    """No false alarm, nothing is set aside."""
    await sold(tmp_path)
    assert find_damage(tmp_path / "till.db") is None
    async with till_in(tmp_path, life=2):
        pass
    assert set_aside_in(tmp_path) == []


async def test_an_event_that_was_changed_is_found_by_the_chain_alone(tmp_path: Path) -> None:
    """The event is put aside with its bytes, all others go on with their ids; cart and shift stay."""
    receipts = await sold(tmp_path)
    ids = dict(zip(receipts, read_kept(tmp_path).ids[1:], strict=True))
    spoil_event(tmp_path, 5)
    found = find_damage(tmp_path / "till.db")
    assert found is not None
    assert found.cause == "chain"
    async with till_in(tmp_path, life=2, has_catalogue_already=True) as desk:
        view = desk.counter.view()
        assert view.health.damage is not None
        assert (view.health.damage.saved, view.health.damage.aside, view.health.damage.missing) == (4, 1, 0)
        assert [line.sku for line in view.lines] == [GOODS[50].sku]
        assert view.shift is not None
        assert view.link.epoch_problem == "broken"
        assert desk.counter.problem == "events_set_aside"
        number = await desk.sell(GOODS[60])
        assert int(number[-6:]) == len(receipts) + RECEIPTS_APART + 1
        await desk.counter.order("trouble_read", {})
        assert desk.counter.view().health.damage is None
    kept = read_kept(tmp_path)
    assert kept.aside == 1
    assert set(receipts[2:]) - set(kept.receipts) == {receipts[3]}
    assert {ids[receipt] for receipt in receipts if receipt in kept.receipts} <= set(kept.ids)
    [folder] = set_aside_in(tmp_path)
    assert folder.endswith("-chain")
    assert "event 5" in (tmp_path / folder / "why.txt").read_text("utf-8")
    assert (tmp_path / folder / "till.db").exists()


async def test_the_new_epoch_takes_what_was_saved_and_stock_is_right_at_once(tmp_path: Path) -> None:
    """This till's own view counts what the hub lacks, before and after the grant."""
    await sold(tmp_path)
    spoil_event(tmp_path, 5)
    async with till_in(tmp_path, life=2, has_catalogue_already=True) as desk:

        def views(connection: sqlite3.Connection) -> list[int | None]:
            replica = SqliteReplica(connection, STORE, TERMINAL)
            return [replica.stock_view(good.sku) for good in GOODS[:6]]

        before = await desk.database.run(views)
        assert before == [OPENING - 1000, OPENING - 1000, OPENING - 1000, OPENING, OPENING - 1000, OPENING - 1000]


@pytest.mark.parametrize(
    ("harm", "cause"),
    [
        ("UPDATE journal_state SET acked = 5", "chain"),
        ("UPDATE journal_state SET epoch = 3", "chain"),
        ("UPDATE receipt_counter SET last = 1", "chain"),
        ("DELETE FROM event WHERE sequence = 4", "chain"),
        ("DELETE FROM event WHERE sequence = 2", "chain"),
        ("UPDATE shift_tally SET body = x'7b'", "chain"),
    ],
)
async def test_numbers_that_decide_what_is_sent_are_believed_only_twice(tmp_path: Path, harm: str, cause: str) -> None:
    """One changed number must not make the till forget what it has not sent, nor give a receipt's number again."""
    receipts = await sold(tmp_path)
    with closing(sqlite3.connect(tmp_path / "till.db")) as connection:
        connection.execute(harm)
        connection.commit()
    found = find_damage(tmp_path / "till.db")
    assert found is not None
    assert found.cause == cause
    async with till_in(tmp_path, life=2, has_catalogue_already=True) as desk:
        assert await desk.sell(GOODS[1]) not in {*receipts, ""}
        report = desk.counter.view().health.damage
        assert report is not None
    gone = set(receipts[2:]) - set(read_kept(tmp_path).receipts)
    assert len(gone) <= report.missing


@pytest.mark.parametrize("moved", [(), ("till.db-wal",), ("till.db-wal", "till.db-shm", "till.db")])
async def test_a_crash_while_the_files_change_places_is_gone_on_with(tmp_path: Path, moved: tuple[str, ...]) -> None:
    """However far it came, the next start ends it: the new journal is there, the damaged one is kept whole."""
    receipts = await sold(tmp_path)
    spoil_event(tmp_path, 5)
    damaged = tmp_path / "as-it-was"
    shutil.copytree(tmp_path, damaged)
    async with till_in(tmp_path, life=2, has_catalogue_already=True):
        pass
    with closing(connect(tmp_path / "till.db")) as connection:
        report = damage.unread(connection)
    assert report is not None
    crashed = tmp_path / "crashed"
    crashed.mkdir()
    shutil.copy(tmp_path / "till.db", crashed / "salvaged.db")
    (crashed / report.folder).mkdir()
    for name in ("till.db", "till.db-wal", "till.db-shm"):
        (crashed / name).write_bytes((damaged / name).read_bytes() if (damaged / name).exists() else b"log")
        if name in moved:
            (crashed / name).replace(crashed / report.folder / name)
    async with till_in(crashed, life=3, has_catalogue_already=True) as desk:
        assert await desk.sell(GOODS[0])
    assert set(receipts[2:]) - set(read_kept(crashed).receipts) == {receipts[3]}
    assert (crashed / report.folder / "till.db").read_bytes() == (damaged / "till.db").read_bytes()
    assert not (crashed / "salvaged.db").exists()


async def test_a_paid_receipt_that_stands_on_the_screen_again_is_not_paid_again(tmp_path: Path) -> None:
    """The cart of an older page looks like the last sale: it is held under that number for a person to see."""
    await sold(tmp_path, count=4)
    async with till_in(tmp_path, life=2, has_catalogue_already=True) as desk:
        cart = await desk.database.run(till_state.load_cart)
        assert cart is not None
        view = desk.counter.view()
        await desk.counter.order("pay_cash", {"sale_id": view.sale_id, "take": view.take})
        number = desk.counter.view().notice
        assert number is not None
        await desk.database.run(lambda c: till_state.save_cart(c, cart))
        await desk.database.run(lambda c: c.execute("DELETE FROM sale"))
    spoil_event(tmp_path, 4)
    async with till_in(tmp_path, life=3, has_catalogue_already=True) as desk:
        assert desk.counter.view().lines == ()
        held = await desk.database.run(held_carts.listed)
        assert [each.name for each in held] == [number.detail]


async def test_the_shift_is_added_up_anew_where_its_events_are_all_there(tmp_path: Path) -> None:
    """Wrong sums under a whole journal are put right, and the float is the one that was counted."""
    await sold(tmp_path)
    with closing(connect(tmp_path / "till.db")) as connection:
        tally = shift_state.load_tally(connection)
        connection.execute("UPDATE shift_tally SET body = x'00'")
        connection.execute("UPDATE journal_state SET again = 'x'")
    async with till_in(tmp_path, life=2, has_catalogue_already=True) as desk:
        again = await desk.database.run(shift_state.load_tally)
        assert (again.sums, again.shift, again.float_amount) == (tally.sums, tally.shift, tally.float_amount)
        report = desk.counter.view().health.damage
        assert report is not None
        assert report.lost == ()


async def test_letters_that_are_none_in_the_schema_are_damage_like_any_other(tmp_path: Path) -> None:
    """SQLite's own complaint about them cannot be read either; everything is saved all the same."""
    receipts = await sold(tmp_path)
    path = tmp_path / "till.db"
    content = path.read_bytes()
    for words in (b"NOT NULL UNIQUE", b"sale_id        TEXT"):
        assert words in content
        content = content.replace(words, b"\xd5" + words[1:], 1)
    path.write_bytes(content)
    async with till_in(tmp_path, life=2, has_catalogue_already=True) as desk:
        assert await desk.sell(GOODS[1])
        report = desk.counter.view().health.damage
        assert report is not None
        assert (report.missing, report.aside, report.lost) == (0, 0, ())
    assert set(receipts[2:]) <= set(read_kept(tmp_path).receipts)


async def test_another_tills_journal_is_not_mended(tmp_path: Path) -> None:
    """A configuration that names another till is no damage."""
    await sold(tmp_path)
    with pytest.raises(JournalUnreadable, match="belongs to terminal"):
        await open_books(tmp_path, till_migrations(""), Owner(STORE, TerminalId("t2"), 1, "n" * 20), seconds())
    assert not set_aside_in(tmp_path)


async def test_a_journal_of_an_older_version_is_no_damage(tmp_path: Path) -> None:
    """Before step 0014 nothing was written twice: the chain is checked at the start after the update."""
    await sold(tmp_path)
    with closing(sqlite3.connect(tmp_path / "till.db")) as connection:
        connection.execute("ALTER TABLE journal_state DROP COLUMN again")
        connection.commit()
    assert find_damage(tmp_path / "till.db") is None


def damaged_middle(raw: bytes) -> bytes:
    """One byte in the middle is another."""
    place = len(raw) // 2
    return raw[:place] + bytes((raw[place] ^ 1,)) + raw[place + 1 :]


@pytest.mark.parametrize("harm", [damaged_middle, lambda raw: raw[:-1] + b"]", lambda raw: b"[" + raw[1:]])
async def test_one_wrong_byte_of_an_event_is_found_and_put_right(
    tmp_path: Path, harm: Callable[[bytes], bytes]
) -> None:
    """By the event's own hash; two wrong bytes are not guessed at."""
    await sold(tmp_path, count=1, acked=0)
    with closing(connect(tmp_path / "till.db")) as connection:
        [raw] = [raw for raw in SqliteJournal(connection).all_kept() if b"sale.completed" in raw]
    assert isinstance(read_event(raw), Event)
    assert with_one_byte_mended(harm(raw), hash_of(raw)) == raw
    assert with_one_byte_mended(b"??" + raw[2:], hash_of(raw)) is None
