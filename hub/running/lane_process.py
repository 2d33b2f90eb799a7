"""Lanes in processes of their own: Python runs one thread at a time, and so one process leaves a second core idle.

Each process has its share of the lanes; what they have to say comes back through a pipe and is said here, since there
is one control client and one set of figures. A process that dies is started again; what it had not committed was never
acknowledged, and its tills send it again.
"""

from __future__ import annotations

import logging
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Final

from hub.running.commit_tally import CommitTally
from hub.running.lane_words import Acks, Failed, LaneSetup, LaneState, Refused, Stop, Word
from hub.storage.refusals import Refusals
from protocol.link import Publish

RESTART_S = 1.0
STARTED_WITHIN_S = 15.0
"""So long does a start wait for lanes that are on their way; a broker or a database that is away is said sooner."""
_AWAY: Final = LaneState(connected=False, line_problem="not connected yet", problem="", waiting=0, reconnects=0)
_GONE: Final = replace(_AWAY, line_problem="a process of lanes has ended and is started again")
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LaneHooks:
    """What is called with what lanes say, as `WorkerHooks`, but for a commit's tally; and when a process has died."""

    publish: Callable[[Sequence[Publish]], None]
    counted: Callable[[CommitTally], None]
    failed: Callable[[str], None]
    restarted: Callable[[], None] = lambda: None


def can_have_processes() -> bool:
    """Whether this Python can hand a pipe to a process like that."""
    return os.name == "posix" and not getattr(sys, "frozen", False)


class LaneProcess:
    """One process with its lanes, and the thread that hears it."""

    def __init__(self, setup: LaneSetup, refused: Refusals, hooks: LaneHooks, number: int) -> None:
        self._setup = setup
        self._refused = refused
        self._hooks = hooks
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._pipe: Connection | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._thread = threading.Thread(target=self._run, name=f"lanes-{number}", daemon=True)
        self._settled = threading.Event()
        self.state = _AWAY

    def start(self) -> None:
        """Start the process; returns at once."""
        self._thread.start()

    def settled(self, timeout_s: float) -> bool:
        """Wait until it hears journals, or knows why not; whether that came in time."""
        return self._settled.wait(timeout_s)

    def tell_to_stop(self) -> None:
        """Returns at once."""
        self._stopping.set()
        with self._lock:
            if self._pipe is not None:
                try:
                    self._pipe.send(Stop())
                except OSError:
                    _log.info("a process of lanes has gone already", extra={"action": "lanes_gone"})

    def stop(self, timeout_s: float) -> None:
        """Let it commit what waits, and end; kill it after so long: what is not acknowledged comes again."""
        self.tell_to_stop()
        if self._thread.ident is None:
            return
        self._thread.join(timeout_s)
        if self._thread.is_alive() and self._process is not None:
            self._process.kill()
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether somebody hears it, and would start it again."""
        return self._thread.is_alive()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._play()
            except OSError as error:
                _log.error("a process of lanes cannot be started", extra={"action": "lanes_failed", "why": str(error)})
            self.state = _GONE
            self._settled.set()
            if not self._stopping.is_set():
                _log.error("a process of lanes has died and is started again", extra={"action": "lanes_restart"})
                self._hooks.restarted()
                self._stopping.wait(RESTART_S)

    def _play(self) -> None:
        """Start it, and hear it to its end."""
        ours, theirs = socket.socketpair()
        with theirs:
            command = [sys.executable, "-P", "-m", "hub.running.lane_child", str(theirs.fileno())]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)  # noqa: S603 - ours
        with Connection(ours.detach()) as pipe, process:
            try:
                with self._lock:  # nobody says anything before the setup
                    self._process = process
                    pipe.send(self._setup)
                    if self._stopping.is_set():
                        pipe.send(Stop())
                    self._pipe = pipe
                while True:
                    self._hear(pipe.recv())
            except (EOFError, OSError):
                return
            finally:
                with self._lock:
                    self._pipe = None

    def _hear(self, word: Word) -> None:
        match word:
            case Acks(publishes):
                self._hooks.publish(publishes)
            case CommitTally():
                self._hooks.counted(word)
            case LaneState():
                self.state = word
                if word.connected or word.line_problem != _AWAY.line_problem:
                    self._settled.set()
            case Failed(why):
                self._hooks.failed(why)
            case Refused(counts, samples):
                self._refused.take_in(counts, samples)


class LaneProcesses:
    """All processes together; see `Lanes`."""

    def __init__(self, processes: Sequence[LaneProcess]) -> None:
        self.processes = tuple(processes)

    def start(self) -> None:
        """See Lanes."""
        for process in self.processes:
            process.start()
        for process in self.processes:
            process.settled(STARTED_WITHIN_S)

    def stop(self, timeout_s: float) -> None:
        """See Lanes."""
        for process in self.processes:
            process.tell_to_stop()
        for process in self.processes:
            process.stop(timeout_s)

    @property
    def alive(self) -> bool:
        """See Lanes."""
        return all(process.alive for process in self.processes)

    @property
    def connected(self) -> bool:
        """See Lanes."""
        return all(process.state.connected for process in self.processes)

    @property
    def line_problem(self) -> str:
        """See Lanes."""
        return next((process.state.line_problem for process in self.processes if process.state.line_problem), "")

    @property
    def problem(self) -> str:
        """See Lanes."""
        return next((process.state.problem for process in self.processes if process.state.problem), "")

    @property
    def waiting(self) -> int:
        """See Lanes."""
        return sum(process.state.waiting for process in self.processes)

    @property
    def reconnects(self) -> int:
        """See Lanes."""
        return sum(process.state.reconnects for process in self.processes)
