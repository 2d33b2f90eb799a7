"""The hub's commands to a till, without I/O: each is taken once and in time, and answered when it was carried out."""

from __future__ import annotations

from collections import deque
from datetime import datetime

from protocol.messages import Command, CommandAnswer

REMEMBERED = 64
"""Commands whose ids are remembered: a broker may bring one twice. Answers that wait are bounded by it too."""

FOR_THE_COUNTER = frozenset({"lock"})
"""Verbs that the counter carries out; "sync" is the session's own, and the others are for a later agent."""


class Commands:
    """Commands that were taken, and answers that are to be sent."""

    def __init__(self) -> None:
        self._taken: deque[str] = deque(maxlen=REMEMBERED)
        self._answers: deque[CommandAnswer] = deque(maxlen=REMEMBERED)

    @property
    def waiting(self) -> bool:
        """Whether an answer has yet to go out."""
        return bool(self._answers)

    def take(self, command: Command, wall: datetime) -> bool:
        """Whether to carry it out: not one that came before, nor one that is void by now."""
        if command.id in self._taken or command.expires_at.tzinfo is None or command.expires_at <= wall:
            return False
        self._taken.append(command.id)
        return True

    def answer(self, answer: CommandAnswer) -> None:
        """Say what became of a command."""
        self._answers.append(answer)

    def refuse(self, command: Command) -> None:
        """Say that this agent does not know how."""
        text = f"this agent cannot {command.verb} yet: upgrade it"
        self._answers.append(CommandAnswer(id=command.id, ok=False, text=text))

    def next(self) -> CommandAnswer | None:
        """The next answer to send."""
        return self._answers.popleft() if self._answers else None
