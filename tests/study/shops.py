"""The shops at work under one policy: shelves, tills, deliveries, silences, and web orders on the same goods.

A store that is heard picks a web order at once. A store that is silent goes on selling from all of its shelf, for it
knows of no order; when it is heard again it first tells what it sold, then picks what has been ordered meanwhile. An
order whose goods are gone by then is oversold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from hub.stock.offline_buffer import units_quantile
from tests.study.chance import Chance
from tests.study.hub_view import HubView
from tests.study.policies import Policy, Regime, constant
from tests.study.trade import DAYS_PER_WEEK, MINUTES_PER_DAY, WEEK, Line, Trade

DELIVERY_DAYS = (1, 3, 5)
DELIVERY_MINUTE = 8 * 60
"""Monday, Wednesday, Friday, in the quietest hours by the data's clock."""

SHELF_MIN = 2
RUNS_OUT = 0.05
"""A delivery fills a shelf up to what lasts until the next one in 95 of 100 cases, but to two pieces at least."""

HEARD, DELIVERY, LINE, ORDER, PROBE, SILENT = range(6)
Happening = tuple[float, int, int, int]
"""When, what of the above, and two numbers that depend on it."""


@dataclass
class Outcome:
    """What came of it. Units of held and available are of the probes, while heard and while silent."""

    orders: int = 0
    silent_orders: int = 0
    oversold: int = 0
    refused: int = 0
    lost: int = 0
    wanted_at_counter: int = 0
    sold_at_counter: int = 0
    held: list[int] = field(default_factory=lambda: [0, 0])
    available: list[int] = field(default_factory=lambda: [0, 0])


@dataclass
class Floor:
    """The state of all shops, and what the hub knows of them."""

    on_shelf: list[int]
    hub: HubView
    unseen: dict[int, int] = field(default_factory=dict)
    reserved: dict[int, int] = field(default_factory=dict)
    touched: list[set[int]] = field(default_factory=list)
    backlog: list[list[Line]] = field(default_factory=list)
    waiting: list[list[tuple[int, int]]] = field(default_factory=list)

    def copy(self) -> Floor:
        """Return one that goes its own way from here; nothing is silent or waiting."""
        stores = len(self.touched)
        return Floor(
            [*self.on_shelf], self.hub.copy(), {}, {}, [set(them) for them in self.touched],
            [[] for _ in range(stores)], [[] for _ in range(stores)],
        )  # fmt: skip


class Shops:
    """A trade with its shelves' sizes and its first weeks already played, from which each run starts."""

    def __init__(self, trade: Trade, first: float, web_share: float) -> None:
        self.trade = trade
        self.first = first
        self.store_of = tuple(shelf.store for shelf in trade.shelves)
        self.full = full_shelves(trade, web_share)
        self.siblings: dict[int, list[int]] = {}
        for index, shelf in enumerate(trade.shelves):
            self.siblings.setdefault(shelf.sku, []).append(index)
        stores = len(trade.stores)
        start = Floor([*self.full], HubView.of(self.store_of, stores), touched=[set() for _ in range(stores)])
        self.start = start.copy()
        run = Run(self, self.start, Policy("naive", "naive", constant(0)), "pickup")
        run.play(happenings(trade, None, 0.0, first))

    def under(self, policy: Policy, regime: Regime, events: Sequence[Happening]) -> Outcome:
        """Play the studied weeks under one policy."""
        run = Run(self, self.start.copy(), policy, regime)
        run.play(events)
        return run.outcome


def full_shelves(trade: Trade, web_share: float) -> list[int]:
    """Return up to which number of units a delivery fills each shelf."""
    units = [0] * len(trade.shelves)
    squares = [0] * len(trade.shelves)
    for _, shelf, count in trade.lines:
        units[shelf] += count
        squares[shelf] += count * count
    cover = (1 + web_share) / (trade.weeks * len(DELIVERY_DAYS))
    return [
        max(SHELF_MIN, units_quantile(sold * cover, squared * cover, RUNS_OUT))
        for sold, squared in zip(units, squares, strict=True)
    ]


