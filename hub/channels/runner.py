"""Runs the parts of all channels, each in a thread of its own, so that a slow one delays nobody.

Every two seconds it looks which channels are set up and switched on, starts what is new, ends what is gone, and opens
anew what was changed. Every eight it renews the leases of what this process does.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx

from hub.channels.attempt import KEEP_EVERY_S, LEASE_S, PartAttempts, Trying
from hub.channels.breaker import Circuit
from hub.channels.budget import Budget
from hub.channels.linked import LinkBook
from hub.channels.manifest import Connecting
from hub.channels.pacing import PacedTransport, SharedBudget
from hub.channels.part import Opened, Part, PartKind, PartKinds
from hub.channels.ports import Channel
from hub.channels.registry import Registry
from hub.channels.settings import check_secrets, complete
from hub.errors import ChannelError, ConfigError, HubError, StorageError
from hub.storage.channel_links import SqlChannelLinks
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import ChannelSetup
from hub.storage.channel_setups import SqlChannelSetups

LOOK_EVERY_S = 2.0
STOP_S = 5.0
OPEN_PART = "open"
"""The part under which it is kept why a channel cannot be opened at all."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RunnerStores:
    """The tables that the runner needs."""

    setups: SqlChannelSetups
    parts: SqlChannelParts
    links: SqlChannelLinks


@dataclass(frozen=True)
class RunnerClock:
    """The time, chance (0 to 1), and who this process is."""

    clock_s: Callable[[], float]
    wall: Callable[[], datetime]
    chance: Callable[[], float]
    holder: str


