"""Does everything agree? What the simulators sent, against what hub, tills and web say. Pure.

The expected numbers are computed here from scans and receipts alone; nothing of the programs under test is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

Place = tuple[str, str]
"""(store, SKU)."""


@dataclass(frozen=True)
class PaidSale:
    """A sale as the cashier saw it: scanned, paid, with the receipt number on her screen. Quantities in thousandths."""

    store: str
    terminal: str
    receipt_number: str
    picks: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Statements:
    """What each party says in the end."""

    opening: Mapping[Place, int]
    paid: tuple[PaidSale, ...]
    hub_receipts: tuple[str, ...]
    hub_levels: Mapping[Place, int]
    till_stock: Mapping[tuple[str, str], Mapping[str, int]]
    web: Mapping[Place, int]
    printed: Mapping[tuple[str, str], int]
    torn: int = 0
    parked: int = 0


@dataclass(frozen=True)
class Findings:
    """The differences, each with words; empty lists everywhere mean that all agree."""

    lost: tuple[str, ...] = ()
    doubled: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()
    levels_wrong: tuple[str, ...] = ()
    tills_wrong: tuple[str, ...] = ()
    web_wrong: tuple[str, ...] = ()
    receipts_wrong: tuple[str, ...] = ()
    other: tuple[str, ...] = field(default=())

    @property
    def ok(self) -> bool:
        """Whether there is no difference."""
        return not any(vars(self).values())


def compare(said: Statements) -> Findings:
    """Hold every statement against the sales that were paid."""
    paid = [sale.receipt_number for sale in said.paid]
    in_hub = Counter(said.hub_receipts)
    expected = levels_expected(said)
    return Findings(
        lost=tuple(number for number in paid if number not in in_hub),
        doubled=tuple(number for number, times in in_hub.items() if times > 1)
        + tuple(f"{number} given twice" for number, times in Counter(paid).items() if times > 1),
        unexpected=tuple(sorted(set(in_hub) - set(paid))),
        levels_wrong=_differences("hub", expected, said.hub_levels),
        tills_wrong=tuple(
            difference
            for (store, terminal), stock in said.till_stock.items()
            for difference in _differences(
                f"till {terminal}",
                {place: level for place, level in said.hub_levels.items() if place[0] == store},
                {(store, sku): level for sku, level in stock.items()},
            )
        ),
        web_wrong=_differences("web", {place: max(0, level) for place, level in expected.items()}, said.web),
        receipts_wrong=_receipts(said),
        other=(f"{said.parked} events are parked at the hub",) if said.parked else (),
    )


def levels_expected(said: Statements) -> dict[Place, int]:
    """Opening stock less what was scanned and paid."""
    levels = dict(said.opening)
    for sale in said.paid:
        for sku, quantity in sale.picks:
            levels[sale.store, sku] = levels.get((sale.store, sku), 0) - quantity
    return levels


def _differences(who: str, expected: Mapping[Place, int], found: Mapping[Place, int]) -> tuple[str, ...]:
    return tuple(
        f"{who}: {place[1]} in {place[0]} is {found.get(place, 'missing')}, expected {expected.get(place, 'nothing')}"
        for place in sorted(expected.keys() | found.keys())
        if expected.get(place) != found.get(place)
    )


def _receipts(said: Statements) -> tuple[str, ...]:
    paid = Counter((sale.store, sale.terminal) for sale in said.paid)
    wrong = [
        f"till {till[1]} in {till[0]} printed {said.printed.get(till, 0)} receipts for {paid[till]} sales"
        for till in sorted(paid.keys() | said.printed.keys())
        if said.printed.get(till, 0) != paid[till]
    ]
    return (*wrong, f"{said.torn} receipts are torn") if said.torn else tuple(wrong)
