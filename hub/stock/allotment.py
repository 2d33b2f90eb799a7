"""Allotment: which stores are asked for how much of a web order. Pure: the same picture gives the same answer.

The promise: nobody is asked for more than the web may sell there, what is allotted and what is missing add up to what
was ordered, and a store that cannot be heard is asked only for what no other has. A pick-up is gathered in the store
that the customer chose, or not at all. All quantities are thousandths.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

AllotmentRule = Literal["fullest", "nearest", "fewest_parcels"]
RULES: tuple[AllotmentRule, ...] = get_args(AllotmentRule)
Way = Literal["pickup", "delivery"]
Goods = Mapping[str, int]


@dataclass(frozen=True)
class Candidate:
    """A store that may be asked. `available` is what the web may sell there, `rank` is low where the shop likes it."""

    store: str
    available: Goods
    reachable: bool = True
    rank: int = 0


@dataclass(frozen=True)
class Allotted:
    """Parcels by store, in the order in which they were chosen, and what nobody has."""

    parcels: Mapping[str, Goods] = field(default_factory=dict)
    missing: Goods = field(default_factory=dict)


def allot(
    wanted: Goods, candidates: Sequence[Candidate], rule: AllotmentRule, *, way: Way, chosen: str | None = None
) -> Allotted:
    """Share out what is wanted.

    `chosen` is the customer's store: the only one for a pick-up, the first to be asked for a delivery.
    """
    asked = [candidate for candidate in candidates if way == "delivery" or candidate.store == chosen]
    left = {sku: quantity for sku, quantity in wanted.items() if quantity > 0}
    parcels: dict[str, dict[str, int]] = {}
    for group in _groups(asked, chosen):
        remaining = list(group)
        while left and remaining:
            best = min(remaining, key=_preference(rule, left))
            remaining.remove(best)
            taken = _takes(best, left)
            if taken:
                parcels[best.store] = taken
                left = {sku: rest for sku, quantity in left.items() if (rest := quantity - taken.get(sku, 0)) > 0}
    return Allotted(parcels, left)


def _groups(candidates: Sequence[Candidate], chosen: str | None) -> list[list[Candidate]]:
    """Reachable before silent, and within each the customer's own store before all others."""
    groups: list[list[Candidate]] = []
    for reachable in (True, False):
        heard = [candidate for candidate in candidates if candidate.reachable == reachable]
        groups.append([candidate for candidate in heard if candidate.store == chosen])
        groups.append([candidate for candidate in heard if candidate.store != chosen])
    return groups


def _preference(rule: AllotmentRule, left: Goods) -> Callable[[Candidate], tuple[int, int, int, str]]:
    """What to sort by, the best first; ties go to the better rank, then by name, so that nothing is left to chance."""

    def by_fullest(candidate: Candidate) -> tuple[int, int, int, str]:
        return -sum(max(0, candidate.available.get(sku, 0)) for sku in left), 0, candidate.rank, candidate.store

    def by_nearest(candidate: Candidate) -> tuple[int, int, int, str]:
        return candidate.rank, 0, 0, candidate.store

    def by_fewest(candidate: Candidate) -> tuple[int, int, int, str]:
        takes = _takes(candidate, left)
        complete = sum(takes.get(sku, 0) == quantity for sku, quantity in left.items())
        return -complete, -sum(takes.values()), candidate.rank, candidate.store

    preferences = {"fullest": by_fullest, "nearest": by_nearest, "fewest_parcels": by_fewest}
    return preferences[rule]


def _takes(candidate: Candidate, left: Goods) -> dict[str, int]:
    found = {sku: min(quantity, candidate.available.get(sku, 0)) for sku, quantity in left.items()}
    return {sku: quantity for sku, quantity in found.items() if quantity > 0}
