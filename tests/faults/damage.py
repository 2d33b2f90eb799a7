"""A damaged `till.db`: found at the start, set aside, saved, and sold on.

A sale is lost if it is in no journal and nobody was told that it is missing; what a person is asked to look at is not.
Of a single wrong byte nothing at all may be lost or doubtful.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

from edge_agent.journal import damage
from edge_agent.journal.database import connect
from edge_agent.journal.record import restart_epoch
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.replica.sqlite import SqliteReplica
from tests.faults.row import Fault, Row, Told, dice
from tests.faults.till import GOODS, STORE, TERMINAL, read_kept, till_in

SOLD = 40
ACKED = 12
STRICT = "wrong-byte,"
"""Runs of this fault may not lose a sale even with words."""

_SECTOR, _PAGE = 512, 4096

Harm = Callable[[Path, Random], None]


@dataclass(frozen=True)
class Sold:
    """A till that has sold: `clean` was stopped, `cut` lost its power with its log beside it. `ids` by receipt."""

    clean: Path
    cut: Path
    confirmed: tuple[str, ...]
    unsent: frozenset[str]


async def sell_first(folder: Path) -> Sold:
    """Sell; the hub has the first ones. Some sales are in the log only."""
    clean, cut = folder / "clean", folder / "cut"
    clean.mkdir()
    async with till_in(clean) as desk:
        for number in range(SOLD // 2):
            await desk.sell(GOODS[number])
        await desk.database.run(lambda c: SqliteJournal(c).mark_acked(ACKED))
    async with till_in(clean, life=2) as later:
        for number in range(SOLD // 2):
            await later.sell(GOODS[number])
        shutil.copytree(clean, cut)
    confirmed = (*desk.confirmed, *later.confirmed)
    return Sold(clean, cut, confirmed, frozenset(confirmed[ACKED:]))


def wrong_byte(folder: Path, rng: Random) -> None:
    """One byte anywhere in the file is another."""
    _spoil(folder / "till.db", rng, 1)


def wrong_byte_in_log(folder: Path, rng: Random) -> None:
    """One byte of the log is another, not in its last transaction: that one cannot be told from a power cut."""
    log = folder / "till.db-wal"
    _spoil(log, rng, 1, until=log.stat().st_size - 40 * (_PAGE + 24))


def zero_sector(folder: Path, rng: Random) -> None:
    """The disk gives zeros for a sector."""
    _spoil(folder / "till.db", rng, _SECTOR)


def zero_pages(folder: Path, rng: Random) -> None:
    """The disk gives zeros for some pages in a row."""
    _spoil(folder / "till.db", rng, _PAGE * rng.randint(1, 6))


def no_header(folder: Path, _rng: Random) -> None:
    """The first sector is gone: SQLite knows nothing of the file any more."""
    with (folder / "till.db").open("r+b") as file:
        file.write(bytes(100))


def cut_off(folder: Path, rng: Random) -> None:
    """The end of the file is gone."""
    path = folder / "till.db"
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(rng.randrange(size // 2, size))


def _spoil(path: Path, rng: Random, length: int, until: int | None = None) -> None:
    size = until or path.stat().st_size
    at = rng.randrange(size)
    if length > 1:
        at -= at % _SECTOR
    with path.open("r+b") as file:
        file.seek(at)
        was = file.read(length)
        file.seek(at)
        file.write(bytes(len(was)) if length > 1 else bytes([was[0] ^ (1 << rng.randrange(8))]))


async def play(harm: Harm, name: str, *, seed: int, runs: int, told: Told, cut: bool = False) -> Row:  # noqa: PLR0913 - a fault and how it is played
    """Harm a till that has sold, start it, sell once more, let the hub grant an epoch, and count."""
    row = Row(name)
    with tempfile.TemporaryDirectory() as base:
        sold = await sell_first(Path(base))
        for run in range(runs):
            folder = Path(base) / f"run-{run}"
            shutil.copytree(sold.cut if cut else sold.clean, folder)
            harm(folder, dice(name, seed, run))
            began = time.perf_counter()
            lost, doubled, after = await _start_and_count(folder, sold, told, f"{name}, seed {seed}, run {run}")
            took = time.perf_counter() - began
            row = Row(
                name, row.runs + 1, row.sales + SOLD + after, row.lost + lost, row.doubled + doubled,
                max(row.converge_s, took),
            )  # fmt: skip
            shutil.rmtree(folder)
    return row


async def _start_and_count(folder: Path, sold: Sold, told: Told, which: str) -> tuple[int, int, int]:
    async with till_in(folder, life=3, has_catalogue_already=True) as desk:
        if desk.counter.view().items_known:
            await desk.sell(GOODS[7])
    with closing(connect(folder / "till.db")) as connection:
        report = damage.unread(connection)
        if report is not None and not (folder / report.folder / "till.db").exists():
            told(f"{which}: the damaged file was not kept")
            return SOLD, 0, 0
        if SqliteJournal(connection).lost_epoch is not None:
            connection.execute("BEGIN")
            restart_epoch(SqliteJournal(connection), SqliteReplica(connection, STORE, TERMINAL), 2)
            connection.execute("COMMIT")
    return _count(folder, sold, report, desk.confirmed, told=told, which=which)


def _count(  # noqa: PLR0913 - what was, what is, and who hears of it
    folder: Path, sold: Sold, report: damage.Damage | None, after: list[str], *, told: Told, which: str
) -> tuple[int, int, int]:
    kept = read_kept(folder)
    gone = (sold.unsent | set(after)) - set(kept.receipts)
    said = report.aside + report.missing if report is not None and not which.startswith(STRICT) else 0
    is_open = report is not None and report.at_least and not which.startswith(STRICT)
    lost = 0 if is_open else max(0, len(gone) - said)
    doubled = len(kept.receipts) - len(set(kept.receipts)) + len(set(after) & set(sold.confirmed))
    if lost or doubled or kept.broken_at is not None:
        told(f"{which}: {sorted(gone)} gone, {said} told, {doubled} doubled, chain {kept.broken_at}; {report}")
    return lost + (kept.broken_at is not None), doubled, len(after)


def _fault(harm: Harm, name: str, about: str, runs: int, *, cut: bool = False) -> Fault:
    async def scenario(seed: int, runs: int, told: Told) -> Row:
        return await play(harm, name, seed=seed, runs=runs, told=told, cut=cut)

    return Fault(name, about, scenario, runs)


SCENARIOS = (
    _fault(wrong_byte, "wrong-byte", "one bit of till.db is wrong", 400),
    _fault(
        wrong_byte_in_log,
        "wrong-byte-in-log",
        "one bit of the write-ahead log is wrong after a power cut",
        200,
        cut=True,
    ),
    _fault(zero_sector, "zero-sector", "a sector of till.db reads as zeros", 200),
    _fault(zero_pages, "zero-pages", "pages of till.db read as zeros", 200),
    _fault(
        zero_pages, "zero-pages-and-log", "pages of till.db read as zeros, and its log lies beside it", 100, cut=True
    ),
    _fault(no_header, "no-header", "the header of till.db is gone", 5),
    _fault(cut_off, "cut-off", "the end of till.db is gone", 100),
)
