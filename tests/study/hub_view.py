"""What the hub knows at a moment of the study: only what the stores have told it by then.

A sale enters through `learn`, at the moment when its store is heard. Nothing here sees the trade itself, so nothing
can look ahead; a test changes the future and the silences, and finds every decision the same.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from hub.stock.sales_rate import HOURS_PER_WEEK, RecentSales, StoreHabit, WeekProfile
from tests.study.trade import WEEK, Line

WEEKS_BACK = 4
MINUTES_PER_HOUR = 60


@dataclass
class StoreView:
    """Running sums over one store's last four weeks, as the ledger's queries would give them."""

    articles: int
    window: deque[Line] = field(default_factory=deque)
    hours: list[int] = field(default_factory=lambda: [0] * HOURS_PER_WEEK)
    open_hours: Counter[int] = field(default_factory=Counter)
    by_shelf: dict[int, tuple[int, int, int]] = field(default_factory=dict)
    purchases: int = 0
    purchases_squared: int = 0
    units: int = 0
    squares: int = 0
    silent_since: float | None = None
    told: list[Line] = field(default_factory=list)
    of_silence: tuple[WeekProfile, StoreHabit] | None = None

    def copy(self) -> StoreView:
        """Return one that goes its own way from here."""
        return StoreView(
            self.articles, self.window.copy(), [*self.hours], self.open_hours.copy(), dict(self.by_shelf),
            self.purchases, self.purchases_squared, self.units, self.squares, self.silent_since, [*self.told],
            self.of_silence,
        )  # fmt: skip

    def count(self, line: Line, sign: int) -> None:
        """Count a purchase in (1) or out again (-1)."""
        at, shelf, units = line
        purchases, sold, squares = self.by_shelf.get(shelf, (0, 0, 0))
        self.by_shelf[shelf] = (purchases + sign, sold + sign * units, squares + sign * units * units)
        self.purchases += sign
        self.purchases_squared += sign * 2 * purchases + 1
        self.units += sign * units
        self.squares += sign * units * units
        self.open_hours[int(at) // MINUTES_PER_HOUR] += sign
        self.hours[int(at % WEEK) // MINUTES_PER_HOUR] += sign  # as the hub does, which counts receipts


class HubView:
    """The hub's knowledge of all stores."""

    def __init__(self, store_of: tuple[int, ...], stores: list[StoreView]) -> None:
        self.store_of = store_of
        self.stores = stores

    @classmethod
    def of(cls, store_of: tuple[int, ...], stores: int) -> HubView:
        """One that has heard nothing yet, of shelves whose stores are `store_of`."""
        return cls(store_of, [StoreView(store_of.count(store)) for store in range(stores)])

    def copy(self) -> HubView:
        """Return one that goes its own way from here."""
        return HubView(self.store_of, [store.copy() for store in self.stores])

    def learn(self, line: Line) -> None:
        """Take in a purchase that its store tells of."""
        self.stores[self.store_of[line[1]]].told.append(line)

    def falls_silent(self, store: int, at: float) -> None:
        """Note the last contact with a store."""
        self.stores[store].silent_since = at
        self.stores[store].of_silence = None

    def is_heard(self, store: int) -> None:
        """Note that a store is there again, its backlog learned."""
        self.stores[store].silent_since = None

    def silent_since(self, shelf: int) -> float | None:
        """Return the last contact with the shelf's store, if it is silent now."""
        return self.stores[self.store_of[shelf]].silent_since

    def recent(self, shelf: int) -> RecentSales:
        """Return the shelf's sales of the four weeks before the last contact; its store is silent."""
        store = self.stores[self.store_of[shelf]]
        self.of_silence(shelf)
        return RecentSales(*store.by_shelf.get(shelf, (0, 0, 0)))

    def weeks(self, shelf: int) -> float:
        """Return how many weeks the sums are from: four, or all that there have been."""
        heard = self.silent_since(shelf)
        return WEEKS_BACK if heard is None else min(WEEKS_BACK, heard / WEEK)

    def selling_minutes(self, shelf: int) -> float:
        """Return the minutes of all hours in which the shelf's store sold anything, in the period looked back on."""
        self.of_silence(shelf)
        hours = self.stores[self.store_of[shelf]].open_hours
        return MINUTES_PER_HOUR * sum(1 for count in hours.values() if count > 0)

    def of_silence(self, shelf: int) -> tuple[WeekProfile, StoreHabit]:
        """Return the profile and the habit of the shelf's store as they were at the last contact."""
        store = self.stores[self.store_of[shelf]]
        if store.of_silence is None:
            for line in store.told:
                store.count(line, 1)
            store.window.extend(store.told)
            store.told.clear()
            heard = store.silent_since if store.silent_since is not None else 0.0
            while store.window and store.window[0][0] < heard - WEEKS_BACK * WEEK:
                store.count(store.window.popleft(), -1)
            sold = RecentSales(store.purchases, store.units, store.squares)
            habit = StoreHabit.from_sums(store.articles, sold, store.purchases_squared, self.weeks(shelf))
            store.of_silence = (WeekProfile.from_hours(store.hours), habit)
        return store.of_silence
