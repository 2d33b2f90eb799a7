"""Reconciling by itself: closed days again whenever something came late for them, and the last ones every night.

It takes part only where a channel tells of payments. One step is bounded (so many receipts read, one store's days), so
that whoever shares its thread waits seconds at most; several hub processes may do it, each finds what is left.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from hub.money.days import DAYS_AT_ONCE, STALE_READ, reconcile_days
from hub.storage.database import Database
from hub.storage.money_lines import no_longer_stale, stale_days
from hub.storage.money_payments import begins
from hub.storage.money_places import UNMAPPED, Places, places_now
from hub.storage.money_tenders import catch_up

EVERY_S = 60.0
EVENTS_A_STEP = 20_000
_DAY = timedelta(days=1)
Due = tuple[tuple[str, ...], date, date]
"""Stores, and days (both included) that are to be reconciled."""


class MoneyProjection:
    """Keeps closed days reconciled. Used from one thread."""

    def __init__(self, database: Database, every_s: float = EVERY_S) -> None:
        self._database = database
        self._every_s = every_s
        self._not_before_s = 0.0
        self._nights: dict[str, date] = {}

    def advance(self, now: datetime, now_s: float) -> int:
        """Do a step if it is time to; returns how many lines changed. Raises StorageError."""
        if now_s < self._not_before_s:
            return 0
        places = places_now(self._database)
        if not places.channels:
            self._not_before_s = now_s + self._every_s
            return 0
        read = catch_up(self._database, EVENTS_A_STEP)
        due = self._tonight(places, now) or self._stale(places, now)
        # As long as there is more to do it goes on at once, step by step.
        self._not_before_s = now_s if due is not None or read >= EVENTS_A_STEP else now_s + self._every_s
        return 0 if due is None else reconcile_days(self._database, *due, now)

    def _tonight(self, places: Places, now: datetime) -> Due | None:
        """The last closed days of the next store that has a new day."""
        for store in (*sorted({one for behind in places.stores.values() for one in behind}), UNMAPPED):
            today = places.day(store, now)
            if self._nights.get(store) == today:
                continue
            self._nights[store] = today
            stores = places.group(store)
            first, last = today - _DAY * DAYS_AT_ONCE, today - _DAY
            if store != UNMAPPED:
                with self._database.read() as connection:
                    begin = begins(connection, places, stores)
                first = today if begin is None else max(first, begin)
            if first <= last:
                return stores, first, last
        return None

    def _stale(self, places: Places, now: datetime) -> Due | None:
        """The oldest closed day that something new has come for."""
        with self._database.read() as connection:
            stale = stale_days(connection, STALE_READ)
            first = {
                store: begins(connection, places, places.group(store))
                for store in {store for store, _ in stale if store}
            }
        before = {
            (store, day): mark for (store, day), mark in stale.items() if store and day < (first[store] or now.date())
        }
        if before:
            with self._database.write() as connection:
                no_longer_stale(connection, before)
        closed = [place for place in stale if place not in before and place[1] < places.day(place[0], now)]
        if not closed:
            return None
        store, day = closed[0]
        return places.group(store), day, day
