"""What is made of a scanner's bytes, whichever way they come: told codes, told trouble, and whether it reads well.

Belongs to the scanner's thread. A noisy line makes hundreds of unreadable scans a second; the cashier needs one, and
the event loop no more than a few.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from edge_agent.devices.scanner.framing import Code, Framer, Framing, Reading, Unreadable
from edge_agent.devices.supervision import Problem

SETTLE_S = 0.05
"""After the opening: what begins in this time may have begun before it."""

_UNREADABLE_GAP_S = 0.25
_BAD_IN_A_ROW = 5


class Standing(Protocol):
    """Who is told how the scanner does."""

    def fine(self) -> None:
        """It reads."""

    def hampered(self, problem: Problem) -> None:
        """It reads badly."""


@dataclass(frozen=True, kw_only=True)
class Listeners:
    """Who hears what was scanned, on the event loop.

    Attributes:
        on_code: told each code and when its last byte was read (seconds of a monotonic clock).
        on_unreadable: told what was no code, likewise, at most four times a second.
        call_soon: runs a callback on the event loop, from any thread.
    """

    on_code: Callable[[str, float], None]
    on_unreadable: Callable[[Unreadable, float], None]
    call_soon: Callable[..., object]


class Reception:
    """Frames bytes and tells what they are."""

    def __init__(self, framing: Framing, listeners: Listeners, standing: Standing) -> None:
        self._framer = Framer(framing)
        self._listeners = listeners
        self._standing = standing
        self._ready_at_s: float | None = None
        self._unreadable_at_s = float("-inf")
        self._bad_in_a_row = 0

    def opened(self, now_s: float) -> None:
        """The line was opened."""
        self._framer.opened(now_s, SETTLE_S)
        self._ready_at_s = now_s + SETTLE_S
        self._bad_in_a_row = 0

    def take(self, data: bytes, now_s: float) -> list[Reading]:
        """What the bytes (or silence) complete; `tell` each."""
        readings = self._framer.feed(data, now_s)
        if self._ready_at_s is not None and now_s >= self._ready_at_s:
            self._ready_at_s = None
            self._standing.fine()
        return readings

    def lost(self) -> list[Reading]:
        """The line broke: what was begun will not be finished."""
        self._ready_at_s = None
        return self._framer.reset()

    def tell(self, reading: Reading, now_s: float) -> None:
        """Tell the till, and how well the scanner reads."""
        if isinstance(reading, Code):
            if self._bad_in_a_row >= _BAD_IN_A_ROW:
                self._standing.fine()
            self._bad_in_a_row = 0
            self._listeners.call_soon(self._listeners.on_code, reading.text, now_s)
            return
        self._bad_in_a_row += 1
        if self._bad_in_a_row == _BAD_IN_A_ROW and self._ready_at_s is None:
            self._standing.hampered("broken_line")
        if now_s - self._unreadable_at_s >= _UNREADABLE_GAP_S:
            self._unreadable_at_s = now_s
            self._listeners.call_soon(self._listeners.on_unreadable, reading, now_s)
