"""What customers bring to the counter, from one seed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.demo.goods import Good

PIECE = 1000
"""Quantities are thousandths here as everywhere."""


@dataclass(frozen=True)
class Pick:
    """One thing in a basket: a barcode and how many of it, in thousandths."""

    code: str
    sku: str
    quantity: int


@dataclass(frozen=True)
class Basket:
    """A customer's basket for one store."""

    store: str
    picks: tuple[Pick, ...]


def endless_baskets(store: str, goods: Sequence[Good], rng: random.Random) -> Iterator[Basket]:
    """Baskets of one to eight things, some of them twice, a few by the dozen; popular goods more often."""
    weights = [1 / (place + 3) for place in range(len(goods))]
    while True:
        chosen = rng.choices(goods, weights, k=min(8, 1 + int(rng.expovariate(0.45))))
        picks = tuple(
            Pick(good.code, good.sku, PIECE * (12 if rng.random() < 0.03 else rng.choice((1, 1, 1, 2))))
            for good in dict.fromkeys(chosen)
        )
        yield Basket(store, picks)
