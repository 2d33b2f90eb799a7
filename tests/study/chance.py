"""What chance decides in one repetition, from one seed, before any policy acts: outages, web orders, probes.

Every policy meets the very same (common random numbers), so their differences are not chance.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from math import exp

from tests.study.trade import MINUTES_PER_DAY, WEEK, Trade


@dataclass(frozen=True)
class OutageKind:
    """One reason to be offline: on average every so many days, for a log-normal time."""

    name: str
    every_days: float
    median_minutes: float
    sigma: float


OUTAGES = (
    OutageKind("short", 1.0, 5, 0.8),  # the router starts again, the line flaps
    OutageKind("hours", 6.0, 120, 0.8),  # the provider's fault, mended the same day
    OutageKind("day", 60.0, 1440, 0.4),  # a cut cable
)
"""Offline for some 4 % of the time: 0.5 % short, 1.9 % for hours, 1.8 % for a day. A store goes on selling."""

Span = tuple[float, float]
Order = tuple[float, int, int]
"""When (minute), which shelf the customer looked at, how many units."""

Probe = tuple[float, int, bool]
"""When, which shelf, and whether its store is offline then."""


@dataclass(frozen=True)
class Chance:
    """One repetition's draws. `offline[store]` holds spans in order that do not touch each other."""

    offline: tuple[tuple[Span, ...], ...]
    orders: tuple[Order, ...]
    probes: tuple[Probe, ...]
    offline_share: float


def draw(  # noqa: PLR0913 - each has its own meaning, and a name where it is called
    trade: Trade, first: float, *, web_share: float, probes: int, seed: int, more_outages: float = 1.0
) -> Chance:
    """Draw a repetition for the time from minute `first` to the end of the trade.

    Web orders are `web_share` of the purchases at the counters. An order takes article, store and quantity from one
    purchase and its time of the week from another one, so that the mix and the busy hours are those of the trade.
    """
    rng = random.Random(f"chance {seed}")  # noqa: S311 - chance of a study, no secret
    end = float(trade.weeks * WEEK)
    offline = tuple(_outages(rng, first, end, more_outages) for _ in trade.stores)
    sizes = Counter(shelf.store for shelf in trade.shelves)
    silent = sum((stop - start) * sizes[store] for store, spans in enumerate(offline) for start, stop in spans)
    studied = sum(1 for line in trade.lines if line[0] >= first)
    orders = sorted(_order(rng, trade, first, end) for _ in range(round(studied * web_share)))
    return Chance(
        offline,
        tuple(orders),
        _probes(rng, trade, offline, (first, end), probes),
        silent / ((end - first) * len(trade.shelves)),
    )


def _outages(rng: random.Random, first: float, end: float, more: float) -> tuple[Span, ...]:
    spans: list[Span] = []
    for kind in OUTAGES:
        at = first
        while (at := at + rng.expovariate(more / (kind.every_days * MINUTES_PER_DAY))) < end:
            spans.append((at, min(end, at + kind.median_minutes * exp(rng.gauss(0, kind.sigma)))))
    merged: list[Span] = []
    for start, stop in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return tuple(merged)


def _order(rng: random.Random, trade: Trade, first: float, end: float) -> Order:
    _, shelf, units = rng.choice(trade.lines)
    hour = rng.choice(trade.lines)[0] % WEEK + rng.uniform(-30, 30)  # not to the second when somebody stood there
    week = rng.randrange(int(first // WEEK), trade.weeks)
    return min(max(first, week * WEEK + hour), end - 1), shelf, units


def _probes(
    rng: random.Random, trade: Trade, offline: tuple[tuple[Span, ...], ...], studied: Span, count: int
) -> tuple[Probe, ...]:
    """Look `count` times at a shelf while its store is reachable and as often while it is not, both evenly in time."""
    by_store: list[list[int]] = [[] for _ in trade.stores]
    for index, shelf in enumerate(trade.shelves):
        by_store[shelf.store].append(index)
    sizes = [len(shelves) for shelves in by_store]
    spans = [(start, stop, store) for store, them in enumerate(offline) for start, stop in them]
    lengths = [(stop - start) * sizes[store] for start, stop, store in spans]
    probes: list[Probe] = []
    for start, stop, store in rng.choices(spans, lengths, k=count) if spans else ():
        probes.append((rng.uniform(start, stop), rng.choice(by_store[store]), True))
    while len(probes) < 2 * count:
        store = rng.choices(range(len(sizes)), sizes)[0]
        at = rng.uniform(*studied)
        if not is_offline(offline[store], at):
            probes.append((at, rng.choice(by_store[store]), False))
    return tuple(sorted(probes))


def is_offline(spans: tuple[Span, ...], at: float) -> bool:
    """Tell whether a store is offline at that minute."""
    index = bisect_right(spans, (at, float("inf"))) - 1
    return index >= 0 and at < spans[index][1]
