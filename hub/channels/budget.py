"""How many calls a channel bears: a token bucket in which the urgent go first. Pure; time is an argument.

Stock is urgent, then what customers wait for, then the record of sales. Whoever is less urgent takes nothing while
somebody more urgent waits, so that sales that drain for an hour cost stock no second.
"""

from __future__ import annotations

from dataclasses import dataclass, field

WAITS_FOR_S = 2.0
"""So long is somebody who was told to wait taken to be still waiting, beyond the time that he was told."""


@dataclass
class Budget:
    """`per_second` calls on the long run, `burst` at once after a rest. Used under a lock."""

    per_second: float
    burst: int
    _tokens: float = field(init=False)
    _at_s: float | None = field(default=None, init=False)
    _waiting: dict[int, float] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        if self.per_second <= 0 or self.burst < 1:
            raise ValueError("a budget is more than 0 calls a second, and at least 1 at once")
        self._tokens = float(self.burst)

    def take(self, urgency: int, now_s: float) -> float:
        """Take a call; 0 if it may be made now, else seconds until it is worth to ask again. Lower is more urgent."""
        self._fill(now_s)
        ahead = any(other < urgency and until_s > now_s for other, until_s in self._waiting.items())
        # A hair less than 1 is 1: sums of small steps do not come out even.
        if self._tokens >= 1.0 - 1e-9 and not ahead:
            self._tokens = max(0.0, self._tokens - 1.0)
            self._waiting.pop(urgency, None)
            return 0.0
        wait_s = max((1.0 - self._tokens) / self.per_second, 1.0 / self.per_second if ahead else 0.0)
        self._waiting[urgency] = now_s + wait_s + WAITS_FOR_S
        return wait_s

    def _fill(self, now_s: float) -> None:
        if self._at_s is not None and now_s > self._at_s:
            self._tokens = min(float(self.burst), self._tokens + (now_s - self._at_s) * self.per_second)
        if self._at_s is None or now_s > self._at_s:
            self._at_s = now_s
