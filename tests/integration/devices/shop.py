"""A till's printer in front of a simulated one: spool in memory, short patience, and what the paper must say."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from random import Random
from typing import TypeVar

from sqlite_utils.db import Database

from edge_agent.devices.drawer.driver import Drawer, DrawerSettings
from edge_agent.devices.printer import receipt, spool
from edge_agent.devices.printer.driver import OpenLine, Printer
from edge_agent.devices.printer.layout import picture_of
from edge_agent.devices.printer.settings import PrinterSettings, TcpReach
from edge_agent.devices.printer.spool import Job, JobKind
from edge_agent.devices.printer.transports.opening import open_line
from edge_agent.devices.supervision import Backoff
from edge_agent.errors import JournalFull
from edge_agent.journal.migrations import till_migrations
from edge_agent.till.view import DeviceView, PrintState
from hardware_sim.drawer import Drawer as SimulatedDrawer
from hardware_sim.printer import SimulatedPrinter, raster_digest
from protocol.documents import Settings
from protocol.events import SaleCompleted, SaleLine, Tender

T = TypeVar("T")
AT = datetime(2026, 11, 22, 7, 5, tzinfo=UTC)
STORE = Settings(store_name="Phố Huế", receipt_head=("12 Phố Huế, Hà Nội",))


def patient(port: int = 0) -> PrinterSettings:
    """Settings for the printer at that port with waits that a test can afford."""
    return PrinterSettings(
        reach=TcpReach(host="127.0.0.1", port=port),
        connect_timeout_s=1.0,
        answer_timeout_s=0.3,
        patience_s=1.0,
        stalled_after_s=0.3,
        watch_every_s=0.05,
        poll_every_s=0.1,
        settle_s=0.1,
        kick_look_s=0.1,
        stop_grace_s=0.1,
        backoff=Backoff(first_s=0.05, longest_s=0.2),
    )


def a_receipt(number: str, lines: int = 3) -> receipt.Receipt:
    """A receipt with that number and so many lines."""
    goods = tuple(
        SaleLine(sku=f"S{index}", name=f"Cà phê sữa đá {index}", quantity=1000, unit_price=12_500, amount=12_500)
        for index in range(lines)
    )
    total = 12_500 * lines
    sale = SaleCompleted(
        receipt_number=number,
        business_day=date(2026, 11, 22),
        currency="VND",
        cashier="Lan",
        lines=goods,
        tenders=(Tender(kind="cash", amount=total, given=total),),
        total=total,
    )
    return receipt.receipt_of_sale(sale, STORE, AT, "vi")


class Spool:
    """A database as the agent has one, but in this thread: each piece of work is one transaction."""

    def __init__(self) -> None:
        self.connection = sqlite3.connect(":memory:", isolation_level=None)
        till_migrations(spool.SCHEMA).apply(Database(self.connection, execute_plugins=False))
        self.now = AT
        self.full = False
        """The disk has no room: nothing can be written."""

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """See `edge_agent.journal.database.Database.run`."""
        await asyncio.sleep(0)
        if self.full:
            raise JournalFull("no room on the disk")
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self.connection)
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")
        return result

    def state(self, job_id: str) -> PrintState:
        """The job's state on disk."""
        return spool.get(self.connection, job_id).state


