"""One system call of the till's goes wrong: the process dies in it, or the disk answers with an error, or late.

The first run counts the calls; then each run strikes one of them. Afterwards the till starts again, and everything
that the screen has confirmed must be there, once. What was refused was refused in words.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tests.faults import trace
from tests.faults.row import Fault, Row, Told, dice, folder_of
from tests.faults.till import GOODS, REFUSALS, read_kept, till_in

SALES = 6
_SLOW_US = 400_000


@dataclass(frozen=True)
class Strike:
    """`call` of the till's files is injected with `what`; with `on_and_on`, every later one as well."""

    name: str
    call: str
    what: str
    about: str
    on_and_on: bool = False


STRIKES = (
    Strike("kill-at-write", "pwrite64", "signal=KILL", "the agent is killed in a write"),
    Strike("kill-at-sync", "fdatasync", "signal=KILL", "the agent is killed in an fsync"),
    Strike("write-error", "pwrite64", "error=EIO", "one write fails (EIO)"),
    Strike("write-errors", "pwrite64", "error=EIO", "every write fails from some moment on (EIO)", on_and_on=True),
    Strike("sync-error", "fdatasync", "error=EIO", "one fsync fails (EIO)"),
    Strike("no-space", "pwrite64", "error=ENOSPC", "every write finds the disk full (ENOSPC)", on_and_on=True),
    Strike("read-error", "pread64", "error=EIO", "one read fails (EIO)"),
    Strike("slow-sync", "fdatasync", f"delay_enter={_SLOW_US}", "every fsync takes 0.4 s", on_and_on=True),
)  # fmt: skip


async def play(strike: Strike, seed: int, runs: int, told: Told) -> Row:
    """Strike `runs` times."""
    if why := trace.missing():
        return Row(strike.name, skipped=why)
    row = Row(strike.name)
    with tempfile.TemporaryDirectory() as base:
        first = folder_of(base, "first")
        first.mkdir()
        async with till_in(first) as desk:
            await desk.sell(GOODS[99])
        before = desk.confirmed
        calls = await _count(strike, folder_of(base, "counted"), first)
        for run in range(runs):
            rng = dice(strike.name, seed, run)
            place = rng.randint(1, max(1, calls))
            folder = folder_of(base, f"run-{run}")
            await asyncio.to_thread(shutil.copytree, first, folder)
            when = f"{place}+" if strike.on_and_on else f"{place}"
            said = await trace.seller(
                folder, SALES, strace=(*_files(folder), "-o", f"{folder}.log", "-e", f"trace={strike.call}",
                                       "-e", f"inject={strike.call}:{strike.what}:when={when}"),
            )  # fmt: skip
            log = Path(f"{folder}.log")
            was_struck = await asyncio.to_thread(_was_struck, log)
            began = time.perf_counter()
            which = f"{strike.name}, seed {seed}, run {run}, call {place} of {calls}"
            lost, doubled, sold = await _judge(folder, before, said, strike, told=told, which=which)
            if not was_struck:
                told(f"{which}: nothing was struck, so this proves nothing")
                lost += 1
            took = time.perf_counter() - began
            row = Row(
                strike.name, run + 1, row.sales + sold, row.lost + lost, row.doubled + doubled,
                max(row.converge_s, took),
            )  # fmt: skip
            shutil.rmtree(folder)
    return row


def _files(folder: Path) -> tuple[str, ...]:
    return ("-P", str(folder / "till.db"), "-P", str(folder / "till.db-wal"))


async def _count(strike: Strike, folder: Path, first: Path) -> int:
    await asyncio.to_thread(shutil.copytree, first, folder)
    log = folder.with_suffix(".log")
    said = await trace.seller(folder, SALES, strace=(*_files(folder), "-e", f"trace={strike.call}", "-o", str(log)))
    assert sum(line.startswith("sold ") for line in said) == SALES, said
    # strace counts for each thread by itself.
    threads = Counter(line.split()[0] for line in _lines(log) if f"{strike.call}(" in line)
    return max(threads.values())


def _lines(log: Path) -> list[str]:
    return log.read_text(encoding="ascii", errors="replace").splitlines()


def _was_struck(log: Path) -> bool:
    return any("INJECTED" in line or "DELAYED" in line or "killed by SIGKILL" in line for line in _lines(log))


async def _judge(  # noqa: PLR0913 - what was, what was said, and who hears of it
    folder: Path, before: list[str], said: list[str], strike: Strike, *, told: Told, which: str
) -> tuple[int, int, int]:
    confirmed = [*before, *(line.split()[1] for line in said if line.startswith("sold "))]
    async with till_in(folder, life=3, has_catalogue_already=True) as desk:
        await desk.sell(GOODS[7])
    kept = read_kept(folder)
    gone = (set(confirmed) | set(desk.confirmed)) - set(kept.receipts)
    doubled = len(kept.receipts) - len(set(kept.receipts)) + len(kept.ids) - len(set(kept.ids))
    sold = len(confirmed) - len(before)
    has_ended = strike.what == "signal=KILL" or any(line.startswith("error ") for line in said)
    quiet = not has_ended and sold + sum(line.startswith("said ") for line in said) < SALES
    wordless = [line for line in said if line.startswith("said ") and line.split()[1] not in REFUSALS]
    hung = strike.what.startswith("delay") and len(confirmed) < SALES
    broken = len(gone) + (kept.broken_at is not None) + len(wordless) + hung + quiet + (not desk.confirmed)
    if broken or doubled:
        told(f"{which}: gone {sorted(gone)}, doubled {doubled}, chain {kept.broken_at}, wordless {wordless}; {said}")
    return broken, doubled, len(confirmed)


def _fault(strike: Strike) -> Fault:
    async def scenario(seed: int, runs: int, told: Told) -> Row:
        return await play(strike, seed, runs, told)

    return Fault(strike.name, strike.about, scenario, 40)


SCENARIOS = tuple(_fault(strike) for strike in STRIKES)
