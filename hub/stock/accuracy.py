"""Inventory accuracy: how often the level was right when somebody counted. Pure.

The level just before a count is derived from the ledger at the count's own time, with everything that has come by now:
so the figure does not depend on when a till's sales arrived, and may still change when one comes back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

GOAL = 0.995
"""The share of counted SKUs that should be right."""


@dataclass(frozen=True)
class Counted:
    """One SKU counted: what there was, what the ledger said, and what one unit costs (minor units, 0 for unknown)."""

    store: str
    day: date
    sku: str
    counted: int
    expected: int
    price: int = 0

    @property
    def value(self) -> int:
        """What is at stake, in thousandths of minor units: the larger of both quantities at its price."""
        return max(abs(self.counted), abs(self.expected)) * self.price


@dataclass(frozen=True)
class Accuracy:
    """A store's day: how many SKUs were counted and right, and the same by value. `off` is the worth of the errors."""

    store: str
    day: date
    counted: int
    right: int
    value: int
    value_right: int
    off: int

    @property
    def share(self) -> float:
        """Right of counted."""
        return self.right / self.counted

    @property
    def value_share(self) -> float | None:
        """The same weighted by value; None where nothing counted has one."""
        return self.value_right / self.value if self.value else None


def accuracy_of(found: Iterable[Counted]) -> Sequence[Accuracy]:
    """Add counts up by store and day, the newest day first."""
    groups: defaultdict[tuple[date, str], list[Counted]] = defaultdict(list)
    for one in found:
        groups[one.day, one.store].append(one)
    return [
        Accuracy(
            store=store, day=day, counted=len(group),
            right=sum(one.counted == one.expected for one in group), value=sum(one.value for one in group),
            value_right=sum(one.value for one in group if one.counted == one.expected),
            off=sum(abs(one.counted - one.expected) * one.price for one in group),
        )
        for (day, store), group in sorted(groups.items(), key=lambda pair: (-pair[0][0].toordinal(), pair[0][1]))
    ]  # fmt: skip
