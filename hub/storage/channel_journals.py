"""How far each channel has gone through the tills' journals for what it is to be told.

A cursor for each epoch of each terminal: a store's commits are in the order of its lock, so what stands in the log up
to an epoch's `sequence` is complete. Nothing is written when a sale is taken in. What is parked is passed over; when it
is replayed, it is news once more (see `read_again`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from hub.storage import schema, schema_channels
from hub.storage.channel_outbox import hurry_lanes, tell
from hub.storage.channel_parts import write_cursor
from hub.storage.channel_records import Message
from hub.storage.database import Database
from hub.storage.read_again import counts
from hub.storage.records import EpochKey
from hub.storage.upserts import upsert
from protocol.ids import StoreId, TerminalId

JOURNAL_PART = "journal"
_JOURNAL = schema_channels.channel_journal.c
_AGAIN = schema_channels.channel_again.c
_EPOCH = schema.epoch.c
_MINE = sa.and_(
    _JOURNAL.store == _EPOCH.store, _JOURNAL.terminal == _EPOCH.terminal, _JOURNAL.epoch == _EPOCH.epoch
)  # fmt: skip
_DONE = sa.func.coalesce(_JOURNAL.sequence, 0)
_PLACE = (_EPOCH.store, _EPOCH.terminal, _EPOCH.epoch)


class LoggedEvent(NamedTuple):
    """An event of the log that counts: neither a duplicate nor parked."""

    key: EpochKey
    sequence: int
    id: str
    type: str
    raw: bytes


@dataclass(frozen=True)
class News:
    """What is new in the log for a channel, and how far it has gone when that is done.

    `again` are places of events that were parked and count now: such news comes apart, and moves no cursor.
    """

    events: Sequence[LoggedEvent]
    upto: Mapping[EpochKey, int]
    more: bool
    again: Collection[tuple[EpochKey, int]] = ()


@dataclass(frozen=True)
class ToTell:
    """What follows from news: rows for the outbox, now and for later, and the lanes whose waiting is over."""

    now: Sequence[Message] = ()
    later: Sequence[Message] = ()
    later_at: datetime | None = None
    came: Collection[str] = ()


class SqlChannelJournals:
    """See `schema_channels.channel_journal`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def heads(self) -> Mapping[str, int]:
        """How far each store is; the same as before means that there is no news."""
        with self._database.read() as connection:
            return {row.name: row.revision for row in connection.execute(sa.select(schema.feed))}

    def news(self, channel: str, types: Collection[str], limit: int) -> News:
        """Events of some types that the channel has not been through, in order within each journal."""
        mine = sa.and_(_MINE, _JOURNAL.channel == channel)
        behind = schema.epoch.outerjoin(schema_channels.channel_journal, mine)
        moved = sa.select(*_PLACE, _EPOCH.sequence, _DONE.label("done")).select_from(behind)
        with self._database.read() as connection:
            again = _again(connection, channel, types, limit)
            if again is not None:
                return again
            rows = connection.execute(moved.where(_EPOCH.sequence > _DONE).order_by(*_PLACE)).all()
            upto = {_key(row.store, row.terminal, row.epoch): row.sequence for row in rows}
            if not upto:
                events: list[LoggedEvent] = []
            elif self._database.is_sqlite:
                after = {_key(row.store, row.terminal, row.epoch): row.done for row in rows}
                events = _one_by_one(connection, after, upto, types, limit)
            else:
                events = _together(connection, behind, types, limit)
        if len(events) < limit:
            return News(events, upto, more=False)
        # Journals come one after the other, in an order that is the database's own: only the last may go on.
        last = events[-1]
        reached = {event.key: upto[event.key] for event in events}
        return News(events, {**reached, last.key: last.sequence}, more=True)

    def write(self, channel: str, holder: str, news: News, told: ToTell, now: datetime) -> None:
        """Put into the outbox what follows from news, and move on, all or nothing. Raises LeaseLost."""
        with self._database.write() as connection:
            write_cursor(connection, channel, JOURNAL_PART, "on", holder)
            tell(connection, channel, told.now, now)
            tell(connection, channel, told.later, now, due=told.later_at)
            hurry_lanes(connection, channel, told.came, now)
            rows = [
                {"channel": channel, "store": key.store, "terminal": key.terminal, "epoch": key.epoch, "sequence": done}
                for key, done in sorted(news.upto.items())
            ]
            upsert(connection, schema_channels.channel_journal, rows, replace=["sequence"])
            for key, sequence in news.again:
                connection.execute(
                    sa.delete(schema_channels.channel_again).where(_AGAIN.channel == channel, _at(key, sequence))
                )

    def their_orders(self, channel: str, orders: Collection[str]) -> Mapping[str, str]:
        """Which of our orders are the channel's, and what it calls them."""
        order = schema_channels.channel_order.c
        # The channel is looked at here: SQLite would else take an index that begins with it, and read all its orders.
        query = sa.select(order.channel, order.order_id, order.key).where(
            order.order_id.in_(sorted(orders)), order.own.is_(False)
        )
        with self._database.read() as connection:
            return {row.order_id: row.key for row in connection.execute(query) if row.channel == channel}

    def passed_receipts(self, channel: str, numbers: Collection[str]) -> frozenset[str]:
        """Which of these receipts are sales that the channel has been told, or never will be: it is beyond them."""
        sale = schema.sale.c
        passed = sa.and_(
            _JOURNAL.channel == channel, _JOURNAL.store == sale.store, _JOURNAL.terminal == sale.terminal,
            _JOURNAL.epoch == sale.epoch, _JOURNAL.sequence >= sale.sequence,
        )  # fmt: skip
        still = sa.exists().where(
            _AGAIN.channel == channel, _AGAIN.store == sale.store, _AGAIN.terminal == sale.terminal,
            _AGAIN.epoch == sale.epoch, _AGAIN.sequence == sale.sequence,
        ).correlate(schema.sale)  # fmt: skip
        query = (
            sa.select(sale.receipt_number)
            .select_from(schema.sale.join(schema_channels.channel_journal, passed))
            .where(sale.receipt_number.in_(sorted(numbers)), sale.kind == "sale", ~still)
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def sale_id(self, receipt: str, nearest: str) -> str:
        """The event id of a sale by its receipt's number, in any store (`nearest` first); "" for an unknown one."""
        sale, event = schema.sale.c, schema.event.c
        place = sa.and_(
            event.store == sale.store, event.terminal == sale.terminal, event.epoch == sale.epoch,
            event.sequence == sale.sequence,
        )  # fmt: skip
        query = (
            sa.select(event.event_id)
            .select_from(schema.sale.join(schema.event, place))
            .where(sale.receipt_number == receipt, sale.kind == "sale", event.duplicate_of.is_(None))
            .order_by(sa.case((sale.store == nearest, 0), else_=1), sale.position.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar() or ""


def start_journals(connection: sa.Connection, channel: str) -> None:
    """Put a channel's cursors behind all that tills have told so far."""
    now = sa.select(sa.literal(channel), _EPOCH.store, _EPOCH.terminal, _EPOCH.epoch, _EPOCH.sequence)
    columns = ["channel", "store", "terminal", "epoch", "sequence"]
    connection.execute(sa.insert(schema_channels.channel_journal).from_select(columns, now))


def _counting(types: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.and_(schema.event.c.type.in_(sorted(types)), counts())


def _at(key: EpochKey, sequence: int) -> sa.ColumnElement[bool]:
    return sa.and_(
        _AGAIN.store == key.store, _AGAIN.terminal == key.terminal, _AGAIN.epoch == key.epoch,
        _AGAIN.sequence == sequence,
    )  # fmt: skip


def _again(connection: sa.Connection, channel: str, types: Collection[str], limit: int) -> News | None:
    """What was parked and counts now."""
    event = schema.event.c
    same = sa.and_(
        event.store == _AGAIN.store, event.terminal == _AGAIN.terminal, event.epoch == _AGAIN.epoch,
        event.sequence == _AGAIN.sequence,
    )  # fmt: skip
    wanted = _counting(types).label("wanted")
    query = (
        sa.select(schema_channels.channel_again, event.event_id, event.type, event.raw, wanted)
        .select_from(schema_channels.channel_again.join(schema.event, same))
        .where(_AGAIN.channel == channel)
        .order_by(_AGAIN.store, _AGAIN.terminal, _AGAIN.epoch, _AGAIN.sequence)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    if not rows:
        return None
    places = [(_key(row.store, row.terminal, row.epoch), row.sequence) for row in rows]
    events = [
        LoggedEvent(key, sequence, row.event_id, row.type, bytes(row.raw))
        for (key, sequence), row in zip(places, rows, strict=True)
        if row.wanted
    ]
    return News(events, {}, more=True, again=places)


def _together(
    connection: sa.Connection, behind: sa.FromClause, types: Collection[str], limit: int
) -> list[LoggedEvent]:  # fmt: skip
    """One query for all journals."""
    event = schema.event.c
    logged = sa.and_(
        event.store == _EPOCH.store, event.terminal == _EPOCH.terminal, event.epoch == _EPOCH.epoch,
        event.sequence > _DONE, event.sequence <= _EPOCH.sequence, _counting(types),
    )  # fmt: skip
    query = (
        sa.select(*_PLACE, event.sequence, event.event_id, event.type, event.raw)
        .select_from(sa.join(behind, schema.event, logged))
        .where(_EPOCH.sequence > _DONE)
        .order_by(*_PLACE, event.sequence)
        .limit(limit)
    )
    return [
        LoggedEvent(_key(row.store, row.terminal, row.epoch), row.sequence, row.event_id, row.type, bytes(row.raw))
        for row in connection.execute(query)
    ]


def _one_by_one(
    connection: sa.Connection, after: Mapping[EpochKey, int], upto: Mapping[EpochKey, int], types: Collection[str],
    limit: int,
) -> list[LoggedEvent]:  # fmt: skip
    """A query for each journal: SQLite would begin a query for all at the log, and go through the whole of it."""
    event = schema.event.c
    found: list[LoggedEvent] = []
    for key, done in after.items():
        query = (
            sa.select(event.sequence, event.event_id, event.type, event.raw)
            .where(
                event.store == key.store, event.terminal == key.terminal, event.epoch == key.epoch,
                event.sequence > done, event.sequence <= upto[key], _counting(types),
            )
            .order_by(event.sequence)
            .limit(limit - len(found))
        )  # fmt: skip
        rows = connection.execute(query)
        found += [LoggedEvent(key, row.sequence, row.event_id, row.type, bytes(row.raw)) for row in rows]
        if len(found) >= limit:
            break
    return found


def _key(store: str, terminal: str, epoch: int) -> EpochKey:
    return EpochKey(StoreId(store), TerminalId(terminal), epoch)
