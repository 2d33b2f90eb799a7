"""The wall clock of this machine: the one clock that simulators, agents, hub and browser share in the demo."""

from __future__ import annotations

import time


def wall_s() -> float:
    """Seconds since 1970."""
    return time.time_ns() / 1e9
