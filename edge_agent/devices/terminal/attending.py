"""Carries attempts through a card terminal, from their rows on disk: CREATED -> PENDING -> IN_PROGRESS -> an end.

The promise: PENDING is on disk before the first byte is sent, and only CREATED is ever sent. So whatever falls over,
the till or the line, an attempt is started once and asked about until its end is known. What nobody can know becomes
UNKNOWN, which is the cashier's to answer; while she thinks, the terminal is asked on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from edge_agent.devices.terminal.port import CardTerminal, TerminalAnswer, TerminalLost, TerminalUnreachable
from edge_agent.errors import EdgeAgentError, JournalClosed
from edge_agent.journal.payments import Attempt

_log = logging.getLogger(__name__)

ASK_EVERY_S = 0.5
ASK_SELDOM_S = 5.0
"""For attempts that are unknown: the terminal may be back."""
SILENT_TRIES_MAX = 6
"""Questions in a row without an answer, after which the cashier is asked."""

Told = Literal["sending", "unsent", "in_progress", "approved", "declined", "cancelled", "unknown"]
"""What the till is told about an attempt; it answers False if the attempt cannot go on so (it was ended meanwhile)."""


class Teller(Protocol):
    """Writes down what happened to an attempt, in one transaction with all that follows, and returns when it is safe.

    `charged` is what an approved one was charged, where the terminal says so. False: it must not go on so.
    """

    async def __call__(self, attempt: Attempt, told: Told, approval: str, charged: int | None = None) -> bool:
        """See above."""
        ...


@dataclass(frozen=True)
class Pace:
    """How often a terminal is asked, in seconds, and after how many silent tries somebody is."""

    ask_every_s: float = ASK_EVERY_S
    ask_seldom_s: float = ASK_SELDOM_S
    silent_tries_max: int = SILENT_TRIES_MAX


class Attendant:
    """One terminal's attendant.

    `open_attempts` reads the rows; `tell` writes what happened.
    """

    def __init__(
        self,
        terminal: CardTerminal,
        open_attempts: Callable[[], Awaitable[Sequence[Attempt]]],
        tell: Teller,
        *,
        pace: Pace | None = None,
    ) -> None:
        self._terminal = terminal
        self._open_attempts = open_attempts
        self._tell = tell
        self._pace = pace or Pace()
        self._news = asyncio.Event()
        self._silent: dict[str, int] = {}

    def wake(self) -> None:
        """There may be something to do."""
        self._news.set()

    async def run(self) -> None:
        """Attend until cancelled, or until the journal is closed."""
        while True:
            self._news.clear()
            try:
                wait_s = await self._round()
            except JournalClosed:
                return
            except EdgeAgentError as error:
                _log.warning("terminal: the books cannot be used now", extra={"problem": str(error)})
                wait_s = self._pace.ask_seldom_s
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def _round(self) -> float | None:
        """Look at every open attempt once; returns when to look again, None for when woken."""
        attempts = await self._open_attempts()
        self._silent = {each.id: self._silent.get(each.id, 0) for each in attempts}
        for attempt in attempts:
            if attempt.state == "created":
                await self._start(attempt)
            else:
                await self._follow(attempt)
        attempts = await self._open_attempts()
        if not attempts:
            return None
        asking = any(each.state != "unknown" for each in attempts)
        return self._pace.ask_every_s if asking else self._pace.ask_seldom_s

    async def _start(self, attempt: Attempt) -> None:
        if not await self._tell(attempt, "sending", ""):
            return
        try:
            answer = await self._terminal.start(attempt.id, attempt.amount, attempt.currency)
        except TerminalUnreachable as error:
            _log.warning("terminal: not reached, nothing was charged", extra={"problem": str(error)})
            await self._tell(attempt, "unsent", "")
        except TerminalLost as error:
            _log.warning("terminal: no answer to a start; it is asked about", extra={"problem": str(error)})
        else:
            await self._heard(attempt, answer)

    async def _follow(self, attempt: Attempt) -> None:
        try:
            if attempt.wanted == "cancel" and attempt.state != "unknown":
                answer = await self._terminal.cancel(attempt.id)
            else:
                answer = await self._terminal.ask(attempt.id)
        except (TerminalUnreachable, TerminalLost):
            self._silent[attempt.id] = self._silent.get(attempt.id, 0) + 1
            if self._silent[attempt.id] >= self._pace.silent_tries_max and attempt.state != "unknown":
                await self._tell(attempt, "unknown", "")
            return
        self._silent[attempt.id] = 0
        await self._heard(attempt, answer)

    async def _heard(self, attempt: Attempt, answer: TerminalAnswer) -> None:
        if answer.outcome == "never_heard":
            # It was sent, and the terminal has forgotten it: it may have charged before it did.
            if attempt.state != "unknown":
                await self._tell(attempt, "unknown", "")
        elif answer.outcome != "in_progress":
            await self._tell(attempt, answer.outcome, answer.approval, answer.charged)
        elif attempt.state != "in_progress":
            await self._tell(attempt, "in_progress", "")
