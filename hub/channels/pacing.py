"""The transport that every connector is given: it lets a call through when the channel's budget allows it.

So a connector needs to know nothing of rates, however many calls it makes for one of ours.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import httpx

from hub.channels.budget import Budget

PATIENCE_S = 60.0


class SharedBudget:
    """A channel's budget, used by all of its parts. Thread-safe."""

    def __init__(self, budget: Budget, clock_s: Callable[[], float]) -> None:
        self._budget = budget
        self._clock_s = clock_s
        self._lock = threading.Lock()

    def take(self, urgency: int) -> float:
        """See Budget."""
        with self._lock:
            return self._budget.take(urgency, self._clock_s())


class PacedTransport(httpx.BaseTransport):
    """Waits for the budget, then hands on. `stopping` ends all waiting, so that a hub can stop."""

    def __init__(
        self, inner: httpx.BaseTransport, budget: SharedBudget, urgency: int, stopping: threading.Event
    ) -> None:
        self._inner = inner
        self._budget = budget
        self._urgency = urgency
        self._stopping = stopping

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request. Raises httpx.ConnectTimeout, before anything was sent, when its turn does not come."""
        waited_s = 0.0
        while (wait_s := self._budget.take(self._urgency)) > 0:
            waited_s += wait_s
            if waited_s > PATIENCE_S or self._stopping.wait(wait_s):
                raise httpx.ConnectTimeout("not sent: the channel's budget of calls is used up", request=request)
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
