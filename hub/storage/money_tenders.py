"""Tenders out of the event log, behind the ingest: each journal is read once, from where it was left.

Only receipts with a tender that a provider decides leave a row, so a day of cash costs its reading and nothing else.
Reading again changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

import msgspec
import sqlalchemy as sa

from hub.storage import schema
from hub.storage.database import Database
from hub.storage.moments import from_us, zone_of
from hub.storage.money_records import Tendered, TenderState
from hub.storage.read_again import counts
from hub.storage.schema_money import money_again, money_journal, money_stale, money_tender
from hub.storage.upserts import insert_new, upsert
from protocol.documents import Settings
from protocol.events import TYPE_NAMES, AccountPaid, PaymentResolved, SaleCompleted, SaleRefunded

OWN_KINDS = frozenset({"cash", "voucher", "account", "exchange"})
"""What is paid without any provider."""

PAGE = 2_000
TAKEN: TenderState = "taken"
_REFUND = TYPE_NAMES[SaleRefunded]
_TYPES = (TYPE_NAMES[SaleCompleted], _REFUND, TYPE_NAMES[AccountPaid], TYPE_NAMES[PaymentResolved])
_PLACE = ("store", "terminal", "epoch", "sequence")


class _Tender(msgspec.Struct):
    kind: str
    amount: int
    reference: str | None = None


class _Data(msgspec.Struct):
    """What is needed of the four events; reading all of a receipt's lines would cost ten times as much."""

    currency: str
    business_day: str = ""
    receipt_number: str = ""
    original_receipt: str | None = None
    tenders: list[_Tender] = []
    attempt: str = ""
    kind: str = ""
    state: str = ""
    amount: int = 0
    reference: str = ""


class _Event(msgspec.Struct):
    data: _Data


_decoder = msgspec.json.Decoder(_Event)


@dataclass(frozen=True)
class _Journal:
    store: str
    terminal: str
    epoch: int
    read: int
    head: int


def catch_up(database: Database, events_max: int) -> int:
    """Read what is new in the journals, at most so many receipts; returns how many were read, 0 when all is."""
    zones: dict[str, tzinfo] = {}
    with database.read() as connection:
        journals, again = _behind(connection), _has_again(connection)
        stores = sa.select(schema.store.c.id, schema.store.c.settings)
        settings = connection.execute(stores) if journals or again else ()
        for row in settings:
            zones[row.id] = zone_of(msgspec.json.decode(row.settings, type=Settings).time_zone)
    done = _read_again(database, zones) if again else 0
    for journal in journals:
        read, count = journal.read, PAGE
        while count == PAGE and done < events_max:
            with database.read() as connection:
                page = _page(connection, journal, read)
            count = len(page)
            read = page[-1].sequence if count == PAGE else journal.head
            rows = [row for event in page for row in _rows(journal, event, zones)]
            _write(database, journal, read, rows)
            done += count
    return done


def is_behind(database: Database) -> bool:
    """Whether a journal has something that was not read."""
    with database.read() as connection:
        return bool(_behind(connection)) or _has_again(connection)


Days = tuple[date, date]
"""Both included."""
_Row = sa.Row[tuple[object, ...]]


@dataclass(frozen=True)
class TendersOf:
    """Tenders and tries of stores, of the kinds (by store) that a provider of theirs takes."""

    connection: sa.Connection
    stores: Sequence[str]
    kinds: Mapping[str, frozenset[str]]

    def around(self, days: Days, keys: Collection[str], whole: Days | None = None) -> list[Tendered]:
        """All of the business days `whole`; of `days` around them those with these keys, or with a try about them.

        So no more days are in memory than are to be reconciled.
        """
        first, last = ("", "") if whole is None else (whole[0].isoformat(), whole[1].isoformat())
        tries = list(self._read(days, money_tender.c.state != TAKEN, lambda _: True))
        receipts = {(one.store, one.receipt) for one in tries if one.receipt}

        def wanted(row: _Row) -> bool:
            inside = first <= row.business_day <= last
            return inside or (row.store, row.receipt) in receipts or _key(row) in keys

        return [*tries, *self._read(days, money_tender.c.state == TAKEN, wanted)]

    def _read(self, days: Days, which: sa.ColumnElement[bool], wanted: Callable[[_Row], bool]) -> Iterator[Tendered]:
        query = sa.select(money_tender).where(_of(self.stores, days), which).execution_options(yield_per=PAGE)
        for row in self.connection.execute(query):
            if row.kind in self.kinds.get(row.store, ()) and wanted(row):
                yield _tendered(row)


def count_of(connection: sa.Connection, stores: Sequence[str], days: Days) -> dict[date, int]:
    """How many tenders and tries there are, by business day."""
    day = money_tender.c.business_day
    query = sa.select(day, sa.func.count()).where(_of(stores, days)).group_by(day)
    return {date.fromisoformat(row[0]): int(row[1]) for row in connection.execute(query)}


def _of(stores: Sequence[str], days: Days) -> sa.ColumnElement[bool]:
    table, (first, last) = money_tender.c, days
    return sa.and_(
        table.store.in_(stores), table.business_day >= first.isoformat(), table.business_day <= last.isoformat()
    )


