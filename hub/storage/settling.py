"""What follows from a matter's events, written down: documents, alarms, and whether the matter waits for more.

Everything is derived anew from all of the matter's events and from what the office put, so it may be done twice, late,
or in any order. The locks of all feeds that may change must be held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from hub.matters.orders import handed_over_twice
from hub.matters.outcome import (
    Told,
    customer_after,
    pick_after,
    promised_by,
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
from hub.storage.recounts import TWICE, ask_to_count
from hub.storage.reservations import reserve
from hub.storage.settling_orders import SettledBy, choose, facts_of, oversold, settle_order
from protocol.documents import Customer, Pick, Purchase, Transfer, Voucher
from protocol.events import (
    AccountPaid,
    CustomerSaved,
    OrderHandedOver,
    SaleCompleted,
    SaleRefunded,
    StockLine,
    TransferSent,
)
from protocol.ids import GLOBAL_FEED, FeedName, StoreId, store_feed, store_of_feed
from protocol.quantity import format_quantity

WITH_DOCUMENTS = frozenset({"customer", "voucher", "transfer", "pick", "purchase"})


@dataclass(frozen=True)
class Settled:
    """What became of a matter. `alarms` are what should stand for each kind that it may have, None for nothing."""

    waits: bool = False
    alarms: Mapping[AlarmKind, Alarm | None] = field(default_factory=dict)


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
        chosen = {one.store for one in choose(connection, facts, by)}
        feeds |= {store_feed(StoreId(store)) for store in facts.stores | chosen}
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


def settle_alarms(connection: sa.Connection, kind: AlarmKind, wanted: Mapping[str, Alarm | None], now_us: int) -> None:
    """As `settle_alarm`, by subject."""
    alarm = schema.alarm.c
    quiet = [subject for subject, told in wanted.items() if told is None]
    if quiet:
        done = sa.update(schema.alarm).where(alarm.kind == kind, alarm.subject.in_(quiet), alarm.closed_us.is_(None))
        connection.execute(done.values(closed_us=now_us, count=0, text=""))
    for subject, told in wanted.items():
        if told is not None:
            settle_alarm(connection, kind, subject, told, now_us)


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
    return Settled(not outcome.known, {"voucher_overspent": alarm})


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
    return Settled(alarms={"transfer_differs": alarm})


def _store_work(connection: sa.Connection, feeds: LockedFeeds, kind: str, key: str, by: SettledBy) -> Settled:
    told = told_of(connection, kind, key)
    alarms: dict[AlarmKind, Alarm | None] = {}
    if kind == "pick":
        alarms["handed_over_twice"] = _handed_over_twice(connection, feeds, key, told)
        order = settle_order(connection, feeds, key, by)
        if order is not None:
            return Settled(alarms=alarms | {"oversold": oversold(order)})
    promised: dict[tuple[str, str], int] = {}
    for row in feeds.rows(kind, [key]):
        store = store_of_feed(row.feed)
        if row.base is None or store is None:
            continue
        mine = [event for event in told if event.store == store]
        after: Pick | Purchase | None
        if kind == "pick":
            after = pick_after(msgspec.json.decode(row.base, type=Pick), mine)
            promised |= {(store, sku): quantity for sku, quantity in promised_by(after, mine).items()}
        else:
            base = msgspec.json.decode(row.base, type=Purchase)
            after = purchase_after(base, maybe_from_us(row.balance_us), mine)
        feeds.write([(row, row.telling(_text(after)))])
    if kind == "pick":  # put by hand, it is promised at its store as an order's parcel is
        reserve(connection, feeds, ("order", key), promised, by.now_us)
    return Settled(alarms=alarms)


def _handed_over_twice(connection: sa.Connection, feeds: LockedFeeds, order: str, told: Sequence[Told]) -> Alarm | None:
    """Ask to count what more than one till says that it handed over, and say which tills."""
    found = handed_over_twice(told)
    facts = []
    for store, said in found.items():
        goods = [(event, event.data.lines) for event in said if isinstance(event.data, OrderHandedOver)]
        skus = sorted({line.sku for _, lines in goods for line in lines})
        ask_to_count(connection, feeds, store, dict.fromkeys(skus, (TWICE, said[-1].at)), order)
        facts += [f"{_who(event)}: {_words_of(lines)}" for event, lines in goods]
    return (
        _alarm("handed_over_twice", order, [s for said in found.values() for s in said], "; ".join(facts))
        if found
        else None
    )


def _who(event: Told) -> str:
    by = event.data.by if isinstance(event.data, OrderHandedOver) else ""
    return f"{event.store}/{event.terminal} {event.at.isoformat(sep=' ', timespec='minutes')}{f' ({by})' if by else ''}"


def _words_of(lines: Sequence[StockLine]) -> str:
    return ", ".join(f"{line.sku} {format_quantity(line.quantity)}" for line in lines)


def _receipt(connection: sa.Connection, key: str) -> Settled:
    found = logged_sale(connection, key)
    if found is None:
        return Settled(waits=True)
    refunds = [told for told in told_of(connection, "receipt", key) if isinstance(told.data, SaleRefunded)]
    text = returned_twice(found.sale, refunds)
    alarm = _alarm("returned_twice", key, refunds, text) if text else None
    return Settled(alarms={"returned_twice": alarm})


def _alarm(kind: AlarmKind, subject: str, told: list[Told], text: str) -> Alarm:
    newest = max(told, key=lambda event: (event.at, event.store, event.terminal))
    return Alarm(kind, newest.store, newest.terminal, text, subject=subject)


def _receipts(told: list[Told]) -> str:
    return ", ".join(f"{getattr(event.data, 'receipt_number', '')} ({event.store}/{event.terminal})" for event in told)


def _text(body: msgspec.Struct | None) -> str | None:
    return None if body is None else msgspec.json.encode(body).decode()
