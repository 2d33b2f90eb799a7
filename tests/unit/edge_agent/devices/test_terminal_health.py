"""How the card terminal is, is known before a customer holds her card to it, and costs no charge."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edge_agent.devices.terminal.driver import LineTerminal, TerminalSettings
from edge_agent.devices.terminal.health import HEALTH_ID, Trouble, WatchedTerminal
from edge_agent.devices.terminal.port import TerminalUnreachable
from hardware_sim.terminal import SimulatedTerminal

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def watched(terminal: SimulatedTerminal, told: asyncio.Queue[Trouble]) -> AsyncIterator[WatchedTerminal]:
    """A terminal that is looked at every hundredth of a second."""
    driver = LineTerminal(TerminalSettings(terminal.host, terminal.port, connect_s=1.0, answer_s=0.5))
    watched = WatchedTerminal(driver, told.put_nowait, look_every_s=0.01)
    task = asyncio.create_task(watched.watch())
    try:
        yield watched
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def next_of(told: asyncio.Queue[Trouble]) -> Trouble:
    """What is told next."""
    async with asyncio.timeout(10):
        return await told.get()


async def test_a_terminal_that_goes_and_comes_is_told_once_each_time() -> None:
    """Fine, away, fine again, silent: each is told when it changes, and nothing was ever charged."""
    told: asyncio.Queue[Trouble] = asyncio.Queue()
    async with SimulatedTerminal() as terminal, watched(terminal, told):
        assert await next_of(told) == ""
        await terminal.unplug()
        assert await next_of(told) == "unreachable"
        await terminal.plug()
        assert await next_of(told) == ""
        terminal.drop_answers = 10_000
        assert await next_of(told) == "no_answer"
        assert terminal.charges == []
        assert set(terminal.heard) == {f"ASK {HEALTH_ID}"}


async def test_a_real_question_tells_too() -> None:
    """An amount that could not be sent says so at once, and its error reaches whoever asked."""
    told: asyncio.Queue[Trouble] = asyncio.Queue()
    async with SimulatedTerminal() as terminal:
        driver = LineTerminal(TerminalSettings(terminal.host, terminal.port))
        alone = WatchedTerminal(driver, told.put_nowait)
        assert (await alone.start("a1", 5_000, "VND")).outcome == "in_progress"
        assert await next_of(told) == ""
        await terminal.unplug()
        with pytest.raises(TerminalUnreachable):
            await alone.ask("a1")
        assert await next_of(told) == "unreachable"
