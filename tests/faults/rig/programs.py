"""A process that can be stopped and gone on with, killed with all of its children, and started again."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal

from tests.demo.processes import Child, ProcessFailed
from tests.family import descendants, runs

GONE_S_MAX = 60.0
START_S_MAX = 180.0
"""The suite runs beside others, niced: a start that takes two seconds of a processor may have to wait for them."""

_POLL_S = 0.01


class Program(Child):
    """A `Child` with what faults do to it. All of it by process ids."""

    async def answers(self) -> None:
        """Wait until it can work. Raises ProcessFailed."""
        raise NotImplementedError

    async def restart(self) -> None:
        """Start it, again if it was killed or stopped, and wait until it can work. Raises ProcessFailed."""
        await self.start()
        await self.answers()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        _send(self.pid, number)

    def pause(self) -> None:
        """SIGSTOP, to all of its processes: it hangs, and its sockets stay open."""
        for pid in self._all():
            _send(pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        for pid in self._all():
            _send(pid, signal.SIGCONT)

    async def kill(self) -> int | None:
        """SIGKILL, to all of its processes at once; returns when all of them are gone."""
        if not self.running:
            return await super().kill()
        family = self._all()
        for pid in family:
            _send(pid, signal.SIGKILL)
        code = await super().kill()
        try:
            async with asyncio.timeout(GONE_S_MAX):
                while any(map(runs, family)):  # noqa: ASYNC110 - children of another process
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise ProcessFailed(f"{self.name}: a killed process of {family} is still there") from None
        return code

    def _all(self) -> list[int]:
        return [self.pid, *descendants(self.pid)]


def _send(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
