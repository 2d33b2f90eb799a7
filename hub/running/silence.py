"""The silence thread: offline buffers and what has expired, beside the control thread, as either may take a second.

In the evening all tills of a chain fall silent at once; tills that are still heard must not wait for their feeds then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from hub.errors import StorageError
from hub.projections.silence import RETURNED_EVERY_S

_log = logging.getLogger(__name__)


class HeldBack(Protocol):
    """A projection of what is held back of the web."""

    def advance(self, now: datetime, now_s: float) -> int:
        """Bring it up to date if it is time to; returns how much changed. Raises StorageError."""
        ...


class SilenceThread:
    """One thread. `changed` is called, in it, when something else is held back."""

    def __init__(
        self,
        held_back: Sequence[HeldBack],
        clock_s: Callable[[], float],
        wall: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._held_back = held_back
        self._clock_s = clock_s
        self._wall = wall
        self._changed = changed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="silence", daemon=True)
        self._failing = False

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End the thread; what it has begun is finished."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread.is_alive()

    def step(self) -> None:
        """One look; a database that is away is told once, and looked for again."""
        try:
            now, now_s = self._wall(), self._clock_s()
            if sum(projection.advance(now, now_s) for projection in self._held_back):
                self._changed()
        except StorageError as error:
            if not self._failing:
                _log.error(
                    "offline buffers and expired lots wait", extra={"action": "silence_stopped", "problem": str(error)}
                )
            self._failing = True
            return
        self._failing = False

    def _run(self) -> None:
        while not self._stopping.wait(RETURNED_EVERY_S):
            self.step()
