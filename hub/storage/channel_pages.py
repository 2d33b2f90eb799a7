"""The end of a page that was taken in from a channel: what was parked of it, and how far the channel is now."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from hub.storage.channel_asides import put_aside, resolve_aside, waiting_keys
from hub.storage.channel_parts import write_cursor


class NotTaken(NamedTuple):
    """Something that could not be taken in: the channel's id of it, why, and its bytes."""

    key: str
    why: str
    raw: bytes


@dataclass(frozen=True)
class PageEnd:
    """What is written when a page is taken in. `cursor` None: nothing moves, since something was asked for by name.

    `port` names the part of the channel's work, `holder` the process that does it; `unread` was not understood.
    """

    channel: str
    port: str
    holder: str
    cursor: str | None = None
    unread: Sequence[NotTaken] = ()


def end_page(
    connection: sa.Connection, end: PageEnd, taken: Collection[str], not_taken: Sequence[NotTaken], now: datetime
) -> None:
    """Write it all in the transaction that took the page in. `taken` are the ids of what is no longer parked.

    Raises LeaseLost: another process does this part now, and nothing of the page is written.
    """
    if end.cursor is not None:
        write_cursor(connection, end.channel, end.port, end.cursor, end.holder)
    for key in waiting_keys(connection, end.channel, end.port, taken):
        resolve_aside(connection, end.channel, end.port, key, now)
    for one in (*end.unread, *not_taken):
        put_aside(connection, (end.channel, end.port, one.key), one.why, one.raw, now)
