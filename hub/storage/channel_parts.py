"""The parts of channels' work: who does one, how far it is, and how it fails, for all hub processes alike.

A part is taken for a while (a lease): a process that dies holds it no longer than that. What depends on being the only
one is written with `holder`, and refused when another has taken over meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.errors import LeaseLost
from hub.storage import schema_channels as schema
from hub.storage.channel_records import PartState, PartTimes
from hub.storage.database import Database
from hub.storage.moments import maybe_from_us, maybe_us, to_us
from hub.storage.upserts import insert_for

PROBLEM_CHARS_MAX = 2_000
_PART = schema.channel_part.c


class SqlChannelParts:
    """See `schema_channels.channel_part`. Thread-safe."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def state(self, channel: str, part: str) -> PartState:
        """How a part is; as new for one that never ran."""
        with self._database.read() as connection:
            return part_state(connection, channel, part)

    def states(self, channel: str | None = None) -> Mapping[tuple[str, str], PartState]:
        """How all parts are, by channel and part; of one channel only, if it is named."""
        query = sa.select(schema.channel_part).order_by(_PART.channel, _PART.part)
        if channel is not None:
            query = query.where(_PART.channel == channel)
        with self._database.read() as connection:
            return {(row.channel, row.part): _state(row) for row in connection.execute(query)}

    def take(self, channel: str, part: str, holder: str, now: datetime, until: datetime) -> bool:
        """Take a part, or keep it, until a moment; False if another process has it."""
        free = sa.or_(_PART.holder.in_(["", holder]), _PART.held_until_us.is_(None), _PART.held_until_us < to_us(now))
        change = sa.update(schema.channel_part).where(_mine(channel, part), free)
        with self._database.write() as connection:
            _ensure(connection, channel, part)
            return connection.execute(change.values(holder=holder, held_until_us=to_us(until))).rowcount == 1

    def keep(self, times: Sequence[PartTimes], holder: str, until: datetime) -> None:
        """Go on holding those parts that are held, and note when they were asked and fine."""
        with self._database.write() as connection:
            for one in times:
                mine = _mine(one.channel, one.part)
                _ensure(connection, one.channel, one.part)
                noted = {"asked_us": maybe_us(one.asked_at), "fine_us": maybe_us(one.fine_at)}
                values = {name: value for name, value in noted.items() if value is not None}
                if values:
                    connection.execute(sa.update(schema.channel_part).where(mine).values(values))
                held = sa.update(schema.channel_part).where(mine, _PART.holder == holder)
                connection.execute(held.values(held_until_us=to_us(until)))

    def release(self, channel: str, part: str, holder: str) -> None:
        """Let another process take a part at once."""
        change = sa.update(schema.channel_part).where(_mine(channel, part), _PART.holder == holder)
        with self._database.write() as connection:
            connection.execute(change.values(holder="", held_until_us=None))

    def forget_holder(self, name: str) -> None:
        """Let go of what former processes called `name:...` held: they are dead."""
        change = sa.update(schema.channel_part).where(_PART.holder.startswith(f"{name}:", autoescape=True))
        with self._database.write() as connection:
            connection.execute(change.values(holder="", held_until_us=None))

    def failed(self, channel: str, part: str, failures: int, not_before: datetime, problem: str) -> None:
        """Note a failure: nothing is tried before `not_before`, by no process."""
        change = sa.update(schema.channel_part).where(_mine(channel, part))
        values = {"failures": failures, "not_before_us": to_us(not_before), "problem": problem[:PROBLEM_CHARS_MAX]}
        with self._database.write() as connection:
            _ensure(connection, channel, part)
            connection.execute(change.values(values))

    def fine(self, channel: str, part: str, now: datetime) -> None:
        """Note that it works again."""
        change = sa.update(schema.channel_part).where(_mine(channel, part))
        values = {"failures": 0, "not_before_us": None, "problem": "", "asked_us": to_us(now), "fine_us": to_us(now)}
        with self._database.write() as connection:
            _ensure(connection, channel, part)
            connection.execute(change.values(values))

    def forgive(self, channel: str, part: str) -> None:
        """Try a part that fails again at once: somebody has mended the cause."""
        change = sa.update(schema.channel_part).where(_mine(channel, part))
        with self._database.write() as connection:
            connection.execute(change.values(failures=0, not_before_us=None))

    def probe(self, channel: str, part: str, now: datetime, until: datetime) -> bool:
        """Be the one process that tries a part that has failed for long; others then wait until `until`."""
        due = sa.and_(_PART.failures > 0, sa.or_(_PART.not_before_us.is_(None), _PART.not_before_us <= to_us(now)))
        change = sa.update(schema.channel_part).where(_mine(channel, part), due)
        with self._database.write() as connection:
            return connection.execute(change.values(not_before_us=to_us(until))).rowcount == 1

    def save_cursor(self, channel: str, part: str, cursor: str, holder: str | None = None) -> None:
        """Write down how far a part is; with `holder`, only while that one has it. Raises LeaseLost."""
        with self._database.write() as connection:
            write_cursor(connection, channel, part, cursor, holder)

    def forget(self, channel: str, part: str) -> None:
        """Forget a part that is not wanted (any more); should it be, it begins anew."""
        with self._database.read() as connection:
            if connection.execute(sa.select(_PART.part).where(_mine(channel, part))).first() is None:
                return
        with self._database.write() as connection:
            connection.execute(sa.delete(schema.channel_part).where(_mine(channel, part)))

    def count_up(self, channel: str, part: str) -> None:
        """Add one to a cursor that is a number: a part that is none, and others look at whether it moved."""
        with self._database.write() as connection:
            count_up(connection, channel, part)


def part_state(connection: sa.Connection, channel: str, part: str) -> PartState:
    """How a part is, within a caller's transaction."""
    row = connection.execute(sa.select(schema.channel_part).where(_mine(channel, part))).first()
    return PartState() if row is None else _state(row)


def write_cursor(connection: sa.Connection, channel: str, part: str, cursor: str, holder: str | None = None) -> None:
    """As `SqlChannelParts.save_cursor`, within a caller's transaction."""
    _ensure(connection, channel, part)
    change = sa.update(schema.channel_part).where(_mine(channel, part))
    if holder is not None:
        change = change.where(_PART.holder == holder)
    if connection.execute(change.values(cursor=cursor)).rowcount != 1:
        raise LeaseLost(f"channel {channel}: another hub process does {part} now; this one leaves it")


def count_up(connection: sa.Connection, channel: str, part: str) -> None:
    """As `SqlChannelParts.count_up`, within a caller's transaction."""
    _ensure(connection, channel, part)
    query = sa.select(_PART.cursor).where(_mine(channel, part)).with_for_update()
    number = int(connection.execute(query).scalar_one() or 0)
    connection.execute(sa.update(schema.channel_part).where(_mine(channel, part)).values(cursor=str(number + 1)))


def _ensure(connection: sa.Connection, channel: str, part: str) -> None:
    insert_for(connection, schema.channel_part, {"channel": channel, "part": part})


def _mine(channel: str, part: str) -> sa.ColumnElement[bool]:
    return sa.and_(_PART.channel == channel, _PART.part == part)


def _state(row: sa.Row[tuple[object, ...]]) -> PartState:
    return PartState(
        cursor=row.cursor, asked_at=maybe_from_us(row.asked_us), fine_at=maybe_from_us(row.fine_us),
        failures=row.failures, not_before=maybe_from_us(row.not_before_us), problem=row.problem, holder=row.holder,
        held_until=maybe_from_us(row.held_until_us),
    )  # fmt: skip
