"""What came from a channel and could not be taken in: parked with its bytes, until the mapping is mended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from hub.storage.database import Database
from hub.storage.moments import from_us, maybe_from_us, to_us
from hub.storage.records import Alarm
from hub.storage.schema_channels import channel_aside
from hub.storage.settling import settle_alarm
from hub.storage.upserts import upsert

RAW_MAX = 1 << 20
WHY_MAX = 2_000
_PART = 500
_C = channel_aside.c


@dataclass(frozen=True)
class Aside:
    """Something that waits. `kind` is the port it came by (or "webhook"), `key` the channel's id of it."""

    channel: str
    kind: str
    key: str
    why: str
    raw: bytes
    first_at: datetime
    last_at: datetime
    count: int
    resolved_at: datetime | None = None


def put_aside(connection: sa.Connection, place: tuple[str, str, str], why: str, raw: bytes, now: datetime) -> None:
    """Park something under (channel, kind, key), or count that it could not be taken once more.

    Without bytes it keeps those that it had.
    """
    channel, kind, key = place
    moment = to_us(now)
    row = {
        "channel": channel, "kind": kind, "key": _plain(key), "why": _plain(why[:WHY_MAX]), "raw": raw[:RAW_MAX],
        "first_us": moment, "last_us": moment, "count": 1, "resolved_us": None,
    }  # fmt: skip
    changed = ["why", "last_us", "resolved_us", *(["raw"] if raw else [])]
    upsert(connection, channel_aside, [row], add=["count"], replace=changed)
    _tell(connection, channel, now)


def resolve_aside(connection: sa.Connection, channel: str, kind: str, key: str, now: datetime) -> bool:
    """Say that it has been taken in; False if it was not parked."""
    mine = sa.and_(_C.channel == channel, _C.kind == kind, _C.key == key, _C.resolved_us.is_(None))
    if not connection.execute(sa.update(channel_aside).where(mine).values(resolved_us=to_us(now))).rowcount:
        return False
    _tell(connection, channel, now)
    return True


def waiting_keys(connection: sa.Connection, channel: str, kind: str, keys: Collection[str]) -> list[str]:
    """Those of these ids that are parked."""
    waiting = sa.select(_C.key).where(_C.channel == channel, _C.kind == kind, _C.resolved_us.is_(None))
    wanted = sorted(set(keys))
    parts = (wanted[start : start + _PART] for start in range(0, len(wanted), _PART))
    return [key for part in parts for key in connection.execute(waiting.where(_C.key.in_(part))).scalars()]


class SqlAsideStore:
    """What is parked of all channels."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, place: tuple[str, str, str], why: str, raw: bytes, now: datetime) -> None:
        """See `put_aside`."""
        with self._database.write() as connection:
            put_aside(connection, place, why, raw, now)

    def resolve(self, place: tuple[str, str, str], now: datetime, *, parked_before: datetime) -> bool:
        """As `resolve_aside`, of what has been parked since before a moment."""
        channel, kind, key = place
        old = sa.select(_C.key).where(
            _C.channel == channel, _C.kind == kind, _C.key == key, _C.first_us < to_us(parked_before)
        )
        with self._database.write() as connection:
            return connection.execute(old).first() is not None and resolve_aside(connection, channel, kind, key, now)

    def waiting(self, channel: str, kind: str = "", *, limit: int = 100, offset: int = 0) -> Sequence[Aside]:
        """What is parked, the oldest first."""
        # Named anew: a row is a tuple, which has a method "count".
        query = sa.select(channel_aside, _C["count"].label("times")).where(
            _C.channel == channel, _C.resolved_us.is_(None)
        )
        if kind:
            query = query.where(_C.kind == kind)
        query = query.order_by(_C.first_us, _C.kind, _C.key).limit(limit).offset(offset)
        with self._database.read() as connection:
            return [_aside(row) for row in connection.execute(query)]

    def keys(self, channel: str, kind: str, limit: int) -> Sequence[str]:
        """The ids of what is parked, the oldest first."""
        query = sa.select(_C.key).where(_C.channel == channel, _C.kind == kind, _C.resolved_us.is_(None))
        with self._database.read() as connection:
            return list(connection.execute(query.order_by(_C.first_us, _C.key).limit(limit)).scalars())

    def counts(self, channel: str) -> dict[str, int]:
        """How much is parked, by kind."""
        query = sa.select(_C.kind, sa.func.count()).where(_C.channel == channel, _C.resolved_us.is_(None))
        with self._database.read() as connection:
            return {row[0]: row[1] for row in connection.execute(query.group_by(_C.kind))}


def _plain(text: str) -> str:
    # A vendor's word may be anything; neither a zero character nor half a surrogate pair fits into a text column.
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()


def _aside(row: sa.Row[tuple[object, ...]]) -> Aside:
    return Aside(
        row.channel, row.kind, row.key, row.why, bytes(row.raw), from_us(row.first_us), from_us(row.last_us),
        row.times, maybe_from_us(row.resolved_us),
    )  # fmt: skip


def _tell(connection: sa.Connection, channel: str, now: datetime) -> None:
    """One alarm a channel, whatever is parked of it."""
    waiting = sa.and_(_C.channel == channel, _C.resolved_us.is_(None))
    count = connection.execute(sa.select(sa.func.count()).where(waiting).select_from(channel_aside)).scalar_one()
    oldest = connection.execute(
        sa.select(_C.kind, _C.key, _C.why).where(waiting).order_by(_C.first_us, _C.kind, _C.key).limit(1)
    ).first()
    alarm = None
    if oldest is not None:
        alarm = Alarm("channel_aside", "", "", f"{count}: {oldest.kind} {oldest.key}: {oldest.why}", subject=channel)
    settle_alarm(connection, "channel_aside", channel, alarm, to_us(now))
