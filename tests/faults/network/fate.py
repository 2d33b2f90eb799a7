"""What a line does to its connections, as data: drawn from a seed, or set by whoever plays a fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.faults.row import dice

Way = Literal["up", "down"]
"""Up is from who connects to who listens; for tills, from the till to the broker."""

State = Literal["open", "closed", "reset", "black_hole", "held"]
"""What the whole line does.

open        bytes pass, each connection as its fate says
closed      connections end as if a program had ended, new ones too
reset       connections end with RST, new ones too
black_hole  everything is accepted and swallowed; whoever lost bytes that way is reset once it is over
held        nothing passes and nothing is lost: what waits goes on afterwards, as TCP does over a short partition
"""

End = Literal["never", "close", "reset", "stall", "swallow"]


@dataclass(frozen=True)
class Fate:
    """One direction of one connection. After `after_bytes`, wherever that is in a packet, comes the `end`.

    `stall` passes nothing more and lets the sender wait; `swallow` takes everything and passes nothing.
    """

    delay_s: float = 0.0
    bytes_per_s: float | None = None
    end: End = "never"
    after_bytes: int = 0


Fates = Callable[[int, Way], Fate]
"""The number of a connection (from 0) and its direction -> what becomes of it."""


def calm(_number: int, _way: Way) -> Fate:
    """A line as it should be."""
    return Fate()


def slow(delay_s: float, bytes_per_s: float) -> Fates:
    """Each direction takes so long, and carries so much."""
    return lambda _number, _way: Fate(delay_s, bytes_per_s)


def fickle(seed: object, *, ends: tuple[End, ...], bytes_max: int, spared: int = 4) -> Fates:
    """Most connections come to one of these ends after some bytes; every `spared`-th one is left alone."""

    def fate(number: int, way: Way) -> Fate:
        rng = dice("fickle", seed, number, way)
        if number % spared == spared - 1:
            return Fate(delay_s=rng.uniform(0.0, 0.02))
        return Fate(
            delay_s=rng.choice((0.0, rng.uniform(0.0, 0.1))),
            end=rng.choice(ends),
            after_bytes=rng.randint(1, bytes_max),
        )

    return fate
