"""How every device comes and goes: ABSENT -> OPENING -> READY <-> DEGRADED -> FAULT -> BACKOFF -> OPENING.

Without I/O and without a clock: drivers say what happened and when, and read what to do next. ABSENT is looked for at
the driver's own pace; BACKOFF has a time (`retry_at_s`) that grows and is jittered, so that a hundred tills do not
knock at one print server together. The promise for logs: one line when a device goes, one when it is back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from protocol.messages import DeviceState

Problem = Literal[
    "", "absent", "in_use", "no_permission", "broken_line", "unreachable", "no_answer", "connection_lost", "stalled",
    "paper_low", "paper_out", "cover_open", "offline", "printer_error", "no_font", "drawer_open",
    "drawer_jammed",
]  # fmt: skip
"""Why a device is not simply READY; the page turns it into words and a remedy."""

Turn = Literal["same", "changed", "gone", "back"]
"""What a step meant: `gone` and `back` are logged, `changed` is shown."""

WORKING: frozenset[DeviceState] = frozenset({"ready", "degraded"})


@dataclass(frozen=True)
class Backoff:
    """Waiting times between tries: `first_s`, doubled up to `longest_s`, each shortened by up to `jitter` (0-1)."""

    first_s: float = 0.25
    longest_s: float = 15.0
    jitter: float = 0.3

    def wait_s(self, failures: int, rng: Random) -> float:
        """Seconds to wait after that many failures in a row (1 or more)."""
        # 2**30 quarter seconds are eight years: the cap below is what counts, the exponent must only not grow forever.
        full = min(self.longest_s, self.first_s * 2.0 ** min(failures - 1, 30))
        return full * (1.0 - self.jitter * rng.random())


@dataclass(frozen=True)
class Standing:
    """Where a device stands. `retry_at_s` is set in BACKOFF only; `told_gone` says that "gone" was told, "back" not."""

    state: DeviceState = "absent"
    problem: Problem = ""
    since_s: float = 0.0
    failures: int = 0
    retry_at_s: float | None = None
    told_gone: bool = False


class Supervision:
    """The standing of one device. Every method takes the time in seconds of a monotonic clock and returns a `Turn`."""

    def __init__(self, backoff: Backoff, rng: Random) -> None:
        self._backoff = backoff
        self._rng = rng
        self.standing = Standing()

    def opening(self, now_s: float) -> Turn:
        """A try begins. What was wrong stays told until it is known to be right."""
        return self._go(replace(self.standing, state="opening", retry_at_s=None), now_s)

    def fine(self, now_s: float) -> Turn:
        """It works."""
        return self._go(replace(self.standing, state="ready", problem="", failures=0, retry_at_s=None), now_s)

    def hampered(self, problem: Problem, now_s: float) -> Turn:
        """It works, and somebody should look at it soon."""
        return self._go(replace(self.standing, state="degraded", problem=problem, failures=0, retry_at_s=None), now_s)

    def failed(self, problem: Problem, now_s: float) -> Turn:
        """It is there and cannot do its job until somebody acts; the driver goes on watching it."""
        return self._go(replace(self.standing, state="fault", problem=problem, retry_at_s=None), now_s)

    def gave_up(self, problem: Problem, now_s: float) -> Turn:
        """A try failed: FAULT, and at once BACKOFF until `retry_at_s`."""
        failures = self.standing.failures + 1
        retry_at_s = now_s + self._backoff.wait_s(failures, self._rng)
        after = replace(self.standing, state="backoff", problem=problem, failures=failures, retry_at_s=retry_at_s)
        return self._go(after, now_s)

    def vanished(self, now_s: float) -> Turn:
        """There is no such device now: unplugged, or never plugged in."""
        return self._go(Standing("absent", "absent", told_gone=self.standing.told_gone), now_s)

    def wait_s(self, now_s: float) -> float:
        """Seconds until the next try may begin; 0 outside of BACKOFF."""
        return 0.0 if self.standing.retry_at_s is None else max(0.0, self.standing.retry_at_s - now_s)

    def _go(self, after: Standing, now_s: float) -> Turn:
        before = self.standing
        same = (before.state, before.problem) == (after.state, after.problem)
        turn: Turn = "same" if same else "changed"
        told_gone = before.told_gone
        if after.state in WORKING and told_gone:
            turn, told_gone = "back", False
        elif after.state not in WORKING and after.state != "opening" and not told_gone:
            turn, told_gone = "gone", True
        since_s = before.since_s if same else now_s
        self.standing = replace(after, since_s=since_s, told_gone=told_gone)
        return turn
