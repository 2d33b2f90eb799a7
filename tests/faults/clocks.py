"""The PC's clock is set, by seconds or by years, while the till sells and while it is off.

No sale may be lost or doubled by it, times in the journal go forward, and once the hub was heard, the business day is
the right one whatever the PC's clock says.
"""

from __future__ import annotations

import tempfile
import time
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

from edge_agent.journal.clock import Checked
from edge_agent.journal.database import connect_to_read
from edge_agent.journal.sqlite import SqliteJournal
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted
from tests.faults.row import Fault, Row, Told, dice
from tests.faults.till import GOODS, START, Desk, read_kept, till_in

LIVES, SALES = 3, 4
_JUMPS = (timedelta(seconds=40), timedelta(hours=1), timedelta(days=1), timedelta(days=366), timedelta(days=3_000))


class Pc:
    """A PC: true time goes on by a second a look, the clock on the wall is off by whatever somebody has set."""

    def __init__(self) -> None:
        self.true = START
        self.off = timedelta()

    def wall(self) -> datetime:
        """What the clock shows."""
        self.true += timedelta(seconds=1)
        return self.true + self.off

    def elapsed_s(self) -> float:
        """Seconds since long ago."""
        return (self.true - START) / timedelta(seconds=1)

    def heard(self, desk: Desk) -> None:
        """The hub told the time."""
        desk.clock.learn(Checked(self.true, self.true + self.off, self.elapsed_s()))


async def clock_jumps(seed: int, runs: int, told: Told) -> Row:
    """Play days with jumps; the hub is heard in some lives and not in others."""
    row = Row("clock-jumps")
    for run in range(runs):
        began = time.perf_counter()
        rng = dice("clock-jumps", seed, run)
        with tempfile.TemporaryDirectory() as base:
            folder = Path(base)
            confirmed, days = await _sell(folder, rng)
            wrong = _wrong(folder, days)
        kept = set(days) - set(confirmed)
        lost = len(set(confirmed) - set(days)) + len(wrong)
        doubled = len(confirmed) - len(set(confirmed))
        if lost or doubled or kept:
            told(f"clock-jumps, seed {seed}, run {run}: {wrong}")
        row = Row(
            row.fault, run + 1, row.sales + len(confirmed), row.lost + lost, row.doubled + doubled,
            max(row.converge_s, time.perf_counter() - began),
        )  # fmt: skip
    return row


async def _sell(folder: Path, rng: Random) -> tuple[list[str], dict[str, tuple[datetime, bool]]]:
    """Sell, and return what was confirmed; for each receipt the true time, and if the hub had been heard."""
    pc, confirmed = Pc(), []
    days: dict[str, tuple[datetime, bool]] = {}
    for life in range(1, LIVES + 1):
        pc.off = rng.choice((-1, 1)) * rng.choice(_JUMPS) if rng.random() < 0.7 else timedelta()
        async with till_in(folder, life=life, wall=pc.wall, elapsed_s=pc.elapsed_s) as desk:
            is_checked = rng.random() < 0.6
            if is_checked:
                pc.heard(desk)
            for _ in range(SALES):
                if rng.random() < 0.6:
                    pc.off += rng.choice((-1, 1)) * rng.choice(_JUMPS)
                pc.true += timedelta(hours=rng.randint(0, 5))
                number = await desk.sell(GOODS[rng.randrange(len(GOODS))])
                confirmed.append(number)
                days[number] = (pc.true, is_checked)
    return confirmed, days


def _wrong(folder: Path, days: dict[str, tuple[datetime, bool]]) -> list[str]:
    kept = read_kept(folder)
    wrong = [f"chain broken at {kept.broken_at}"] if kept.broken_at is not None else []
    if sorted(kept.receipts) != sorted(days):
        wrong.append(f"the journal holds {kept.receipts}, sold were {sorted(days)}")
    with closing(connect_to_read(folder / "till.db")) as connection:
        events = [event for raw in SqliteJournal(connection).all_kept() if isinstance(event := read_event(raw), Event)]
    if [event.time for event in events] != sorted(event.time for event in events):
        wrong.append("time runs backwards in the journal")
    for event in events:
        fact = read_data(event)
        if isinstance(fact, SaleCompleted):
            true, is_checked = days[fact.receipt_number]
            allowed = {(true + timedelta(hours=7, minutes=slack)).date() for slack in (-5, 5)}
            if is_checked and fact.business_day not in allowed:
                wrong.append(f"{fact.receipt_number} is of {fact.business_day}, sold at {true}")
            if not is_checked and not event.clockunchecked:
                wrong.append(f"{fact.receipt_number} does not say that its time is doubtful")
    return wrong


SCENARIOS = (Fault("clock-jumps", "the PC's clock is set by seconds to years while the till sells", clock_jumps, 100),)
