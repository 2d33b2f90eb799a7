"""The events of a matter, and receipts by number, read from the event log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from hub.matters.outcome import Told
from hub.storage import schema
from hub.storage.moments import from_us
from protocol.event import Unreadable, read_data, read_event
from protocol.events import EventData, SaleCompleted
from protocol.ids import StoreId

_PLACE = ("store", "terminal", "epoch", "sequence")


@dataclass(frozen=True)
class LoggedSale:
    """A sale and where it was made."""

    sale: SaleCompleted
    told: Told


def told_of(connection: sa.Connection, kind: str, key: str, roles: Sequence[str] = ()) -> list[Told]:
    """The events of a matter (of some roles only, if any are named), in the order of their times."""
    matter, event = schema.matter, schema.event
    joined = matter.join(event, sa.and_(*(matter.c[name] == event.c[name] for name in _PLACE)))
    query = (
        sa.select(event.c.raw, matter.c.store, matter.c.terminal, matter.c.at_us)
        .select_from(joined)
        .where(matter.c.kind == kind, matter.c.key == key)
        .order_by(matter.c.at_us, *(matter.c[name] for name in _PLACE), matter.c.role)
    )
    if roles:
        query = query.where(matter.c.role.in_(roles))
    found: dict[bytes, Told] = {}  # an event that has two roles is one event
    for row in connection.execute(query):
        data = data_of(bytes(row.raw))
        if data is not None:
            found.setdefault(bytes(row.raw), Told(data, from_us(row.at_us), row.store, row.terminal))
    return list(found.values())


def logged_sale(connection: sa.Connection, number: str, nearest: StoreId | None = None) -> LoggedSale | None:
    """A sale by its receipt's number: of the store `nearest` if it has one, else the newest."""
    sale, event = schema.sale, schema.event
    joined = sale.join(event, sa.and_(*(sale.c[name] == event.c[name] for name in _PLACE)))
    query = (
        sa.select(event.c.raw, sale.c.store, sale.c.terminal, sale.c.at_us)
        .select_from(joined)
        .where(sale.c.receipt_number == number, sale.c.kind == "sale")
        .order_by(
            sa.case((sale.c.store == (nearest or ""), 0), else_=1), sale.c.at_us.desc(), sale.c.store, sale.c.terminal
        )
        .limit(1)
    )
    row = connection.execute(query).first()
    data = data_of(bytes(row.raw)) if row is not None else None
    if row is None or not isinstance(data, SaleCompleted):
        return None
    return LoggedSale(data, Told(data, from_us(row.at_us), row.store, row.terminal))


def data_of(raw: bytes) -> EventData | None:
    """What an event of the log says; None if this version cannot read it (a newer one wrote it)."""
    event = read_event(raw)
    data = event if isinstance(event, Unreadable) else read_data(event)
    return None if isinstance(data, Unreadable) else data
