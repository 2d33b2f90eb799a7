"""The printer's owner: takes jobs from the spool, one at a time, and brings them to paper at most once.

One task, one connection per visit, nobody else talks to the printer (the drawer's kicks are jobs, too). SENDING is on
disk before the first byte leaves. What happens to the printer never reaches the counter as an error: it becomes the
state of a device or of a job. The trap is a full disk: a job that cannot be marked is not sent.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from random import Random
from typing import Protocol, TypeVar

from edge_agent.devices.errors import (
    ConnectionLost,
    DeviceError,
    DeviceUnavailable,
    FontMissing,
    IllegalStep,
    PrinterSilent,
    PrinterUnreachable,
    UnknownJob,
)
from edge_agent.devices.printer import drawings, spool
from edge_agent.devices.printer.commands import Parts
from edge_agent.devices.printer.drawings import Drawings
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.settings import PrinterSettings
from edge_agent.devices.printer.spool import Job, Step
from edge_agent.devices.printer.transports.line import Line
from edge_agent.devices.printer.transports.opening import open_line
from edge_agent.devices.printer.visit import Visit
from edge_agent.devices.supervision import Problem, Supervision, Turn
from edge_agent.errors import EdgeAgentError, JournalClosed
from edge_agent.till.view import DeviceView, PaperState

T = TypeVar("T")
_log = logging.getLogger(__name__)
_DISK_RETRY_S = 1.0
_FORGET_EVERY_S = 6 * 3600.0
_KICK_LOOK_MAX_S = 2.5
_DRAWN_AHEAD = 3
"""Jobs that are looked at: a kick, the receipt behind it, and the next one."""


class RunInDatabase(Protocol):
    """`Database.run`: do work in one transaction, return after the commit."""

    def __call__(self, work: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]:
        """Raises EdgeAgentError when the disk or the database cannot do it, and what `work` raises."""
        ...


OpenLine = Callable[[PrinterSettings, Callable[[], None]], AbstractAsyncContextManager[Line]]


class Printer:
    """One printer.

    Args:
        settings: where it is, and patience.
        run: the spool's database.
        on_state: told whenever the picture of the device changes.
        on_job: told whenever a job changed, after that is on disk.
        on_drawer_wire: told the level of the drawer's sensor wire; None: not known.
        monotonic, wall: clocks: seconds; aware UTC.
        on_kick_unmoved: told when a kick was carried out and the wire did not change within `kick_look_s`.
        rng: for the jitter.
        open_line: opens the way that the settings name; told what to call when it is lost.
    """

    def __init__(  # noqa: PLR0913  ports and clocks, all by keyword
        self,
        settings: PrinterSettings,
        *,
        run: RunInDatabase,
        on_state: Callable[[DeviceView], None],
        on_job: Callable[[Job], None],
        on_drawer_wire: Callable[[bool | None], None],
        monotonic: Callable[[], float],
        wall: Callable[[], datetime],
        rng: Random,
        open_line: OpenLine = open_line,
        on_kick_unmoved: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._open_line = open_line
        self._run = run
        self._on_state = on_state
        self._on_job = on_job
        self._on_drawer_wire = on_drawer_wire
        self._monotonic = monotonic
        self._wall = wall
        self._supervision = Supervision(settings.backoff, rng)
        self._view = DeviceView(kind=settings.queue, name=settings.name, state="absent", since=wall())
        self._on_kick_unmoved = on_kick_unmoved
        self._drawer_wire: bool | None = None
        self._kicked_at_s: float | None = None
        """When the last kick was carried out, until the wire changed or was looked at again."""
        self._drawings = Drawings(settings.paper)
        self._coming: list[Job] = []
        self._woken = asyncio.Event()
        self._stopping = False
        self._task: asyncio.Task[None] | None = None
        self._broken_off = False
        self._forget_at_s = 0.0

    @property
    def view(self) -> DeviceView:
        """The device as it was last told."""
        return self._view

    async def start(self) -> None:
        """Sort what an earlier run left behind, then work until `stop`. Raises EdgeAgentError from the database."""
        now = self._wall()
        stale_after = timedelta(seconds=self._settings.stale_after_s)
        queue = self._settings.queue
        interrupted, self._broken_off = await self._run(
            lambda c: (spool.recover_at_start(c, now, stale_after, queue), spool.is_broken_off(c, queue))
        )
        for job in interrupted:
            self._on_job(job)
        self._task = asyncio.create_task(self._work(), name="printer")

    async def stop(self) -> None:
        """Finish the job inside the printer if that does not take long, then end."""
        self._stopping = True
        self._woken.set()
        if self._task is not None:
            await asyncio.wait([self._task], timeout=self._settings.stop_grace_s)
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._drawings.drop()

    async def warm_up(self) -> None:
        """Load what receipts are drawn with, in a thread: half a second that the start does not wait for."""
        await asyncio.to_thread(drawings.load)

    def wake(self) -> None:
        """There is a new job, or a question was answered."""
        self._woken.set()

    # --- the loop

    async def _work(self) -> None:
        while not self._stopping:
            try:
                wait_s = await self._round()
            except JournalClosed:
                return
            except EdgeAgentError as exc:
                _log.error("printer: the spool cannot be used", extra={"problem": str(exc)})
                wait_s = _DISK_RETRY_S
            except Exception:  # noqa: BLE001  a fault of ours must not end printing for the day
                _log.exception("printer: unexpected error")
                wait_s = self._give_up("printer_error")
            if wait_s > 0:
                await self._until_woken(wait_s)

    async def _round(self) -> float:
        """Visit the printer once, if it is time to. Returns how many seconds to wait for the next visit."""
        job = await self._look()
        wait_s = self._supervision.wait_s(self._monotonic())
        if wait_s > 0:
            self._woken.clear()
            return wait_s
        if self._supervision.standing.state in {"absent", "backoff"}:
            self._show(self._supervision.opening(self._monotonic()))
        try:
            async with self._open_line(self._settings, self.wake) as line:
                return await self._stay(line, job)
        except DeviceUnavailable as exc:
            return self._give_up(_problem_of(exc), str(exc))

    async def _stay(self, line: Line, job: Job | None) -> float:
        """Print what waits, one job after the other; keep a line open that nobody else could want."""
        while not self._stopping:
            wait_s = await self._visit(Visit(line, self._settings, self._learn, self._monotonic), job)
            if line.spent or self._supervision.standing.state == "backoff":
                return wait_s
            job = await self._look()
            if wait_s > 0 and (job is None or self._supervision.standing.state == "fault"):
                if not line.keeps:
                    return wait_s
                if not line.lost:
                    await self._until_woken(wait_s)
                job = await self._look()
        return 0.0

    async def _visit(self, visit: Visit, job: Job | None) -> float:
        status = await visit.ask_status()
        self._learn(status, False)  # noqa: FBT003  the signature of Visit's `show`
        queue = self._settings.queue
        if status.obstacle:
            await self._change_all(lambda c, now: spool.hold_waiting(c, status.obstacle, now, queue))
            return self._settings.watch_every_s
        await self._change_all(lambda c, now: spool.resume_held(c, now, queue))
        if job is None:
            return self._settings.poll_every_s if self._kicked_at_s is None else self._settings.kick_look_s
        if self._broken_off:
            if not await visit.settle():
                return self._give_up("stalled")
            await self._run(lambda c: spool.settle(c, queue))
            self._broken_off = False
        return await self._print(visit, job)

    async def _look(self) -> Job | None:
        """The next job, after what is too old was put aside; what comes after it is drawn meanwhile."""
        self._woken.clear()  # before the look: what comes after it wakes again
        now, valid_for, queue = self._wall(), timedelta(seconds=self._settings.kick_valid_s), self._settings.queue
        before = now - timedelta(days=self._settings.keep_jobs_days)
        forget = self._monotonic() >= self._forget_at_s
        if forget:
            self._forget_at_s = self._monotonic() + _FORGET_EVERY_S

        def look(connection: sqlite3.Connection) -> tuple[list[Job], list[Job], int]:
            if forget:
                spool.forget_older_than(connection, before)
            expired = spool.expire_kicks(connection, now, valid_for, queue)
            coming = spool.next_jobs(connection, queue, jobs_max=_DRAWN_AHEAD)
            return expired, coming, spool.waiting_count(connection, queue)

        expired, coming, waiting = await self._run(look)
        for job in expired:
            self._on_job(job)
        self._show("same", waiting)
        self._coming = coming
        if coming and coming[0].kind != "drawer":
            self._drawings.begin(coming)
        return coming[0] if coming else None

    async def _until_woken(self, wait_s: float) -> None:
        if not self._stopping:
            with contextlib.suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it may swallow a cancellation that comes with the event.
                async with asyncio.timeout(wait_s):
                    await self._woken.wait()

    # --- one job

    async def _print(self, visit: Visit, job: Job) -> float:
        """Deliver a job; its state is on disk before and after. Raises DeviceUnavailable."""
        parts = await self._drawn(job)
        if parts is None:
            return 0.0
        try:
            await self._take_step(job.job_id, "send")
        except (IllegalStep, UnknownJob):
            return 0.0  # cancelled while it was drawn
        try:
            wire = self._drawer_wire
            title = f"Tillwire {job.receipt_number or job.kind}"
            done = await visit.deliver(title, parts, lambda: self._sent(job))
        except ConnectionLost:
            await self._take_step_surely(job.job_id, "lost" if visit.touched else "untouched", "connection_lost")
            self._broken_off |= visit.touched
            raise
        if done:
            if job.kind == "drawer" and wire == self._drawer_wire:
                self._kicked_at_s = self._monotonic()
            await self._take_step_surely(job.job_id, "passed")
            return 0.0
        await self._take_step_surely(job.job_id, "lost", "stalled")
        self._broken_off = True
        return self._give_up("stalled")

    async def _sent(self, job: Job) -> None:
        # Not sooner: while a kick is on its way somebody waits with money in hand, and drawing takes the processor.
        self._drawings.begin([each for each in self._coming if each.job_id != job.job_id])
        await self._take_step_surely(job.job_id, "sent")

    async def _drawn(self, job: Job) -> Parts | None:
        try:
            if job.kind == "drawer":
                return (job.payload,)  # nothing to draw, and somebody waits with money in hand
            return await self._drawings.take(job)
        except FontMissing as exc:
            problem: Problem = "no_font"
            why = str(exc)
        except Exception as exc:  # noqa: BLE001  whatever one receipt has in it, the others go on
            problem = "printer_error"
            why = repr(exc)
        _log.error("printer: a receipt cannot be drawn", extra={"job": job.job_id, "problem": why})
        if job.kind == "drawer":
            await self._take_step(job.job_id, "cancel", problem)
        else:
            await self._take_step(job.job_id, "hold", spool.UNDRAWABLE)
        self._show(self._supervision.failed(problem, self._monotonic()))
        return None

    async def _take_step(self, job_id: str, step: Step, reason: str = "") -> None:
        now = self._wall()
        job, waiting = await self._run(
            lambda c: (spool.set_state(c, job_id, step, now, reason=reason), spool.waiting_count(c))
        )
        self._show("same", waiting)
        self._on_job(job)

    async def _take_step_surely(self, job_id: str, step: Step, reason: str = "") -> None:
        """As `_take_step`, but what has happened on paper has happened: while the disk is full, wait and try again."""
        while True:
            try:
                await self._take_step(job_id, step, reason)
            except (DeviceError, JournalClosed):
                raise
            except EdgeAgentError as exc:
                _log.error("printer: cannot note a step", extra={"job": job_id, "step": step, "problem": str(exc)})
                await asyncio.sleep(_DISK_RETRY_S)
            else:
                return

    async def _change_all(self, change: Callable[[sqlite3.Connection, datetime], list[Job]]) -> None:
        now = self._wall()
        for job in await self._run(lambda c: change(c, now)):
            self._on_job(job)

    # --- what others see

    def _learn(self, status: PrinterStatus, stalled: bool) -> None:
        now_s, supervision = self._monotonic(), self._supervision
        if status.obstacle:
            turn = supervision.failed(status.obstacle, now_s)
        elif stalled:
            turn = supervision.failed("stalled", now_s)
        elif status.paper == "low":
            turn = supervision.hampered("paper_low", now_s)
        else:
            turn = supervision.fine(now_s)
        self._look_at_drawer(status.drawer_high, now_s)
        self._show(turn, paper=status.paper)

    def _look_at_drawer(self, high: bool | None, now_s: float) -> None:
        kicked_s = self._kicked_at_s
        if high != self._drawer_wire:
            self._drawer_wire = high
            self._kicked_at_s = None
            self._on_drawer_wire(high)
        elif kicked_s is not None and now_s - kicked_s >= self._settings.kick_look_s:
            # Later looks say nothing: a drawer may have been opened and closed again in between.
            self._kicked_at_s = None
            if high is not None and now_s - kicked_s < _KICK_LOOK_MAX_S:
                self._on_kick_unmoved()

    def _give_up(self, problem: Problem, why: str = "") -> float:
        now_s = self._monotonic()
        turn = self._supervision.gave_up(problem, now_s)
        self._show(turn, paper="unknown", why=why)
        if self._drawer_wire is not None:
            self._drawer_wire = self._kicked_at_s = None
            self._on_drawer_wire(None)
        return self._supervision.wait_s(now_s)

    def _show(self, turn: Turn, waiting: int | None = None, *, paper: PaperState | None = None, why: str = "") -> None:
        standing, before = self._supervision.standing, self._view
        if turn == "gone":
            _log.warning("printer: gone", extra={"device": before.name, "problem": standing.problem, "why": why})
        elif turn == "back":
            _log.info("printer: back", extra={"device": before.name})
        view = DeviceView(
            kind=before.kind,
            name=before.name,
            state=standing.state,
            problem=standing.problem,
            paper=before.paper if paper is None else paper,
            waiting=before.waiting if waiting is None else waiting,
            since=before.since if turn == "same" else self._wall(),
        )
        if view != before:
            self._view = view
            self._on_state(view)


def _problem_of(exc: DeviceUnavailable) -> Problem:
    if isinstance(exc, PrinterSilent):
        return "no_answer"
    if isinstance(exc, PrinterUnreachable):
        return exc.problem
    return "connection_lost"
