"""Payments as providers tell them, kept as last heard: the way in for channels, by polling, webhook or backfill.

Taken by (channel, key, version): the same again changes nothing, a newer version (a fee that came later, a payment that
was cancelled) replaces it and marks its day as to be reconciled again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa

from hub.channels.ports import ChannelPayment
from hub.storage.database import Database
from hub.storage.moments import from_us, to_us
from hub.storage.money_places import UNMAPPED, Places, places_of
from hub.storage.money_tenders import mark_days
from hub.storage.schema_money import money_payment
from hub.storage.upserts import upsert

AT_ONCE = 500
_TOLD = (
    "version", "at_us", "location", "kind", "state", "amount", "currency", "fee", "refund_of", "order_id", "reference",
)  # fmt: skip


def take_payments(database: Database, channel: str, payments: Sequence[ChannelPayment], now: datetime) -> int:
    """Keep what a provider told; returns how many payments were new or had changed. Raises StorageError.

    A fee that was known stays known: a later telling without one does not take it away.
    """
    newest = {payment.key: payment for payment in payments}
    keys = list(newest)
    changed = 0
    for start in range(0, len(keys), AT_ONCE):
        part = [newest[key] for key in keys[start : start + AT_ONCE]]
        with database.write() as connection:
            changed += _take(connection, channel, part, to_us(now))
    return changed


def _take(connection: sa.Connection, channel: str, payments: Sequence[ChannelPayment], now_us: int) -> int:
    table = money_payment.c
    mine = sa.and_(table.channel == channel, table.key.in_([payment.key for payment in payments]))
    known = {row.key: row for row in connection.execute(sa.select(money_payment).where(mine))}
    rows: list[dict[str, object]] = []
    days: list[tuple[str, str]] = []
    places = places_of(connection)
    for payment in payments:
        row, before = _row(channel, payment, now_us), known.get(payment.key)
        if before is not None:
            row |= {"first_us": before.first_us}
            if row["fee"] is None:
                row["fee"] = before.fee
            if all(getattr(before, name) == row[name] for name in _TOLD):
                continue
            days.append(_day(places, channel, before.location, before.at_us))
        days.append(_day(places, channel, payment.location, to_us(payment.at)))
        rows.append(row)
    upsert(connection, money_payment, rows, replace=[*_TOLD, "heard_us"])
    mark_days(connection, days)
    return len(rows)


def _row(channel: str, payment: ChannelPayment, now_us: int) -> dict[str, object]:
    return {
        "channel": channel, "key": payment.key, "version": payment.version, "at_us": to_us(payment.at),
        "location": payment.location, "kind": payment.kind, "state": payment.state, "amount": payment.amount,
        "currency": payment.currency, "fee": payment.fee, "refund_of": payment.refund_of, "order_id": payment.order,
        "reference": payment.reference, "first_us": now_us, "heard_us": now_us,
    }  # fmt: skip


def _day(places: Places, channel: str, location: str, at_us: int) -> tuple[str, str]:
    store = next(iter(places.stores.get((channel, location), ())), UNMAPPED)
    return store, places.day(store, from_us(at_us)).isoformat()
