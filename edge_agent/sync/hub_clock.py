"""What the hub's answers tell about the time: samples of its clock, each with a bound on its error.

An ack, and the first part of a pull's answer, carry the hub's time. It is worth something only if it answers what was
sent just now: a broker may hand over retained acks, and acks queued during a night offline, as if they were fresh. So
a sample is taken only for an event that went out for the first time on this link, or for a pull of this link, and
whose answer came quickly. Every link begins with pulls, so a till knows the time before it sells.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

ROUND_TRIP_MAX_S = 2.0
"""A slower answer bounds the hub's clock too loosely to correct ours by it."""

YEARS = range(2025, 2200)
"""A hub that shows another year has no clock. Believed, it would put every sale there, or beyond what dates can say."""

_SENT_MAX = 64


@dataclass(frozen=True)
class ClockSample:
    """At `wall` on this PC's clock and `at_s` on its monotonic one, the hub's clock showed `hub_time`."""

    hub_time: datetime
    wall: datetime
    at_s: float
    error_s: float

    @property
    def offset(self) -> timedelta:
        """What to add to this PC's clock."""
        return self.hub_time - self.wall


class HubClock:
    """Pairs first-time batches with their acks. `tail` is the last sequence that may have been sent before."""

    def __init__(self, tail: int) -> None:
        self._sent_before = tail
        self._sent: OrderedDict[int, tuple[float, datetime]] = OrderedDict()
        self._asked: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def sent(self, last: int, now_s: float, wall: datetime) -> None:
        """A batch that ends with `last` went out."""
        if last <= self._sent_before:
            return
        self._sent_before = last
        self._sent[last] = (now_s, wall)
        while len(self._sent) > _SENT_MAX:
            self._sent.popitem(last=False)

    def disconnect(self) -> None:
        """What was sent before can be answered late from now on."""
        self._sent.clear()
        self._asked.clear()

    def asked(self, request: str, now_s: float, wall: datetime) -> None:
        """A pull went out."""
        self._asked[request] = (now_s, wall)
        while len(self._asked) > _SENT_MAX:
            self._asked.popitem(last=False)

    def answered(self, request: str, hub_time: datetime | None, now_s: float) -> ClockSample | None:
        """The first part of a pull's answer came; the sample it gives, or None."""
        sent = self._asked.pop(request, None)
        return None if sent is None or hub_time is None else _sample(*sent, hub_time, now_s)

    def acked(self, sequence: int, hub_time: datetime, now_s: float) -> ClockSample | None:
        """An ack came that was not retained; the sample it gives, or None."""
        sent = self._sent.get(sequence)
        while self._sent and next(iter(self._sent)) <= sequence:
            self._sent.popitem(last=False)
        return None if sent is None else _sample(*sent, hub_time, now_s)


def _sample(sent_at_s: float, sent_wall: datetime, hub_time: datetime, now_s: float) -> ClockSample | None:
    round_trip_s = now_s - sent_at_s
    if hub_time.tzinfo is None or not 0 <= round_trip_s <= ROUND_TRIP_MAX_S or hub_time.year not in YEARS:
        return None
    # The hub looked at its clock at some moment between our sending and our hearing.
    middle = timedelta(seconds=round_trip_s / 2)
    return ClockSample(hub_time, sent_wall + middle, sent_at_s + round_trip_s / 2, round_trip_s / 2)
