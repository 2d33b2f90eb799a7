"""Papers drawn ahead, in threads: what will be sent next is ready when the printer is.

Bounded by what `begin` is told: a drawing that is wanted no more is dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from edge_agent.devices.printer.commands import Parts
from edge_agent.devices.printer.settings import Paper
from edge_agent.devices.printer.spool import Job


class Drawings:
    """The drawings for one printer's paper."""

    def __init__(self, paper: Paper) -> None:
        self._paper = paper
        self._tasks: dict[tuple[str, int], asyncio.Task[Parts]] = {}

    def begin(self, coming: list[Job]) -> None:
        """Draw these and no others; a drawer's kick needs no drawing."""
        wanted = {_key(job): job for job in coming if job.kind != "drawer"}
        for key in [key for key in self._tasks if key not in wanted]:
            self._tasks.pop(key).cancel()
        for key, job in wanted.items():
            if key not in self._tasks:
                task = asyncio.create_task(asyncio.to_thread(_draw, job, self._paper), name="drawing")
                task.add_done_callback(lambda done: done.cancelled() or done.exception())  # told when it is awaited
                self._tasks[key] = task

    async def take(self, job: Job) -> Parts:
        """The parts of this job, drawn now if they were not. Raises FontMissing, UnreadablePayload."""
        if _key(job) not in self._tasks:
            self.begin([job])
        return await self._tasks.pop(_key(job))

    def drop(self) -> None:
        """Nothing is wanted any more."""
        self.begin([])


def load() -> None:
    """Import what papers are drawn with: pictures and codes, some tenths of a second; call it in a thread."""
    _drawing()


def _key(job: Job) -> tuple[str, int]:
    return job.job_id, job.copy_number


def _draw(job: Job, paper: Paper) -> Parts:
    return _drawing()(job, paper)


def _drawing() -> Callable[[Job, Paper], Parts]:
    from edge_agent.devices.printer.drawing import job_parts  # noqa: PLC0415 - slow, and the start does not wait for it

    return job_parts