def mark_days(connection: sa.Connection, days: Sequence[tuple[str, str]]) -> None:
    """Note that something new has come for these (store, day)."""
    rows = [{"store": store, "day": day, "mark": 1} for store, day in sorted(set(days))]
    upsert(connection, money_stale, rows, add=["mark"])


def _behind(connection: sa.Connection) -> list[_Journal]:
    epoch, mine = schema.epoch, money_journal
    same = sa.and_(*(epoch.c[name] == mine.c[name] for name in ("store", "terminal", "epoch")))
    read = sa.func.coalesce(mine.c.sequence, 0)
    query = (
        sa.select(epoch.c.store, epoch.c.terminal, epoch.c.epoch, read, epoch.c.sequence)
        .select_from(epoch.outerjoin(mine, same))
        .where(epoch.c.sequence > read)
        .order_by(epoch.c.store, epoch.c.terminal, epoch.c.epoch)
    )
    return [_Journal(*row) for row in connection.execute(query)]


def _page(connection: sa.Connection, journal: _Journal, read: int) -> Sequence[sa.Row[tuple[int, str, int, bytes]]]:
    event = schema.event.c
    query = (
        sa.select(event.sequence, event.type, event.at_us, event.raw)
        .where(
            event.store == journal.store, event.terminal == journal.terminal, event.epoch == journal.epoch,
            event.sequence > read, event.sequence <= journal.head, event.type.in_(_TYPES), counts(),
        )
        .order_by(event.sequence)
        .limit(PAGE)
    )  # fmt: skip
    return connection.execute(query).all()  # type: ignore[return-value]  # SQLAlchemy has the nullable columns' types


def _rows(
    journal: _Journal, event: sa.Row[tuple[int, str, int, bytes]], zones: Mapping[str, tzinfo]
) -> Iterator[dict[str, object]]:
    try:
        data = _decoder.decode(bytes(event.raw)).data
    except msgspec.DecodeError:
        return  # counted by another version of the hub, that could read it
    row: dict[str, object] = {
        "store": journal.store, "terminal": journal.terminal, "epoch": journal.epoch, "sequence": event.sequence,
        "at_us": event.at_us, "currency": data.currency, "receipt": data.receipt_number,
        "original": data.original_receipt or "", "attempt": data.attempt, "business_day": data.business_day,
    }  # fmt: skip
    if data.attempt:
        local = _local_day(from_us(event.at_us), zones, journal.store)
        yield row | {
            "number": 0, "state": data.state, "kind": data.kind, "amount": data.amount, "reference": data.reference,
            "business_day": local,
        }  # fmt: skip
        return
    sign = -1 if event.type == _REFUND else 1
    for number, tender in enumerate(data.tenders):
        if tender.kind not in OWN_KINDS:
            yield row | {
                "number": number, "state": "taken", "kind": tender.kind, "amount": sign * tender.amount,
                "reference": tender.reference or "",
            }  # fmt: skip


def _local_day(at: datetime, zones: Mapping[str, tzinfo], store: str) -> str:
    return at.astimezone(zones[store]).date().isoformat()


def _write(database: Database, journal: _Journal, read: int, rows: Sequence[Mapping[str, object]]) -> None:
    place = {"store": journal.store, "terminal": journal.terminal, "epoch": journal.epoch, "sequence": read}
    with database.write() as connection:
        _put(connection, rows)
        upsert(connection, money_journal, [place], replace=["sequence"])


def _put(connection: sa.Connection, rows: Sequence[Mapping[str, object]]) -> None:
    insert_new(connection, money_tender, rows)
    mark_days(connection, [(str(row["store"]), str(row["business_day"])) for row in rows])


def _has_again(connection: sa.Connection) -> bool:
    return connection.execute(sa.select(money_again).limit(1)).first() is not None


def _read_again(database: Database, zones: Mapping[str, tzinfo]) -> int:
    """Read what was parked and counts now; returns how many events that were."""
    event, place = schema.event.c, money_again.c
    same = sa.and_(*(event[name] == place[name] for name in _PLACE))
    wanted = sa.and_(event.type.in_(_TYPES), counts()).label("wanted")
    query = sa.select(money_again, event.type, event.at_us, event.raw, wanted).join(schema.event, same).limit(PAGE)
    done = 0
    while True:
        with database.read() as connection:
            found = connection.execute(query).all()
        if not found:
            return done
        rows: list[Mapping[str, object]] = []
        for one in found:
            if one.wanted:
                rows += _rows(_Journal(one.store, one.terminal, one.epoch, 0, 0), one, zones)
        with database.write() as connection:
            _put(connection, rows)
            for one in found:
                connection.execute(
                    sa.delete(money_again).where(*(place[name] == getattr(one, name) for name in _PLACE))
                )
        done += len(found)


def _key(row: sa.Row[tuple[object, ...]]) -> str:
    return f"{row.store}/{row.terminal}/{row.epoch}/{row.sequence}/{row.number}"


def _tendered(row: _Row) -> Tendered:
    state: TenderState = row.state
    return Tendered(
        key=_key(row), store=row.store, terminal=row.terminal, day=date.fromisoformat(row.business_day),
        at=from_us(row.at_us), kind=row.kind, amount=row.amount, currency=row.currency, receipt=row.receipt,
        original=row.original, references=(row.reference,) if row.reference else (), state=state, attempt=row.attempt,
    )  # fmt: skip
