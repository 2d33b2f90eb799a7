"""What follows from events for customers, vouchers, transfers, deliveries, web orders, returns and shifts.

The ingest only notes which matters an event belongs to; here, some milliseconds behind it, each of them is settled: in
one transaction its documents are derived from all of its events, its alarm is raised or ended, and its events are
marked as done. Killed in between, it is done again. A matter that lacks its beginning (a refund whose sale is on a
till that is offline) waits, and is settled when that comes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from hub.projections.shifts import settle_shift
from hub.storage import schema
from hub.storage.database import Database
from hub.storage.document_rows import LockedFeeds
from hub.storage.documents_by_hand import SqlDocumentStore
from hub.storage.moments import to_us
from hub.storage.orders import retry_missing, stores_now
from hub.storage.records import Alarm
from hub.storage.recounts import settle_recounts
from hub.storage.settling import Settled, feeds_of, settle, settle_alarm
from hub.storage.settling_orders import DEFAULT_POLICY, AllotmentPolicy, SettledBy, widening
from protocol.ids import FeedName, StoreId, store_feed

AT_ONCE = 50
ENTRIES_AT_ONCE = 1_000
WAITING_EVERY_S = 5.0
OVERDUE_EVERY_S = 600.0
MISSING_EVERY_S = 30.0
OVERDUE = timedelta(days=7)
"""So long may a till be offline before somebody is told that its receipts are missed."""

TEXT_MAX = 2_000
_LOCK = "matters"
_MATTER = schema.matter.c
_NEW = sa.select(schema.matter).where(_MATTER.state == "new").order_by(_MATTER.kind, _MATTER.key)


class MatterProjection:
    """Settles matters. Used from one thread; several hub processes take turns."""

    def __init__(self, database: Database, policy: AllotmentPolicy = DEFAULT_POLICY) -> None:
        self._database = database
        self._policy = policy
        self._missing_at_s: float | None = None
        self._seen: dict[FeedName, int] | None = None
        self._more = True
        self._waiting_at_s: float | None = None
        self._overdue_at_s: float | None = None
        database.state(_LOCK, "")

    def advance(self, heads: Mapping[FeedName, int], now: datetime, now_s: float) -> int:
        """Settle some of what is new, if anything has changed at all. Returns how many matters were settled.

        Raises StorageError; then the next call does it.
        """
        if self._seen != heads:
            self._seen, self._more = dict(heads), True
        done = 0
        if self._more:
            done = settle_some(self._database, now, self._policy)
            self._more = done > 0
        if self._waiting_at_s is None or now_s - self._waiting_at_s >= WAITING_EVERY_S:
            self._waiting_at_s = now_s
            self._more |= wake_waiting(self._database) > 0
            done += settle_recounts(self._database, now)
        if self._missing_at_s is None or now_s - self._missing_at_s >= MISSING_EVERY_S:
            self._missing_at_s = now_s
            done += retry_missing(self._database, self._policy, now)
        if self._overdue_at_s is None or now_s - self._overdue_at_s >= OVERDUE_EVERY_S:
            self._overdue_at_s = now_s
            tell_overdue(self._database, now)
            forget_old_work(self._database, now)
        return done


def settle_all(database: Database, now: datetime, policy: AllotmentPolicy = DEFAULT_POLICY) -> int:
    """Settle everything that can be settled, at once: what a command needs whose hub does not run."""
    MatterProjection(database)
    done = 0
    while True:
        wake_waiting(database)
        step = settle_some(database, now, policy)
        if not step:
            return done
        done += step


def settle_some(database: Database, now: datetime, policy: AllotmentPolicy = DEFAULT_POLICY) -> int:
    """Settle at most fifty matters in one transaction; returns how many."""
    with database.read() as connection:
        if connection.execute(_NEW.limit(1)).first() is None:
            return 0
    by = SettledBy(to_us(now), policy)
    return widening(lambda stores: _settle_some(database, by, stores), frozenset(), lambda: stores_now(database))


def _settle_some(database: Database, by: SettledBy, stores: frozenset[str]) -> int:
    with database.write() as connection:
        connection.execute(_lock())
        by_matter: dict[tuple[str, str], list[sa.Row[tuple[object, ...]]]] = {}
        for row in connection.execute(_NEW.limit(ENTRIES_AT_ONCE)):
            if len(by_matter) >= AT_ONCE and (row.kind, row.key) not in by_matter:
                break
            by_matter.setdefault((row.kind, row.key), []).append(row)
        wanted = {store_feed(StoreId(store)) for store in stores}
        feeds = LockedFeeds(connection, wanted.union(*(feeds_of(connection, *place, by) for place in by_matter)))
        for (kind, key), rows in by_matter.items():
            settled = settle_shift(connection, key) if kind == "shift" else settle(connection, feeds, kind, key, by)
            _mark(connection, rows, settled)
            for alarm_kind, alarm in settled.alarms.items():
                settle_alarm(connection, alarm_kind, key, alarm, by.now_us)
        feeds.finish()
    return len(by_matter)


def wake_waiting(database: Database) -> int:
    """Make refunds new again whose sale has come; returns how many entries."""
    matter, sale = schema.matter.c, schema.sale.c
    came = sa.exists().where(sale.receipt_number == matter.key, sale.kind == "sale")
    ready = sa.and_(matter.state == "waiting", matter.kind == "receipt", came)
    with database.read() as connection:
        if connection.execute(sa.select(matter.key).where(ready).limit(1)).first() is None:
            return 0
    with database.write() as connection:
        return connection.execute(sa.update(schema.matter).where(ready).values(state="new")).rowcount


def tell_overdue(database: Database, now: datetime) -> None:
    """Let alarms stand for what has waited for a week: refunds of receipts, and vouchers, that nobody has heard of."""
    matter, alarm = schema.matter.c, schema.alarm.c
    late = sa.and_(matter.state == "waiting", matter.at_us < to_us(now - OVERDUE))
    query = sa.select(schema.matter).where(late, matter.kind.in_(("receipt", "voucher")))
    told = sa.select(alarm.subject).where(alarm.kind == "return_unknown", alarm.closed_us.is_(None))
    with database.read() as connection:
        rows = connection.execute(query.order_by(matter.at_us, matter.key).limit(ENTRIES_AT_ONCE)).all()
        receipts: dict[str, list[str]] = {row[0]: [] for row in connection.execute(told)}
    for row in rows:
        if row.kind == "receipt":
            receipts.setdefault(row.store, []).append(row.key)
    if not rows and not receipts:
        return
    with database.write() as connection:
        for store, numbers in receipts.items():
            text = ", ".join(dict.fromkeys(numbers))[:TEXT_MAX]
            wanted = Alarm("return_unknown", store, "", text, subject=store) if numbers else None
            settle_alarm(connection, "return_unknown", store, wanted, to_us(now))
        for row in rows:
            if row.kind == "voucher":
                wanted = Alarm("voucher_overspent", row.store, row.terminal, "", subject=row.key)
                settle_alarm(connection, "voucher_overspent", row.key, wanted, to_us(now))


def forget_old_work(database: Database, now: datetime) -> int:
    """Take web orders that were handed over, and payments that were told, off the tills after a week; returns how many.

    Else a till's lists would grow for ever. What they were stays in the event log and with the office.
    """
    document = schema.document.c
    old = sa.and_(document.deleted.is_(False), document.base_us < to_us(now - OVERDUE))
    order = schema.web_order.c
    given_up = sa.select(order.id).where(order.cancelled_us < to_us(now - OVERDUE))
    done = sa.or_(
        document.kind == "payment",
        sa.and_(document.kind == "pick", document.body.contains('"state":"handed_over"')),
        sa.and_(document.kind == "pick", document.key.in_(given_up)),
    )
    query = sa.select(document.feed, document.kind, document.key).where(old, done).limit(ENTRIES_AT_ONCE)
    with database.read() as connection:
        found = connection.execute(query.order_by(document.feed, document.kind, document.key)).all()
    store = SqlDocumentStore(database)
    by_feed: dict[tuple[str, str], list[str]] = {}
    for row in found:
        by_feed.setdefault((row.feed, row.kind), []).append(row.key)
    return sum(store.delete(FeedName(feed), kind, keys, now) for (feed, kind), keys in by_feed.items())


def _lock() -> sa.Select[str]:
    return sa.select(schema.state.c.value).where(schema.state.c.name == _LOCK).with_for_update()


def _mark(connection: sa.Connection, rows: Sequence[sa.Row[tuple[object, ...]]], settled: Settled) -> None:
    matter = schema.matter.c
    state = "waiting" if settled.waits else "done"
    columns = ("kind", "key", "store", "terminal", "epoch", "sequence", "role")
    same = sa.and_(*(matter[name] == sa.bindparam(f"the_{name}") for name in columns))
    # By their places: what was committed since we looked is still new.
    connection.execute(
        sa.update(schema.matter).where(same).values(state=state),
        [{f"the_{name}": getattr(row, name) for name in columns} for row in rows],
    )
    if not settled.waits:
        mine = sa.and_(matter.kind == rows[0].kind, matter.key == rows[0].key, matter.state == "waiting")
        connection.execute(sa.update(schema.matter).where(mine).values(state=state))
