"""Asking what changed, by `updated_at`: pages that may overlap and never leave anything out. Pure but for the call.

Medusa stamps a change when it is made, and it can be seen when its transaction ends, up to some seconds later and out
of order. So each round of asking begins a minute before the newest change that is known. Medusa sorts by one field
only: things of one and the same millisecond are gone through by offset.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec

from hub.channels.medusa.client import Params
from hub.errors import ChannelRefused

OVERLAP = timedelta(minutes=1)
SETTLED = timedelta(minutes=10)
"""A newest change that is older than this has nothing beside it that could still turn up, whosever clock is wrong."""


class Cursor(msgspec.Struct, frozen=True):
    """How far asking is: from `since`, without the first `offset` of them; `newest` is the newest change seen."""

    since: datetime
    offset: int = 0
    newest: datetime | None = None


class Stamped(msgspec.Struct, frozen=True):
    """What everything that can be asked for has."""

    id: str
    updated_at: datetime


class Next(NamedTuple):
    """Where to go on, and whether at once."""

    cursor: Cursor
    more: bool


def read_cursor(text: str, start: datetime) -> Cursor:
    """The cursor of a page, or of the beginning. Raises ChannelRefused for what is none of ours."""
    if not text:
        return Cursor(start - OVERLAP)
    try:
        return msgspec.json.decode(text, type=Cursor)
    except msgspec.MsgspecError as error:
        raise ChannelRefused(
            f"the stored cursor {text!r} is not understood: {error}; start this part afresh"
        ) from error


def write_cursor(cursor: Cursor) -> str:
    """The cursor as it is stored."""
    return msgspec.json.encode(cursor).decode()


def question(cursor: Cursor, limit: int) -> Params:
    """The parameters of the next page."""
    return [
        ("updated_at[$gte]", iso(cursor.since)),
        ("order", "updated_at"),
        ("limit", limit),
        ("offset", cursor.offset),
    ]


def after(cursor: Cursor, stamps: Sequence[datetime], limit: int, now: datetime) -> Next:
    """Where to go on after a page with these times of change."""
    newest = max(filter(None, (cursor.newest, *stamps)), default=None)
    if len(stamps) >= limit:
        last = max(stamps)
        if last > cursor.since:
            return Next(Cursor(last, 0, newest), more=True)
        return Next(Cursor(cursor.since, cursor.offset + len(stamps), newest), more=True)
    if newest is None:
        return Next(Cursor(cursor.since), more=False)
    since = newest if now - newest > SETTLED else newest - OVERLAP
    return Next(Cursor(since), more=False)


def iso(moment: datetime) -> str:
    """As Medusa writes it; one that it cannot read it answers with 500."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
