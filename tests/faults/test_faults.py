"""`./dev faults` in small, and that its judges can tell when something is lost."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner

from tests.faults import clocks, damage, powercut, strikes, trace
from tests.faults.__main__ import main
from tests.faults.damage import SOLD, Sold, play, sell_first, zero_pages
from tests.faults.row import Fault, Row, dice
from tests.faults.till import GOODS, read_kept, till_in
from tests.faults.trace import Step

SEED = 7
QUICK = {
    "wrong-byte": 30, "wrong-byte-in-log": 8, "zero-sector": 8, "zero-pages": 8, "zero-pages-and-log": 4,
    "no-header": 1, "cut-off": 4, "power-cut": 40, "clock-jumps": 6, "slow-sync": 1,
}  # fmt: skip
OF_EACH_STRIKE = 2
OF_THE_TILL = [fault for family in (damage, powercut, strikes, clocks) for fault in family.SCENARIOS]
"""What needs no other process; `test_rig.py` plays the rest."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("fault", OF_THE_TILL, ids=[fault.name for fault in OF_THE_TILL])
def test_a_fault_loses_and_doubles_nothing(fault: Fault) -> None:
    """Each fault of the table, some times, from a fixed seed."""
    told: list[str] = []
    row = asyncio.run(fault.play(SEED, QUICK.get(fault.name, OF_EACH_STRIKE), told.append))
    if row.skipped:
        pytest.skip(row.skipped)
    assert (row.lost, row.doubled, told) == (0, 0, [])
    assert row.runs
    assert row.sales


@pytest.mark.slow
@pytest.mark.skipif(bool(trace.missing()), reason="needs strace")
def test_a_journal_that_is_synced_carelessly_loses_sales_in_the_same_power_cuts() -> None:
    """The control: with `synchronous=NORMAL` the same cuts lose sales, so that above there were cuts that could."""
    row = asyncio.run(powercut.careless(SEED, 10, lambda _: None))
    assert row.lost > row.sales / 10


def test_a_sale_that_was_taken_out_is_found_missing() -> None:
    """The judge of damage is not blind: a journal that forgets a sale without a word has lost it."""

    def steal(folder: Path, _rng: Random) -> None:
        with closing(sqlite3.connect(folder / "till.db")) as connection:
            last = connection.execute("SELECT max(sequence) FROM event").fetchone()[0]
            connection.execute("DELETE FROM event WHERE sequence = ?", (last,))
            connection.execute("DELETE FROM sale")
            connection.commit()

    told: list[str] = []
    row = asyncio.run(play(steal, "theft", seed=SEED, runs=1, told=told.append))
    assert (row.lost, len(told)) == (1, 1)


def test_what_was_synced_survives_and_the_rest_does_as_it_likes() -> None:
    """The disk of a power cut: bytes before a sync are there, an unsynced write may be whole, torn or not there."""
    steps = [
        Step("write", "a", 0, b"x" * 1024), Step("sync", "a"), Step("write", "a", 0, b"y" * 1024),
        Step("write", "b", 0, b"z"), Step("said", "sold 1"),
    ]  # fmt: skip
    seen = {tuple(sorted(powercut.disk_after({}, steps, dice(seed)).items())) for seed in range(200)}
    assert all(set(dict(each)["a"]) <= set(b"xy") and len(dict(each)["a"]) == 1024 for each in seen)
    old, new, torn = b"x" * 1024, b"y" * 1024, b"y" * 512 + b"x" * 512
    assert {old, new, torn, torn[::-1]} == {dict(each)["a"] for each in seen}
    assert {True, False} == {"b" in dict(each) for each in seen}


def test_the_table_is_json_and_its_exit_code_tells() -> None:
    """What a collector reads; and the table for a person."""
    done = CliRunner().invoke(main, ["--only", "no-header", "--runs", "1", "--json"])
    assert done.exit_code == 0, done.output
    [row] = json.loads(done.stdout)["rows"]
    assert {name: row[name] for name in ("fault", "runs", "sales", "lost", "doubled")} == {
        "fault": "no-header", "runs": 1, "sales": SOLD + 1, "lost": 0, "doubled": 0,
    }  # fmt: skip
    assert row["converge_s"] > 0
    assert CliRunner().invoke(main, ["--only", "nothing"]).exit_code == 2


def test_the_same_seed_does_the_same_harm(tmp_path: Path) -> None:
    """A failure can be played again."""
    sold: Sold = asyncio.run(sell_first(tmp_path))
    harmed = []
    for name in ("one", "two"):
        shutil.copytree(sold.clean, tmp_path / name)
        zero_pages(tmp_path / name, dice(SEED))
        harmed.append((tmp_path / name / "till.db").read_bytes())
    assert harmed[0] == harmed[1] != (sold.clean / "till.db").read_bytes()


def test_a_receipt_that_is_there_twice_is_counted(tmp_path: Path) -> None:
    """What `read_kept` is for."""

    async def sell_two() -> None:
        async with till_in(tmp_path) as desk:
            await desk.sell(GOODS[0])
            await desk.sell(GOODS[1])

    asyncio.run(sell_two())
    assert len(set(read_kept(tmp_path).receipts)) == 2
    assert Row("x").lost == 0
