"""The links of channels: which of our words is which of theirs.

What a person said is not overwritten by what was found. Links of kinds that grow with every sale (`MANY`) are looked up
one by one; all others together are a channel's mapping, whose changes are counted, so that a process knows when to read
it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

import msgspec
import sqlalchemy as sa

from hub.storage import schema_channels as schema
from hub.storage.channel_parts import count_up, part_state
from hub.storage.channel_records import LinkRow
from hub.storage.database import Database
from hub.storage.moments import from_us, to_us
from hub.storage.upserts import upsert

MANY = ("sale", "order", "customer")
LINKS_PART = "links"
"""The part whose cursor counts how often a channel's mapping has changed."""
_AT_ONCE = 500
_LINK = schema.channel_link.c


class SqlChannelLinks:
    """See `schema_channels.channel_link`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def version(self, channel: str) -> int:
        """How often the mapping has changed."""
        with self._database.read() as connection:
            return links_version(connection, channel)

    def mapping(self, channel: str) -> tuple[int, Sequence[LinkRow]]:
        """The mapping and its version, as one moment of the database saw them; without the kinds `MANY`."""
        query = sa.select(schema.channel_link).where(_LINK.channel == channel, _LINK.kind.not_in(MANY))
        with self._database.read() as connection:
            version = links_version(connection, channel)
            return version, [_link(row) for row in connection.execute(query)]

    def find(self, channel: str, kind: str, *, ours: str | None = None, theirs: str | None = None) -> Sequence[LinkRow]:
        """Links of a kind by one of both words."""
        query = sa.select(schema.channel_link).where(_LINK.channel == channel, _LINK.kind == kind)
        if ours is not None:
            query = query.where(_LINK.ours == ours)
        if theirs is not None:
            query = query.where(_LINK.theirs == theirs)
        with self._database.read() as connection:
            return [_link(row) for row in connection.execute(query.order_by(_LINK.ours))]

    def page(self, channel: str, kind: str, after: str, limit: int) -> Sequence[LinkRow]:
        """Links of a kind by our word, beyond `after`."""
        query = sa.select(schema.channel_link).where(_LINK.channel == channel, _LINK.kind == kind, _LINK.ours > after)
        with self._database.read() as connection:
            return [_link(row) for row in connection.execute(query.order_by(_LINK.ours).limit(limit))]

    def put(self, channel: str, links: Sequence[LinkRow], now: datetime) -> int:
        """Add or change links; returns how many changed. A found one gives way to one that was made by hand."""
        with self._database.write() as connection:
            return put_links(connection, channel, links, now)

    def delete(self, channel: str, kind: str, ours: Collection[str]) -> int:
        """Take links away, by our words; returns how many there were."""
        gone = 0
        with self._database.write() as connection:
            for part in _parts(sorted(set(ours))):
                mine = sa.and_(_LINK.channel == channel, _LINK.kind == kind, _LINK.ours.in_(part))
                gone += connection.execute(sa.delete(schema.channel_link).where(mine)).rowcount
            if gone and kind not in MANY:
                count_up(connection, channel, LINKS_PART)
        return gone


def links_version(connection: sa.Connection, channel: str) -> int:
    """As `SqlChannelLinks.version`, within a caller's transaction."""
    return int(part_state(connection, channel, LINKS_PART).cursor or 0)


def put_links(connection: sa.Connection, channel: str, links: Sequence[LinkRow], now: datetime) -> int:
    """As `SqlChannelLinks.put`, within a caller's transaction."""
    changed = 0
    for kind in sorted({link.kind for link in links}):
        wanted = {link.ours: link for link in links if link.kind == kind}
        changed_here = sum(
            _put_some(connection, channel, kind, [wanted[ours] for ours in part], now)
            for part in _parts(sorted(wanted))
        )
        changed += changed_here
        if changed_here and kind not in MANY:
            count_up(connection, channel, LINKS_PART)
    return changed


def _put_some(connection: sa.Connection, channel: str, kind: str, links: Sequence[LinkRow], now: datetime) -> int:
    mine = sa.and_(_LINK.channel == channel, _LINK.kind == kind)
    query = sa.select(schema.channel_link).where(mine, _LINK.ours.in_([link.ours for link in links]))
    known = {row.ours: _link(row) for row in connection.execute(query.with_for_update())}
    new = [link for link in links if _replaces(link, known.get(link.ours))]
    if not new:
        return 0
    rows: list[dict[str, object]] = [
        {
            "channel": channel, "kind": kind, "ours": link.ours, "theirs": link.theirs, "more": _text(link),
            "by_hand": link.by_hand, "at_us": to_us(now),
        }
        for link in new
    ]  # fmt: skip
    upsert(connection, schema.channel_link, rows, replace=["theirs", "more", "by_hand", "at_us"])
    return len(new)


def _replaces(new: LinkRow, known: LinkRow | None) -> bool:
    if known is None:
        return True
    if known.by_hand and not new.by_hand:
        return False
    return (known.theirs, dict(known.more), known.by_hand) != (new.theirs, dict(new.more), new.by_hand)


def _link(row: sa.Row[tuple[object, ...]]) -> LinkRow:
    more = {} if row.more == "{}" else msgspec.json.decode(row.more, type=dict[str, str])
    return LinkRow(row.kind, row.ours, row.theirs, more, row.by_hand, from_us(row.at_us))


def _text(link: LinkRow) -> str:
    return msgspec.json.encode(dict(sorted(link.more.items()))).decode()


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _AT_ONCE):
        yield values[start : start + _AT_ONCE]
