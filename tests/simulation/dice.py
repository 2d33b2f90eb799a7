"""Chance, and the tally of what it did: one generator a run, silent once the faults are over."""

from __future__ import annotations

import random
from collections import Counter

from tests.simulation.scenario import Rates

HOP_S = 0.02
"""How long a message takes from a client to the broker, or back, when nothing is wrong."""

LATE_MAX_S = 3.0


class Dice:
    """Draws faults and counts each one that happens."""

    def __init__(self, seed: int, rates: Rates) -> None:
        # Another stream than the scenario's, so that a change there does not shift every draw here.
        self.random = random.Random(seed * 2 + 1)  # noqa: S311 - a simulation wants numbers that can be had again
        self.rates = rates
        self.happened: Counter[str] = Counter()

    def calm(self) -> None:
        """No more faults from here on."""
        self.rates = Rates()

    def count(self, what: str) -> None:
        """Note that something happened."""
        self.happened[what] += 1

    def chance(self, probability: float) -> bool:
        """Whether something with this probability happens."""
        return probability > 0.0 and self.random.random() < probability

    def hops(self) -> tuple[float, ...]:
        """After how long each copy of a message arrives: none if it is lost, two if it is doubled."""
        if self.chance(self.rates.loss):
            self.count("message lost")
            return ()
        first = HOP_S
        if self.chance(self.rates.reorder):
            self.count("message late")
            first += self.random.uniform(0.0, LATE_MAX_S)
        if self.chance(self.rates.duplicate):
            self.count("message doubled")
            return first, first + self.random.uniform(0.0, LATE_MAX_S)
        return (first,)

    def pause(self, low_s: float, high_s: float) -> float:
        """Some time between these."""
        return self.random.uniform(low_s, high_s)
