"""What really happened, written down apart: every fact at the moment when a till's disk had it.

Shares no code with hub or till: levels are added up here the plain way, from all facts, each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple


class Effect(NamedTuple):
    """What a fact does to one SKU: a difference, or with `checkpoint` a count. Thousandths."""

    sku: str
    amount: int
    at: datetime
    checkpoint: bool = False


@dataclass(frozen=True)
class Fact:
    """One fact of one till. `mark` is a text inside its bytes that no other fact has; poison has no readable id."""

    id: str
    store: str
    terminal: str
    raw: bytes
    mark: bytes
    effects: tuple[Effect, ...] = ()
    poison: bool = False
    future: bool = False
    receipt: str = ""


@dataclass(eq=False)
class Life:
    """A disk and what was written to it; a restored backup or a clone begins with what its snapshot had."""

    name: str
    store: str
    terminal: str
    facts: list[Fact] = field(default_factory=list)
    damaged: set[str] = field(default_factory=set)
    ended: bool = False


class Books:
    """All lives of all disks."""

    def __init__(self) -> None:
        self.lives: list[Life] = []

    def open(self, store: str, terminal: str, begun_with: Iterable[Fact] = ()) -> Life:
        """A disk begins to be written."""
        life = Life(f"{store}/{terminal}#{len(self.lives)}", store, terminal, list(begun_with))
        self.lives.append(life)
        return life

    def all_facts(self) -> dict[str, Fact]:
        """Every fact that any disk ever had, by mark."""
        return {fact.id: fact for life in self.lives for fact in life.facts}

    def living_facts(self) -> dict[str, Fact]:
        """The facts that must reach the hub: their disk is still there."""
        return {fact.id: fact for life in self.lives if not life.ended for fact in life.facts}


def level(store: str, sku: str, facts: Iterable[Fact]) -> int | None:
    """The newest count plus what came after it; None for a SKU that nothing ever moved."""
    effects = [effect for fact in facts if fact.store == store for effect in fact.effects if effect.sku == sku]
    if not effects:
        return None
    counts = [effect for effect in effects if effect.checkpoint]
    if not counts:
        return sum(effect.amount for effect in effects)
    newest = max(effect.at for effect in counts)
    counted = min(effect.amount for effect in counts if effect.at == newest)
    return counted + sum(effect.amount for effect in effects if not effect.checkpoint and effect.at > newest)
