"""People and money of a channel, handed on to whoever takes them in.

They are taken in whether or not they were before, so the cursor is written after them: killed between, they come again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

import msgspec

from hub.channels.links import Links
from hub.channels.ports import Page, Rewindable
from hub.errors import ChannelUnauthorised, ChannelUnavailable, StorageUnavailable
from hub.storage.channel_pages import NotTaken, PageEnd, end_page
from hub.storage.database import Database

_log = logging.getLogger(__name__)
PASSING = (StorageUnavailable, ChannelUnavailable, ChannelUnauthorised)
"""What says nothing about the thing that is taken in: it comes again."""


class Keyed(Protocol):
    """What a channel names by an id."""

    @property
    def key(self) -> str:
        """The channel's id."""
        ...


T = TypeVar("T", bound=Keyed)
T_co = TypeVar("T_co", covariant=True)


class Source(Protocol[T_co]):
    """Where they come from: a CustomerSync or a PaymentSource."""

    def changed(self, cursor: str) -> Page[T_co]:
        """What changed since `cursor`."""
        ...


class HandedOn(Generic[T]):
    """See `incoming.Intake`. `take` is a CustomerTaker or a PaymentTaker."""

    def __init__(
        self, database: Database, source: Source[T], take: Callable[[str, Sequence[T], datetime], object]
    ) -> None:
        self._database = database
        self._source = source
        self._take = take

    def page(self, cursor: str) -> Page[T]:
        """What changed."""
        return self._source.changed(cursor)

    def begin(self, since: datetime) -> str:
        """From then on, where the list can begin anywhere; else it has a beginning."""
        return self._source.cursor_at(since) if isinstance(self._source, Rewindable) else ""

    def one(self, key: str) -> Sequence[T] | None:
        """No channel is asked for one of these."""
        del key
        return None

    def take(self, found: Sequence[T], end: PageEnd, links: Links, now: datetime) -> None:
        """Hand a page on, all at once or, where that fails, one by one."""
        del links
        not_taken: list[NotTaken] = []
        if found and not self._taken(end.channel, found, now):
            not_taken = [problem for one in found if (problem := self._problem(end.channel, one, now)) is not None]
        refused = {one.key for one in not_taken}
        with self._database.write() as connection:
            end_page(connection, end, {one.key for one in found} - refused, not_taken, now)

    def _taken(self, channel: str, found: Sequence[T], now: datetime) -> bool:
        try:
            self._take(channel, found, now)
        except PASSING:
            raise
        except Exception:  # noqa: BLE001 - they are tried one by one, and that says which and why
            return False
        return True

    def _problem(self, channel: str, one: T, now: datetime) -> NotTaken | None:
        try:
            self._take(channel, [one], now)
        except PASSING:
            raise
        except Exception as error:  # noqa: BLE001 - one that cannot be taken in must not hold up all others
            _log.warning(
                "something of a channel is put aside", extra={"channel": channel, "key": one.key, "why": str(error)}
            )
            return NotTaken(one.key, str(error) or type(error).__name__, msgspec.json.encode(one))
        return None
