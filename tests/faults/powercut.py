"""A power cut: the till sells, and afterwards the disk holds only what was synced, and of the rest whatever it likes.

What the real agent's journal code writes and syncs is recorded once. Then the power is cut after any step: synced
writes are there; of those that were not, none, all, or some are, in any order, and any sector of them may be the old
one. Each such disk is opened by the agent's own code. A sale is confirmed when the process has said so.

The control sells with `synchronous=NORMAL` and must lose sales, or this would prove nothing.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from random import Random

from tests.faults import trace
from tests.faults.row import Fault, Row, Told, dice, folder_of, set_aside_in
from tests.faults.till import read_kept, till_in
from tests.faults.trace import Step

SALES = 60
"""Enough for the log to be folded in once, and begun again."""

_SECTOR = 512
_WAYS = ("nothing", "everything", "up to somewhere", "some", "torn")


def disk_after(start: dict[str, bytes], steps: Sequence[Step], rng: Random) -> dict[str, bytes]:
    """What the files hold when the power goes after `steps`."""
    synced = {name: bytearray(content) for name, content in start.items()}
    pending: dict[str, list[Step]] = {}
    for step in steps:
        if step.kind == "sync":
            for late in pending.pop(step.name, ()):
                _do(synced, late)
        elif step.kind != "said":
            pending.setdefault(step.name, []).append(step)
    way = rng.choice(_WAYS)
    for unsynced in pending.values():
        for survivor in _surviving(unsynced, way, rng):
            _do(synced, survivor)
    return {name: bytes(content) for name, content in synced.items()}


def _surviving(late: list[Step], way: str, rng: Random) -> list[Step]:
    if way == "nothing":
        return []
    if way == "everything":
        return late
    if way == "up to somewhere":
        return late[: rng.randint(0, len(late))]
    some = [step for step in late if rng.random() < 0.5]
    rng.shuffle(some)
    return some if way == "some" else [part for step in some for part in _torn(step, rng)]


def _torn(step: Step, rng: Random) -> list[Step]:
    """Some sectors of a write. Sectors are the disk's, so the first and the last one may be parts."""
    if step.kind != "write":
        return [step]
    cuts = [0, *range(_SECTOR - step.at % _SECTOR, len(step.content), _SECTOR), len(step.content)]
    return [
        Step("write", step.name, step.at + begin, step.content[begin:end])
        for begin, end in pairwise(cuts)
        if rng.random() < 0.5
    ]


def _do(files: dict[str, bytearray], step: Step) -> None:
    if step.kind == "unlink":
        files.pop(step.name, None)
        return
    content = files.setdefault(step.name, bytearray())
    if step.kind == "truncate":
        del content[step.at :]
        content.extend(bytes(step.at - len(content)))
        return
    if len(content) < step.at:
        content.extend(bytes(step.at - len(content)))
    content[step.at : step.at + len(step.content)] = step.content


async def cut(name: str, seed: int, runs: int, told: Told, *options: str) -> Row:
    """Record one day of selling, then cut the power `runs` times."""
    if why := trace.missing():
        return Row(name, skipped=why)
    row = Row(name)
    with tempfile.TemporaryDirectory() as base:
        folder = folder_of(base, "till")
        folder.mkdir()
        async with till_in(folder):
            pass
        start = {path.name: path.read_bytes() for path in folder.iterdir() if path.name == "till.db"}
        steps = await trace.record(folder, SALES, *options)
        said = [step.name for step in steps if step.kind == "said"]
        assert sum(line.startswith("sold ") for line in said) == SALES, said
        for run in range(runs):
            rng = dice(name, seed, run)
            until = rng.randint(1, len(steps))
            after = Path(base) / f"after-{run}"
            after.mkdir()
            for file, content in disk_after(start, steps[:until], rng).items():
                (after / file).write_bytes(content)
            confirmed = [step.name.split()[1] for step in steps[:until] if step.name.startswith("sold ")]
            began = time.perf_counter()
            lost, doubled = await _judge(after, confirmed, told, f"{name}, seed {seed}, run {run}, step {until}")
            took = time.perf_counter() - began
            row = Row(
                name, run + 1, row.sales + len(confirmed), row.lost + lost, row.doubled + doubled,
                max(row.converge_s, took),
            )  # fmt: skip
            shutil.rmtree(after)
    return row


async def _judge(folder: Path, confirmed: list[str], told: Told, which: str) -> tuple[int, int]:
    async with till_in(folder, life=3, has_catalogue_already=True):
        pass
    kept = read_kept(folder)
    gone = set(confirmed) - set(kept.receipts)
    doubled = len(kept.receipts) - len(set(kept.receipts)) + len(kept.ids) - len(set(kept.ids))
    alarms = set_aside_in(folder)
    broken = len(gone) + (kept.broken_at is not None) + len(alarms)
    if broken or doubled:
        told(f"{which}: gone {sorted(gone)}, doubled {doubled}, chain {kept.broken_at}, set aside {alarms}")
    return broken, doubled


async def power_cut(seed: int, runs: int, told: Told) -> Row:
    """Nothing that was confirmed may be lost."""
    return await cut("power-cut", seed, runs, told)


async def careless(seed: int, runs: int, told: Told) -> Row:
    """The control: the same with `synchronous=NORMAL`, which must lose something. Not in the table."""
    return await cut("power-cut-normal", seed, runs, told, "--normal")


SCENARIOS = (
    Fault(
        "power-cut", "the power goes while the till sells; unsynced writes are lost, torn, reordered", power_cut, 1_000
    ),
)
