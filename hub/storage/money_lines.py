"""What became of tenders and payments, day by day, as it is written down.

One lock orders those who write (`money_changes.py`, `money_decisions.py`); a line belongs to one tender and one payment
for good, the tables' indexes see to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from operator import attrgetter
from typing import NamedTuple

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.moments import from_us, to_us
from hub.storage.money_records import CLOSING, DIFFERENCES, Line
from hub.storage.schema_money import money_day, money_decision, money_line, money_stale
from hub.storage.upserts import upsert

LOCK = "money"
_PART = 500
_COLUMNS = tuple(column.name for column in money_line.columns if column.name not in ("position", "differs", "decision"))
_PLAIN = tuple(name for name in _COLUMNS if name not in ("day", "at_us"))
_plain = attrgetter(*_PLAIN)
Bound = tuple[str | None, tuple[str, str] | None]


class Stands(NamedTuple):
    """A decision that stands."""

    position: int
    action: str


AROUND = timedelta(days=3)
"""So many days around a span may have what belongs to it (`matching.SPAN`)."""


@dataclass(frozen=True)
class Span:
    """Days (both included) of stores that are reconciled together, from the moment `start` until before `end`."""

    stores: tuple[str, ...]
    first: date
    last: date
    start: datetime
    end: datetime

    def has(self, line: Line) -> bool:
        """Whether a line is of these days."""
        return line.store in self.stores and self.first <= line.day <= self.last


@dataclass(frozen=True)
class Standing:
    """What stands about a span of days before it is reconciled again.

    `inside` are its lines by position. `free` are the lines of the days around it that lack one side, and so may still
    meet something from inside. `elsewhere` are the payments that belong to tenders of other days.
    """

    inside: Mapping[int, Line]
    free: Sequence[Line]
    elsewhere: frozenset[tuple[str, str]]


def standing(connection: sa.Connection, span: Span) -> Standing:
    """The lines of a span of days, and what of the days around it matters to it."""
    table = money_line.c
    mine = table.store.in_(span.stores)
    inside = sa.and_(mine, table.day >= span.first.isoformat(), table.day <= span.last.isoformat())
    before, after = (span.first - AROUND).isoformat(), (span.last + AROUND).isoformat()
    around = sa.and_(
        mine,
        sa.or_(
            sa.and_(table.day >= before, table.day < span.first.isoformat()),
            sa.and_(table.day > span.last.isoformat(), table.day <= after),
        ),
    )
    at = table.at_us + table.apart_ms * 1_000
    alone = sa.or_(table.tender.is_(None), table.payment.is_(None))
    pairs = sa.select(table.channel, table.payment).where(
        around, table.tender.is_not(None), table.payment.is_not(None),
        at >= to_us(span.start), at < to_us(span.end),
    )  # fmt: skip
    return Standing(
        {row.position: line_of(row) for row in connection.execute(sa.select(money_line).where(inside))},
        [line_of(row) for row in connection.execute(sa.select(money_line).where(around, alone))],
        frozenset((row.channel, str(row.payment)) for row in connection.execute(pairs)),
    )


def receipts_of(connection: sa.Connection, payments: Collection[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """Which receipts these (channel, key) paid, as far as it is known."""
    table = money_line.c
    found: dict[tuple[str, str], str] = {}
    by_channel: defaultdict[str, list[str]] = defaultdict(list)
    for channel, key in payments:
        by_channel[channel].append(key)
    for channel, keys in by_channel.items():
        for part in parts_of(keys):
            query = sa.select(table.payment, table.receipt).where(
                table.channel == channel, table.payment.in_(part), table.receipt != ""
            )
            found |= {(channel, row.payment): row.receipt for row in connection.execute(query)}
    return found


def standing_decisions(connection: sa.Connection, lines: Sequence[Line]) -> dict[Bound, Stands]:
    """The newest decision about each of these differences that nobody took back, if it was about this outcome."""
    table = money_decision.c
    wanted = {bound_of(line): line.outcome for line in lines}
    rows: dict[int, sa.Row[tuple[object, ...]]] = {}
    for column, keys in (
        (table.tender, [tender for tender, _ in wanted if tender is not None]),
        (table.payment, [payment[1] for _, payment in wanted if payment is not None]),
    ):
        for part in parts_of(keys):
            rows |= {row.position: row for row in connection.execute(sa.select(money_decision).where(column.in_(part)))}
    taken_back = {row.undoes for row in rows.values()}
    found: dict[Bound, Stands] = {}
    for position, row in sorted(rows.items()):
        bound = (row.tender, (row.channel, row.payment) if row.payment is not None else None)
        if row.undoes is None and position not in taken_back and wanted.get(bound) == row.outcome:
            found[bound] = Stands(position, row.action)
    return found


def add_up(connection: sa.Connection, store: str, day: str, now_us: int) -> None:
    """Add a store's day up from its lines."""
    table = money_line.c
    mine = sa.and_(table.day == day, table.store == store)
    query = (
        sa.select(
            table.channel, table.currency, table.outcome, sa.func.count().label("lines"),
            sa.func.sum(table.tendered).label("tendered"), sa.func.sum(table.paid).label("paid"),
            sa.func.sum(sa.func.coalesce(table.fee, 0)).label("fees"),
            sa.func.sum(sa.case((sa.and_(table.fee.is_(None), table.paid != 0), 1), else_=0)).label("fees_unknown"),
            sa.func.sum(sa.case((table.outcome.in_(DIFFERENCES), 1), else_=0)).label("differences"),
            sa.func.sum(table.differs).label("undecided"),
        )
        .where(mine)
        .group_by(table.channel, table.currency, table.outcome)
    )  # fmt: skip
    sums: dict[tuple[str, str], dict[str, int]] = {}
    outcomes: defaultdict[tuple[str, str], dict[str, int]] = defaultdict(dict)
    names = ("lines", "tendered", "paid", "fees", "fees_unknown", "differences", "undecided")
    for row in connection.execute(query):
        place = (row.channel, row.currency)
        before = sums.get(place, dict.fromkeys(names, 0))
        sums[place] = {name: before[name] + int(getattr(row, name)) for name in names}
        outcomes[place][row.outcome] = row.lines
    connection.execute(sa.delete(money_day).where(money_day.c.day == day, money_day.c.store == store))
    rows: list[dict[str, object]] = [
        {
            "day": day, "store": store, "channel": channel, "currency": currency, "reconciled_us": now_us,
            "outcomes": msgspec.json.encode(outcomes[channel, currency]).decode(), **added,
        }
        for (channel, currency), added in sums.items()
    ]  # fmt: skip
    upsert(connection, money_day, rows, replace=["lines"])


