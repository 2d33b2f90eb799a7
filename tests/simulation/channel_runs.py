"""One seed of the room "channels": what comes in from a web shop, and what it is told of; see `runner.py`."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Mapping

from tests.simulation.channel_world import STEPS, ChannelParts, ChannelWorld
from tests.simulation.checks import Violation
from tests.simulation.mutants_of_channels import CHANNEL_MUTANTS
from tests.simulation.mutants_of_telling import TELLING_MUTANTS
from tests.simulation.telling_world import TellingParts, script_of, told
from tests.simulation.world import Outcome

Mutant = ChannelParts | TellingParts
MUTANTS: Mapping[str, Mutant] = {**CHANNEL_MUTANTS, **TELLING_MUTANTS}
SEEDS_MAX = 100
"""A mutant that lives through this many seeds has been missed."""


def simulate_channels(seed: int, mutant: Mutant | None = None, *, trace: bool = False) -> Outcome:
    """Run one seed: both ways of the code that ships, or the one way in which a mutant is another."""
    happened: Counter[str] = Counter()
    lines: list[str] | None = [] if trace else None
    steps = 0
    try:
        if not isinstance(mutant, TellingParts):
            steps += STEPS
            world = ChannelWorld(seed, mutant or ChannelParts(), trace=lines)
            try:
                world.run()
            finally:
                happened += world.dice.happened
        if not isinstance(mutant, ChannelParts):
            script = script_of(seed)
            steps += len(script)
            if lines is not None:
                lines += [f"telling  {' '.join(map(str, action))}" for action in script]
            told(seed, mutant or TellingParts(), happened)
    except (Violation, AssertionError) as error:
        return Outcome(seed, f"{type(error).__name__}: {error}", happened, steps, tuple(lines or ()))
    except Exception as error:  # noqa: BLE001 - whatever the code under test raises is a failed seed, not the end
        where = traceback.extract_tb(error.__traceback__)[-1]
        words = f"{type(error).__name__}: {error} ({where.filename.rpartition('/')[2]}:{where.lineno})"
        return Outcome(seed, words, happened, steps, tuple(lines or ()), crashed=True)
    return Outcome(seed, None, happened, steps, tuple(lines or ()))
