"""Many seeds, over several processes, and what they found.

There are two rooms: "link", tills and hub over a bad network, and "channels", the hub and a web shop.
"""

from __future__ import annotations

import logging
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from tests.simulation import channel_runs
from tests.simulation.mutants import MUTANTS, ONLY_IN, SEEDS_MAX
from tests.simulation.parts import Parts
from tests.simulation.scenario import draw
from tests.simulation.sqlite_disk import new_sqlite_disk
from tests.simulation.world import Outcome, simulate

Room = Literal["link", "channels"]
_SEEDS_PER_TASK = 20
_TRACE_LINES = 60


@dataclass
class Report:
    """What a set of runs found. `mutants` says of each whether it was "caught" or "missed"."""

    seeds: int = 0
    failures: list[Outcome] = field(default_factory=list)
    seconds: float = 0.0
    happened: Counter[str] = field(default_factory=Counter)
    mutants: dict[str, str] = field(default_factory=dict)
    caught_at: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether no seed failed and no mutant was missed."""
        return not self.failures and "missed" not in self.mutants.values()

    def as_json(self) -> Mapping[str, object]:
        """The figures that others read."""
        return {
            "seeds": self.seeds, "failed": len(self.failures), "seconds": round(self.seconds, 3),
            "mutants": self.mutants,
        }  # fmt: skip

    def add(self, outcome: Outcome) -> None:
        """Count a run."""
        self.seeds += 1
        self.happened.update(outcome.happened)
        if outcome.violation is not None:
            self.failures.append(outcome)


def shipped(*, sqlite: bool) -> Parts:
    """The code that ships, with the tills' disks in SQLite or in memory."""
    return Parts(disk=new_sqlite_disk) if sqlite else Parts()


def quiet() -> None:
    """Let the hub say nothing, in this process: what it logs of thousands of faults is what was asked for."""
    logging.getLogger("hub").addHandler(logging.NullHandler())
    logging.getLogger("hub").propagate = False


def mutants_of(room: Room) -> Sequence[str]:
    """The ways in which a room's code is broken on purpose."""
    return tuple(MUTANTS if room == "link" else channel_runs.MUTANTS)


def simulate_one(
    seed: int, room: Room = "link", mutant: str | None = None, *, sqlite: bool = False, trace: bool = False
) -> Outcome:
    """Run one seed of a room, over the shipped code or a mutant."""
    if room == "channels":
        parts = None if mutant is None else channel_runs.MUTANTS[mutant]
        return channel_runs.simulate_channels(seed, parts, trace=trace)
    return simulate(seed, shipped(sqlite=sqlite) if mutant is None else MUTANTS[mutant], trace=trace)


def run(  # noqa: PLR0913 - what a person may ask for
    seeds: Sequence[int],
    *,
    room: Room = "link",
    jobs: int = 1,
    mutants: bool = False,
    sqlite: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Run the shipped code over `seeds` and, if wanted, every mutant until it is caught."""
    advance = progress or (lambda _: None)
    report = Report()
    begun_s = time.monotonic()
    names = mutants_of(room) if mutants else ()
    caught: list[int | None] = []
    if jobs == 1:
        for seed in seeds:
            report.add(simulate_one(seed, room, sqlite=sqlite))
            advance(1)
        for name in names:
            caught.append(hunt(name, room))
            advance(1)
    else:
        # Not forked: a copy of a process that has threads may inherit a lock that nobody will ever open.
        with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=quiet) as pool:
            hunts = [pool.submit(hunt, name, room) for name in names]
            for outcomes in pool.map(partial(_simulate_all, room=room, sqlite=sqlite), _cut(seeds)):
                for outcome in outcomes:
                    report.add(outcome)
                advance(len(outcomes))
            for waiting in hunts:
                caught.append(waiting.result())
                advance(1)
    for name, caught_at in zip(names, caught, strict=True):
        report.mutants[name] = "missed" if caught_at is None else "caught"
        if caught_at is not None:
            report.caught_at[name] = caught_at
    report.seconds = time.monotonic() - begun_s
    return report


def hunt(name: str, room: Room = "link") -> int | None:
    """The first seed that catches a mutant; None if it lives through as many as its room gives it."""
    return next((seed for seed in _hunted(name, room) if _caught(simulate_one(seed, room, name))), None)


def _hunted(name: str, room: Room) -> Iterable[int]:
    if room == "channels":
        return range(channel_runs.SEEDS_MAX)
    kind = ONLY_IN.get(name)
    return (seed for seed in range(SEEDS_MAX) if kind in (None, draw(seed).kind))


def _caught(outcome: Outcome) -> bool:
    return outcome.violation is not None and not outcome.crashed


def explain(outcome: Outcome, mutant: str | None = None, room: Room = "link") -> Iterator[str]:
    """What a person needs to know of a failed seed: the violation, how to see it again, and its last steps."""
    again = simulate_one(outcome.seed, room, mutant, trace=True)
    yield f"seed {outcome.seed}: {outcome.violation}"
    words = ["./dev sim", *(["--room", room] if room != "link" else []), "--seed", str(outcome.seed)]
    yield f"  again: {' '.join([*words, *(['--mutant', mutant] if mutant else [])])}"
    if again.violation != outcome.violation:
        yield f"  another run of the same seed says: {again.violation}"
    told = [line for line in again.trace if not line.endswith("sends status")]
    if len(told) > _TRACE_LINES:
        yield f"  ... {len(told) - _TRACE_LINES} steps before"
    yield from (f"  {line}" for line in told[-_TRACE_LINES:])


def _simulate_all(seeds: Sequence[int], *, room: Room, sqlite: bool) -> list[Outcome]:
    return [simulate_one(seed, room, sqlite=sqlite) for seed in seeds]


def _cut(seeds: Sequence[int]) -> list[Sequence[int]]:
    return [seeds[start : start + _SEEDS_PER_TASK] for start in range(0, len(seeds), _SEEDS_PER_TASK)]