def lock(connection: sa.Connection) -> None:
    """Let one at a time write lines, until the transaction ends."""
    connection.execute(sa.select(schema.state.c.value).where(schema.state.c.name == LOCK).with_for_update())


def stale_days(connection: sa.Connection, limit: int) -> Mapping[tuple[str, date], int]:
    """(store, day) with the mark of what came last, oldest first."""
    table = money_stale.c
    query = sa.select(money_stale).order_by(table.day, table.store).limit(limit)
    return {(row.store, date.fromisoformat(row.day)): row.mark for row in connection.execute(query)}


def no_longer_stale(connection: sa.Connection, marks: Mapping[tuple[str, date], int]) -> None:
    """Take back the marks, but not of what something has come for meanwhile."""
    table = money_stale.c
    for (store, day), mark in marks.items():
        connection.execute(
            sa.delete(money_stale).where(table.store == store, table.day == day.isoformat(), table.mark == mark)
        )


def line_of(row: sa.Row[tuple[object, ...]]) -> Line:
    """A line of a row of the table."""
    return Line(day=date.fromisoformat(row.day), at=from_us(row.at_us), **dict(zip(_PLAIN, _plain(row), strict=True)))


def row_of(line: Line) -> dict[str, object]:
    """A line as a row of the table, without a decision."""
    row: dict[str, object] = dict(zip(_PLAIN, _plain(line), strict=True))
    row["day"], row["at_us"] = line.day.isoformat(), to_us(line.at)
    return row | decided(line, None)


def decided(line: Line, decision: Stands | None) -> dict[str, int | None]:
    """The columns that say whether somebody has to look at a line."""
    is_open = line.outcome in DIFFERENCES and (decision is None or decision.action not in CLOSING)
    return {"differs": int(is_open), "decision": None if decision is None else decision.position}


def bound_of(line: Line) -> Bound:
    """A line's tender, and its payment by channel and key."""
    return line.tender, (line.channel, line.payment) if line.payment is not None else None


def parts_of(keys: Iterable[object]) -> list[list[object]]:
    """Keys in as many parts as statements are needed."""
    every = list(keys)
    return [every[start : start + _PART] for start in range(0, len(every), _PART)]
