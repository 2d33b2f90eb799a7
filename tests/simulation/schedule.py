"""Virtual time: what happens next, and nothing in between."""

from __future__ import annotations

import heapq
from collections.abc import Callable


class Livelock(Exception):
    """So much happened in so little time that it will never end."""


class Schedule:
    """A heap of things to do; equal times happen in the order in which they were planned."""

    def __init__(self, *, steps_max: int) -> None:
        self.now_s = 0.0
        self.steps = 0
        self._steps_max = steps_max
        self._planned: list[tuple[float, int, Callable[..., None], tuple[object, ...]]] = []
        self._count = 0

    def at(self, when_s: float, act: Callable[..., None], *arguments: object) -> None:
        """Plan something; what should have happened already happens now."""
        self._count += 1
        heapq.heappush(self._planned, (max(when_s, self.now_s), self._count, act, arguments))

    def after(self, delay_s: float, act: Callable[..., None], *arguments: object) -> None:
        """Plan something in a while."""
        self.at(self.now_s + delay_s, act, *arguments)

    def run_until(self, until_s: float) -> None:
        """Let everything happen that is planned up to then. Raises Livelock."""
        planned = self._planned
        while planned and planned[0][0] <= until_s:
            self.now_s, _, act, arguments = heapq.heappop(planned)
            self.steps += 1
            if self.steps > self._steps_max:
                raise Livelock(f"{self.steps} steps at {self.now_s:.3f} s")
            act(*arguments)
        self.now_s = until_s
