"""What became of tenders and payments, written down day by day: only what is otherwise than before is touched.

One lock orders those who write; a line belongs to one tender and one payment for good, the tables' indexes see to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
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
        for part in _parts(keys):
            query = sa.select(table.payment, table.receipt).where(
                table.channel == channel, table.payment.in_(part), table.receipt != ""
            )
            found |= {(channel, row.payment): row.receipt for row in connection.execute(query)}
    return found


def write_lines(connection: sa.Connection, span: Span, lines: Sequence[Line], now_us: int) -> int:
    """Make these the lines of a span of days; returns how many were otherwise before. Needs `lock`.

    Lines of other days are among them only as pairs; whatever line had their tender or payment gives way.
    """
    inside = standing(connection, span).inside
    new = {_bound(line): line for line in lines}
    gone: list[int] = []
    days: set[tuple[str, str]] = set()
    for position, line in inside.items():
        if new.get(_bound(line)) == line:
            del new[_bound(line)]
        else:
            gone.append(position)
            days.add((line.store, line.day.isoformat()))
    for position, store, day in _claimed(connection, new):
        gone.append(position)
        days.add((store, day))
    for part in _parts(gone):
        connection.execute(sa.delete(money_line).where(money_line.c.position.in_(part)))
    standing_now = standing_decisions(connection, [line for line in new.values() if line.outcome in DIFFERENCES])
    rows = [_row(line, standing_now.get(_bound(line))) for line in new.values()]
    if rows:
        connection.execute(sa.insert(money_line), rows)
    days |= {(line.store, line.day.isoformat()) for line in new.values()}
    for store, day in sorted(days):
        add_up(connection, store, day, now_us)
    return max(len(set(gone)), len(rows))


def _claimed(connection: sa.Connection, new: Iterable[Bound]) -> Iterator[tuple[int, str, str]]:
    """Positions, stores and days of the lines that have a tender or a payment of these."""
    table = money_line.c
    columns = sa.select(table.position, table.store, table.day)
    bounds = list(new)
    for part in _parts(tender for tender, _ in bounds if tender is not None):
        yield from (tuple(row) for row in connection.execute(columns.where(table.tender.in_(part))))
    by_channel: defaultdict[str, list[str]] = defaultdict(list)
    for _, payment in bounds:
        if payment is not None:
            by_channel[payment[0]].append(payment[1])
    for channel, keys in by_channel.items():
        for part in _parts(keys):
            query = columns.where(table.channel == channel, table.payment.in_(part))
            yield from (tuple(row) for row in connection.execute(query))


def standing_decisions(connection: sa.Connection, lines: Sequence[Line]) -> dict[Bound, Stands]:
    """The newest decision about each of these differences that nobody took back, if it was about this outcome."""
    table = money_decision.c
    wanted = {_bound(line): line.outcome for line in lines}
    rows: dict[int, sa.Row[tuple[object, ...]]] = {}
    for column, keys in (
        (table.tender, [tender for tender, _ in wanted if tender is not None]),
        (table.payment, [payment[1] for _, payment in wanted if payment is not None]),
    ):
        for part in _parts(keys):
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
    values = {name: getattr(row, name) for name in _COLUMNS if name not in ("day", "at_us")}
    return Line(day=date.fromisoformat(row.day), at=from_us(row.at_us), **values)


def _row(line: Line, decision: Stands | None) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(line, name) for name in _COLUMNS if name not in ("day", "at_us")}
    return row | {"day": line.day.isoformat(), "at_us": to_us(line.at), **decided(line, decision)}


def decided(line: Line, decision: Stands | None) -> dict[str, int | None]:
    """The columns that say whether somebody has to look at a line."""
    is_open = line.outcome in DIFFERENCES and (decision is None or decision.action not in CLOSING)
    return {"differs": int(is_open), "decision": None if decision is None else decision.position}


def _bound(line: Line) -> Bound:
    return line.tender, (line.channel, line.payment) if line.payment is not None else None


def _parts(keys: Iterable[object]) -> list[list[object]]:
    every = list(keys)
    return [every[start : start + _PART] for start in range(0, len(every), _PART)]
