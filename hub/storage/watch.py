"""What the hub notes about its own work, on a real database: latency, refused messages, alarms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import to_us
from hub.storage.port import BadFrame
from hub.storage.records import Alarm
from hub.storage.upserts import count_up_alarms, upsert

LATENCY_MINUTES_KEPT = 7 * 24 * 60
BAD_FRAMES_KEPT = 200


class SqlWatchStore:
    """See `WatchStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record_latency(self, counts: Mapping[tuple[int, int], int], now: datetime) -> None:
        """See WatchStore."""
        rows = [{"minute": m, "bucket": bucket, "count": count} for (m, bucket), count in sorted(counts.items())]
        oldest = int(now.timestamp()) // 60 - LATENCY_MINUTES_KEPT
        with self._database.write() as connection:
            upsert(connection, schema.latency, rows, add=["count"])
            connection.execute(sa.delete(schema.latency).where(schema.latency.c.minute < oldest))

    def record_bad_frames(self, frames: Sequence[BadFrame]) -> None:
        """See WatchStore."""
        rows = [
            {
                "at_us": to_us(frame.at), "topic": _plain(frame.topic), "reason": frame.reason,
                "text": _plain(frame.text), "sample": frame.sample,
            }
            for frame in frames
        ]  # fmt: skip
        position = schema.bad_frame.c.position
        with self._database.write() as connection:
            if rows:
                connection.execute(sa.insert(schema.bad_frame), rows)
            newest = connection.execute(sa.select(sa.func.max(position))).scalar() or 0
            connection.execute(sa.delete(schema.bad_frame).where(position <= newest - BAD_FRAMES_KEPT))

    def raise_alarms(self, alarms: Sequence[Alarm], now: datetime) -> None:
        """See WatchStore."""
        if alarms:
            with self._database.write() as connection:
                count_up_alarms(connection, alarms, now)

    def close_alarms(self, kind: str | None, now: datetime) -> int:
        """See WatchStore."""
        alarm = schema.alarm.c
        statement = sa.update(schema.alarm).where(alarm.closed_us.is_(None)).values(closed_us=to_us(now), count=0)
        with self._database.write() as connection:
            return connection.execute(statement if kind is None else statement.where(alarm.kind == kind)).rowcount


def _plain(text: str) -> str:
    # A topic is whatever a stranger sent; neither a zero character nor half a surrogate pair fits into a text column.
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()
