"""The till's clock: this PC's clock, corrected by the hub's, and never running backwards in the journal.

Until the hub was heard once since the start, the PC's clock is all there is, and events say so (`clockunchecked`).
After that, a PC clock that jumps (a flat battery, a helpful person) is noticed by the elapsed time since, which
nobody can set; then the hub's time plus the elapsed time is believed. The trap: one sale at a time in the future
holds the journal's time there until that time is reached, so such events are flagged, and the business day never
comes from a held time.

The hub's clock may jump as well. Its word is not taken when it is against what it said before and against this PC's
clock: two to one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

JUMP_MIN_S = 30.0
DRIFT_MAX = 0.0005
"""What a quartz may be off, generously: 500 parts in a million, 22 minutes in 30 days without the hub."""

HELD_MIN = timedelta(seconds=5)
"""Held back longer than this, an event's time says little about when it happened."""


@dataclass(frozen=True)
class Checked:
    """The newest word of the hub: at `wall` and `elapsed_s` here, it was `hub_time` there."""

    hub_time: datetime
    wall: datetime
    elapsed_s: float


@dataclass(frozen=True)
class Stamp:
    """A moment for an event: `time` for the journal, `real` (not held back) for the calendar."""

    time: datetime
    real: datetime
    unchecked: bool


def stamp(wall: datetime, elapsed_s: float, checked: Checked | None, last: datetime) -> Stamp:
    """The time of an event that happens now; `last` is the time of the one before it."""
    real = corrected(wall, elapsed_s, checked)
    time = max(real, last)
    return Stamp(time, real, checked is None or time - real > HELD_MIN)


def corrected(wall: datetime, elapsed_s: float, checked: Checked | None) -> datetime:
    """The PC's clock plus the hub's offset, unless the PC's clock has jumped since the hub was heard."""
    if checked is None:
        return wall
    passed_s = elapsed_s - checked.elapsed_s
    by_wall = wall + (checked.hub_time - checked.wall)
    by_elapsed = checked.hub_time + timedelta(seconds=passed_s)
    tolerance_s = JUMP_MIN_S + DRIFT_MAX * max(0.0, passed_s)
    return by_elapsed if abs((by_wall - by_elapsed).total_seconds()) > tolerance_s else by_wall


OFF_MIN = timedelta(minutes=2)
"""A PC's clock that is wrong by less disturbs nobody."""


@dataclass(frozen=True)
class ClockTrouble:
    """What is wrong with this PC's clock: "off" by so much (positive: ahead), or "behind" the last event."""

    kind: Literal["off", "behind"]
    off: timedelta


def trouble_of(wall: datetime, elapsed_s: float, checked: Checked | None, last: datetime) -> ClockTrouble | None:
    """What to tell a person about the PC's clock; None if it is right as far as anybody knows."""
    if checked is None:
        return ClockTrouble("behind", wall - last) if last - wall >= OFF_MIN else None
    off = wall - corrected(wall, elapsed_s, checked)
    return ClockTrouble("off", off) if abs(off) >= OFF_MIN else None


DOUBTED_S = 3_600.0
"""A hub that keeps to its new time for so long is believed: the PC may be wrong, and the hub mended."""


def is_doubtful(word: Checked, before: Checked | None) -> bool:
    """Whether the hub's clock has jumped, and this PC's clock says so, too."""
    if before is None:
        return False
    passed_s = word.elapsed_s - before.elapsed_s
    jumped_s = abs((word.hub_time - before.hub_time).total_seconds() - passed_s)
    return jumped_s > JUMP_MIN_S + DRIFT_MAX * max(0.0, passed_s) and abs(word.hub_time - word.wall) >= OFF_MIN


class TillClock:
    """Holds what the hub said last. Read from the database's thread, told from the link's: one reference, no lock.

    `elapsed_s` goes on while the PC sleeps and cannot be set; `wall` is aware.
    """

    def __init__(self, wall: Callable[[], datetime], elapsed_s: Callable[[], float]) -> None:
        self._wall = wall
        self._elapsed_s = elapsed_s
        self._checked: Checked | None = None
        self._doubted_since_s: float | None = None
        self._begun = (wall(), elapsed_s())

    @property
    def offset_ms(self) -> int | None:
        """What is added to this PC's clock; None before the hub was heard."""
        checked = self._checked
        return None if checked is None else round((checked.hub_time - checked.wall) / timedelta(milliseconds=1))

    @property
    def is_checked(self) -> bool:
        """Whether the hub was heard since the start."""
        return self._checked is not None

    @property
    def begun(self) -> datetime:
        """What the PC's clock showed when this till was started."""
        return self._begun[0]

    def steady(self) -> datetime:
        """For waits, not for facts: `begun` and the time that has elapsed since, which nobody can set."""
        return self._begun[0] + timedelta(seconds=self._elapsed_s() - self._begun[1])

    def trouble(self, last: datetime) -> ClockTrouble | None:
        """What to tell a person about this PC's clock; `last` is the time of the newest event."""
        return trouble_of(self._wall(), self._elapsed_s(), self._checked, last)

    def learn(self, checked: Checked) -> None:
        """The hub was heard."""
        if is_doubtful(checked, self._checked):
            if self._doubted_since_s is None:
                self._doubted_since_s = checked.elapsed_s
            if checked.elapsed_s - self._doubted_since_s < DOUBTED_S:
                return
        self._doubted_since_s = None
        self._checked = checked

    def now(self) -> datetime:
        """The corrected time, not held back."""
        return corrected(self._wall(), self._elapsed_s(), self._checked)

    def stamp(self, last: datetime) -> Stamp:
        """The time of an event that happens now."""
        return stamp(self._wall(), self._elapsed_s(), self._checked, last)
