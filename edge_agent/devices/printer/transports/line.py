"""The port that all ways to a printer have: one open line, for one visit or for as long as the device is there.

`drained` says that the system took the bytes, which says nothing about the printer: the only proof of a print is its
answer (`framing.Answers`), or what the system knows of the job. Every wait has an end: something arrives, the line is
lost, or the time is over.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable

from edge_agent.devices.errors import ConnectionLost
from edge_agent.devices.printer.framing import Answers


class Line(ABC):
    """One open line. All of it is used on the event loop's thread."""

    hears = True
    """Whether the printer's own answers come back on this line."""
    tells = False
    """Whether the system says how the printer is, unasked."""
    all_or_nothing = False
    """Whether a job that was broken off leaves nothing behind."""
    keeps = False
    """Whether the line stays open between jobs: who else might want a port that only one may open?"""

    def __init__(self, on_lost: Callable[[], None]) -> None:
        self.answers = Answers()
        self.lost = False
        self.why_lost = ""
        self.spent = False
        """Whether ending a job has ended the line as well: the next job needs another one."""
        self.abort_at_end = False
        """Set while bytes of a job are on their way: should the line end now, none of them may arrive later."""
        self._changed = asyncio.Event()
        self._on_lost = on_lost

    @abstractmethod
    def write(self, data: bytes) -> None:
        """Hand bytes over; look at `drained` before handing over more. Raises ConnectionLost."""

    @property
    @abstractmethod
    def drained(self) -> bool:
        """Whether the system took all bytes."""

    @abstractmethod
    async def close(self) -> None:
        """End the line; with `abort_at_end` what the system still holds is thrown away."""

    def begin_job(self, title: str) -> None:  # noqa: B027  most ways have no name for a job
        """What is written next belongs to a job of that title."""

    def end_job(self) -> None:  # noqa: B027  a way that drains has nothing more to do
        """All of the job was written, and no answer of the printer is awaited; see `completed`."""

    @property
    def completed(self) -> bool:
        """After `end_job`: whether the job is done, as far as this way can know."""
        return self.drained

    async def until(self, true: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for a condition of this line; False: not in time. Raises ConnectionLost if the line went before."""
        try:
            async with asyncio.timeout(timeout_s):
                while not true():
                    if self.lost:
                        raise ConnectionLost(f"printer: the connection was lost{self.why_lost and ': '}{self.why_lost}")
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def must_be_open(self) -> None:
        """Raise ConnectionLost if the line is lost."""
        if self.lost:
            raise ConnectionLost(f"printer: the connection was closed{self.why_lost and ': '}{self.why_lost}")

    def _heard(self, data: bytes) -> None:
        self.answers.feed(data)
        self._changed.set()

    def _went(self, why: str = "") -> None:
        if not self.lost:
            self.lost, self.why_lost = True, why
            self._changed.set()
            self._on_lost()
