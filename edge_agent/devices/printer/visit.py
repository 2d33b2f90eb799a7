"""One visit to a printer, over one connection: ask how it is, settle what was broken off, deliver one job.

The fence makes "printed" a fact: GS r 1 behind the cut is answered when all before it is on paper. While it stands out
the connection is kept: a printer without paper finishes after the refill, with exactly one receipt. The trap is a
printer that stands still with its buffers full: it cannot be asked then (a question would queue behind the picture),
so automatic status is switched on in front of the job and tells the reason unasked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from edge_agent.devices.errors import PrinterSilent
from edge_agent.devices.printer.commands import Parts, separation_bytes
from edge_agent.devices.printer.framing import (
    FENCE,
    INITIALISE,
    QUESTIONS,
    TELL_CHANGES,
    TELL_NOTHING,
    PrinterStatus,
    ask,
)
from edge_agent.devices.printer.settings import PrinterSettings
from edge_agent.devices.printer.transports.line import Line

_INTERRUPTED = "--- BI NGAT / INTERRUPTED ---"
"""On the strip of a receipt that was broken off. ASCII: it is printed in the printer's own letters."""


class Visit:
    """The conversation of one connection.

    `show(status, stalled)` is called when something was learnt while a job is inside the printer; `monotonic` is a
    clock in seconds.
    """

    def __init__(
        self,
        line: Line,
        settings: PrinterSettings,
        show: Callable[[PrinterStatus, bool], None],
        monotonic: Callable[[], float],
    ) -> None:
        self._line = line
        self._settings = settings
        self._show = show
        self._monotonic = monotonic
        self._asks = settings.answers and line.hears
        self.touched = False
        """Whether a byte of the job may have reached the printer."""

    async def ask_status(self) -> PrinterStatus:
        """Ask DLE EOT 1, 2, 4, all at once, or take what the system says. Raises PrinterSilent, ConnectionLost."""
        answers = self._line.answers
        if not self._asks:
            self._line.must_be_open()  # nothing is written that would notice
            if self._line.tells:
                await self._line.until(lambda: answers.tells_changes, self._settings.answer_timeout_s)
            return answers.status
        self._ask_all()
        if not await self._line.until(lambda: not answers.questions_open, self._settings.answer_timeout_s):
            raise PrinterSilent(
                f"printer {self._settings.reach}: can be reached and does not answer; "
                "switch it off and on. A model that never answers needs `answers = false`"
            )
        return answers.status

    async def settle(self) -> bool:
        """After a broken-off job: complete what the printer may wait for, cut it off, let old answers pass by.

        False: it made no progress within the patience. Raises ConnectionLost.
        """
        if self._line.all_or_nothing:
            return True
        self._line.abort_at_end = True
        separation = await asyncio.to_thread(separation_bytes, self._settings.paper.width_dots, _INTERRUPTED)
        if not self._asks:
            return await self._settle_unanswered(separation)
        answers = self._line.answers
        answers.fence_sent()
        if not await self._hand_over(separation + FENCE):
            return False
        if not await self._progress(lambda: not answers.fences_open, may_ask=True):
            return False
        while await self._hears_something():
            pass
        self._line.abort_at_end = False
        return True

    async def deliver(self, title: str, parts: Parts, on_sent: Callable[[], Awaitable[None]]) -> bool:
        """Send one job and wait until it is done; `on_sent` is awaited when all bytes were handed over.

        False: no progress within the patience, nobody knows what was printed. Raises ConnectionLost; look at `touched`.
        """
        self._line.begin_job(title)
        if not self._asks:
            return await self._deliver_unanswered(parts, on_sent)
        answers = self._line.answers
        for number, part in enumerate(parts):
            first, last = number == 0, number == len(parts) - 1
            before, behind = INITIALISE + TELL_CHANGES if first else b"", b""
            if last or not answers.tells_changes:
                answers.fence_sent()
                behind = FENCE + TELL_NOTHING if last else FENCE
            if not await self._hand_over(before + part + behind):
                return False
            if not last and not await self._progress(self._has_room, may_ask=True):
                return False
        await on_sent()
        if not await self._progress(lambda: not answers.fences_open, may_ask=True):
            return False
        self._line.abort_at_end = False
        return True

    def _has_room(self) -> bool:
        """Whether the next part may go.

        Who tells changes may get all at once. Of the others we must never fill the buffer, or the question why they
        stand still would not arrive: they get the next part when a fence behind an earlier one was passed.
        """
        answers = self._line.answers
        return answers.tells_changes or answers.fences_open < self._settings.parts_ahead

    async def _deliver_unanswered(self, parts: Parts, on_sent: Callable[[], Awaitable[None]]) -> bool:
        if not await self._hand_over(INITIALISE + b"".join(parts)):
            return False
        await on_sent()
        # All that can be known: the bytes were taken, and neither printer nor system threw them back.
        self._line.end_job()
        if not await self._progress(lambda: self._line.completed, may_ask=False):
            return False
        self._line.abort_at_end = False
        return True

    async def _settle_unanswered(self, separation: bytes) -> bool:
        if not self._line.tells:
            return await self._hand_over(separation)
        self._line.begin_job("Tillwire")  # a document of its own: it shall not hang on the next receipt
        if not await self._hand_over(separation):
            return False
        self._line.end_job()
        return await self._progress(lambda: self._line.completed, may_ask=False)

    async def _hand_over(self, data: bytes) -> bool:
        size = self._settings.piece_bytes
        for start in range(0, len(data), size):
            self._line.abort_at_end = True
            self._line.write(data[start : start + size])
            self.touched = True
            if not await self._progress(lambda: self._line.drained, may_ask=False):
                return False
        return True

    async def _hears_something(self) -> bool:
        answers = self._line.answers
        heard = answers.heard
        return await self._line.until(lambda: answers.heard != heard, self._settings.settle_s)

    async def _progress(self, done: Callable[[], bool], *, may_ask: bool) -> bool:
        """Wait for `done`; time counts against the patience only while no reason to wait is known."""
        settings, answers = self._settings, self._line.answers
        moved_s = self._monotonic()
        while not done():
            seen = answers.status
            await self._line.until(lambda: done() or answers.status != seen, settings.watch_every_s)  # noqa: B023  awaited here
            now_s = self._monotonic()
            # An obstacle that was told once may be over; who tells changes unasked, or has just answered, is believed.
            if answers.status.obstacle and (answers.tells_changes or not answers.questions_open):
                moved_s = now_s
            elif now_s - moved_s >= settings.patience_s:
                return False
            self._show(answers.status, now_s - moved_s >= settings.stalled_after_s)
            if may_ask and not (done() or answers.tells_changes or answers.questions_open):
                self._ask_all()
        return True

    def _ask_all(self) -> None:
        noted = [question for question in QUESTIONS if self._line.answers.question_sent(question)]
        self._line.write(b"".join(map(ask, noted)))
