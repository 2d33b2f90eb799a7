"""Payments of a span of days, as their stores' calendars count them; and what providers may take of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa

from hub.storage.moments import from_us, to_us
from hub.storage.money_places import UNMAPPED, Places
from hub.storage.money_records import FeeRule, Paid, PaymentState
from hub.storage.schema_channels import channel
from hub.storage.schema_money import money_fee_rule, money_payment

_DAY = timedelta(days=1)
ROWS_AT_ONCE = 2_000


def payments_of(
    connection: sa.Connection, places: Places, stores: Sequence[str], first: date, last: date
) -> list[Paid]:
    """Payments that fall on these days (both included) at these stores, or (stores: "") at no store at all.

    A location that several stores share brings what belongs to any of them.
    """
    table = money_payment.c
    # A calendar day begins between 14 hours before and 12 after midnight UTC; `day` below is exact.
    start = to_us(datetime.combine(first - _DAY, time(), UTC))
    end = to_us(datetime.combine(last + 2 * _DAY, time(), UTC))
    span = sa.and_(table.at_us >= start, table.at_us < end)
    found: list[Paid] = []
    for provider in places.channels:
        if tuple(stores) == (UNMAPPED,):
            where = table.location.not_in(places.mapped(provider))
        else:
            where = table.location.in_([place for name, place in places.locations(stores) if name == provider])
        query = sa.select(money_payment).where(table.channel == provider, where, span)
        for row in connection.execute(query.execution_options(yield_per=ROWS_AT_ONCE)):
            behind = places.stores.get((provider, row.location), ())
            at = from_us(row.at_us)
            day = places.day(behind[0] if behind else UNMAPPED, at)
            if first <= day <= last:
                found.append(_paid(row, behind, day, at))
    return found


def begins(connection: sa.Connection, places: Places, stores: Sequence[str]) -> date | None:
    """The first day on which a provider can know these stores' tenders; None while none does.

    It is the day on which its channel was set up, or that of its first payment, if a backfill brought older ones:
    what was taken before that is missing nowhere.
    """
    table = money_payment.c
    found: list[date] = []
    for name, location in places.locations(stores):
        first = sa.select(sa.func.min(table.at_us)).where(table.channel == name, table.location == location)
        set_up = sa.select(channel.c.created_us).where(channel.c.name == name)
        moments = [connection.execute(query).scalar() for query in (first, set_up)]
        found += [places.day(store, from_us(at)) for at in moments if at is not None for store in stores]
    return min(found, default=None)


def fee_rules(connection: sa.Connection) -> list[FeeRule]:
    """All rules, oldest first."""
    table = money_fee_rule.c
    query = sa.select(money_fee_rule).order_by(table.channel, table.currency, table.kind, table.since)
    return [
        FeeRule(
            row.channel, row.kind, row.currency, date.fromisoformat(row.since), row.rate_ppm, row.fixed, row.refunds
        )
        for row in connection.execute(query)
    ]


def _paid(row: sa.Row[tuple[object, ...]], stores: tuple[str, ...], day: date, at: datetime) -> Paid:
    state: PaymentState = row.state
    return Paid(
        channel=row.channel, key=row.key, stores=stores, day=day, at=at, kind=row.kind, state=state, amount=row.amount,
        currency=row.currency, fee=row.fee, refund_of=row.refund_of, order=row.order_id, reference=row.reference,
    )  # fmt: skip
