"""Whether the card terminal answers: told before a customer holds her card to it, not after.

Every answer to a real question tells; when none was asked for a while, the terminal is asked about an id that was never
started, which any bridge answers with NONE. Nothing can be charged by that.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from typing import Literal

from edge_agent.devices.errors import DeviceUnavailable
from edge_agent.devices.terminal.port import (
    CardTerminal,
    TerminalAnswer,
    TerminalLost,
    TerminalRefused,
    TerminalUnreachable,
)

HEALTH_ID = "health"
LOOK_EVERY_S = 15.0

Trouble = Literal["", "unreachable", "no_answer", "no_permission"]


class WatchedTerminal:
    """A card terminal that tells how it is, when that changes: `tell("")` is fine. See `port.CardTerminal`."""

    def __init__(
        self, terminal: CardTerminal, tell: Callable[[Trouble], None], *, look_every_s: float = LOOK_EVERY_S
    ) -> None:
        self._terminal = terminal
        self._tell = tell
        self._look_every_s = look_every_s
        self._told: Trouble | None = None
        self._spoken = asyncio.Event()

    async def start(self, attempt: str, amount: int, currency: str) -> TerminalAnswer:
        """Charge."""
        with self._hearing():
            return await self._terminal.start(attempt, amount, currency)

    async def ask(self, attempt: str) -> TerminalAnswer:
        """What became of it."""
        with self._hearing():
            return await self._terminal.ask(attempt)

    async def cancel(self, attempt: str) -> TerminalAnswer:
        """Stop it."""
        with self._hearing():
            return await self._terminal.cancel(attempt)

    async def watch(self) -> None:
        """Ask now, and again after each `look_every_s` in which nobody else did; until cancelled."""
        while True:
            self._spoken.clear()
            with contextlib.suppress(DeviceUnavailable):
                await self.ask(HEALTH_ID)
            self._spoken.clear()
            with contextlib.suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(self._look_every_s):
                        await self._spoken.wait()
                    self._spoken.clear()

    @contextlib.contextmanager
    def _hearing(self) -> Iterator[None]:
        try:
            yield
        except TerminalRefused:
            self._now("no_permission")
            raise
        except TerminalUnreachable:
            self._now("unreachable")
            raise
        except TerminalLost:
            self._now("no_answer")
            raise
        else:
            self._now("")

    def _now(self, trouble: Trouble) -> None:
        self._spoken.set()
        if trouble != self._told:
            self._told = trouble
            self._tell(trouble)
