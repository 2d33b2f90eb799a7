"""What was parked and counts now, for those that follow the journals: they had gone past it.

A follower that is between its reading and its writing when an event is replayed has not seen it, and moves its cursor
on: setting cursors back would race with it. So whoever replays leaves a row for each follower in the same transaction,
and none of them looks at what is still parked.
"""

from __future__ import annotations

import sqlalchemy as sa

from hub.storage import schema

ROW = "store, terminal, epoch, sequence"
"""The columns of a place; the statements take one as (store, terminal, epoch, sequence)."""
_PLACE = "parked.store = {0} AND parked.terminal = {0} AND parked.epoch = {0} AND parked.sequence = {0}"
CHANNELS_AGAIN = (
    f"INSERT INTO channel_again (channel, {ROW}) "  # noqa: S608 - names from our own code only
    "SELECT DISTINCT channel.name, parked.store, parked.terminal, parked.epoch, parked.sequence "
    "FROM channel JOIN parked ON channel.created_us <= parked.parked_us "
    f"WHERE parked.reason <> 'fork' AND {_PLACE} ON CONFLICT DO NOTHING"
)
"""For each channel but those that were set up later: these are not told what came before them."""
MONEY_AGAIN = f"INSERT INTO money_again ({ROW}) VALUES ({{0}}, {{0}}, {{0}}, {{0}}) ON CONFLICT DO NOTHING"  # noqa: S608 - as above


def counts() -> sa.ColumnElement[bool]:
    """Whether an event of the log counts for something: it is no duplicate, and not parked."""
    event, parked = schema.event.c, schema.parked.c
    waits = sa.exists().where(
        parked.store == event.store, parked.terminal == event.terminal, parked.epoch == event.epoch,
        parked.sequence == event.sequence, parked.resolved_us.is_(None), parked.reason != sa.text("'fork'"),
    ).correlate(schema.event)  # fmt: skip
    return sa.and_(event.event_id.is_not(None), event.duplicate_of.is_(None), ~waits)
