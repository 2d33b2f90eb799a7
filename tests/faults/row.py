"""One line of the table: a fault, how often it was played, and what it cost.

A family of faults is a module with `SCENARIOS`: a name for each fault, and how it is played. To add faults, write such
a module and name it in `__main__.FAMILIES`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from random import Random

Told = Callable[[str], None]
"""Hears how it goes: one sentence for each thing that is wrong, with the seed that plays it again."""

watching: ContextVar[Told] = ContextVar("watching", default=lambda _: None)
"""Who looks on and hears how far a long fault is."""


def step(words: str) -> None:
    """Say how far it is, to whoever looks on."""
    watching.get()(words)


@dataclass(frozen=True)
class Row:
    """`sales` were confirmed to a cashier; `lost` of them are nowhere, `doubled` are there more than once.

    `converge_s` is how long it took at worst from the end of the fault until all was well again, in seconds.
    `skipped` says why the fault was not played, "" if it was.
    """

    fault: str
    runs: int = 0
    sales: int = 0
    lost: int = 0
    doubled: int = 0
    converge_s: float = 0.0
    skipped: str = ""


Scenario = Callable[[int, int, Told], Coroutine[None, None, Row]]
"""`await scenario(seed, runs, told)`: plays the fault `runs` times; the same seed plays the same ones."""


def dice(*what: object) -> Random:
    """Chances that are the same for the same words."""
    return Random(" ".join(map(str, what)))  # noqa: S311 - no secret


def folder_of(base: str, name: str) -> Path:
    """A folder inside a temporary one, as the system names it; not made yet."""
    return Path(base).resolve() / name


def set_aside_in(folder: Path) -> list[str]:
    """What the till has set aside."""
    return sorted(path.name for path in folder.glob("damaged-*"))


@dataclass(frozen=True)
class Fault:
    """`name` is what `--only` takes; `runs` is how often it is played where nobody says how often."""

    name: str
    about: str
    play: Scenario
    runs: int
