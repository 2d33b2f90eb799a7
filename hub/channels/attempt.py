"""One part of one channel, tried again and again: the lease, the breaker, the backoff around its steps.

No thread here: whoever runs it calls `attempt` and waits as long as it says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.channels.backoff import Backoff, delay_s
from hub.channels.breaker import Circuit, circuit, rest_s
from hub.channels.part import Part, PartKind
from hub.errors import ChannelError, ChannelRefused, ChannelUnauthorised, ChannelUnavailable, StorageError, UnmappedWord
from hub.storage.channel_parts import SqlChannelParts
from hub.storage.channel_records import PartState, PartTimes

LEASE_S = 40.0
KEEP_EVERY_S = 8.0
"""A lease is renewed so often, even while a call is under way; a process that dies lets go after `LEASE_S`."""
NOT_MINE_S = 5.0
STORAGE_RETRY_S = 1.0
MISTAKE_RETRY_S = 30.0
REST_MOST_S = 60.0
AWAY = Backoff(first_s=1.0, most_s=30.0)
"""While a channel is away, each part of it asks twice a minute in the end: so soon does it go on when it is back."""
UNAUTHORISED = Backoff(first_s=30.0, most_s=600.0)
REFUSED = Backoff(first_s=5.0, most_s=600.0)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Trying:
    """What trying takes: where it is noted, who tries, the time, and chance (0 to 1)."""

    parts: SqlChannelParts
    holder: str
    wall: Callable[[], datetime]
    chance: Callable[[], float]
    backoff: Backoff = AWAY


class PartAttempts:
    """One part of one channel. Used from one thread; `times` and `circuit` may be read by others."""

    def __init__(self, channel: str, kind: PartKind, part: Part, trying: Trying) -> None:
        self.channel = channel
        self.kind = kind
        self._part = part
        self._parts = trying.parts
        self._trying = trying
        self._held_until: datetime | None = None
        self._others_until: datetime | None = None
        self._asked_at: datetime | None = None
        self._fine_at: datetime | None = None
        self.circuit: Circuit = "closed"
        self.problem = ""
        self.reopen = False
        """Set when keys were refused: the channel is to be opened anew before the next try."""

    def attempt(self) -> float:
        """Do a step, if it is this process's turn and it may be asked; returns seconds to wait, never raises."""
        try:
            return self._attempt()
        except StorageError as error:
            self._say("the database keeps a channel waiting", str(error))
            return STORAGE_RETRY_S
        except Exception as error:  # noqa: BLE001 - as the next line says
            # A mistake of ours in one channel's way must not end the others.
            if not self.problem:
                _log.exception("a channel's step failed", extra={"channel": self.channel, "part": self.kind.name})
            self._note(f"a mistake of ours, see the log: {type(error).__name__}: {error}", MISTAKE_RETRY_S)
            return MISTAKE_RETRY_S

    def times(self) -> PartTimes:
        """When it was last asked and last fine."""
        return PartTimes(self.channel, self.kind.name, self._asked_at, self._fine_at)

    def kept(self, until: datetime) -> None:
        """The lease was renewed; called from another thread."""
        if self._held_until is not None:
            self._held_until = until

    def take_over(self, part: Part) -> None:
        """Go on with the same part over a channel that was opened anew."""
        self._part, self.reopen = part, False

    def release(self) -> None:
        """Let another process take over at once. Raises StorageUnavailable: then the lease ends by itself."""
        if self._held_until is not None:
            self._parts.release(self.channel, self.kind.name, self._trying.holder)
            self._held_until = None

    def _attempt(self) -> float:
        now = self._trying.wall()
        if self.kind.alone and not self._take(now):
            return NOT_MINE_S
        state = self._parts.state(self.channel, self.kind.name)
        self.circuit = circuit(state, now)
        if (wait_s := rest_s(state, now)) > 0:
            return min(wait_s, REST_MOST_S)
        until = now + timedelta(seconds=LEASE_S)
        if self.circuit == "half_open" and not self._parts.probe(self.channel, self.kind.name, now, until):
            return NOT_MINE_S
        self._asked_at = now
        try:
            wait_s = self._part.step(now)
        except ChannelError as error:
            return self._failed(error)
        self._fine(state)
        return wait_s

    def _take(self, now: datetime) -> bool:
        if self._others_until is not None and now < self._others_until:
            return False  # woken with every change, it would else ask for the lease each time
        keep = timedelta(seconds=KEEP_EVERY_S)
        if self._held_until is None or now + keep > self._held_until:
            until = now + timedelta(seconds=LEASE_S)
            mine = self._parts.take(self.channel, self.kind.name, self._trying.holder, now, until)
            self._held_until = until if mine else None
            self._others_until = None if mine else now + timedelta(seconds=NOT_MINE_S)
        return self._held_until is not None

    def _fine(self, before: PartState) -> None:
        self._fine_at = self._trying.wall()
        self.circuit = "closed"
        if before.failures or before.problem or self.problem:
            self._parts.fine(self.channel, self.kind.name, self._fine_at)
            _log.info("a channel works again", extra={"channel": self.channel, "part": self.kind.name})
        self.problem = ""

    def _failed(self, error: ChannelError) -> float:
        # Read again: another process may have failed, or been fine, while this one waited for the channel.
        state = self._parts.state(self.channel, self.kind.name)
        failures, chance = state.failures + 1, self._trying.chance()
        match error:
            case ChannelUnavailable():
                wait_s = delay_s(self._trying.backoff, failures, chance, error.retry_after_s)
            case ChannelUnauthorised():
                self.reopen = True
                wait_s = delay_s(UNAUTHORISED, failures, chance)
            case ChannelRefused() | UnmappedWord() | _:
                wait_s = delay_s(REFUSED, failures, chance)
        self._write_failure(failures, wait_s, str(error) or type(error).__name__)
        return min(wait_s, REST_MOST_S)

    def _note(self, problem: str, wait_s: float) -> None:
        try:
            failures = self._parts.state(self.channel, self.kind.name).failures + 1
            self._write_failure(failures, wait_s, problem)
        except StorageError as error:
            self._say("the database keeps a channel waiting", str(error))

    def _write_failure(self, failures: int, wait_s: float, problem: str) -> None:
        now = self._trying.wall()
        not_before = now + timedelta(seconds=wait_s)
        self._parts.failed(self.channel, self.kind.name, failures, not_before, problem)
        self.circuit = circuit(PartState(failures=failures, not_before=not_before), now)
        self._say("a channel does not do what it is asked", problem)

    def _say(self, words: str, problem: str) -> None:
        if not self.problem:
            _log.warning(words, extra={"channel": self.channel, "part": self.kind.name, "problem": problem})
        self.problem = problem
