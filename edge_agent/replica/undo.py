"""An undo log, so that the in-memory fakes can lose a transaction the way SQLite does.

The simulation crashes a till in the middle of a step; `rollback` puts back what was there at the last `commit`.
Whoever gives a store an undo log has to commit or roll back after every step: that is its bound.
"""

from __future__ import annotations

from collections.abc import Callable


class UndoLog:
    """Steps that would put the state back, newest last. Share one between stores that share a transaction."""

    def __init__(self) -> None:
        self._steps: list[Callable[[], object]] = []

    def note(self, step: Callable[[], object]) -> None:
        """Remember how to take back what is about to be done."""
        self._steps.append(step)

    def commit(self) -> None:
        """What was done stays: it is on the disk."""
        self._steps.clear()

    def rollback(self) -> None:
        """Put everything back as it was at the last commit."""
        while self._steps:
            self._steps.pop()()
