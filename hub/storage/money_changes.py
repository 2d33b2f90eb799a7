"""What is otherwise about a span of days than it was written down before, written in parts that are true at each step.

Lines that share a tender or a payment change together; all others may change a moment earlier or later. So a large day
is written in many short transactions, others write between them, and whoever reads sees each tender and each payment
in exactly one line. Until the last part the days are marked as to be reconciled again: killed between, they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.money_lines import (
    LOCK,
    Bound,
    Span,
    add_up,
    bound_of,
    decided,
    lock,
    no_longer_stale,
    parts_of,
    row_of,
    standing_decisions,
)
from hub.storage.money_records import DIFFERENCES, Line
from hub.storage.money_tenders import mark_days
from hub.storage.schema_money import money_line
from hub.storage.upserts import insert_all

LINES_AT_ONCE = 1_000
"""So many lines share a transaction: others wait for it some dozens of milliseconds."""

Marks = Mapping[tuple[str, date], int]
Day = tuple[str, date]


@dataclass(frozen=True)
class Change:
    """Lines by position that give way, and what takes their place."""

    gone: Mapping[int, Line]
    new: Sequence[Line]

    def __len__(self) -> int:
        return max(len(self.gone), len(self.new))


@dataclass(frozen=True)
class Written:
    """What the days of some stores were read by: how often their lines were written, and the marks of what was new."""

    times: int
    marks: Marks


def times_written(connection: sa.Connection, span: Span) -> int:
    """How often the lines of these stores were written, in parts."""
    query = sa.select(schema.state.c.value).where(schema.state.c.name == _turn(span))
    return int(connection.execute(query).scalar() or 0)


def changes(before: Mapping[int, Line], lines: Iterable[Line]) -> list[Change]:
    """What is otherwise, in as many groups as may change one after the other. Pure."""
    new: dict[Bound, Line] = {bound_of(line): line for line in lines}
    gone: dict[int, Line] = {}
    for position, line in before.items():
        if new.get(bound_of(line)) == line:
            del new[bound_of(line)]
        else:
            gone[position] = line
    groups = _Groups()
    for line in (*gone.values(), *new.values()):
        groups.join(line)
    found: defaultdict[int, tuple[dict[int, Line], list[Line]]] = defaultdict(lambda: ({}, []))
    for position, line in gone.items():
        found[groups.of(line)][0][position] = line
    for line in new.values():
        found[groups.of(line)][1].append(line)
    return [Change(*one) for one in found.values()]


def parts(found: Iterable[Change], at_once: int = LINES_AT_ONCE) -> list[Change]:
    """The same in transactions, each as large as may be; one group is never torn apart."""
    gone: dict[int, Line] = {}
    new: list[Line] = []
    made: list[Change] = []
    for change in found:
        if (gone or new) and max(len(gone) + len(change.gone), len(new) + len(change.new)) > at_once:
            made.append(Change(gone, new))
            gone, new = {}, []
        gone |= change.gone
        new += change.new
    return [*made, Change(gone, new)]


def write_changes(database: Database, span: Span, found: Sequence[Change], read: Written, now_us: int) -> bool:
    """Write them down; False if another process has written these stores' lines meanwhile, and all is to be read anew.

    Raises StorageUnavailable.
    """
    database.state(_turn(span), "0")
    in_parts = parts(found)
    days = {(line.store, line.day) for part in in_parts for line in (*part.gone.values(), *part.new)}
    if not days and not read.marks:
        return True
    marks = dict(read.marks)
    for number, part in enumerate(in_parts):
        last = number == len(in_parts) - 1
        rows = [row_of(line) for line in part.new]
        with database.write() as connection:
            lock(connection)
            if not _take_turn(connection, span, read.times + number):
                return False
            more = _write(connection, part, rows) | (days if number == 0 else set[Day]())
            if not last:
                # One more than what was there when it was read: what came since counts on, and is done again.
                mark_days(connection, [(store, day.isoformat()) for store, day in more])
                marks |= {place: marks.get(place, 0) + 1 for place in more}
            days |= more
            if last:
                for store, day in sorted(days | marks.keys()):
                    add_up(connection, store, day.isoformat(), now_us)
                no_longer_stale(connection, marks)
    return True


def _take_turn(connection: sa.Connection, span: Span, times: int) -> bool:
    table = schema.state.c
    mine = sa.update(schema.state).where(table.name == _turn(span), table.value == str(times))
    return connection.execute(mine.values(value=str(times + 1))).rowcount == 1


def _turn(span: Span) -> str:
    return f"{LOCK} {span.stores[0]}"


def _write(connection: sa.Connection, part: Change, rows: Sequence[dict[str, object]]) -> set[Day]:
    """Returns the days of lines of elsewhere that gave way."""
    elsewhere = {position: day for position, day in _claimed(connection, part.new) if position not in part.gone}
    for positions in parts_of([*part.gone, *elsewhere]):
        connection.execute(sa.delete(money_line).where(money_line.c.position.in_(positions)))
    decisions = standing_decisions(connection, [line for line in part.new if line.outcome in DIFFERENCES])
    if decisions:
        standing = (decisions.get(bound_of(line)) for line in part.new)
        pairs = zip(part.new, rows, standing, strict=True)
        rows = [row | decided(line, decision) for line, row, decision in pairs]
    insert_all(connection, money_line, rows)
    return set(elsewhere.values())


def _claimed(connection: sa.Connection, new: Sequence[Line]) -> Iterator[tuple[int, Day]]:
    """Positions and days of the lines that have a tender or a payment of these."""
    table = money_line.c
    by_channel: defaultdict[str, list[str]] = defaultdict(list)
    for line in new:
        if line.payment is not None:
            by_channel[line.channel].append(line.payment)
    wanted = [table.tender.in_(part) for part in parts_of(line.tender for line in new if line.tender is not None)]
    for channel, keys in by_channel.items():
        wanted += [sa.and_(table.channel == channel, table.payment.in_(part)) for part in parts_of(keys)]
    for mine in wanted:
        for row in connection.execute(sa.select(table.position, table.store, table.day).where(mine)):
            yield row.position, (row.store, date.fromisoformat(row.day))


class _Groups:
    """Lines that have a tender or a payment in common, directly or through others."""

    def __init__(self) -> None:
        self._lead: list[int] = []
        self._number: dict[object, int] = {}

    def join(self, line: Line) -> None:
        """Put a line's two sides into one group."""
        leads = {self._leader(side) for side in bound_of(line) if side is not None}
        for lead in leads:
            self._lead[lead] = min(leads)

    def of(self, line: Line) -> int:
        """A number that all of its group have."""
        return min(self._leader(side) for side in bound_of(line) if side is not None)

    def _leader(self, side: object) -> int:
        number = self._number.get(side)
        if number is None:
            number = self._number[side] = len(self._lead)
            self._lead.append(number)
        while self._lead[number] != number:
            self._lead[number] = self._lead[self._lead[number]]
            number = self._lead[number]
        return number
