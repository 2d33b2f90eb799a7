"""One thread owns one port: it looks for it, opens it, lets a driver work with it, and says how it stands.

All is told on the event loop's thread (`call_soon` is `loop.call_soon_threadsafe`). The promise: whatever a port
raises, the thread lives on and tries again, and nothing of it reaches the counter. The trap: some systems keep a dead
port open without a word, so a driver calls `still_there` in its loop.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Generic, Literal, Protocol, TypeVar

from edge_agent.devices.serial_line import LINE_ERRORS, problem_of
from edge_agent.devices.supervision import Backoff, Problem, Supervision, Turn
from edge_agent.till.view import DeviceView

_log = logging.getLogger(__name__)

_BACKOFF = Backoff(first_s=0.25, longest_s=2.0)
_LOOK_S = 0.25
_CHECK_S = 1.0
_END_S = 2.0

Kind = Literal["scanner", "scale", "display"]


class Closable(Protocol):
    """Something open."""

    def close(self) -> None:
        """Close it; may raise what a broken line raises."""


P = TypeVar("P", bound=Closable)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What every driver with a thread needs of the program around it.

    Attributes:
        on_state: told on the event loop when the device's picture changes.
        call_soon: runs a callback on the event loop, from any thread.
        monotonic, wall: clocks: seconds; aware UTC.
        rng: for the jitter.
    """

    on_state: Callable[[DeviceView], None]
    call_soon: Callable[..., object]
    monotonic: Callable[[], float]
    wall: Callable[[], datetime]
    rng: Random


class PortOwner(Generic[P]):
    """The thread of one device.

    Args:
        kind, name: what it is, and what people call it.
        find: the path to open now; None: there is none.
        open_port: opens it; raises one of LINE_ERRORS.
        use: works with the open port until `ended`; calls `fine` when it can be worked with; raises one of LINE_ERRORS
            when the line is lost.
        around: the program around it.
    """

    def __init__(  # noqa: PLR0913  the three deeds that make it a device of its kind, by keyword
        self,
        kind: Kind,
        name: str,
        *,
        find: Callable[[], str | None],
        open_port: Callable[[str], P],
        use: Callable[[P], None],
        around: Surroundings,
    ) -> None:
        self.view = DeviceView(kind=kind, name=name, state="absent", since=around.wall())
        self._kind = kind
        self._find = find
        self._open_port = open_port
        self._use = use
        self._around = around
        self._supervision = Supervision(_BACKOFF, around.rng)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=kind, daemon=True)
        self._path = self._real = ""
        self._check_at_s = 0.0

    def start(self) -> None:
        """Begin to look for it."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread; takes a tenth of a second."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=_END_S)

    # --- for the driver, in its thread

    @property
    def ended(self) -> bool:
        """Whether the driver should stop working with the port."""
        return self._stopped.is_set()

    def pause(self, seconds: float) -> None:
        """Wait, but not longer than the device is wanted."""
        self._stopped.wait(seconds)

    def still_there(self) -> None:
        """Look, once a second, whether the port is still the one that was opened. Raises OSError if not."""
        now_s = self._around.monotonic()
        if now_s < self._check_at_s:
            return
        self._check_at_s = now_s + _CHECK_S
        moved = os.path.realpath(self._path) != self._real
        if moved or not (os.name == "nt" or os.path.exists(self._path)):  # noqa: PTH110  a device, not a file of ours
            raise OSError(f"{self._path}: the device has gone")

    def fine(self) -> None:
        """It works."""
        self._show(self._supervision.fine(self._around.monotonic()))

    def hampered(self, problem: Problem) -> None:
        """It works, and somebody should look at it soon."""
        self._show(self._supervision.hampered(problem, self._around.monotonic()))

    def failed(self, problem: Problem) -> None:
        """It is there and cannot do its job until somebody acts."""
        self._show(self._supervision.failed(problem, self._around.monotonic()))

    # --- the thread

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self._look()
            except Exception:  # noqa: BLE001  a fault of ours must not end the device's day
                _log.exception("device: unexpected error", extra={"kind": self._kind})
                self._show(self._supervision.gave_up("broken_line", self._around.monotonic()))
            self._stopped.wait(max(_LOOK_S, self._supervision.wait_s(self._around.monotonic())))

    def _look(self) -> None:
        path = self._find()
        if path is None:
            self._show(self._supervision.vanished(self._around.monotonic()))
            return
        self._show(self._supervision.opening(self._around.monotonic()))
        try:
            port = self._open_port(path)
        except LINE_ERRORS as exc:
            self._failed_to_open(exc)
            return
        self._path, self._real = path, os.path.realpath(path)
        self._check_at_s = self._around.monotonic() + _CHECK_S
        try:
            self._use(port)
        except LINE_ERRORS as exc:
            self._lost(str(exc))
        finally:
            self._close(port)

    def _failed_to_open(self, exc: Exception) -> None:
        problem, now_s = problem_of(exc), self._around.monotonic()
        turn = self._supervision.vanished(now_s) if problem == "absent" else self._supervision.gave_up(problem, now_s)
        self._show(turn, str(exc))

    def _lost(self, why: str) -> None:
        gone, now_s = self._find() is None, self._around.monotonic()
        self._show(
            self._supervision.vanished(now_s) if gone else self._supervision.gave_up("connection_lost", now_s), why
        )

    def _close(self, port: P) -> None:
        try:
            port.close()
        except LINE_ERRORS as exc:
            _log.debug("device: closing the port failed", extra={"kind": self._kind, "problem": str(exc)})

    def _show(self, turn: Turn, why: str = "") -> None:
        standing = self._supervision.standing
        told = {"kind": self._kind, "device": self.view.name}
        if turn == "gone":
            _log.warning("device: gone", extra={**told, "problem": standing.problem, "why": why})
        elif turn == "back":
            _log.info("device: back", extra=told)
        if turn != "same":
            self.view = DeviceView(
                kind=self._kind,
                name=self.view.name,
                state=standing.state,
                problem=standing.problem,
                since=self._around.wall(),
            )
            self._around.call_soon(self._around.on_state, self.view)
