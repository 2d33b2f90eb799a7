"""What the till asks of a card terminal. Whoever brings one (a bank's ECR bridge, Square) implements this.

The promise that a terminal has to keep: an attempt's id names one charge for good. Starting it twice charges once, and
asking about it later, over a new connection and after a restart of either side, gives the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from edge_agent.devices.errors import DeviceUnavailable

Outcome = Literal["in_progress", "approved", "declined", "cancelled", "never_heard"]
"""`never_heard`: the terminal knows no such attempt; after a crash of its own it may have charged it all the same."""


@dataclass(frozen=True)
class TerminalAnswer:
    """What a terminal says about an attempt; `approval` is its code for an approved one.

    `charged` is what it charged, in minor units, where it says so and may say something else than it was asked to.
    """

    outcome: Outcome
    approval: str = ""
    charged: int | None = None


class TerminalUnreachable(DeviceUnavailable):
    """Nothing was sent: the terminal cannot know of this attempt. Pay in another way, or try again."""


class TerminalRefused(TerminalUnreachable):
    """Whoever decides refused it, or does not let this till in: nothing was sent to the terminal."""


class TerminalLost(DeviceUnavailable):
    """Something may have been sent, and no answer came: only asking again can tell."""


class CardTerminal(Protocol):
    """One terminal. Every call opens its own way to it, and ends within the driver's time-out."""

    async def start(self, attempt: str, amount: int, currency: str) -> TerminalAnswer:
        """Charge `amount` (minor units). Raises TerminalUnreachable, TerminalLost."""
        ...

    async def ask(self, attempt: str) -> TerminalAnswer:
        """What became of an attempt. Raises TerminalUnreachable, TerminalLost."""
        ...

    async def cancel(self, attempt: str) -> TerminalAnswer:
        """Stop an attempt if that is still possible; the answer says what it is. Raises as above."""
        ...
