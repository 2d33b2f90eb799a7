"""Moves the lines of `framing` over TCP: one connection for each question, so that nothing half heard is left over.

The trap is between "nothing was sent" and "nobody knows": a connection that was refused has charged nothing, one that
broke after the first byte may have.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from edge_agent.devices.terminal.framing import (
    LINE_MAX,
    UnreadableAnswer,
    ask_line,
    cancel_line,
    read_answer,
    start_line,
)
from edge_agent.devices.terminal.port import TerminalAnswer, TerminalLost, TerminalUnreachable


@dataclass(frozen=True)
class TerminalSettings:
    """Where the bridge listens. `answer_s` is for one line, not for the customer: she is asked about afterwards."""

    host: str
    port: int
    name: str = "card terminal"
    connect_s: float = 3.0
    answer_s: float = 5.0


class LineTerminal:
    """See `port.CardTerminal`."""

    def __init__(self, settings: TerminalSettings) -> None:
        self._settings = settings

    async def start(self, attempt: str, amount: int, currency: str) -> TerminalAnswer:
        """Charge."""
        return await self._say(start_line(attempt, amount, currency), attempt)

    async def ask(self, attempt: str) -> TerminalAnswer:
        """What became of it."""
        return await self._say(ask_line(attempt), attempt)

    async def cancel(self, attempt: str) -> TerminalAnswer:
        """Stop it."""
        return await self._say(cancel_line(attempt), attempt)

    async def _say(self, line: bytes, attempt: str) -> TerminalAnswer:
        settings = self._settings
        try:
            async with asyncio.timeout(settings.connect_s):
                reader, writer = await asyncio.open_connection(settings.host, settings.port, limit=LINE_MAX * 4)
        except (OSError, TimeoutError) as error:
            raise TerminalUnreachable(
                f"{settings.name} at {settings.host}:{settings.port}: cannot be reached ({error}): check its power, its"
                f" cable and [terminal_device] host and port"
            ) from error
        try:
            async with asyncio.timeout(settings.answer_s):
                writer.write(line)
                await writer.drain()
                return read_answer(await reader.readline(), attempt)
        except (OSError, TimeoutError, ValueError, UnreadableAnswer) as error:
            raise TerminalLost(
                f"{settings.name}: no answer about {attempt} ({type(error).__name__}): it is asked again"
            ) from error
        finally:
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await writer.wait_closed()
