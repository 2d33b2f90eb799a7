"""A process of lanes: `python -m hub.running.lane_child FD` is what `LaneProcess` starts, with its end of a pipe.

It has a database connection, keys and lanes of its own, and says through the pipe what it has committed. It ends when
it is told to, and when the pipe breaks, because then nobody would publish its acks; what it had committed by then is
committed, and the tills send again until they hear so.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

from hub.config import now
from hub.errors import StorageError
from hub.fleet.keyring import CachedKeyRing
from hub.ingest.worker import WorkerHooks
from hub.running.commit_tally import tally_of
from hub.running.lane_words import Acks, Failed, LaneSetup, LaneState, Refused, Word
from hub.running.lanes import IngestLanes, LaneParts, Lanes
from hub.running.logs import set_up_logging
from hub.running.pace import set_pace
from hub.storage.database import Database, parse_url
from hub.storage.fleet import SqlFleetStore
from hub.storage.ledger import SqlLedgerStore
from hub.storage.refusals import Refusals

TICK_S, FIRST_TICK_S = 0.2, 0.02
KEYS_EVERY_S = 2.0
STOP_TIMEOUT_S = 10.0
EXIT_STORAGE = 1
_log = logging.getLogger(__name__)


def main() -> None:
    """Be such a process."""
    stopping = threading.Event()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is said to all: the hub's own process knows what to do
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    pipe = Connection(int(sys.argv[1]))
    setup = pipe.recv()
    assert isinstance(setup, LaneSetup)
    set_up_logging(logging.getLevelName(setup.log_level))
    set_pace()
    try:
        run_lanes(setup, pipe, stopping)
    except StorageError as error:
        _log.error("the database is away", extra={"action": "lanes_not_started", "problem": str(error)})
        sys.exit(EXIT_STORAGE)


def run_lanes(setup: LaneSetup, pipe: Connection, stopping: threading.Event) -> None:
    """Take journals until told to stop. Raises StorageUnavailable if there is no database at the start."""
    database = Database(parse_url(setup.database_url))
    keys = CachedKeyRing(SqlFleetStore(database).keys, time.monotonic)
    lock = threading.Lock()

    def say(word: Word) -> None:
        with lock, contextlib.suppress(OSError):  # nobody hears: see `_listen`
            pipe.send(word)

    hooks = WorkerHooks(
        lambda acks: say(Acks(tuple(acks))), lambda report: say(tally_of(report)), lambda why: say(Failed(why))
    )
    refusals = [Refusals() for _ in setup.lanes]
    parts = LaneParts(setup.link, SqlLedgerStore(database), keys, setup.limits, hooks, time.monotonic, now)
    lanes = IngestLanes(parts, refusals, setup.shares, setup.lanes)
    threading.Thread(target=_listen, args=(pipe, stopping), name="pipe", daemon=True).start()
    lanes.start()
    telling = _Telling(lanes, refusals, say)
    keys_at_s = time.monotonic()
    while not stopping.wait(TICK_S if lanes.connected else FIRST_TICK_S) and lanes.alive:
        telling.tick()
        if time.monotonic() - keys_at_s >= KEYS_EVERY_S:
            keys_at_s = time.monotonic()
            with contextlib.suppress(StorageError):  # the lanes say it, too, and louder
                keys.refresh()
    lanes.stop(STOP_TIMEOUT_S)
    telling.tick()
    database.close()


class _Telling:
    """Says what has changed."""

    def __init__(self, lanes: Lanes, refusals: list[Refusals], say: Callable[[Word], None]) -> None:
        self._lanes = lanes
        self._refusals = refusals
        self._say = say
        self._said: LaneState | None = None

    def tick(self) -> None:
        """Say it."""
        lanes = self._lanes
        state = LaneState(lanes.connected, lanes.line_problem, lanes.problem, lanes.waiting, lanes.reconnects)
        if state != self._said:
            self._said = state
            self._say(state)
        for refused in self._refusals:
            counts, samples = refused.give_up()
            if counts or samples:
                self._say(Refused(counts, samples))


def _listen(pipe: Connection, stopping: threading.Event) -> None:
    """Wait for the only word that comes, or for the end of the pipe."""
    with contextlib.suppress(EOFError, OSError):
        pipe.recv()
    stopping.set()


if __name__ == "__main__":
    main()
