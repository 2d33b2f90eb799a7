"""The oversell study: every policy on the same demand and the same outages, repetition by repetition."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from datetime import UTC
from time import perf_counter
from typing import Any, get_args

from hub.stock.sales_rate import RecentSales, StoreHabit, WeekProfile
from hub.stock.silence import SilentTill, units_held_back
from tests.study.chance import OUTAGES, draw
from tests.study.figures import Figures, Repetition, figures
from tests.study.policies import RECOMMENDED, Regime, buffer_at, instant, policies
from tests.study.shops import Shops, studied
from tests.study.trade import WEEK, Trade

REGIMES: tuple[Regime, ...] = get_args(Regime)
TIMED = 20_000
"""So many estimates are timed."""


@dataclass(frozen=True)
class Settings:
    """What decides the figures, besides the trade."""

    seed: int = 1
    seeds: int = 10
    web_share: float = 0.15
    probes: int = 10_000
    more_outages: float = 1.0


@dataclass(frozen=True)
class Found:
    """The study's result: figures by regime and policy."""

    trade: Trade
    settings: Settings
    by_regime: dict[Regime, dict[str, Figures]]
    silent_share: float
    silent_orders: float
    served_at_counter: float
    shelf_units: float


def run_study(trade: Trade, settings: Settings, workers: int, told: Callable[[int, int], None]) -> Found:
    """Play all repetitions on `workers` processes; `told(done, of)` hears how far it is."""
    tasks = [(settings.seed + number, regime) for number in range(settings.seeds) for regime in REGIMES]
    told(0, len(tasks))
    outcomes: dict[tuple[int, Regime], dict[str, Repetition]] = {}
    for done, (task, answer) in enumerate(_answers(trade, settings, tasks, workers), start=1):
        outcomes[task] = answer
        told(done, len(tasks))
    by_regime: dict[Regime, dict[str, Figures]] = {}
    for regime in REGIMES:
        ours = [outcomes[seed, of] for seed, of in tasks if of == regime]
        naive = [answer["naive"] for answer in ours]
        by_regime[regime] = {name: figures([answer[name] for answer in ours], naive) for name in ours[0]}
    naive = [answer["naive"] for (_, regime), answer in outcomes.items() if regime == "pickup"]
    base = [repetition.outcome for repetition in naive]
    return Found(
        trade,
        settings,
        by_regime,
        sum(repetition.silent_share for repetition in naive) / len(naive),
        sum(outcome.silent_orders for outcome in base) / sum(outcome.orders for outcome in base),
        sum(outcome.sold_at_counter for outcome in base) / sum(outcome.wanted_at_counter for outcome in base),
        sum(outcome.available[0] for outcome in base) / (settings.probes * len(base)),
    )


Task = tuple[int, Regime]
Answer = tuple[Task, dict[str, Repetition]]


def _answers(trade: Trade, settings: Settings, tasks: list[Task], workers: int) -> Iterator[Answer]:
    if workers == 1:
        worker = _Worker(trade, settings)
        yield from (worker.answer(task) for task in tasks)
        return
    spawn = multiprocessing.get_context("spawn")  # the bar has a thread, and threads do not survive a fork
    with ProcessPoolExecutor(workers, spawn, _start, (trade, settings)) as pool:
        yield from (future.result() for future in as_completed([pool.submit(_answer, task) for task in tasks]))


class _Worker:
    """One process's shops, made once."""

    def __init__(self, trade: Trade, settings: Settings) -> None:
        self.settings = settings
        self.shops = Shops(trade, float(trade.weeks // 2 * WEEK), settings.web_share)

    def answer(self, task: Task) -> Answer:
        """Play one repetition in one regime under every policy."""
        seed, regime = task
        it = self.settings
        chance = draw(
            self.shops.trade, self.shops.first, web_share=it.web_share, probes=it.probes, seed=seed,
            more_outages=it.more_outages,
        )  # fmt: skip
        events = studied(self.shops, chance)
        return task, {
            policy.name: Repetition(self.shops.under(policy, regime, events), chance.offline_share)
            for policy in policies(regime)
        }


_workers: list[_Worker] = []


def _start(trade: Trade, settings: Settings) -> None:
    _workers.append(_Worker(trade, settings))


def _answer(task: Task) -> Answer:
    return _workers[0].answer(task)


def microseconds_per_estimate() -> float:
    """Measure the shipped estimate: from an article's sums to the units held back, for slow and fast sellers."""
    profile = WeekProfile.from_hours([1.0] * 168)
    habit = StoreHabit.from_sums(1000, RecentSales(5000, 7000, 12_000), 200_000, 4)
    till = SilentTill(instant(0.0), 4, habit, profile, UTC)
    begin = perf_counter()
    for number in range(TIMED):
        part = till.part(instant(10.0 + number % 1000))
        units_held_back([till.expects(RecentSales(number % 200, number % 200, 2 * (number % 200)), part)], 0.01)
    return (perf_counter() - begin) / TIMED * 1e6


def as_report(found: Found) -> dict[str, Any]:
    """The study as JSON: three figures for three policies of the hard regime first, then everything."""
    hard = found.by_regime["pickup"]
    return {
        "naive": _three(hard["naive"]),
        "safety": _three(hard["safety stock 1"]),
        "offline_buffer": _three(hard[buffer_at(RECOMMENDED)]),
        "recommended_risk": RECOMMENDED / 100,
        "regimes": {
            regime: {name: found.by_regime[regime][name].as_report() for name in found.by_regime[regime]}
            for regime in REGIMES
        },
        "study": {
            **asdict(found.settings),
            "baskets": found.trade.source,
            "stores": len(found.trade.stores),
            "shelves": len(found.trade.shelves),
            "purchases": len(found.trade.lines),
            "weeks": found.trade.weeks,
            "outages": [asdict(kind) for kind in OUTAGES],
            "silent_share": round(found.silent_share, 6),
            "silent_orders": round(found.silent_orders, 6),
            "served_at_counter": round(found.served_at_counter, 6),
            "units_on_a_shelf": round(found.shelf_units, 3),
        },
    }


def _three(of: Figures) -> dict[str, float]:
    return {
        "oversold": round(of.oversold.value, 8),
        "withheld": round(of.withheld.value, 8),
        "lost_web_sales": round(of.lost_web_sales.value, 8),
    }