class ChannelRunner:
    """All channels of this process. `wake` may be called from any thread.

    `transport` makes what connectors speak through; tests give one of their own.
    """

    def __init__(
        self,
        stores: RunnerStores,
        registry: Registry,
        kinds: PartKinds,
        clock: RunnerClock,
        transport: Callable[[], httpx.BaseTransport] = httpx.HTTPTransport,
    ) -> None:
        self._stores = stores
        self._clock = clock
        self._with = _With(stores, registry, kinds, clock, transport)
        self._serial = itertools.count(1)
        self._stopping = threading.Event()
        self._changed = threading.Event()
        self._lock = threading.Lock()
        self._running: dict[str, _RunningChannel] = {}
        self._failed: dict[str, ChannelSetup] = {}
        self._keep_at_s = clock.clock_s()
        self._thread = threading.Thread(target=self._run, name="channels", daemon=True)
        self.problem = ""

    def start(self) -> None:
        """Start the threads."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """End all parts; what is under way is finished, or done again by whoever comes next."""
        self._stopping.set()
        self._changed.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._thread.is_alive()

    def wake(self, channel: str, part: str) -> None:
        """A part has something to do; nothing happens for a channel or part that does not run here."""
        with self._lock:
            running = self._running.get(channel)
        if running is not None:
            running.wake(part)

    def wake_all(self, part: str) -> None:
        """As `wake`, for every channel that has this part."""
        with self._lock:
            running = list(self._running.values())
        for one in running:
            one.wake(part)

    def look_again(self) -> None:
        """Something of the set-up was changed: look at once."""
        self._changed.set()

    def circuits(self) -> Sequence[tuple[str, str, Circuit]]:
        """Channel, part, and how its breaker is, for all that run here."""
        with self._lock:
            running = list(self._running.values())
        return [(one.channel, one.kind.name, one.circuit) for each in running for one in each.attempts()]

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._look()
                self._keep()
                self.problem = ""
            except StorageError as error:
                if not self.problem:
                    _log.error("channels wait for the database", extra={"action": "channels_wait", "why": str(error)})
                self.problem = str(error)
            except Exception as error:  # noqa: BLE001 - a mistake of ours here must not end what runs
                if not self.problem:
                    _log.exception("looking after channels failed", extra={"action": "channels_failed"})
                self.problem = f"a mistake of ours, see the log: {type(error).__name__}"
            self._changed.wait(LOOK_EVERY_S)
            self._changed.clear()
        with self._lock:
            running, self._running = self._running, {}
        for one in running.values():
            one.tell_to_stop()
        for one in running.values():
            one.stop()

    def _look(self) -> None:
        wanted = {setup.name: setup for setup in self._stores.setups.all() if setup.enabled}
        for name, running in list(self._running.items()):
            if wanted.get(name) != running.setup:
                with self._lock:
                    del self._running[name]
                running.tell_to_stop()
                running.stop()
        for name in set(self._failed) - set(wanted):
            del self._failed[name]
        for name, setup in wanted.items():
            if name not in self._running and self._failed.get(name) != setup:
                self._open(setup)

    def _open(self, setup: ChannelSetup) -> None:
        try:
            running = _RunningChannel(setup, self._with, f"{self._clock.holder}/{next(self._serial)}")
        except StorageError:
            raise
        except (ConfigError, ChannelError) as error:
            self._not_opened(setup, str(error))
            return
        except Exception as error:  # noqa: BLE001 - a mistake in one kind of channel must not stop the others
            _log.exception("opening a channel failed", extra={"channel": setup.name})
            self._not_opened(setup, f"a mistake of ours, see the log: {type(error).__name__}: {error}")
            return
        self._failed.pop(setup.name, None)
        if self._stores.parts.state(setup.name, OPEN_PART).problem:
            self._stores.parts.fine(setup.name, OPEN_PART, self._clock.wall())
        with self._lock:
            self._running[setup.name] = running
        running.start()

    def _not_opened(self, setup: ChannelSetup, problem: str) -> None:
        """It is tried again when it was set up otherwise."""
        self._failed[setup.name] = setup
        _log.error("a channel cannot be opened", extra={"channel": setup.name, "problem": problem})
        self._stores.parts.failed(setup.name, OPEN_PART, 1, self._clock.wall(), problem)

    def _keep(self) -> None:
        now_s = self._clock.clock_s()
        if now_s - self._keep_at_s < KEEP_EVERY_S:
            return
        self._keep_at_s = now_s
        until = self._clock.wall() + timedelta(seconds=LEASE_S)
        for running in self._running.values():
            self._stores.parts.keep([one.times() for one in running.attempts()], running.holder, until)
            for one in running.attempts():
                one.kept(until)


@dataclass(frozen=True)
class _With:
    stores: RunnerStores
    registry: Registry
    kinds: PartKinds
    clock: RunnerClock
    transport: Callable[[], httpx.BaseTransport]


class _RunningChannel:
    """The parts of one channel, as it was set up at one moment. Raises HubError where it cannot be.

    `holder` is its own, since one that was set up otherwise may still hang in a call when this one begins.
    """

    def __init__(self, setup: ChannelSetup, using: _With, holder: str) -> None:
        self.setup = setup
        self.holder = holder
        self._using = using
        stores, clock = using.stores, using.clock
        self.stopping = threading.Event()
        self._manifest = using.registry.manifest(setup.kind)
        self._settings = complete(setup.name, self._manifest, setup.settings)
        check_secrets(setup.name, self._manifest, stores.setups.secrets(setup.name))
        self._book = LinkBook(stores.links, setup.name, clock.clock_s)
        rate = self._manifest.rate
        self._budget = SharedBudget(Budget(rate.per_second, rate.burst), clock.clock_s)
        self._threads: dict[str, _PartThread] = {}
        for kind in using.kinds:
            channel, part = self.open(kind)
            if part is None:
                channel.close()
            else:
                self._threads[kind.name] = _PartThread(self, kind, channel, self.attempts_of(kind, part))

    def open(self, kind: PartKind) -> tuple[Channel, Part | None]:
        """Connect the channel for one part."""
        name = self.setup.name
        paced = PacedTransport(self._using.transport(), self._budget, kind.urgency, self.stopping)
        connecting = Connecting(
            name, self._settings, self._using.stores.setups.secrets(name), self._book.now, self._using.clock.wall, paced
        )
        channel = self._manifest.open(connecting)
        opened = Opened(
            name, self._manifest, self._settings, channel, self._book.now, self.wake, self.holder,
            self.setup.created_at,
        )  # fmt: skip
        return channel, kind.make(opened)

    def attempts_of(self, kind: PartKind, part: Part) -> PartAttempts:
        """The lease, breaker and backoff around a part."""
        clock = self._using.clock
        return PartAttempts(
            self.setup.name, kind, part, Trying(self._using.stores.parts, self.holder, clock.wall, clock.chance)
        )

    def start(self) -> None:
        """Start all threads."""
        for thread in self._threads.values():
            thread.start()

    def wake(self, part: str) -> None:
        """Make a part run at once."""
        thread = self._threads.get(part)
        if thread is not None:
            thread.wake()

    def attempts(self) -> Sequence[PartAttempts]:
        """All parts."""
        return [thread.attempts for thread in self._threads.values()]

    def tell_to_stop(self) -> None:
        """Let all parts end after what they do now."""
        self.stopping.set()
        for thread in self._threads.values():
            thread.wake()

    def stop(self) -> None:
        """Wait until all parts have ended. One that hangs in a call is left: it is a daemon, and its lease ends."""
        until_s = self._using.clock.clock_s() + STOP_S
        for thread in self._threads.values():
            thread.stop(max(0.0, until_s - self._using.clock.clock_s()))


class _PartThread:
    def __init__(self, running: _RunningChannel, kind: PartKind, channel: Channel, attempts: PartAttempts) -> None:
        self._running = running
        self._kind = kind
        self._channel = channel
        self.attempts = attempts
        self._awake = threading.Event()
        name = f"channel-{running.setup.name}-{kind.name}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._awake.set()

    def stop(self, timeout_s: float) -> None:
        if self._thread.ident is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        stopping = self._running.stopping
        while not stopping.is_set():
            # Cleared before the work, so that what comes meanwhile is not missed.
            self._awake.clear()
            if self.attempts.reopen:
                self._reopen()
            wait_s = self.attempts.attempt()
            if wait_s > 0 and not stopping.is_set():
                self._awake.wait(wait_s)
        try:
            self.attempts.release()
        except StorageError as error:
            _log.info("a lease ends by itself", extra={"channel": self._running.setup.name, "why": str(error)})
        self._channel.close()

    def _reopen(self) -> None:
        try:
            channel, part = self._running.open(self._kind)
        except HubError as error:
            _log.warning("a channel cannot be opened", extra={"problem": str(error)})
            return
        if part is None:
            return
        self._channel.close()
        self._channel = channel
        self.attempts.take_over(part)
