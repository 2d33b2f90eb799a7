"""Webhooks as they came: each event once, kept until the part of the work that it concerns has looked.

What a person asks to be tried again is written here, too: it is a hint as any other, for whichever process does the
work. `event` begins with the port, since one webhook may tell two of them something.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
import sqlalchemy as sa

from hub.storage.channel_asides import resolve_aside
from hub.storage.database import Database
from hub.storage.moments import to_us
from hub.storage.schema_channels import channel_aside, channel_heard
from hub.storage.upserts import insert_for

KEPT = timedelta(days=14)
"""Longer than any vendor sends a webhook again."""
EVENT_CHARS_MAX = 200
HEADERS_BYTES_MAX = 8_192
NEVER_KEPT = frozenset({"authorization", "cookie", "proxy-authorization"})
WEBHOOK = "webhook"
NAMED = frozenset({"orders", "counts"})
"""Ports whose things can be asked for one by one."""
_C = channel_heard.c
_ASIDE = channel_aside.c
# In words of their own, not as parameters: else the index over what waits could not be used, and every look, each two
# seconds, would go through all that was ever heard.
_NEW = sa.and_(_C.state != sa.text("'done'"), _C.state == sa.text("'new'"))


@dataclass(frozen=True)
class HeardHint:
    """What a webhook says changed. `again`: all is to be read anew, from the beginning."""

    key: str = ""
    again: bool = False


@dataclass(frozen=True)
class Heard:
    """A hint that waits, and the row that it stands in."""

    position: int
    hints: Sequence[HeardHint]


class SqlHeardStore:
    """What was heard from channels. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def hear(
        self,
        channel: str,
        hints: Mapping[str, tuple[str, Sequence[HeardHint]]],
        request: tuple[Mapping[str, str], bytes],
        now: datetime,
    ) -> bool:
        """Keep a webhook: by port, its event's id and what it says; False if this very one was kept before."""
        headers, body = request
        new = False
        with self._database.write() as connection:
            for port, (event, said) in hints.items():
                new |= _keep(connection, (channel, f"{port}/{_short(event)}"), said, (_headers(headers), body), now)
        return new

    def new(self, channel: str, port: str, limit: int) -> Sequence[Heard]:
        """What waits for a port, the oldest first."""
        query = sa.select(_C.position, _C.hints).where(
            _C.channel == channel, _NEW, _C.event.startswith(f"{port}/", autoescape=True)
        )
        with self._database.read() as connection:
            return [
                Heard(row.position, msgspec.json.decode(row.hints, type=list[HeardHint]))
                for row in connection.execute(query.order_by(_C.position).limit(limit))
            ]

    def done(self, positions: Collection[int], now: datetime) -> None:
        """What these say has been looked at."""
        mine = _C.position.in_(sorted(positions))
        with self._database.write() as connection:
            connection.execute(sa.update(channel_heard).where(mine).values(state="done", done_us=to_us(now)))

    def forget(self, channel: str, now: datetime) -> int:
        """Delete what is done for long; returns how many."""
        old = sa.and_(_C.channel == channel, _C.state == "done", _C.heard_us < to_us(now - KEPT))
        with self._database.write() as connection:
            return connection.execute(sa.delete(channel_heard).where(old)).rowcount

    def replay_aside(self, channel: str, now: datetime, *, kind: str = "", key: str = "") -> int:
        """Have what is parked tried again (all of it, or one kind, or one thing); returns how much that is.

        What can be asked for by its id is; for the rest its port is read from the beginning.
        """
        waiting = sa.and_(_ASIDE.channel == channel, _ASIDE.resolved_us.is_(None))
        if kind:
            waiting = sa.and_(waiting, _ASIDE.kind == kind)
        if key:
            waiting = sa.and_(waiting, _ASIDE.key == key)
        with self._database.write() as connection:
            rows = connection.execute(sa.select(_ASIDE.kind, _ASIDE.key).where(waiting)).all()
            for port in sorted({row.kind for row in rows} - {WEBHOOK}):
                named = [HeardHint(row.key) for row in rows if row.kind == port]
                said = named if port in NAMED else [HeardHint(again=True)]
                _keep(connection, (channel, f"{port}/replay {to_us(now)}"), said, ("{}", b""), now)
            webhooks = [row.key for row in rows if row.kind == WEBHOOK]
            for one in webhooks:
                resolve_aside(connection, channel, WEBHOOK, one, now)
            if webhooks:  # nobody can read them, but what they are about can be looked for
                for port in ("orders", "catalogue", "customers", "payments"):
                    _keep(connection, (channel, f"{port}/replay webhook {to_us(now)}"), [HeardHint()], ("{}", b""), now)
        return len(rows)


def _keep(
    connection: sa.Connection, place: tuple[str, str], hints: Sequence[HeardHint], request: tuple[str, bytes],
    now: datetime,
) -> bool:  # fmt: skip
    channel, event = place
    headers, body = request
    row = {
        "channel": channel, "event": event, "heard_us": to_us(now), "headers": headers, "body": body,
        "hints": msgspec.json.encode(hints).decode(), "state": "new",
    }  # fmt: skip
    return insert_for(connection, channel_heard, row)


def _short(event: str) -> str:
    text = event.replace("\x00", "")
    return text if len(text) <= EVENT_CHARS_MAX else hashlib.sha256(event.encode()).hexdigest()


def _headers(headers: Mapping[str, str]) -> str:
    kept = {name: value.replace("\x00", "") for name, value in headers.items() if name not in NEVER_KEPT}
    text = msgspec.json.encode(kept)
    return text.decode() if len(text) <= HEADERS_BYTES_MAX else "{}"
