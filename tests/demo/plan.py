"""What the demo plays: which stores, which tills, which goods, which baskets."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from tests.demo.baskets import PIECE, Basket, endless_baskets
from tests.demo.completejourney import Journey
from tests.demo.goods import Good, shelf

OPENING_BUILTIN = 5_000 * PIECE
OPENING_REAL = 20_000 * PIECE


@dataclass(frozen=True)
class StorePlan:
    """One store and its tills."""

    store: str
    name: str
    terminals: tuple[str, ...]
    goes_offline: bool = False


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the curtain rises. `bounded` holds the baskets of a bounded run, by store."""

    stores: tuple[StorePlan, ...]
    goods: tuple[Good, ...]
    opening: int
    currency: str
    language: str
    bounded: dict[str, tuple[Basket, ...]] = field(default_factory=dict)
    seed: int = 1

    def baskets(self, store: str, terminal: str) -> Iterator[Basket]:
        """Baskets for ever, for one till: another stream for each, the same for each start of the demo."""
        return endless_baskets(store, self.goods, random.Random(f"{self.seed} {store} {terminal}"))  # noqa: S311 - a play


def builtin(sales: int, seed: int) -> Plan:
    """Two stores, three tills, forty goods; `sales` baskets shared out evenly by a bounded run."""
    stores = (
        StorePlan("HangBai", "Cửa hàng Hàng Bài", ("T1", "T2")),
        StorePlan("CauGiay", "Cửa hàng Cầu Giấy", ("T1",), goes_offline=True),
    )
    plan = Plan(stores, shelf(), OPENING_BUILTIN, "VND", "vi", seed=seed)
    tills = [(store.store, terminal) for store in stores for terminal in store.terminals]
    bounded: dict[str, list[Basket]] = {store.store: [] for store in stores}
    streams = {till: plan.baskets(*till) for till in tills}
    for number in range(sales):
        till = tills[number % len(tills)]
        bounded[till[0]].append(next(streams[till]))
    return Plan(
        stores, plan.goods, plan.opening, "VND", "vi", {store: tuple(found) for store, found in bounded.items()}, seed
    )


def real(journey: Journey, sales: int, seed: int) -> Plan:
    """The stores of the real data, two tills in the first and one in each other; at most `sales` baskets."""
    baskets = journey.baskets[:sales] if sales else journey.baskets
    numbers = list(dict.fromkeys(basket.store for basket in baskets))
    stores = tuple(
        StorePlan(number, f"Store {number}", ("T1", "T2") if place == 0 else ("T1",), goes_offline=place == 1)
        for place, number in enumerate(numbers)
    )
    bounded = {number: tuple(basket for basket in baskets if basket.store == number) for number in numbers}
    return Plan(stores, journey.goods, OPENING_REAL, "USD", "en", bounded, seed)