def happenings(trade: Trade, chance: Chance | None, first: float, end: float) -> list[Happening]:
    """Put in order all that happens from minute `first` to `end`, whatever the policy."""
    events = [(at, LINE, shelf, units) for at, shelf, units in trade.lines if first <= at < end]
    for day in range(int(first // MINUTES_PER_DAY), int(end // MINUTES_PER_DAY)):
        if day % DAYS_PER_WEEK in DELIVERY_DAYS:
            at = float(day * MINUTES_PER_DAY + DELIVERY_MINUTE)
            events += [(at, DELIVERY, store, 0) for store in range(len(trade.stores))]
    if chance is not None:
        for store, spans in enumerate(chance.offline):
            for start, stop in spans:
                events += [(start, SILENT, store, 0), (stop, HEARD, store, 0)]
        events += [(at, ORDER, shelf, units) for at, shelf, units in chance.orders]
        events += [(at, PROBE, shelf, silent) for at, shelf, silent in chance.probes]
    events.sort()
    return events


def studied(shops: Shops, chance: Chance) -> list[Happening]:
    """Put in order all that happens in the studied weeks of one repetition."""
    return happenings(shops.trade, chance, shops.first, float(shops.trade.weeks * WEEK))


class Run:
    """One policy's way through the happenings."""

    def __init__(self, shops: Shops, floor: Floor, policy: Policy, regime: Regime) -> None:
        self.shops = shops
        self.floor = floor
        self.hold = policy.hold
        self.heard_first = policy.heard_first
        self.regime = regime
        self.outcome = Outcome()
        self.decisions: list[tuple[float, int, bool]] | None = None
        """Each order's moment, shelf and answer, if a test wants them."""

    def play(self, events: Sequence[Happening]) -> None:
        """Let everything happen in its order."""
        for at, what, which, number in events:
            if what == LINE:
                self.sell(at, which, number)
            elif what == ORDER:
                self.order(at, which, number)
            elif what == PROBE:
                self.probe(at, which, number)
            elif what == DELIVERY:
                self.deliver(which)
            elif what == SILENT:
                self.floor.hub.falls_silent(which, at)
            else:
                self.hear(which)

    def sell(self, at: float, shelf: int, wanted: int) -> None:
        """Sell over the counter what is on the shelf."""
        floor = self.floor
        sold = min(wanted, floor.on_shelf[shelf])
        self.outcome.wanted_at_counter += wanted
        self.outcome.sold_at_counter += sold
        if not sold:
            return
        self.take(shelf, sold)
        if floor.hub.silent_since(shelf) is None:
            floor.hub.learn((at, shelf, sold))
        else:
            floor.unseen[shelf] = floor.unseen.get(shelf, 0) + sold
            floor.backlog[self.shops.store_of[shelf]].append((at, shelf, sold))

    def take(self, shelf: int, units: int) -> None:
        """Take goods from a shelf, which the next delivery fills again."""
        self.floor.on_shelf[shelf] -= units
        self.floor.touched[self.shops.store_of[shelf]].add(shelf)

    def deliver(self, store: int) -> None:
        """Fill a store's shelves; a silent store tells of it later."""
        floor = self.floor
        for shelf in floor.touched[store]:
            if floor.hub.silent_since(shelf) is not None:
                more = self.shops.full[shelf] - floor.on_shelf[shelf]
                floor.unseen[shelf] = floor.unseen.get(shelf, 0) - more
            floor.on_shelf[shelf] = self.shops.full[shelf]
        floor.touched[store].clear()

    def seen(self, shelf: int) -> int:
        """Return what the hub takes for available: what it knows to be on the shelf, less what it has promised."""
        floor = self.floor
        return max(0, floor.on_shelf[shelf] + floor.unseen.get(shelf, 0) - floor.reserved.get(shelf, 0))

    def there(self, shelf: int) -> int:
        """Return what is truly on the shelf and not promised."""
        return self.floor.on_shelf[shelf] - self.floor.reserved.get(shelf, 0)

    def order(self, at: float, shelf: int, units: int) -> None:
        """Answer a web order: promise the goods, or say that there are none."""
        outcome = self.outcome
        outcome.orders += 1
        outcome.silent_orders += self.floor.hub.silent_since(shelf) is not None
        places = [shelf] if self.regime == "pickup" else self.shops.siblings[self.shops.trade.shelves[shelf].sku]
        chosen = self.choose(at, places, units)
        if self.decisions is not None:
            self.decisions.append((at, shelf, chosen is not None))
        if chosen is None:
            outcome.refused += 1
            outcome.lost += any(self.there(place) >= units for place in places)
        elif self.floor.hub.silent_since(chosen) is None:
            self.take(chosen, units)
        else:
            self.floor.reserved[chosen] = self.floor.reserved.get(chosen, 0) + units
            self.floor.waiting[self.shops.store_of[chosen]].append((chosen, units))

    def choose(self, at: float, places: Sequence[int], units: int) -> int | None:
        """Return the place with most available, of two alike one that is heard; None if none has enough."""
        best: tuple[int, int, bool, int] | None = None
        for place in places:
            seen = self.seen(place)
            if seen < units or (left := seen - self.hold(self.floor.hub, place, at)) < units:
                continue
            heard = self.floor.hub.silent_since(place) is None
            rank = (heard if self.heard_first else 0, left, heard, -place)
            best = rank if best is None or rank > best else best
        return None if best is None else -best[3]

    def hear(self, store: int) -> None:
        """A silent store is there again: its backlog first, then the orders that wait for it."""
        floor = self.floor
        for line in floor.backlog[store]:
            floor.hub.learn(line)
        floor.backlog[store].clear()
        for shelf in [shelf for shelf in floor.unseen if self.shops.store_of[shelf] == store]:
            del floor.unseen[shelf]
        for shelf, units in floor.waiting[store]:
            floor.reserved.pop(shelf, None)
            if floor.on_shelf[shelf] >= units:
                self.take(shelf, units)
            else:
                self.outcome.oversold += 1
        floor.waiting[store].clear()
        floor.hub.is_heard(store)

    def probe(self, at: float, shelf: int, silent: int) -> None:
        """Look how much of a shelf is held back."""
        seen = self.seen(shelf)
        self.outcome.available[silent] += seen
        if seen:
            self.outcome.held[silent] += min(seen, self.hold(self.floor.hub, shelf, at))
