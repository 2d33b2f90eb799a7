"""What a seed decides: who takes part, how bad the world is, and for how long."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["plain", "orders", "fork", "damage"]

_KINDS: Sequence[Kind] = ("plain",) * 12 + ("orders",) * 2 + ("fork",) * 5 + ("damage",)
SKUS = ("A", "B", "C")
"""What stands on shelves. BOX and SET are sold too, and are made of these: see `shop.MADE_OF`."""


@dataclass(frozen=True)
class Rates:
    """How likely each fault is: per message, per step, or (counts) per run."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    till_crash: float = 0.0
    worker_crash: float = 0.0
    database_away: float = 0.0
    commit_fails: float = 0.0
    answer_lost: float = 0.0
    outages: int = 0
    partitions: int = 0
    broker_restarts: int = 0
    clock_jumps: int = 0


@dataclass(frozen=True)
class Scenario:
    """One run. "plain" runs keep every promise exactly; "fork" and "damage" break a disk on purpose.

    "orders" are plain runs with web orders, over the SQL that ships, and so is a fork run now and then. `old_workers`
    are of the version before and know neither transfers nor orders; `other` is how often a till says more than this
    version knows, or less. `hub_clock_jumps` says whether the hub's own clock is set while it runs.
    """

    seed: int
    kind: Kind
    stores: int
    tills: int
    workers: int
    publishers: int
    facts: int
    poison: float
    chaos_s: float
    rates: Rates
    clock_offset_max_s: float
    persistent: float
    old_workers: int = 0
    other: float = 0.0
    hub_clock_jumps: int = 0
    orders: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether no disk is broken, so that each journal must be in the log as it was written."""
        return self.kind in ("plain", "orders")


def draw(seed: int) -> Scenario:
    """Make the scenario of a seed; half of the faults are absent in any one run, so that each is also seen alone."""
    dice = random.Random(seed)  # noqa: S311 - a simulation wants numbers that can be had again
    kind = dice.choice(_KINDS)
    rates = _draw_rates(dice)
    stores = dice.choice([1, 2, 2]) if kind != "orders" else dice.choice([2, 2, 3])
    workers = dice.choice([1, 1, 2, 3])
    scenario = Scenario(
        seed=seed,
        kind=kind,
        stores=stores,
        tills=dice.randint(2, 4) if stores == 1 else dice.randint(3, 4),
        workers=workers,
        publishers=min(workers, dice.choice([1, 1, 2])),
        facts=dice.randint(6, 24),
        poison=dice.choice([0.0, 0.0, 0.05, 0.15]),
        chaos_s=dice.uniform(8.0, 24.0),
        rates=rates,
        clock_offset_max_s=dice.choice([0.0, 2.0, 300.0]),
        persistent=dice.choice([0.0, 0.5, 1.0]),
        old_workers=min(workers, dice.choice([0, 0, 1, 2])),
        other=dice.choice([0.0, 0.0, 0.2]),
        hub_clock_jumps=dice.choice([0, 0, 0, 1]),
        orders=dice.randint(4, 12) if kind == "orders" or (kind == "fork" and dice.random() < 0.12) else 0,
    )
    # A damaged disk is examined without a crash of the same till in between: one cause at a time can be told apart.
    return replace(scenario, rates=replace(rates, till_crash=0.0)) if kind == "damage" else scenario


def _draw_rates(dice: random.Random) -> Rates:
    return Rates(
        loss=dice.choice([0.0, 0.0, 0.02, 0.1, 0.3]),
        duplicate=dice.choice([0.0, 0.0, 0.05, 0.25]),
        reorder=dice.choice([0.0, 0.0, 0.05, 0.25]),
        till_crash=dice.choice([0.0, 0.0, 0.01, 0.04]),
        worker_crash=dice.choice([0.0, 0.0, 0.03, 0.12]),
        database_away=dice.choice([0.0, 0.0, 0.1]),
        commit_fails=dice.choice([0.0, 0.0, 0.04, 0.15]),
        answer_lost=dice.choice([0.0, 0.0, 0.04, 0.15]),
        outages=dice.choice([0, 0, 1, 2]),
        partitions=dice.choice([0, 0, 1, 3]),
        broker_restarts=dice.choice([0, 0, 1, 2]),
        clock_jumps=dice.choice([0, 0, 1, 3]),
    )
