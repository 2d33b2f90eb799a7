"""What comes in from a channel: one part for each port, a poll beneath and hints that move it forward.

The poll is the truth: a webhook that was lost costs the time until the next one. A hint that names a thing has it asked
for at once, and the poll follows soon after, once for many hints. Pages overlap; what comes again is known.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from hub.channels.handed_on import PASSING
from hub.channels.links import Links
from hub.channels.part import Opened
from hub.channels.ports import Page, PortName, Unread
from hub.storage.channel_asides import SqlAsideStore
from hub.storage.channel_heard import Heard, SqlHeardStore
from hub.storage.channel_pages import NotTaken, PageEnd
from hub.storage.channel_parts import SqlChannelParts

T = TypeVar("T")
POLL_S: Mapping[PortName, float] = {
    "orders": 60.0, "counts": 300.0, "catalogue": 300.0, "customers": 300.0, "payments": 120.0,
}  # fmt: skip
HINTED_S: Mapping[PortName, float] = {"counts": 20.0}
"""Not sooner after the last poll than this, whatever is hinted: each of our own pushes may come back as a hint."""
LOOK_S = 2.0
"""A hint that another hub process has heard is seen after so long; one of this process wakes the part at once."""
AFTER_HINT = timedelta(seconds=5)
GONE_AFTER = timedelta(hours=1)
"""What is parked for so long and unknown to the channel is gone. Sooner, its answer may be behind what it told."""
HEARD_AT_ONCE = 50
ASIDES_AT_ONCE = 20
TRIED_AGAIN_EVERY = timedelta(hours=1)
FORGOTTEN_EVERY = timedelta(hours=1)
BEFORE_PARKED = timedelta(days=30)
"""What is parked changed at most so long before: not longer has a channel been away and then told of it."""


class Intake(Protocol[T]):
    """How one port's things are asked for and taken in."""

    def page(self, cursor: str) -> Page[T]:
        """What changed since a cursor. Raises ChannelError's children."""
        ...

    def begin(self, since: datetime) -> str:
        """The cursor from which at least everything since then comes again; "" where that is from the beginning."""
        ...

    def one(self, key: str) -> Sequence[T] | None:
        """One thing by the channel's id, none if it is unknown there; None where a channel cannot be asked so."""
        ...

    def take(self, found: Sequence[T], end: PageEnd, links: Links, now: datetime) -> None:
        """Take in what was found, then end the page. Raises StorageUnavailable."""
        ...


@dataclass(frozen=True)
class IncomingStores:
    """What every incoming part reads and writes. `mapped` moves when something changed that parked things may need."""

    parts: SqlChannelParts
    heard: SqlHeardStore
    asides: SqlAsideStore
    mapped: Callable[[str], tuple[int, ...]]


