"""A PC's clock that is set while the real agent runs, and while it is off: by a small library between it and libc."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from edge_agent.app import now
from protocol.event import Event, read_data, read_event
from protocol.events import SaleCompleted
from protocol.frame import Key
from tests.integration.edge.small_hub import SmallHub, start_broker
from tests.integration.edge.till_process import (
    SLOW_TEST_S,
    WAIT_S,
    WATER_CODE,
    TillProcess,
    has_ptys,
    till_in,
    until,
)

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not has_ptys() or sys.platform != "linux", reason="needs pseudo terminals and /proc"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc, to put a clock of ours before libc's"),
    pytest.mark.timeout(SLOW_TEST_S),
    pytest.mark.slow,
]
DAY, YEAR = timedelta(days=1), timedelta(days=365)
TICKS_A_SECOND = 100
SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long off(void) {
  char text[32] = {0};
  int file = open(getenv("SET_CLOCK"), O_RDONLY);
  if (file < 0) return 0;
  if (read(file, text, 31) < 0) text[0] = 0;
  close(file);
  return atol(text);
}

int clock_gettime(clockid_t clock, struct timespec *found) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
  int result = real(clock, found);
  if (!result && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) found->tv_sec += off();
  return result;
}

int gettimeofday(struct timeval *restrict found, void *restrict zone) {
  struct timespec exact;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &exact);
  found->tv_sec = exact.tv_sec;
  found->tv_usec = exact.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *found) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (found) *found = exact.tv_sec;
  return exact.tv_sec;
}
"""


@pytest.fixture
def anyio_backend() -> str:
    """The simulators and the agent run on asyncio."""
    return "asyncio"


class SetClock:
    """The clock of the till's PC. The elapsed time, which nobody can set, is left alone."""

    def __init__(self, folder: Path) -> None:
        source, library = folder / "clock.c", folder / "clock.so"
        source.write_text(SOURCE, encoding="ascii")
        subprocess.run(["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)  # noqa: S603, S607 - what PATH has
        self._file = folder / "clock.off"
        self.environment = {"LD_PRELOAD": str(library), "SET_CLOCK": str(self._file)}
        self.set(timedelta())

    def set(self, off: timedelta) -> None:
        """From now on it is wrong by so much."""
        fresh = self._file.with_suffix(".new")
        fresh.write_text(str(round(off.total_seconds())), encoding="ascii")
        fresh.replace(self._file)


@asynccontextmanager
async def till_with_clock(folder: Path) -> AsyncIterator[tuple[TillProcess, SetClock]]:
    """A till whose clock can be set, not yet started."""
    async with till_in(folder) as till:
        clock = await asyncio.to_thread(SetClock, folder)
        till.environment = clock.environment
        yield till, clock


async def sell(till: TillProcess) -> None:
    """One bottle."""
    before = till.one("SELECT count(*) FROM event")
    await till.order("/order/scan", code=WATER_CODE)
    await until(lambda: till.cart().get("lines"))
    await till.pay()
    await until(lambda: till.one("SELECT count(*) FROM event") == before + 1)


async def wait_for_words(till: TillProcess, words: str) -> None:
    """Until the page says so."""
    assert till.client is not None
    async with asyncio.timeout(WAIT_S):
        while words not in (await till.client.get("/")).text:  # noqa: ASYNC110 - another process cannot set our event
            await asyncio.sleep(0.05)


def events_of(till: TillProcess) -> list[Event]:
    """What the journal holds."""
    raws = [
        till.one(f"SELECT raw FROM event WHERE sequence = {n}")  # noqa: S608 - numbers
        for n in range(1, till.one("SELECT max(sequence) FROM event") + 1)
    ]
    return [event for raw in raws if isinstance(event := read_event(raw), Event)]


def ticks(till: TillProcess) -> int:
    """Processor time that the agent has used, in hundredths of a second."""
    assert till.process is not None
    fields = Path(f"/proc/{till.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


async def test_a_clock_that_is_set_stops_nothing_and_starts_no_storm(tmp_path: Path) -> None:
    """A day on, a year on, two years back, over a restart: it sells, in order, once, and idles as before."""
    async with till_with_clock(tmp_path) as (till, clock):
        await till.start()
        for off in (timedelta(), DAY, YEAR, -YEAR):
            clock.set(off)
            await sell(till)
        await wait_for_words(till, "Đồng hồ sai?")
        used = ticks(till)
        await asyncio.sleep(3)
        assert ticks(till) - used < 1.5 * TICKS_A_SECOND, "timers fire in a storm"
        await till.kill()
        clock.set(-2 * YEAR)
        await till.start()
        await wait_for_words(till, "Đồng hồ sai?")
        await sell(till)
        events = events_of(till)
        assert [event.time for event in events] == sorted(event.time for event in events)
        assert all(event.clockunchecked for event in events)
        assert len({till.one(f"SELECT receipt_number FROM sale WHERE position = {n}") for n in range(1, 6)}) == 5  # noqa: S608 - numbers
        await till.printer.wait_receipts(5)
        assert await till.stop() == 0


async def test_the_hubs_time_is_believed_again_after_every_jump_and_start(tmp_path: Path) -> None:
    """Sales carry the right time whatever the PC's clock says; the page says by how much that is wrong."""
    broker = await asyncio.to_thread(start_broker)
    hub = SmallHub(broker.port, Key(bytes.fromhex("ab" * 32)))
    hub.has_catalogue = False
    try:
        async with till_with_clock(tmp_path) as (till, clock):
            till.hub_port = broker.port
            till.write_config()
            await till.start()
            await sell(till)
            await until(lambda: till.one("SELECT acked FROM journal_state") == 1)
            for off in (YEAR, -YEAR):
                clock.set(off)
                await wait_for_words(till, "chạy nhanh 365" if off > timedelta() else "chạy chậm 365")
                await sell(till)
            await till.kill()
            clock.set(-DAY)
            await till.start()
            await sell(till)  # this hub tells the time with its acks only: so far it is the PC's, held back
            await wait_for_words(till, "chạy chậm 1 ngày")
            await sell(till)
            assert (await till.diagnostics())["clock_offset_ms"] == pytest.approx(
                DAY / timedelta(milliseconds=1), abs=60_000
            )
            events = events_of(till)
            times = [event.time for event in events]
            assert all(abs(now() - at) < timedelta(minutes=5) for at in times), times
            assert times == sorted(times)
            assert [event.clockunchecked for event in events] == [True, False, False, True, False]
            right = {(at + timedelta(hours=7)).date().isoformat() for at in (*times, now())}
            assert {business_day(event) for event in events if not event.clockunchecked} <= right
            assert await till.stop() == 0
    finally:
        hub.close()
        await asyncio.to_thread(broker.stop)


def business_day(event: Event) -> str:
    """The day that a sale counts for."""
    fact = read_data(event)
    assert isinstance(fact, SaleCompleted)
    return fact.business_day.isoformat()
