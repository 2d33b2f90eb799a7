"""The part of the read side that adds up: a store's day by tender, and shifts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec
import sqlalchemy as sa

from hub.matters.outcome import Told
from hub.matters.parts import shift_key
from hub.matters.sums import ReceiptSums
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.matters import data_of, told_of
from hub.storage.moments import from_us, maybe_from_us
from hub.storage.reading import DrawerOpening, ShiftDetail, ShiftRefund, ShiftRow
from protocol.events import TYPE_NAMES, DrawerOpened, SaleRefunded, ShiftSums

LOOKED_AT_MAX = 1_000
"""So many openings and refunds of one shift are shown."""

_PLACE = ("store", "terminal", "epoch", "sequence")


class SumQueries:
    """The adding methods of `Queries`."""

    def __init__(self, database: Database) -> None:
        self._sums_database = database

    def day_sums(self, store: str, day: date) -> Sequence[ReceiptSums]:
        """See Queries. Added up from the receipts themselves, some 40 ms for 1,200 of them."""
        sale, event = schema.sale, schema.event
        joined = sale.join(event, sa.and_(*(sale.c[name] == event.c[name] for name in _PLACE)))
        query = (
            sa.select(event.c.raw)
            .select_from(joined)
            .where(sale.c.store == store, sale.c.business_day == day.isoformat())
        )
        with self._sums_database.read() as connection:
            found = [data_of(bytes(row.raw)) for row in connection.execute(query)]
            found += [told.data for told in told_of(connection, "day", f"{store}/{day.isoformat()}")]
        sums: dict[str, ReceiptSums] = {}
        for data in found:
            currency = getattr(data, "currency", "")
            if data is not None and currency:
                sums.setdefault(currency, ReceiptSums(currency)).add(data)
        return [sums[currency] for currency in sorted(sums)]

    def shifts(self, limit: int, *, store: str | None = None, before: int | None = None) -> Sequence[ShiftRow]:
        """See Queries."""
        shift = schema.shift.c
        query = sa.select(schema.shift).order_by(shift.opened_us.desc(), shift.store, shift.terminal).limit(limit)
        if store is not None:
            query = query.where(shift.store == store)
        if before is not None:
            query = query.where(shift.opened_us < before)
        with self._sums_database.read() as connection:
            return [_shift_row(row) for row in connection.execute(query)]

    def shift(self, store: str, terminal: str, shift: str) -> ShiftDetail | None:
        """See Queries."""
        table = schema.shift.c
        mine = sa.and_(table.store == store, table.terminal == terminal, table.shift == shift)
        with self._sums_database.read() as connection:
            row = connection.execute(sa.select(schema.shift).where(mine)).first()
            if row is None:
                return None
            told = _looked_at(connection, store, terminal, shift)
        openings = [
            DrawerOpening(one.at, one.data.by, one.data.reason)
            for one in told
            if isinstance(one.data, DrawerOpened) and one.data.why == "no_sale"
        ]
        refunds = [
            ShiftRefund(
                one.at, one.data.receipt_number, one.data.cashier, one.data.allowed_by, one.data.total,
                one.data.currency,
            )
            for one in told
            if isinstance(one.data, SaleRefunded)
        ]  # fmt: skip
        return ShiftDetail(_shift_row(row), openings, refunds)


def _looked_at(connection: sa.Connection, store: str, terminal: str, shift: str) -> list[Told]:
    """What a shift's journal says of drawer and refunds, between its opening and its closing."""
    event, matter = schema.event.c, schema.matter.c
    bounds = sa.select(matter.role, matter.epoch, matter.sequence).where(
        matter.kind == "shift", matter.key == shift_key(store, terminal, shift)
    )
    at = {row.role: (row.epoch, row.sequence) for row in connection.execute(bounds)}
    if "opened" not in at:
        return []
    place = sa.tuple_(event.epoch, event.sequence)
    types = [TYPE_NAMES[DrawerOpened], TYPE_NAMES[SaleRefunded]]
    query = sa.select(event.raw, event.at_us).where(
        event.store == store, event.terminal == terminal, event.type.in_(types), event.duplicate_of.is_(None),
        place > sa.tuple_(*at["opened"]),
    )  # fmt: skip
    if "closed" in at:
        query = query.where(place < sa.tuple_(*at["closed"]))
    rows = connection.execute(query.order_by(event.epoch, event.sequence).limit(LOOKED_AT_MAX))
    found = ((data_of(bytes(row.raw)), from_us(row.at_us)) for row in rows)
    return [Told(data, moment, store, terminal) for data, moment in found if data is not None]


def _shift_row(row: sa.Row[tuple[object, ...]]) -> ShiftRow:
    return ShiftRow(
        store=row.store, terminal=row.terminal, shift=row.shift, number=row.number,
        business_day=date.fromisoformat(row.business_day), currency=row.currency, opened_by=row.opened_by,
        opened_at=from_us(row.opened_us), float_amount=row.float_amount, closed_by=row.closed_by,
        closed_at=maybe_from_us(row.closed_us), expected=row.expected, counted=row.counted, over=row.over,
        sums=msgspec.json.decode(row.sums, type=ShiftSums), differs=row.differs, position=row.opened_us,
    )  # fmt: skip
