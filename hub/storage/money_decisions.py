"""Decisions about differences: only added, never changed; one is taken back by another that names it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.errors import DecisionRefused
from hub.storage.database import Database
from hub.storage.moments import from_us, to_us
from hub.storage.money_lines import LOCK, add_up, decided, line_of, lock, standing_decisions
from hub.storage.money_records import DIFFERENCES, Decision, Line
from hub.storage.schema_money import money_decision, money_line


class MoneyDecisions:
    """What people decide."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, position: int, action: str, note: str, by: str, now: datetime) -> int:
        """Decide about a line; returns the decision's number. Raises DecisionRefused where no difference stands."""
        self._database.state(LOCK, "")
        with self._database.write() as connection:
            lock(connection)
            row = connection.execute(sa.select(money_line).where(money_line.c.position == position)).first()
            if row is None or row.outcome not in DIFFERENCES:
                raise DecisionRefused(
                    f"line {position}: no difference stands there now; `tillwire-hub money lines` shows what does"
                )
            number = _insert(
                connection, at_us=to_us(now), by=by, channel=row.channel, tender=row.tender, payment=row.payment,
                action=action, note=note, outcome=row.outcome, undoes=None,
            )  # fmt: skip
            _settle(connection, line_of(row), position, to_us(now))
        return number

    def undo(self, number: int, note: str, by: str, now: datetime) -> None:
        """Take a decision back. Raises DecisionRefused for one that is not there, or is taken back already."""
        self._database.state(LOCK, "")
        table = money_decision.c
        with self._database.write() as connection:
            lock(connection)
            row = connection.execute(sa.select(money_decision).where(table.position == number)).first()
            again = connection.execute(sa.select(table.position).where(table.undoes == number)).first()
            if row is None or row.undoes is not None or again is not None:
                raise DecisionRefused(
                    f"decision {number}: none that could be taken back; `tillwire-hub money decisions` lists them"
                )
            _insert(
                connection, at_us=to_us(now), by=by, channel=row.channel, tender=row.tender, payment=row.payment,
                action="undone", note=note, outcome=row.outcome, undoes=number,
            )  # fmt: skip
            table_of_lines = money_line.c
            mine = (
                table_of_lines.tender == row.tender
                if row.tender is not None
                else sa.and_(table_of_lines.channel == row.channel, table_of_lines.payment == row.payment)
            )
            line = connection.execute(sa.select(money_line).where(mine)).first()
            if line is not None:
                _settle(connection, line_of(line), line.position, to_us(now))

    def decisions(self, limit: int, *, before: int | None = None) -> Sequence[Decision]:
        """Decisions, the newest first."""
        table = money_decision.c
        query = sa.select(money_decision).order_by(table.position.desc()).limit(limit)
        if before is not None:
            query = query.where(table.position < before)
        with self._database.read() as connection:
            return [decision_of(row) for row in connection.execute(query)]

    def about(self, line: Line) -> Sequence[Decision]:
        """What was decided about a line's tender or payment, oldest first."""
        table = money_decision.c
        parts = []
        if line.tender is not None:
            parts.append(table.tender == line.tender)
        if line.payment is not None:
            parts.append(sa.and_(table.channel == line.channel, table.payment == line.payment))
        query = sa.select(money_decision).where(sa.or_(*parts)).order_by(table.position).limit(1_000)
        with self._database.read() as connection:
            return [decision_of(row) for row in connection.execute(query)]


def _settle(connection: sa.Connection, line: Line, position: int, now_us: int) -> None:
    decision = next(iter(standing_decisions(connection, [line]).values()), None)
    mine = sa.update(money_line).where(money_line.c.position == position)
    connection.execute(mine.values(**decided(line, decision)))
    add_up(connection, line.store, line.day.isoformat(), now_us)


def _insert(connection: sa.Connection, **values: object) -> int:
    number = connection.execute(sa.insert(money_decision).values(**values)).inserted_primary_key
    assert number is not None
    return int(number[0])


def decision_of(row: sa.Row[tuple[object, ...]]) -> Decision:
    """A decision of a row of the table."""
    return Decision(
        row.position, from_us(row.at_us), row.by, row.channel, row.tender, row.payment, row.action, row.note,
        row.outcome, row.undoes,
    )  # fmt: skip
