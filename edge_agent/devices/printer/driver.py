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
    UnknownJob,
)
from edge_agent.devices.printer import spool
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.settings import PrinterSettings
from edge_agent.devices.printer.spool import Job, Step
from edge_agent.devices.printer.transport import connect
from edge_agent.devices.printer.visit import Visit
from edge_agent.devices.supervision import Problem, Supervision, Turn
from edge_agent.errors import EdgeAgentError, JournalClosed
from edge_agent.till.view import DeviceView, PaperState

T = TypeVar("T")
_log = logging.getLogger(__name__)
_DISK_RETRY_S = 1.0
_FORGET_EVERY_S = 6 * 3600.0


class RunInDatabase(Protocol):
    """`Database.run`: do work in one transaction, return after the commit."""

    def __call__(self, work: Callable[[sqlite3.Connection], T], /) -> Awaitable[T]:
        """Raises EdgeAgentError when the disk or the database cannot do it, and what `work` raises."""
        ...


class Printer:
    """One printer.

    Args:
        settings: where it is, and patience.
        run: the spool's database.
        on_state: told whenever the picture of the device changes.
        on_job: told whenever a job changed, after that is on disk.
        on_drawer_wire: told the level of the drawer's sensor wire; None: not known.
        monotonic, wall: clocks: seconds; aware UTC.
        rng: for the jitter.
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
    ) -> None:
        self._settings = settings
        self._run = run
        self._on_state = on_state
        self._on_job = on_job
        self._on_drawer_wire = on_drawer_wire
        self._monotonic = monotonic
        self._wall = wall
        self._supervision = Supervision(settings.backoff, rng)
        self._view = DeviceView(kind="printer", name=settings.name, state="absent", since=wall())
        self._drawer_wire: bool | None = None
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
        interrupted = await self._run(lambda c: spool.recover_at_start(c, now, stale_after))
        self._broken_off = any(job.kind == "receipt" for job in interrupted)
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

    async def warm_up(self) -> None:
        """Load what receipts are drawn with, in a thread: half a second that the start does not wait for."""
        await asyncio.to_thread(_drawing)

    def wake(self) -> None:
        """There is a new job, or a question was answered."""
        self._woken.set()

    # --- the loop

    async def _work(self) -> None:
        while not self._stopping:
            self._woken.clear()
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
            if wait_s > 0 and not self._stopping:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._woken.wait()

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
            async with connect(self._settings.host, self._settings.port, self._settings.connect_timeout_s) as line:
                return await self._visit(Visit(line, self._settings, self._learn, self._monotonic), job)
        except DeviceUnavailable as exc:
            return self._give_up(_problem_of(exc), str(exc))

    async def _visit(self, visit: Visit, job: Job | None) -> float:
        if self._settings.answers:
            status = await visit.ask_status()
            self._learn(status, False)  # noqa: FBT003  the signature of Visit's `show`
            if status.obstacle:
                await self._change_all(lambda c, now: spool.hold_waiting(c, status.obstacle, now))
                return self._settings.watch_every_s
            await self._change_all(spool.resume_held)
        else:
            self._show(self._supervision.fine(self._monotonic()))
        if job is None:
            return self._settings.poll_every_s
        if self._broken_off:
            if not await visit.settle():
                return self._give_up("stalled")
            self._broken_off = False
        return await self._print(visit, job)

    async def _look(self) -> Job | None:
        """The next job, after what is too old was put aside."""
        now, valid_for = self._wall(), timedelta(seconds=self._settings.kick_valid_s)
        for expired in await self._run(lambda c: spool.expire_kicks(c, now, valid_for)):
            self._on_job(expired)
        if self._monotonic() >= self._forget_at_s:
            self._forget_at_s = self._monotonic() + _FORGET_EVERY_S
            before = now - timedelta(days=self._settings.keep_jobs_days)
            await self._run(lambda c: spool.forget_older_than(c, before))
        job: Job | None = await self._run(spool.next_job)
        self._show("same", await self._run(spool.waiting_count))
        return job

    # --- one job

    async def _print(self, visit: Visit, job: Job) -> float:
        """Deliver a job; its state is on disk before and after. Raises DeviceUnavailable."""
        data = await self._drawn(job)
        if data is None:
            return 0.0
        try:
            await self._take_step(job.job_id, "send")
        except (IllegalStep, UnknownJob):
            return 0.0  # cancelled while it was drawn
        try:
            done = await visit.deliver(data, lambda: self._take_step_surely(job.job_id, "sent"))
        except ConnectionLost:
            await self._take_step_surely(job.job_id, "lost" if visit.touched else "untouched", "connection_lost")
            self._broken_off |= visit.touched
            raise
        if done:
            await self._take_step_surely(job.job_id, "passed")
            return 0.0
        await self._take_step_surely(job.job_id, "lost", "stalled")
        self._broken_off = True
        return self._give_up("stalled")

    async def _drawn(self, job: Job) -> bytes | None:
        try:
            if job.kind == "drawer":
                return job.payload  # nothing to draw, and somebody waits with money in hand
            return await asyncio.to_thread(_draw, job, self._settings.width_dots)
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
        if status.drawer_high != self._drawer_wire:
            self._drawer_wire = status.drawer_high
            self._on_drawer_wire(status.drawer_high)
        self._show(turn, paper=status.paper)

    def _give_up(self, problem: Problem, why: str = "") -> float:
        now_s = self._monotonic()
        turn = self._supervision.gave_up(problem, now_s)
        self._show(turn, paper="unknown", why=why)
        if self._drawer_wire is not None:
            self._drawer_wire = None
            self._on_drawer_wire(None)
        return self._supervision.wait_s(now_s)

    def _show(self, turn: Turn, waiting: int | None = None, *, paper: PaperState | None = None, why: str = "") -> None:
        standing, before = self._supervision.standing, self._view
        if turn == "gone":
            _log.warning("printer: gone", extra={"device": before.name, "problem": standing.problem, "why": why})
        elif turn == "back":
            _log.info("printer: back", extra={"device": before.name})
        view = DeviceView(
            kind="printer",
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


def _draw(job: Job, width_dots: int) -> bytes:
    return _drawing()(job, width_dots)


def _drawing() -> Callable[[Job, int], bytes]:
    from edge_agent.devices.printer.drawing import job_bytes  # noqa: PLC0415 - half a second, see warm_up

    return job_bytes


def _problem_of(exc: DeviceUnavailable) -> Problem:
    if isinstance(exc, PrinterSilent):
        return "no_answer"
    return "connection_lost" if isinstance(exc, ConnectionLost) else "unreachable"