class IncomingPart(Generic[T]):
    """See `part.Part`. All that it remembers may be lost: then it polls at once, and tries again what is parked."""

    def __init__(self, opened: Opened, port: PortName, stores: IncomingStores, intake: Intake[T]) -> None:
        self._opened = opened
        self._port = port
        self._stores = stores
        self._intake = intake
        self._every = timedelta(seconds=opened.manifest.poll_s.get(port, POLL_S.get(port, 300.0)))
        self._hinted = timedelta(seconds=HINTED_S.get(port, 0.0))
        self._poll_at: datetime | None = None
        self._polled_at: datetime | None = None
        self._again = False
        self._mapped: tuple[int, ...] | None = None
        self._tried_at: datetime | None = None
        self._to_try: list[str] = []
        self._forgotten_at: datetime | None = None

    def step(self, now: datetime) -> float:
        """Ask for what hints name, for what was parked and may go now, and if it is time for what changed."""
        heard = self._stores.heard.new(self._opened.name, self._port, HEARD_AT_ONCE)
        named_all = self._named(heard, now)
        if heard:
            soon = now + AFTER_HINT if named_all else now
            soon = soon if self._polled_at is None else max(soon, self._polled_at + self._hinted)
            self._poll_at = soon if self._poll_at is None else min(self._poll_at, soon)
        self._try_parked(now)
        if self._poll_at is None or self._poll_at <= now:
            more = self._poll(now)
            self._polled_at, self._poll_at = now, now if more else now + self._every
        # Only now: killed before, they are looked at once more.
        if heard:
            self._stores.heard.done([one.position for one in heard], now)
        self._forget(now)
        if len(heard) == HEARD_AT_ONCE or self._to_try or self._poll_at <= now:
            return 0.0
        return min(LOOK_S, (self._poll_at - now).total_seconds())

    def _named(self, heard: Sequence[Heard], now: datetime) -> bool:
        """Ask for all things that hints name; False if one of them names none, or cannot be asked for."""
        hints = [hint for one in heard for hint in one.hints]
        self._again |= any(hint.again for hint in hints)
        keys = dict.fromkeys(hint.key for hint in hints if hint.key)
        asked = [self._ask(key, now) for key in keys]
        return all(asked) and all(hint.key and not hint.again for hint in hints)

    def _ask(self, key: str, now: datetime) -> bool:
        """Ask for one thing by name and take it in; False if the channel cannot be asked so."""
        place = (self._opened.name, self._port, key)
        try:
            found = self._intake.one(key)
        except PASSING:
            raise  # the hint is still there
        except Exception as error:  # noqa: BLE001 - one thing that cannot be read must not hold up all others
            why = str(error) or type(error).__name__
            self._stores.asides.put(place, why, b"", now)
            return True
        if found is None:
            return False
        if not found:
            self._stores.asides.resolve(place, now, parked_before=now - GONE_AFTER)
        self._intake.take(found, self._end(), self._opened.links(), now)
        return True

    def _poll(self, now: datetime) -> bool:
        """Take in one page; True if there is more at once."""
        channel = self._opened.name
        cursor = self._begin(now) if self._again else self._stores.parts.state(channel, self._port).cursor
        page = self._intake.page(cursor)
        unread = [_not_taken(one) for one in page.unread]
        self._intake.take(page.found, self._end(page.cursor, unread), self._opened.links(), now)
        self._again = False
        return page.more and page.cursor != cursor

    def _begin(self, now: datetime) -> str:
        """Before the oldest that is parked changed, and so before all that is not known yet."""
        oldest = self._stores.asides.waiting(self._opened.name, self._port, limit=1)
        return self._intake.begin((oldest[0].first_at if oldest else now) - BEFORE_PARKED)

    def _end(self, cursor: str | None = None, unread: Sequence[NotTaken] = ()) -> PageEnd:
        return PageEnd(self._opened.name, self._port, self._opened.holder, cursor, unread)

    def _try_parked(self, now: datetime) -> None:
        """Ask anew for what is parked: when the mapping or the catalogue has changed, and now and then."""
        channel = self._opened.name
        mapped = self._stores.mapped(channel)
        late = self._tried_at is None or now - self._tried_at >= TRIED_AGAIN_EVERY
        if mapped != self._mapped or late:
            self._mapped, self._tried_at = mapped, now
            self._to_try = list(self._stores.asides.keys(channel, self._port, 100 * ASIDES_AT_ONCE))
        trying, self._to_try = self._to_try[:ASIDES_AT_ONCE], self._to_try[ASIDES_AT_ONCE:]
        for key in trying:
            if not self._ask(key, now):
                self._to_try = []
                return

    def _forget(self, now: datetime) -> None:
        if self._forgotten_at is None or now - self._forgotten_at >= FORGOTTEN_EVERY:
            self._forgotten_at = now
            self._stores.heard.forget(self._opened.name, now)


def _not_taken(one: Unread) -> NotTaken:
    return NotTaken(one.key, one.why if not one.kind else f"{one.kind}: {one.why}", one.raw)
