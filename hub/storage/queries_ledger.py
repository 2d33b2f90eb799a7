"""The part of the read side that explains a level: its ledger page by page, its promises, what is on its way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

import msgspec
import sqlalchemy as sa

from hub.stock.explain import LedgerEntry, Step, steps_of
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.lots import lots_at
from hub.storage.matters import data_of
from hub.storage.moments import from_us, to_us
from hub.storage.reading_stock import Coming, Explanation, Held, Moved
from hub.storage.records import CHANNEL_SOURCE
from hub.storage.shelves import shelves_of
from protocol.documents import Transfer
from protocol.ids import StoreId, store_feed, store_of_feed

HELD_MAX = 200
TRANSFERS_MAX = 2_000
AT_ONE_MOMENT_MAX = 10_000
_PLACE = ("store", "terminal", "epoch", "sequence")
_COUNTS = ("count", "count_lot")
_NOTHING = Moved(0, 0)


class LedgerQueries:
    """The explaining methods of `Queries`."""

    def __init__(self, database: Database) -> None:
        self._ledger_database = database

    def explain(
        self, store: str, sku: str, *, limit: int = 50, offset: int = 0, since: datetime | None = None
    ) -> Explanation | None:
        """See StockReads."""
        movement, item = schema.movement.c, schema.item.c
        with self._ledger_database.read() as connection:
            shelf = shelves_of(connection, [sku]).get(sku, {}).get(store)
            if shelf is None:
                return None
            row = connection.execute(sa.select(item.name, item.unit).where(item.sku == sku)).first()
            mine = _ledger_of(store, sku)
            page = mine if since is None else sa.and_(mine, movement.at_us >= to_us(since))
            total = connection.execute(sa.select(sa.func.count()).where(page).select_from(schema.movement)).scalar_one()
            counted = _newest_count(connection, store, sku)
            return Explanation(
                store=store, sku=sku, name=row.name if row else "", unit=(row.unit if row else "") or "piece",
                on_hand=shelf.on_hand, reserved=shelf.reserved, safety=shelf.safety, buffer=shelf.buffer,
                available=shelf.available, rule=shelf.rule, counted=counted,
                since=_since(connection, mine, counted), late=_late(connection, mine, counted),
                held=_held(connection, store, sku), coming=_coming(connection, store, sku),
                lots=lots_at(connection, store, sku),
                steps=_steps(connection, mine, _with_events(page).limit(limit).offset(offset), counted), total=total,
                expired=shelf.expired,
            )  # fmt: skip

    def in_transit(self, sku: str) -> Mapping[str, int]:
        """See StockReads."""
        with self._ledger_database.read() as connection:
            found: dict[str, int] = {}
            for store, coming in _on_the_way(connection, sku):
                found[store] = found.get(store, 0) + coming.quantity
        return found


def _ledger_of(store: str, sku: str) -> sa.ColumnElement[bool]:
    # What a count found of each lot is a part of that count, not a movement.
    movement = schema.movement.c
    return sa.and_(movement.store == store, movement.sku == sku, movement.kind != "count_lot")


def _entries(connection: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[LedgerEntry]:
    return [_entry(row) for row in connection.execute(query)]


def _with_events(*where: sa.ColumnElement[bool]) -> sa.Select[tuple[object, ...]]:
    movement, event = schema.movement.c, schema.event.c
    place = sa.and_(
        event.store == movement.store, event.terminal == movement.source, event.epoch == movement.epoch,
        event.sequence == movement.sequence,
    )  # fmt: skip
    joined = schema.movement.outerjoin(schema.event, place)
    query: sa.Select[tuple[object, ...]] = (
        sa.select(*schema.movement.c, event.received_us, event.raw).select_from(joined).where(*where)
    )
    return query


def _entry(row: sa.Row[tuple[object, ...]]) -> LedgerEntry:
    by, document = _words_of(bytes(row.raw)) if row.raw is not None else ("", "")
    if row.source == CHANNEL_SOURCE:
        by = row.reason.partition(" ")[0]
    return LedgerEntry(
        at=from_us(row.at_us), kind=row.kind, delta=row.delta, source=row.source, epoch=row.epoch,
        sequence=row.sequence, line=row.line,
        received_at=from_us(row.received_us if row.received_us is not None else row.at_us), reason=row.reason, by=by,
        document=document, lot=row.lot, expires=date.fromisoformat(row.expires) if row.expires else None,
    )  # fmt: skip


def _words_of(raw: bytes) -> tuple[str, str]:
    """Who says it, and by which receipt or paper."""
    data = data_of(raw)
    by = getattr(data, "cashier", "") or getattr(data, "by", "")
    names = ("receipt_number", "order", "transfer", "purchase", "document", "session", "reason")
    return str(by), next((str(word) for name in names if (word := getattr(data, name, ""))), "")


def _newest_count(connection: sa.Connection, store: str, sku: str) -> LedgerEntry | None:
    movement = schema.movement.c
    query = _with_events(movement.store == store, movement.sku == sku, movement.kind == "count")
    # Of two at one moment the lower one holds, as in hub/stock/level.py.
    newest = query.order_by(movement.at_us.desc(), movement.delta).limit(1)
    return next(iter(_entries(connection, newest)), None)


def _steps(
    connection: sa.Connection,
    mine: sa.ColumnElement[bool],
    page: sa.Select[tuple[object, ...]],
    counted: LedgerEntry | None,
) -> Sequence[Step]:
    movement = schema.movement.c
    is_count = sa.case((movement.kind == "count", 1), else_=0)
    found = page.order_by(
        movement.at_us.desc(), is_count.desc(), sa.case((movement.kind == "count", movement.delta), else_=0),
        movement.source.desc(), movement.epoch.desc(), movement.sequence.desc(), movement.line.desc(),
    )  # fmt: skip
    shown = _entries(connection, found)
    if not shown:
        return ()
    first_us = to_us(shown[-1].at)
    # The page may begin in the middle of a moment, whose beginning is not on it.
    moment = _entries(connection, _with_events(mine, movement.at_us == first_us).limit(AT_ONE_MOMENT_MAX))
    together = {entry.order: entry for entry in (*moment, *shown)}
    steps = steps_of(together.values(), _level_before(connection, mine, first_us), counted)
    wanted = {entry.order for entry in shown}
    return [step for step in reversed(steps) if step.entry.order in wanted]


def _level_before(connection: sa.Connection, mine: sa.ColumnElement[bool], at_us: int) -> int:
    movement = schema.movement.c
    before = sa.and_(mine, movement.at_us < at_us)
    count = sa.select(movement.at_us, movement.delta).where(before, movement.kind == "count")
    row = connection.execute(count.order_by(movement.at_us.desc(), movement.delta).limit(1)).first()
    moved = sa.select(sa.func.sum(movement.delta)).where(before, movement.kind.not_in(_COUNTS))
    if row is None:
        return int(connection.execute(moved).scalar() or 0)
    return int(row.delta) + int(connection.execute(moved.where(movement.at_us > row.at_us)).scalar() or 0)


def _since(connection: sa.Connection, mine: sa.ColumnElement[bool], counted: LedgerEntry | None) -> Mapping[str, Moved]:
    movement = schema.movement.c
    query = sa.select(movement.kind, sa.func.count(), sa.func.sum(movement.delta)).where(
        mine, movement.kind.not_in(_COUNTS)
    )
    if counted is not None:
        query = query.where(movement.at_us > to_us(counted.at))
    rows = connection.execute(query.group_by(movement.kind).order_by(movement.kind))
    return {row[0]: Moved(row[1], int(row[2])) for row in rows}


def _late(connection: sa.Connection, mine: sa.ColumnElement[bool], counted: LedgerEntry | None) -> Moved:
    if counted is None:
        return _NOTHING
    movement, event = schema.movement.c, schema.event.c
    query = _with_events(
        mine, movement.kind != "count", movement.at_us <= to_us(counted.at),
        event.received_us > to_us(counted.received_at),
    )  # fmt: skip
    row = connection.execute(query.with_only_columns(sa.func.count(), sa.func.sum(movement.delta))).one()
    return Moved(row[0], int(row[1] or 0))


def _held(connection: sa.Connection, store: str, sku: str) -> Sequence[Held]:
    table = schema.reservation.c
    query = sa.select(table.kind, table.key, table.quantity).where(table.store == store, table.sku == sku)
    return [Held(*row) for row in connection.execute(query.order_by(table.kind, table.key).limit(HELD_MAX))]


def _coming(connection: sa.Connection, store: str, sku: str) -> Sequence[Coming]:
    return [coming for to_store, coming in _on_the_way(connection, sku, StoreId(store)) if to_store == store]


def _on_the_way(connection: sa.Connection, sku: str, store: StoreId | None = None) -> Sequence[tuple[str, Coming]]:
    # Sent and not received is what a transfer's document says; short and over are its alarm's.
    document = schema.document.c
    word = msgspec.json.encode(sku).decode()
    query = sa.select(document.feed, document.body).where(
        document.kind == "transfer", document.deleted.is_(False), document.body.contains(word, autoescape=True)
    )
    if store is not None:
        query = query.where(document.feed == store_feed(store))
    found: list[tuple[str, Coming]] = []
    for row in connection.execute(query.order_by(document.feed, document.key).limit(TRANSFERS_MAX)):
        transfer = msgspec.json.decode(row.body, type=Transfer)
        quantity = sum(line.quantity for line in transfer.lines if line.sku == sku)
        to_store = store_of_feed(row.feed)
        if transfer.state == "sent" and quantity and to_store is not None:
            found.append((to_store, Coming(transfer.transfer, transfer.from_store, quantity)))
    return found
