"""What follows from a matter's events, written down: documents, alarms, and whether the matter waits for more.

Everything is derived anew from all of the matter's events and from what the office put, so it may be done twice, late,
or in any order. The locks of all feeds that may change must be held.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import sqlalchemy as sa

from hub.matters.outcome import (
    Told,
    customer_after,
    pick_after,
    purchase_after,
    returned_twice,
    transfer_after,
    voucher_after,
)
from hub.storage import schema
from hub.storage.document_rows import DocumentRow, LockedFeeds
from hub.storage.matters import logged_sale, told_of
from hub.storage.moments import maybe_from_us
from hub.storage.records import Alarm, AlarmKind
from hub.storage.reservations import reserve
from hub.storage.settling_orders import SettledBy, choose, facts_of, oversold, settle_order
from protocol.documents import Customer, Pick, Purchase, Transfer, Voucher
from protocol.events import AccountPaid, CustomerSaved, SaleCompleted, SaleRefunded, TransferSent
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, store_feed, store_of_feed

WITH_DOCUMENTS = frozenset({"customer", "voucher", "transfer", "pick", "purchase"})


@dataclass(frozen=True)
class Settled:
    """What became of a matter. `alarm` is what should stand for `alarm_kind`, None for nothing."""

    waits: bool = False
    alarm_kind: AlarmKind | None = None
    alarm: Alarm | None = None


def feeds_of(connection: sa.Connection, kind: str, key: str, by: SettledBy) -> set[FeedName]:
    """The feeds on which documents of a matter may change; of an order also those of whom to ask for what it misses."""
    if kind not in WITH_DOCUMENTS:
        return set()
    if kind in ("customer", "voucher"):
        return {GLOBAL_FEED}
    matter, document = schema.matter.c, schema.document.c
    stores = sa.select(matter.store).distinct().where(matter.kind == kind, matter.key == key)
    feeds = {store_feed(StoreId(row[0])) for row in connection.execute(stores)}
    if kind == "transfer":
        sent = [told.data for told in told_of(connection, kind, key, ("sent",))]
        feeds |= {store_feed(StoreId(data.to_store)) for data in sent if isinstance(data, TransferSent)}
    if kind == "pick" and (facts := facts_of(connection, key)) is not None:
        feeds |= {store_feed(StoreId(one.store)) for one in (*facts.asked, *choose(connection, facts, by))}
    known = sa.select(document.feed).where(document.kind == kind, document.key == key)
    return feeds | {FeedName(row[0]) for row in connection.execute(known)}


def settle(connection: sa.Connection, feeds: LockedFeeds, kind: str, key: str, by: SettledBy) -> Settled:
    """Derive a matter's documents and reservations, and write those that changed."""
    match kind:
        case "customer":
            return _customer(connection, feeds, key)
        case "voucher":
            return _voucher(connection, feeds, key)
        case "transfer":
            return _transfer(connection, feeds, key, by)
        case "purchase" | "pick":
            return _store_work(connection, feeds, kind, key, by)
        case "receipt":
            return _receipt(connection, key)
        case _:
            return Settled()


def settle_alarm(connection: sa.Connection, kind: AlarmKind, subject: str, wanted: Alarm | None, now_us: int) -> None:
    """Let the alarm about a subject stand, or end. One that a person closed stays closed until something changes."""
    alarm = schema.alarm.c
    mine = sa.and_(alarm.kind == kind, alarm.subject == subject)
    if wanted is None:
        done = sa.update(schema.alarm).where(mine, alarm.closed_us.is_(None))
        connection.execute(done.values(closed_us=now_us, count=0, text=""))
        return
    standing = connection.execute(sa.select(alarm.store, alarm.terminal, alarm.text).where(mine)).all()
    if [tuple(row) for row in standing] == [(wanted.store, wanted.terminal, wanted.text)]:
        return
    connection.execute(sa.delete(schema.alarm).where(mine))
    connection.execute(
        sa.insert(schema.alarm).values(
            kind=kind, store=wanted.store, terminal=wanted.terminal, subject=subject, text=wanted.text, count=1,
            first_us=now_us, last_us=now_us, closed_us=None,
        )
    )  # fmt: skip


