"""People and money of a channel, handed on to whoever takes them in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from hub.channels.links import Links
from hub.channels.ports import Page
from hub.storage.channel_pages import PageEnd

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
T_contra = TypeVar("T_contra", contravariant=True)


class Source(Protocol[T_co]):
    """Where they come from: a CustomerSync or a PaymentSource."""

    def changed(self, cursor: str) -> Page[T_co]:
        """What changed since `cursor`."""
        ...


class Taker(Protocol[T_contra]):
    """Where they go: a CustomerTaker or a PaymentTaker."""

    def take(self, found: Sequence[T_contra], end: PageEnd, now: datetime) -> None:
        """Take them in, and end the page."""
        ...


class HandedOn(Generic[T]):
    """See `incoming.Intake`."""

    def __init__(self, source: Source[T], taker: Taker[T]) -> None:
        self._source = source
        self._taker = taker

    def page(self, cursor: str) -> Page[T]:
        """What changed."""
        return self._source.changed(cursor)

    def one(self, key: str) -> Sequence[T] | None:
        """No channel is asked for one of these."""
        del key
        return None

    def take(self, found: Sequence[T], end: PageEnd, links: Links, now: datetime) -> None:
        """Hand a page on."""
        del links
        self._taker.take(found, end, now)
