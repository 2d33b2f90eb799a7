"""How far each channel has gone through the tills' journals for what it is to be told.

A cursor for each epoch of each terminal: a store's commits are in the order of its lock, so what stands in the log up
to an epoch's `sequence` is complete. Nothing is written when a sale is taken in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from hub.storage import schema, schema_channels
from hub.storage.records import EpochKey
from hub.storage.upserts import upsert
from protocol.ids import StoreId, TerminalId

_JOURNAL = schema_channels.channel_journal.c
_EPOCH = schema.epoch.c


class Stretch(NamedTuple):
    """A part of one journal: beyond `after`, up to `upto`."""

    key: EpochKey
    after: int
    upto: int


class LoggedEvent(NamedTuple):
    """An event of the log that counts: neither a duplicate nor parked."""

    key: EpochKey
    sequence: int
    type: str
    raw: bytes


def start_journals(connection: sa.Connection, channel: str) -> None:
    """Put a channel's cursors behind all that tills have told so far."""
    now = sa.select(sa.literal(channel), _EPOCH.store, _EPOCH.terminal, _EPOCH.epoch, _EPOCH.sequence)
    columns = ["channel", "store", "terminal", "epoch", "sequence"]
    connection.execute(sa.insert(schema_channels.channel_journal).from_select(columns, now))


def behind(connection: sa.Connection, channel: str, limit: int) -> Sequence[Stretch]:
    """What is new for a channel, of `limit` journals at most."""
    mine = sa.and_(
        _JOURNAL.channel == channel, _JOURNAL.store == _EPOCH.store, _JOURNAL.terminal == _EPOCH.terminal,
        _JOURNAL.epoch == _EPOCH.epoch,
    )  # fmt: skip
    done = sa.func.coalesce(_JOURNAL.sequence, 0)
    query = (
        sa.select(_EPOCH.store, _EPOCH.terminal, _EPOCH.epoch, done.label("done"), _EPOCH.sequence)
        .select_from(schema.epoch.outerjoin(schema_channels.channel_journal, mine))
        .where(_EPOCH.sequence > done)
        .order_by(_EPOCH.store, _EPOCH.terminal, _EPOCH.epoch)
        .limit(limit)
    )
    return [
        Stretch(EpochKey(StoreId(row.store), TerminalId(row.terminal), row.epoch), row.done, row.sequence)
        for row in connection.execute(query)
    ]


def logged(connection: sa.Connection, stretch: Stretch, types: Sequence[str], limit: int) -> Sequence[LoggedEvent]:
    """Events of some types that count, in order; `limit` at most."""
    key = stretch.key
    event = schema.event.c
    query = (
        sa.select(event.sequence, event.type, event.raw)
        .where(
            event.store == key.store, event.terminal == key.terminal, event.epoch == key.epoch,
            event.sequence > stretch.after, event.sequence <= stretch.upto, event.type.in_(types),
            event.event_id.is_not(None), event.duplicate_of.is_(None),
        )
        .order_by(event.sequence)
        .limit(limit)
    )  # fmt: skip
    return [LoggedEvent(key, row.sequence, row.type, bytes(row.raw)) for row in connection.execute(query)]


def move_journals(connection: sa.Connection, channel: str, upto: Mapping[EpochKey, int]) -> None:
    """Write down how far a channel has gone."""
    rows = [
        {"channel": channel, "store": key.store, "terminal": key.terminal, "epoch": key.epoch, "sequence": sequence}
        for key, sequence in sorted(upto.items())
    ]
    upsert(connection, schema_channels.channel_journal, rows, replace=["sequence"])