@dataclass
class Shop:
    """A till's printer driver, its spool, the simulated printer, and all that was told."""

    printer: SimulatedPrinter
    settings: PrinterSettings
    spool: Spool = field(default_factory=Spool)
    views: list[DeviceView] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    wires: list[bool | None] = field(default_factory=list)
    drawer_views: list[DeviceView] = field(default_factory=list)
    drawer: Drawer = field(init=False)
    driver: Printer | None = None
    open_line: OpenLine = open_line

    def __post_init__(self) -> None:
        """The drawer's health, with a sensor that is high while it is open."""
        self.drawer = Drawer(
            DrawerSettings(sensor="open_is_high"), on_state=self.drawer_views.append, wall=lambda: self.spool.now
        )

    def _wire_changed(self, high: bool | None) -> None:
        self.wires.append(high)
        self.drawer.wire_changed(high)

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Shop]:
        """The driver runs inside the block; a second block on the same shop is a restarted agent."""
        self.driver = Printer(
            self.settings,
            run=self.spool.run,
            on_state=self.views.append,
            on_job=self.jobs.append,
            on_drawer_wire=self._wire_changed,
            on_kick_unmoved=self.drawer.did_not_move,
            monotonic=time.monotonic,
            wall=lambda: self.spool.now,
            rng=Random(1),  # noqa: S311  jitter is no secret
            open_line=self.open_line,
        )
        await self.driver.start()
        try:
            yield self
        finally:
            await self.driver.stop()

    def sell(self, number: str, lines: int = 3) -> str:
        """Spool a receipt; its job id."""
        return self._spool("receipt", number, receipt.encode(a_receipt(number, lines)))

    def kick(self, payload: bytes) -> str:
        """Spool a drawer kick; its job id."""
        return self._spool("drawer", f"K{len(self.jobs)}", payload)

    def answer(self, job_id: str, *, printed: bool) -> None:
        """The cashier says whether it was printed."""
        spool.answer(self.spool.connection, job_id, AT, printed=printed)
        self.wake()

    def wake(self) -> None:
        """Tell the driver that there is something new."""
        if self.driver is not None:
            self.driver.wake()

    async def until(self, true: Callable[[], bool], timeout_s: float = 10.0) -> None:
        """Wait for a condition; the clock's own grain is fine enough for a test."""
        async with asyncio.timeout(timeout_s):
            while not true():  # noqa: ASYNC110  conditions over the spool's file have no event
                await asyncio.sleep(0.005)

    async def until_job(self, job_id: str, *states: PrintState) -> None:
        """Wait until the job is in one of these states on disk."""
        await self.until(lambda: self.spool.state(job_id) in states)

    async def until_problem(self, problem: str) -> None:
        """Wait until the device is shown with that problem."""
        await self.until(lambda: self.driver is not None and self.driver.view.problem == problem)

    def copies(self, number: str, lines: int = 3, *, reprint: int | None = None) -> int:
        """How many complete receipts on the paper show exactly this one."""
        whole = replace(a_receipt(number, lines), reprint_number=reprint)
        digest = raster_digest(picture_of(whole, self.settings.paper.width_dots))
        return sum(found.complete and found.raster_sha256 == digest for found in self.printer.receipts)

    def slip(self, number: str, payload: bytes) -> str:
        """Spool a slip for this shop's printer; its job id."""
        return self._spool("slip", number, payload)

    def spool_raw(self, number: str, payload: bytes) -> str:
        """Spool a receipt job with any payload; its job id."""
        return self._spool("receipt", number, payload)

    def _spool(self, kind: JobKind, number: str, payload: bytes) -> str:
        job_id = f"{kind}-{number}"
        spool.enqueue(self.spool.connection, job_id=job_id, kind=kind, receipt_number=number, payload=payload,
                      created_at=self.spool.now, printer=self.settings.queue)  # fmt: skip
        self.wake()
        return job_id


def in_a_shop(  # noqa: PLR0913  faults that a printer is made with, by keyword
    *,
    drawer: Callable[[], SimulatedDrawer] | None = None,
    rows_per_second: float | None = None,
    swallowing: bool = False,
    automatic_status: bool = True,
    buffer_bytes: int = 65536,
    socket_buffer_bytes: int = 4096,
    **changes: float,
) -> Callable[[Callable[[Shop], Awaitable[None]]], Callable[[], None]]:
    """Make a test of an async function that gets a shop with a running driver.

    `automatic_status` False: a printer that does not know GS a; `buffer_bytes`: its receive buffer.
    `swallowing`: a printer that takes the next connection's bytes for the rest of a broken-off picture. `changes`:
    printer settings that the test wants otherwise.
    """

    def test_of(scenario: Callable[[Shop], Awaitable[None]]) -> Callable[[], None]:
        async def play() -> None:
            async with SimulatedPrinter(
                drawer=None if drawer is None else drawer(),
                rows_per_second=rows_per_second,
                socket_buffer_bytes=socket_buffer_bytes,
                automatic_status=automatic_status,
                buffer_bytes=buffer_bytes,
                after_disconnect="keep" if swallowing else "forget",
            ) as printer:
                settings = replace(patient(printer.port), **changes)  # type: ignore[arg-type]  # named by the tests
                async with Shop(printer, settings).open() as shop:
                    await scenario(shop)

        def test() -> None:
            asyncio.run(play())

        test.__doc__ = scenario.__doc__
        return test

    return test_of
