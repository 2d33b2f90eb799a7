"""The outbox: what is to be told to channels, written by whoever decides it, sent by whichever process claims it.

A lane is strictly in order: only its first row that is not done can be claimed, so what is parked holds back what comes
behind it. One exception: a refund that came before its sale (that till was offline) lets the sale go first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from hub.storage import schema_channels as schema
from hub.storage.channel_links import put_links
from hub.storage.channel_records import SALE, LinkRow, Message, OutboxCount, OutboxRow, OutboxState
from hub.storage.database import Database
from hub.storage.moments import from_us, maybe_from_us, to_us

KEPT = timedelta(days=30)
"""So long do rows that are done stay, for people; that a thing was told stands in the journals' cursors, too."""
PRUNED_AT_ONCE = 5_000
WORDS_CHARS_MAX = 2_000
_ROW = schema.outbox.c
# In words of their own, not as parameters: else a prepared statement could not use the indexes over open rows.
_OPEN: sa.ColumnElement[bool] = _ROW.state != sa.text("'done'")
_WAITING = sa.and_(_OPEN, _ROW.state == sa.text("'waiting'"))


class Claim(NamedTuple):
    """Who claims rows, and until when others leave them."""

    holder: str
    now: datetime
    until: datetime


class SqlOutbox:
    """See `schema_channels.outbox`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_due(self, channel: str, kinds: Collection[str], now: datetime) -> datetime | None:
        """When it is worth to claim: now if a row is ready, else when the next becomes due; None while none will.

        Rows that another process has claimed are left out: it will say what became of them, or its claim runs out.
        """
        mine = sa.and_(_ROW.channel == channel, _WAITING, _ROW.kind.in_(kinds))
        free = sa.or_(_ROW.claimed_until_us.is_(None), _ROW.claimed_until_us < to_us(now))
        ready = sa.select(_ROW.position).where(mine, _ROW.due_us <= to_us(now), free, ~_blocked()).limit(1)
        later = sa.select(_ROW.due_us).where(mine, _ROW.due_us > to_us(now)).order_by(_ROW.due_us).limit(1)
        with self._database.read() as connection:
            if connection.execute(ready).first() is not None:
                return now
            return maybe_from_us(connection.execute(later).scalar())

    def claim(self, channel: str, kinds: Collection[str], claim: Claim, limit: int) -> Sequence[OutboxRow]:
        """Claim what may be sent now, one row of a lane at most, the longest due first."""
        now, until = claim.now, claim.until
        free = sa.or_(_ROW.claimed_until_us.is_(None), _ROW.claimed_until_us < to_us(now))
        ready = sa.and_(
            _ROW.channel == channel, _WAITING, _ROW.kind.in_(kinds), _ROW.due_us <= to_us(now), free, ~_blocked()
        )
        # By the index's own order: with the position in it PostgreSQL would sort all that waits.
        query = sa.select(schema.outbox).where(ready).order_by(_ROW.due_us).limit(limit)
        with self._database.write() as connection:
            rows = connection.execute(query.with_for_update(skip_locked=True, of=schema.outbox)).all()
            change = sa.update(schema.outbox).where(_ROW.position.in_([row.position for row in rows]))
            claimed = {"claimed_by": claim.holder, "claimed_until_us": to_us(until), "attempts": _ROW.attempts + 1}
            if rows:
                connection.execute(change.values(claimed))
        found = [_row(row, attempts=row.attempts + 1, claimed_until=until) for row in rows]
        return sorted(found, key=lambda row: row.position)

    def done(self, row: OutboxRow, holder: str, now: datetime, theirs: str, links: Sequence[LinkRow]) -> bool:
        """Write down that it is told, with the channel's id of it; False if another process has claimed it meanwhile.

        The links are written in any case: they are true.
        """
        values = {"state": "done", "theirs": theirs, "words": "", "done_us": to_us(now), "claimed_by": ""}
        with self._database.write() as connection:
            put_links(connection, row.channel, links, now)
            return _change(connection, row, holder, {**values, "claimed_until_us": None})

    def again(self, row: OutboxRow, holder: str, due: datetime, words: str) -> bool:
        """Let it be sent again later; False if another process has claimed it meanwhile."""
        values = {"due_us": to_us(due), "words": words[:WORDS_CHARS_MAX], "claimed_by": "", "claimed_until_us": None}
        with self._database.write() as connection:
            return _change(connection, row, holder, values)

    def park(self, row: OutboxRow, holder: str, words: str) -> bool:
        """Put it aside with the channel's words; what follows in its lane waits. False as in `again`."""
        values = {"state": "parked", "words": words[:WORDS_CHARS_MAX], "claimed_by": "", "claimed_until_us": None}
        with self._database.write() as connection:
            return _change(connection, row, holder, values)

    def give_back(self, rows: Sequence[OutboxRow], holder: str) -> None:
        """Let go of rows that were claimed and that nothing was done with: as if they had not been claimed."""
        if not rows:
            return
        mine = sa.and_(_ROW.position.in_([row.position for row in rows]), _ROW.claimed_by == holder)
        values = {"claimed_by": "", "claimed_until_us": None, "attempts": _ROW.attempts - 1}
        with self._database.write() as connection:
            connection.execute(sa.update(schema.outbox).where(mine, _WAITING).values(values))

    def forget_holder(self, name: str) -> None:
        """Let go of what former processes called `name:...` had claimed: they are dead. It may have been told."""
        mine = _ROW.claimed_by.startswith(f"{name}:", autoescape=True)
        with self._database.write() as connection:
            change = sa.update(schema.outbox).where(_OPEN, mine)
            connection.execute(change.values(claimed_by="", claimed_until_us=None))

    def replay(self, channel: str, now: datetime, positions: Collection[int] | None = None) -> int:
        """Let what is parked be sent again (all, or some by position); returns how many."""
        parked = sa.and_(_ROW.channel == channel, _OPEN, _ROW.state == "parked")
        if positions is not None:
            parked = sa.and_(parked, _ROW.position.in_(positions))
        with self._database.write() as connection:
            change = sa.update(schema.outbox).where(parked).values(state="waiting", due_us=to_us(now))
            return connection.execute(change).rowcount

    def hurry(self, channel: str, now: datetime) -> None:
        """Let everything that waits for a later try be tried now."""
        late = sa.and_(_ROW.channel == channel, _WAITING, _ROW.due_us > to_us(now))
        with self._database.write() as connection:
            connection.execute(sa.update(schema.outbox).where(late).values(due_us=to_us(now)))

    def rows(
        self, channel: str, *, state: OutboxState | None = None, after: int = 0, limit: int = 100
    ) -> Sequence[OutboxRow]:
        """Rows in order of position, beyond `after`."""
        query = sa.select(schema.outbox).where(_ROW.channel == channel, _ROW.position > after)
        if state is not None:
            query = query.where(_ROW.state == state)
            query = query if state == "done" else query.where(_OPEN)
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(query.order_by(_ROW.position).limit(limit))]

    def counts(self) -> Mapping[str, OutboxCount]:
        """What waits, by channel; channels for which nothing does are left out."""
        number, oldest = sa.func.count().label("number"), sa.func.min(_ROW.created_us).label("oldest")
        query = sa.select(_ROW.channel, _ROW.state, number, oldest).where(_OPEN).group_by(_ROW.channel, _ROW.state)
        found: defaultdict[str, OutboxCount] = defaultdict(OutboxCount)
        with self._database.read() as connection:
            for row in connection.execute(query):
                known = found[row.channel]
                found[row.channel] = (
                    known._replace(parked=row.number)
                    if row.state == "parked"
                    else known._replace(waiting=row.number, oldest_at=from_us(row.oldest))
                )
        return dict(found)

    def prune(self, now: datetime, kept: timedelta = KEPT) -> int:
        """Forget rows that were done long ago, some thousand at a time; returns how many."""
        old = sa.select(_ROW.position).where(_ROW.state == "done", _ROW.done_us < to_us(now - kept))
        some = old.order_by(_ROW.position).limit(PRUNED_AT_ONCE)
        with self._database.read() as connection:
            positions = list(connection.execute(some).scalars())
        if not positions:
            return 0
        with self._database.write() as connection:
            gone = sa.delete(schema.outbox).where(_ROW.position.in_(positions), _ROW.state == "done")
            return connection.execute(gone).rowcount


