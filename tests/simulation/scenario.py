"""What a seed decides: who takes part, how bad the world is, and for how long."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Kind = Literal["plain", "fork", "damage"]

_KINDS: Sequence[Kind] = ("plain",) * 14 + ("fork",) * 5 + ("damage",)
SKUS = ("A", "B", "C")


@dataclass(frozen=True)
class Rates:
    """How likely each fault is: per message, per step, or (counts) per run."""

    loss: float = 0.0
    duplicate: float = 0.0
    reorder: float = 0.0
    till_crash: float = 0.0
    worker_crash: float = 0.0
    database_away: float = 0.0
    partitions: int = 0
    broker_restarts: int = 0


@dataclass(frozen=True)
class Scenario:
    """One run. "plain" runs keep every promise exactly; "fork" and "damage" break a disk on purpose."""

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


def draw(seed: int) -> Scenario:
    """Make the scenario of a seed; half of the faults are absent in any one run, so that each is also seen alone."""
    dice = random.Random(seed)  # noqa: S311 - a simulation wants numbers that can be had again
    rates = Rates(
        loss=dice.choice([0.0, 0.0, 0.02, 0.1, 0.3]),
        duplicate=dice.choice([0.0, 0.0, 0.05, 0.25]),
        reorder=dice.choice([0.0, 0.0, 0.05, 0.25]),
        till_crash=dice.choice([0.0, 0.0, 0.01, 0.04]),
        worker_crash=dice.choice([0.0, 0.0, 0.03, 0.12]),
        database_away=dice.choice([0.0, 0.0, 0.1]),
        partitions=dice.choice([0, 0, 1, 3]),
        broker_restarts=dice.choice([0, 0, 1, 2]),
    )
    kind = dice.choice(_KINDS)
    stores = dice.choice([1, 1, 2])
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
    )
    # A damaged disk is examined without a crash of the same till in between: one cause at a time can be told apart.
    return replace(scenario, rates=replace(rates, till_crash=0.0)) if kind == "damage" else scenario
