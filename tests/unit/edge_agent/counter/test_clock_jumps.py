"""A PC's clock that is set while the shop sells: what is counted stays right, whatever it says."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.printer import spool
from edge_agent.journal.shift_state import load_tally
from edge_agent.journal.sqlite import SqliteJournal
from edge_agent.till.shift import tally_of
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted, ShiftClosed
from tests.unit.edge_agent.counter.shop import START, Shop, shop_in

WATER = "8934602100016"
JUMPS = st.timedeltas(timedelta(days=-20_000), timedelta(days=4_000))


class SetClock:
    """A PC's clock that somebody sets; it goes on by a second a look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        """Read it."""
        self.now += timedelta(seconds=1)
        return self.now


async def sell(shop: Shop) -> None:
    """One bottle, exact cash."""
    await shop.scan(WATER)
    assert await shop.do("pay_cash", take=shop.counter.view().take) == "sale_done"


async def day(folder: Path, jumps: list[timedelta]) -> None:
    """A shift with a jump of the clock before every sale, and a restart in the middle."""
    clock = SetClock()
    async with shop_in(folder, wall=clock) as shop:
        await shop.do("open_shift", about="", number="1", amount="100000")
    for jump in jumps:
        clock.now = START + jump
        async with shop_in(folder, wall=clock) as shop:
            await sell(shop)
    async with shop_in(folder, wall=clock) as shop:
        events = [read_event(raw) for raw in await shop.database.run(lambda c: list(SqliteJournal(c).all_kept()))]
        assert all(isinstance(event, Event) for event in events)
        told = [(event, read_data(event)) for event in events if isinstance(event, Event)]
        assert [event.sequence for event, _ in told] == list(range(1, len(jumps) + 2))
        assert [event.time for event, _ in told] == sorted(event.time for event, _ in told)
        assert all(event.clockunchecked for event, _ in told)
        sales = [fact for _, fact in told if isinstance(fact, SaleCompleted)]
        assert len({sale.receipt_number for sale in sales}) == len(jumps)
        tally = await shop.database.run(load_tally)
        assert tally.sums == tally_of((fact, event.time) for event, fact in told).sums  # type: ignore[misc]  # all were read above
        await shop.do("close_shift", about="", shift=tally.shift, amount=str(100_000 + 5_000 * len(jumps)))
        closed = (await shop.facts())[-1]
        assert isinstance(closed, ShiftClosed)
        assert (closed.sums.sales, closed.over) == (len(jumps), 0)


@settings(max_examples=12, deadline=None)
@given(st.lists(JUMPS, min_size=1, max_size=5))
def test_sales_and_sums_do_not_care_what_the_clock_says(jumps: list[timedelta]) -> None:
    """Back to 1972 or ten years ahead, over restarts: no gap, no double, times in order and flagged, a true Z."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(day(Path(folder), jumps))


@given(JUMPS.filter(lambda jump: abs(jump) > timedelta(minutes=1)))
@settings(max_examples=12, deadline=None)
def test_a_jump_opens_no_drawer_and_prints_nothing_unasked(jump: timedelta) -> None:
    """What waits when the clock is set: kicks are over; a receipt is printed or asked about, never lost."""

    async def scenario(folder: Path) -> None:
        clock = SetClock()
        async with shop_in(folder, wall=clock) as shop:
            await sell(shop)
            clock.now += jump
            valid = timedelta(seconds=8)
            await shop.database.run(lambda c: spool.expire_kicks(c, clock(), valid))
            await shop.database.run(lambda c: spool.recover_at_start(c, clock(), timedelta(minutes=15)))
            kick = await shop.one("SELECT state FROM print_job WHERE kind = 'drawer'")
            receipt = await shop.one("SELECT state || reason FROM print_job WHERE kind = 'receipt'")
            assert kick == "cancelled"
            assert receipt in {"queued", "heldstale"}

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(scenario(Path(folder)))
