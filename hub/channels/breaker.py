"""The circuit breaker: whether a part of a channel's work may be tried now. Pure.

Its state is a row that all hub processes share, so that a channel that is away is asked by one of them now and then.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from hub.storage.channel_records import PartState

OPENS_AFTER = 5
"""So many failures in a row; fewer make the next try wait, but do not yet mean that the channel is away."""

Circuit = Literal["closed", "open", "half_open"]


def circuit(state: PartState, now: datetime, opens_after: int = OPENS_AFTER) -> Circuit:
    """closed: calls go through. open: none does, until `not_before`. half_open: one does, to see."""
    if state.failures < opens_after:
        return "closed"
    return "open" if state.not_before is not None and now < state.not_before else "half_open"


def rest_s(state: PartState, now: datetime) -> float:
    """Seconds until something may be tried; 0 for at once."""
    if state.failures == 0 or state.not_before is None:
        return 0.0
    return max(0.0, (state.not_before - now).total_seconds())
