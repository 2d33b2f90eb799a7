"""The silence thread: offline buffers, beside the control thread, because a till's rates may take a second to read.

In the evening all tills of a chain fall silent at once; tills that are still heard must not wait for their feeds then.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime

from hub.errors import StorageError
from hub.projections.silence import RETURNED_EVERY_S, SilenceProjection

_log = logging.getLogger(__name__)


class SilenceThread:
    """One thread. `changed` is called, in it, when buffers have changed."""

    def __init__(
        self,
        silence: SilenceProjection,
        clock_s: Callable[[], float],
        wall: Callable[[], datetime],
        changed: Callable[[], None],
    ) -> None:
        self._silence = silence
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
            if self._silence.advance(self._wall(), self._clock_s()):
                self._changed()
        except StorageError as error:
            if not self._failing:
                _log.error("offline buffers wait", extra={"action": "silence_stopped", "problem": str(error)})
            self._failing = True
            return
        self._failing = False

    def _run(self) -> None:
        while not self._stopping.wait(RETURNED_EVERY_S):
            self.step()