def _customer(connection: sa.Connection, feeds: LockedFeeds, key: str) -> Settled:
    before = next(iter(feeds.rows("customer", [key])), None)
    row = before or DocumentRow(GLOBAL_FEED, "customer", key)
    base = None if row.base is None else msgspec.json.decode(row.base, type=Customer)
    as_of = row.balance_us
    matter = schema.matter.c
    owed = sa.select(sa.func.sum(matter.amount)).where(
        matter.kind == "customer", matter.key == key, matter.role == "owes", matter.at_us > (as_of or 0)
    )
    owes = (base.owes if base is not None else 0) + int(connection.execute(owed).scalar() or 0)
    saved = [told for told in told_of(connection, "customer", key, ("saved",)) if isinstance(told.data, CustomerSaved)]
    newest = max(saved, key=lambda told: (told.at, told.store, told.terminal), default=None)
    said = (newest.data, newest.at) if newest is not None and isinstance(newest.data, CustomerSaved) else None
    after = customer_after(base, maybe_from_us(row.base_us), said, owes)
    feeds.write([(before, row.telling(_text(after)))])
    return Settled(waits=after is None)


def _voucher(connection: sa.Connection, feeds: LockedFeeds, key: str) -> Settled:
    before = next(iter(feeds.rows("voucher", [key])), None)
    row = before or DocumentRow(GLOBAL_FEED, "voucher", key)
    base = None if row.base is None else msgspec.json.decode(row.base, type=Voucher)
    told = told_of(connection, "voucher", key)
    outcome = voucher_after(base, maybe_from_us(row.balance_us), told, key)
    feeds.write([(before, row.telling(_text(outcome.voucher)))])
    alarm = None
    if outcome.known and outcome.rest < 0:
        spent = [event for event in told if isinstance(event.data, SaleCompleted | AccountPaid)]
        text = f"{outcome.rest}: {_receipts(spent)}"
        alarm = _alarm("voucher_overspent", key, spent, text)
    return Settled(not outcome.known, "voucher_overspent", alarm)


def _transfer(connection: sa.Connection, feeds: LockedFeeds, key: str, by: SettledBy) -> Settled:
    rows = {row.feed: row for row in feeds.rows("transfer", [key])}
    put = [msgspec.json.decode(row.base, type=Transfer) for row in rows.values() if row.base is not None]
    told = told_of(connection, "transfer", key)
    outcome = transfer_after(key, put, told)
    for store, document in outcome.documents:
        feed = store_feed(StoreId(store))
        if feeds.has(feed):
            row = rows.get(feed) or DocumentRow(feed, "transfer", key)
            feeds.write([(rows.get(feed), row.telling(_text(document)))])
    promised = [said for said in put if said.state == "wanted" and not told]
    wanted = {(said.from_store, line.sku): line.quantity for said in promised for line in said.lines}
    reserve(connection, feeds, ("transfer", key), wanted, by.now_us)
    alarm = _alarm("transfer_differs", key, told, outcome.differs) if outcome.differs else None
    return Settled(alarm_kind="transfer_differs", alarm=alarm)


def _store_work(connection: sa.Connection, feeds: LockedFeeds, kind: str, key: str, by: SettledBy) -> Settled:
    order = settle_order(connection, feeds, key, by) if kind == "pick" else None
    if order is not None:
        return Settled(alarm_kind="oversold", alarm=oversold(order))
    told = told_of(connection, kind, key)
    for row in feeds.rows(kind, [key]):
        if row.base is None:
            continue
        mine = [event for event in told if event.store == store_of_feed(row.feed)]
        after: Pick | Purchase | None
        if kind == "pick":
            after = pick_after(msgspec.json.decode(row.base, type=Pick), mine)
        else:
            base = msgspec.json.decode(row.base, type=Purchase)
            after = purchase_after(base, maybe_from_us(row.balance_us), mine)
        feeds.write([(row, row.telling(_text(after)))])
    return Settled()


def _receipt(connection: sa.Connection, key: str) -> Settled:
    found = logged_sale(connection, key)
    if found is None:
        return Settled(waits=True)
    refunds = [told for told in told_of(connection, "receipt", key) if isinstance(told.data, SaleRefunded)]
    text = returned_twice(found.sale, refunds)
    alarm = _alarm("returned_twice", key, refunds, text) if text else None
    return Settled(alarm_kind="returned_twice", alarm=alarm)


def _alarm(kind: AlarmKind, subject: str, told: list[Told], text: str) -> Alarm:
    newest = max(told, key=lambda event: (event.at, event.store, event.terminal))
    return Alarm(kind, newest.store, newest.terminal, text, subject=subject)


def _receipts(told: list[Told]) -> str:
    return ", ".join(f"{getattr(event.data, 'receipt_number', '')} ({event.store}/{event.terminal})" for event in told)


def _text(body: msgspec.Struct | None) -> str | None:
    return None if body is None else msgspec.json.encode(body).decode()
