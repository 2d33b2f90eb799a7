"""When to say how this till is: at once after a connect, soon after a change, seldom otherwise.

The numbers of a busy till change with every sale; ten thousand tills that said so each time would be the hub's
heaviest load. What a person must act on (a device, a lost epoch) goes out within a second, numbers within five.

A sale that waits for its ack for a moment is no backlog: it is told when it has waited as long as numbers may. Else a
till that is quite well would say "1 waits" after each pause. That nothing waits any more is told within a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from protocol.messages import DeviceState, Loading, Status


@dataclass(frozen=True)
class PresenceLimits:
    """How long each kind of change may wait."""

    urgent_s: float = 1.0
    numbers_s: float = 5.0
    refresh_s: float = 60.0


@dataclass(frozen=True)
class Health:
    """What the agent knows about its PC; the journal's numbers are added by the session."""

    version: str = ""
    devices: dict[str, DeviceState] = field(default_factory=dict)
    disk_free_bytes: int | None = None
    clock_offset_ms: int | None = None
    problem: str = ""
    loading: Loading | None = None


class Presence:
    """Remembers what was said last, and when."""

    def __init__(self, limits: PresenceLimits) -> None:
        self._limits = limits
        self._said: Status | None = None
        self._said_at_s = 0.0
        self._waiting_since_s: float | None = None

    def connect(self) -> None:
        """A new link: the broker may have published our last will meanwhile."""
        self._said = None

    def due(self, status: Status, now_s: float) -> bool:
        """Say whether to publish `status` now."""
        if not status.backlog:
            self._waiting_since_s = None
        elif self._waiting_since_s is None:
            self._waiting_since_s = now_s
        return now_s >= self.due_at_s(status)

    def due_at_s(self, status: Status) -> float:
        """When `status`, if it stays like this, is to be published; 0.0: at once."""
        if self._said is None:
            return 0.0
        if _urgent(status) != _urgent(self._said):
            return self._said_at_s + self._limits.urgent_s
        if self._said.backlog and not status.backlog:
            return self._said_at_s + self._limits.urgent_s
        if status.loading != self._said.loading:
            return self._said_at_s + self._limits.numbers_s
        if (status.tail, status.backlog) != (self._said.tail, self._said.backlog):
            begun_s = self._said_at_s
            if status.backlog and self._waiting_since_s is not None:
                begun_s = max(begun_s, self._waiting_since_s)
            return begun_s + self._limits.numbers_s
        return self._said_at_s + self._limits.refresh_s

    def said(self, status: Status, now_s: float) -> None:
        """The status went out."""
        self._said, self._said_at_s = status, now_s


def status_of(  # noqa: PLR0913 - the journal's numbers, one by one
    health: Health,
    *,
    epoch: int,
    tail: int,
    acked: int,
    oldest_unsent_at: datetime | None,
    lost: str,
    at: datetime | None,
) -> Status:
    """Put together what this till says about itself."""
    return Status(
        online=True, version=health.version, epoch=epoch, tail=tail, backlog=tail - acked,
        oldest_unsent_at=oldest_unsent_at, devices=health.devices, disk_free_bytes=health.disk_free_bytes,
        clock_offset_ms=health.clock_offset_ms, problem=lost or health.problem, at=at, loading=health.loading,
    )  # fmt: skip


def _urgent(status: Status) -> tuple[str, int, dict[str, DeviceState], str]:
    return status.version, status.epoch, status.devices, status.problem
