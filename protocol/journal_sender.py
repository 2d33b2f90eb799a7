"""The sending side of a journal: which events to send next, when to send them again, what an ack means.

Like TCP with a cumulative ack, except that the other end is a database: only the hub's ack, published after its
commit, moves `acked`; the broker's PUBACK moves nothing. The machine holds positions, not events; the shell reads
them from the journal. A gap or a silence rewinds to `acked`, or further to where a hub is that was put back to an older
state: it takes again what it had acknowledged. A hub that knows another history than this journal stops the machine
until a new epoch is given (sales go on: the journal grows, nothing is sent).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from protocol.event import Digest
from protocol.messages import Ack

EpochLoss = Literal["fork", "restored", "broken", "unknown_epoch"]


@dataclass(frozen=True)
class SenderLimits:
    """Bounds of the window, and how long silence may last before it is taken for loss."""

    batch_events_max: int = 200
    batch_bytes_max: int = 256 * 1024
    batches_in_flight_max: int = 4
    resend_first_s: float = 2.0
    resend_max_s: float = 30.0


@dataclass(frozen=True)
class SendRange:
    """Read events from `first` on, at most this many and this large, and report `sent`. One event always fits."""

    first: int
    events_max: int
    bytes_max: int


@dataclass(frozen=True)
class AckEffect:
    """What an ack changed: `acked` moved (forget up to there), then the epoch is lost and why; both may be."""

    acked: int | None = None
    epoch_lost: EpochLoss | None = None


@dataclass(frozen=True)
class _Sent:
    last: int
    at_s: float


class JournalSender:
    """The window of one epoch. `tail` is the last sequence in the journal, `acked` the last one the hub has."""

    def __init__(self, *, epoch: int, tail: int, acked: int, limits: SenderLimits | None = None) -> None:
        assert 0 <= acked <= tail
        self.epoch = epoch
        self.tail = tail
        self.acked = acked
        self.epoch_lost: EpochLoss | None = None
        self._limits = limits or SenderLimits()
        self._hub_at = acked  # where the hub is: behind `acked` only if it was put back
        self._next = acked + 1
        self._in_flight: deque[_Sent] = deque()
        self._resend_s = self._limits.resend_first_s
        self._rewound_at_s: float | None = None
        self._connected = False

    @property
    def backlog(self) -> int:
        """How many events the hub has not acknowledged."""
        return self.tail - self.acked

    def connect(self) -> None:
        """The link is up: whatever was in flight is sent again."""
        self._connected = True
        self._resend_s = self._limits.resend_first_s
        self._rewind()

    def disconnect(self) -> None:
        """The link is down: nothing is sent until `connect`."""
        self._connected = False

    def append(self, tail: int) -> None:
        """The journal has grown up to `tail`, on disk."""
        assert tail >= self.tail
        self.tail = tail

    def next_range(self, now_s: float) -> SendRange | None:
        """What to send now, or None: window full, nothing left, no link, or no epoch. Rewinds when an ack is late."""
        if not self._connected or self.epoch_lost is not None:
            return None
        late_at_s = self.wake_at_s()  # the same sum as the caller's timer, or rounding would make it fire in vain
        if late_at_s is not None and now_s >= late_at_s:
            self._resend_s = min(self._resend_s * 2, self._limits.resend_max_s)
            self._rewind()
        if self._next > self.tail or len(self._in_flight) >= self._limits.batches_in_flight_max:
            return None
        return SendRange(self._next, self._limits.batch_events_max, self._limits.batch_bytes_max)

    def sent(self, first: int, last: int, now_s: float) -> None:
        """The range from `next_range` went out (to the broker; that proves nothing)."""
        assert first == self._next <= last <= self.tail
        self._next = last + 1
        self._in_flight.append(_Sent(last, now_s))

    def wake_at_s(self) -> float | None:
        """When silence will mean loss; None when nothing is in flight."""
        if not self._connected or self.epoch_lost is not None or not self._in_flight:
            return None
        return self._in_flight[0].at_s + self._resend_s

    def receive_ack(self, ack: Ack, digest_at: Callable[[int], Digest | None], now_s: float) -> AckEffect:
        """Take the hub's ack. `digest_at` gives the journal's own digest at a sequence, None once forgotten.

        Acks of other epochs are old news, and so are acks behind `acked`, but for a gap: then the hub was put back.
        """
        if ack.epoch != self.epoch or self.epoch_lost is not None:
            return AckEffect()
        if ack.status == "unknown_epoch" or ack.sequence > self.tail:
            return self._lose("unknown_epoch" if ack.status == "unknown_epoch" else "restored")
        own = digest_at(ack.sequence) if ack.sequence else None
        if own is not None and own.hex() != ack.digest:
            return self._lose("fork")
        # From here on the hub's history, up to the ack, is ours: what it has must not be sent again in a new epoch.
        effect = self._advance(ack.sequence)
        if ack.sequence < self.acked:
            if ack.status == "gap":
                self.hub_is_at(ack.sequence, digest_at, now_s)
            return effect
        if ack.status == "broken" or (ack.status == "fork" and own is None):
            return self._lose(ack.status, effect.acked)
        # A fork whose digest is ours is another PC's with our identity: that one has to give way.
        if ack.status == "gap":
            self._rewind_once(now_s)
        return effect

    def hub_is_at(self, sequence: int, digest_at: Callable[[int], Digest | None], now_s: float) -> None:
        """The hub says that it has our journal up to `sequence` only: what it had acknowledged beyond is gone there.

        It gets that again, as far as the journal still has it; `acked` stays. An old message that says so falsely costs
        some repetitions, which the hub lets go.
        """
        is_kept = digest_at(sequence + 1) is not None and (sequence == 0 or digest_at(sequence) is not None)
        if sequence > self._hub_at or self.epoch_lost is not None or not is_kept:
            return
        self._rewind_once(now_s, sequence)

    def stop_repeating(self) -> None:
        """What was to be sent again has been forgotten meanwhile: go on behind what was acknowledged."""
        self._hub_at = self.acked
        self._rewind()

    def _advance(self, sequence: int) -> AckEffect:
        if sequence > self._hub_at:
            self._hub_at = sequence
            self._next = max(self._next, sequence + 1)
            while self._in_flight and self._in_flight[0].last <= sequence:
                self._in_flight.popleft()
            self._resend_s = self._limits.resend_first_s
        if sequence <= self.acked:
            return AckEffect()
        self.acked = sequence
        return AckEffect(acked=sequence)

    def _rewind_once(self, now_s: float, hub_at: int | None = None) -> None:
        # One lost batch makes the hub answer "gap" to each batch behind it; only the first answer may rewind,
        # or the window would be sent once for each.
        if self._rewound_at_s is not None and now_s - self._rewound_at_s < self._limits.resend_first_s / 4:
            return
        self._rewound_at_s = now_s
        self._hub_at = self._hub_at if hub_at is None else hub_at
        self._rewind()

    def _rewind(self) -> None:
        self._next = self._hub_at + 1
        self._in_flight.clear()

    def _lose(self, why: EpochLoss, acked: int | None = None) -> AckEffect:
        self.epoch_lost = why
        self._in_flight.clear()
        return AckEffect(acked=acked, epoch_lost=why)
