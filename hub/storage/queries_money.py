"""What people read of money: days with their sums, and lines, differences first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec
import sqlalchemy as sa

from hub.storage.database import Database
from hub.storage.moments import from_us
from hub.storage.money_lines import line_of
from hub.storage.money_payments import fee_rules
from hub.storage.money_places import places_of
from hub.storage.money_records import OUTCOMES, DaySum, Decision, FeeRule, KeptLine
from hub.storage.schema_money import money_day, money_decision, money_fee_rule, money_line
from hub.storage.upserts import upsert


@dataclass(frozen=True)
class MoneyFilter:
    """Which days or lines: of a store, a channel ("" for all), from a day to a day, of one outcome.

    `store` None is any; "" is the payments that belong to no store. `open` wants what somebody has to look at only.
    """

    store: str | None = None
    channel: str = ""
    first: date | None = None
    last: date | None = None
    outcome: str = ""
    open: bool = False


@dataclass(frozen=True)
class MoneyTotals:
    """What the filtered days add up to, in one currency."""

    currency: str
    lines: int
    differences: int
    undecided: int
    tendered: int
    paid: int
    fees: int
    fees_unknown: int


class MoneyQueries:
    """The read side of money. All methods may block. Raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def days(self, wanted: MoneyFilter, limit: int, offset: int = 0) -> Sequence[DaySum]:
        """Days, the newest first, then by store, channel and currency."""
        table = money_day.c
        query = _filtered(sa.select(money_day), money_day, wanted)
        if wanted.open:
            query = query.where(table.undecided > 0)
        query = query.order_by(table.day.desc(), table.store, table.channel, table.currency)
        with self._database.read() as connection:
            return [_day(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def totals(self, wanted: MoneyFilter) -> tuple[Sequence[MoneyTotals], int]:
        """Sums of the filtered days by currency, and how many rows `days` has."""
        table = money_day.c
        names = ("lines", "differences", "undecided", "tendered", "paid", "fees", "fees_unknown")
        sums = [sa.func.sum(table[name]).label(name) for name in names]
        query = sa.select(table.currency, sa.func.count().label("rows"), *sums).group_by(table.currency)
        query = _filtered(query, money_day, wanted).order_by(table.currency)
        if wanted.open:
            query = query.where(table.undecided > 0)
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        totals = [MoneyTotals(row.currency, *(int(getattr(row, name)) for name in names)) for row in rows]
        return totals, sum(row.rows for row in rows)

    def lines(self, wanted: MoneyFilter, limit: int, offset: int = 0) -> Sequence[KeptLine]:
        """Lines: what somebody has to look at first, then by outcome (the order of `OUTCOMES`), day and time."""
        table = money_line.c
        rank = sa.case({name: number for number, name in enumerate(OUTCOMES)}, value=table.outcome, else_=len(OUTCOMES))
        joined = money_line.outerjoin(money_decision, money_decision.c.position == table.decision)
        said = [column.label(f"said_{column.name}") for column in money_decision.columns]
        query = _lines(sa.select(money_line, *said).select_from(joined), wanted)
        query = query.order_by(table.differs.desc(), rank, table.day, table.at_us, table.position)
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(query.limit(limit).offset(offset))]

    def line(self, position: int) -> KeptLine | None:
        """One line."""
        table = money_line.c
        joined = money_line.outerjoin(money_decision, money_decision.c.position == table.decision)
        said = [column.label(f"said_{column.name}") for column in money_decision.columns]
        query = sa.select(money_line, *said).select_from(joined).where(table.position == position)
        with self._database.read() as connection:
            row = connection.execute(query).first()
        return None if row is None else _kept(row)

    def count(self, wanted: MoneyFilter) -> int:
        """How many lines there are."""
        with self._database.read() as connection:
            return int(
                connection.execute(_lines(sa.select(sa.func.count()).select_from(money_line), wanted)).scalar_one()
            )

    def channels(self) -> Sequence[str]:
        """The providers of all lines, by name."""
        with self._database.read() as connection:
            return sorted(places_of(connection).kinds)

    def fee_rules(self) -> Sequence[FeeRule]:
        """What providers may take."""
        with self._database.read() as connection:
            return fee_rules(connection)

    def set_fee_rule(self, rule: FeeRule) -> None:
        """Add a rule, or change the one of the same channel, kind, currency and day."""
        row = {**rule._asdict(), "since": rule.since.isoformat()}
        with self._database.write() as connection:
            upsert(connection, money_fee_rule, [row], replace=["rate_ppm", "fixed", "refunds"])

    def delete_fee_rules(self, channel: str, kind: str, currency: str) -> int:
        """Take the rules of a kind away; returns how many there were."""
        table = money_fee_rule.c
        mine = sa.and_(table.channel == channel, table.kind == kind, table.currency == currency)
        with self._database.write() as connection:
            return connection.execute(sa.delete(money_fee_rule).where(mine)).rowcount


def _filtered(query: sa.Select[Any], table: sa.Table, wanted: MoneyFilter) -> sa.Select[Any]:
    if wanted.store is not None:
        query = query.where(table.c.store == wanted.store)
    if wanted.channel:
        query = query.where(table.c.channel == wanted.channel)
    if wanted.first is not None:
        query = query.where(table.c.day >= wanted.first.isoformat())
    if wanted.last is not None:
        query = query.where(table.c.day <= wanted.last.isoformat())
    return query


def _lines(query: sa.Select[Any], wanted: MoneyFilter) -> sa.Select[Any]:
    query = _filtered(query, money_line, wanted)
    if wanted.outcome:
        query = query.where(money_line.c.outcome == wanted.outcome)
    if wanted.open:
        query = query.where(money_line.c.differs == sa.text("1"))
    return query


def _day(row: sa.Row[tuple[object, ...]]) -> DaySum:
    return DaySum(
        day=date.fromisoformat(row.day), store=row.store, channel=row.channel, currency=row.currency, lines=row.lines,
        differences=row.differences, undecided=row.undecided, tendered=row.tendered, paid=row.paid, fees=row.fees,
        fees_unknown=row.fees_unknown, outcomes=msgspec.json.decode(row.outcomes, type=dict[str, int]),
        reconciled_at=from_us(row.reconciled_us),
    )  # fmt: skip


def _kept(row: sa.Row[tuple[object, ...]]) -> KeptLine:
    decision = None
    if row.said_position is not None:
        decision = Decision(
            row.said_position, from_us(row.said_at_us), row.said_by, row.said_channel, row.said_tender,
            row.said_payment, row.said_action, row.said_note, row.said_outcome, row.said_undoes,
        )  # fmt: skip
    return KeptLine(row.position, line_of(row), open=bool(row.differs), decision=decision)
