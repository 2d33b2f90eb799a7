"""Reconciling a store's days: what tills and providers said of them is read, paired, and written down.

Days may be reconciled any number of times, in any order and by several processes; what is the same stays untouched.
Inside a span everything is paired anew. Around it, only what has lacked its other side so far takes part, so that a
payment of 23:59 and the receipt of 00:01 meet, whichever day is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

import sqlalchemy as sa

from hub.errors import StorageUnavailable
from hub.money.reconciling import Terms, fold_tries, reconcile
from hub.storage.database import Database
from hub.storage.moments import to_us
from hub.storage.money_changes import Change, Written, changes, times_written, write_changes
from hub.storage.money_lines import AROUND, LOCK, Span, Standing, receipts_of, stale_days, standing
from hub.storage.money_payments import fee_rules, payments_of
from hub.storage.money_places import Places, places_of
from hub.storage.money_records import Line, Paid, Tendered
from hub.storage.money_tenders import TendersOf, count_of

DAYS_AT_ONCE = 4
TENDERS_AT_ONCE = 50_000
"""Of more tenders than that, days are reconciled one by one, so that memory holds one of them."""
STALE_READ = 1_000
TRIES_MAX = 5
_DAY = timedelta(days=1)


def reconcile_days(database: Database, stores: Sequence[str], first: date, last: date, now: datetime) -> int:
    """Reconcile days (both included) of stores, which are a whole group (`Places.group`).

    Returns how many lines changed. Raises StorageError.
    """
    database.state(LOCK, "")
    changed = 0
    while first <= last:
        until = _until(database, stores, first, last)
        changed += _reconcile(database, tuple(stores), first, until, now)
        first = until + _DAY
    return changed


def _until(database: Database, stores: Sequence[str], first: date, last: date) -> date:
    """How many days are done at once."""
    last = min(last, first + _DAY * (DAYS_AT_ONCE - 1))
    with database.read() as connection:
        count = count_of(connection, stores, (first, last))
    total = 0
    for number in range((last - first).days + 1):
        total += count.get(first + _DAY * number, 0)
        if total > TENDERS_AT_ONCE:
            return first + _DAY * max(0, number - 1)
    return last


def _reconcile(database: Database, stores: tuple[str, ...], first: date, last: date, now: datetime) -> int:
    """What is to be changed is found without any lock; if somebody else has written meanwhile, it is found anew."""
    for _ in range(TRIES_MAX):
        span, read, found = _find(database, stores, first, last, now)
        if write_changes(database, span, found, read, to_us(now)):
            return max(sum(len(one.gone) for one in found), sum(len(one.new) for one in found))
    raise StorageUnavailable(
        f"money of {', '.join(stores)}: others have reconciled these stores {TRIES_MAX} times meanwhile; try again"
    )


def _find(
    database: Database, stores: tuple[str, ...], first: date, last: date, now: datetime
) -> tuple[Span, Written, list[Change]]:
    with database.read() as connection:
        places = places_of(connection)
        span = span_of(places, stores, first, last)
        stale = stale_days(connection, STALE_READ)
        marks = {place: mark for place, mark in stale.items() if place[0] in stores and first <= place[1] <= last}
        read = Written(times_written(connection, span), marks)
        there = standing(connection, span)
        payments = _payments(connection, places, span, there)
        terms = Terms(
            now, places.providers(), fee_rules(connection),
            receipts_of(connection, {(one.channel, one.refund_of) for one in payments if one.refund_of}),
        )  # fmt: skip
        tenders = _tenders(connection, places, span, there)
    lines = (line for line in reconcile(tenders, payments, terms) if span.has(line) or is_pair(line))
    return span, read, changes(there.inside, lines)


def span_of(places: Places, stores: tuple[str, ...], first: date, last: date) -> Span:
    """The span with its first and last moment, by the calendar of whichever store begins first and ends last."""
    zones: list[tzinfo] = [places.zones.get(store, UTC) for store in stores]
    start = min(datetime.combine(first, time(), zone) for zone in zones)
    end = max(datetime.combine(last + _DAY, time(), zone) for zone in zones)
    return Span(stores, first, last, start.astimezone(UTC), end.astimezone(UTC))


def is_pair(line: Line) -> bool:
    """Whether a line has both sides."""
    return line.tender is not None and line.payment is not None


def _tenders(connection: sa.Connection, places: Places, span: Span, there: Standing) -> list[Tendered]:
    tenders = TendersOf(connection, span.stores, places.taken())
    # A try is of the day on which it was made, its receipt perhaps of the day before: they are put together first.
    free = {line.tender for line in there.free if line.tender is not None}
    days = (span.first - _DAY, span.last + _DAY)
    near = fold_tries(tenders.around(days, free, (span.first, span.last)))
    found = [one for one in near if span.first <= one.day <= span.last or one.key in free]
    farther = free - {one.key for one in near}
    for around in _around(span):
        if farther:
            more = fold_tries(tenders.around(around, farther))
            found += [one for one in more if one.key in farther]
    return found


def _payments(connection: sa.Connection, places: Places, span: Span, there: Standing) -> list[Paid]:
    inside = payments_of(connection, places, span.stores, span.first, span.last)
    found = {(one.channel, one.key): one for one in inside if (one.channel, one.key) not in there.elsewhere}
    wanted = {
        (line.channel, line.payment)
        for line in (*there.free, *there.inside.values())
        if line.payment is not None and (line.channel, line.payment) not in found
    }
    for first, last in _around(span):
        if wanted:
            more = payments_of(connection, places, span.stores, first, last)
            found |= {(one.channel, one.key): one for one in more if (one.channel, one.key) in wanted}
    return list(found.values())


def _around(span: Span) -> Iterator[tuple[date, date]]:
    yield span.first - AROUND, span.first - _DAY
    yield span.last + _DAY, span.last + AROUND