def tell(
    connection: sa.Connection, channel: str, messages: Sequence[Message], now: datetime, *, due: datetime | None = None
) -> None:
    """Put rows into the outbox within a caller's transaction; what is there (by kind and key) stays as it is."""
    if not messages:
        return
    rows = [
        {
            "channel": channel, "lane": one.lane, "kind": one.kind, "key": one.key, "body": one.body,
            "state": "waiting", "attempts": 0, "due_us": to_us(due or now), "created_us": to_us(now),
        }
        for one in messages
    ]  # fmt: skip
    maker = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = maker(schema.outbox).on_conflict_do_nothing(index_elements=["channel", "kind", "key"])
    connection.execute(statement, rows)


def hurry_lanes(connection: sa.Connection, channel: str, lanes: Collection[str], now: datetime) -> None:
    """Let what waits in these lanes for a later moment be sent now: what it waited for has come."""
    if lanes:
        late = sa.and_(_ROW.channel == channel, _ROW.lane.in_(sorted(lanes)), _WAITING, _ROW.attempts == 0)
        connection.execute(sa.update(schema.outbox).where(late, _ROW.due_us > to_us(now)).values(due_us=to_us(now)))


def _blocked() -> sa.ColumnElement[bool]:
    """Whether something in the same lane goes first."""
    other = schema.outbox.alias("other").c
    sale_here, sale_there = _ROW.kind == SALE, other.kind == SALE
    earlier = sa.or_(
        sa.and_(sale_there, sa.not_(sale_here)),
        sa.and_(sale_there == sale_here, other.position < _ROW.position),
    )
    mine = sa.and_(other.channel == _ROW.channel, other.lane == _ROW.lane, other.state != sa.text("'done'"), earlier)
    return sa.exists().where(mine).correlate(schema.outbox)


def _change(connection: sa.Connection, row: OutboxRow, holder: str, values: Mapping[str, object]) -> bool:
    mine = sa.and_(_ROW.position == row.position, _ROW.claimed_by == holder, _ROW.attempts == row.attempts, _OPEN)
    return connection.execute(sa.update(schema.outbox).where(mine).values(values)).rowcount == 1


def _row(
    row: sa.Row[tuple[object, ...]], *, attempts: int | None = None, claimed_until: datetime | None = None
) -> OutboxRow:
    return OutboxRow(
        position=row.position, channel=row.channel, lane=row.lane, kind=row.kind, key=row.key, body=row.body,
        state=row.state, attempts=row.attempts if attempts is None else attempts, due_at=from_us(row.due_us),
        words=row.words, theirs=row.theirs, created_at=from_us(row.created_us), done_at=maybe_from_us(row.done_us),
        claimed_until=claimed_until or maybe_from_us(row.claimed_until_us),
    )  # fmt: skip
