"""What `./dev test-medusa` counts and measures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Figures:
    """Lost levels are pieces that Medusa offers and that are not there; double decrements those that it does not offer.

    `till_to_web_ms` is from the receipt on the till's screen to Medusa's level, `web_to_till_ms` from Medusa's answer
    to the checkout to the pick list of a till. `steps` says in words what was seen to hold.
    """

    lost_levels: int = 0
    double_decrements: int = 0
    doubled_orders: int = 0
    missing_orders: int = 0
    sold_after_told: int = 0
    till_to_web_ms: list[float] = field(default_factory=list)
    web_to_till_ms: list[float] = field(default_factory=list)
    till_to_web_while_draining_ms: list[float] = field(default_factory=list)
    records_per_s: float | None = None
    steps: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def count(self, name: str, number: int) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + number

    @property
    def ok(self) -> bool:
        """Whether everything held."""
        wrong = (
            self.lost_levels,
            self.double_decrements,
            self.doubled_orders,
            self.missing_orders,
            self.sold_after_told,
        )
        return not any(wrong) and not self.problems

    def as_json(self) -> dict[str, Any]:
        """The report."""
        return {
            "ok": self.ok,
            "lost_levels": self.lost_levels,
            "double_decrements": self.double_decrements,
            "doubled_orders": self.doubled_orders,
            "missing_orders": self.missing_orders,
            "sold_after_told": self.sold_after_told,
            "till_to_web_ms": percentiles(self.till_to_web_ms),
            "web_to_till_ms": percentiles(self.web_to_till_ms),
            "till_to_web_while_draining_ms": percentiles(self.till_to_web_while_draining_ms),
            "records_per_s": self.records_per_s,
            "counts": self.counts,
            "seconds": {name: round(value, 1) for name, value in self.seconds.items()},
            "steps": self.steps,
            "problems": self.problems,
        }


def percentiles(values: list[float]) -> dict[str, float | int | None]:
    """p50 and p95 by nearest rank, and of how many; None where nothing was measured."""
    ordered = sorted(values)
    last = len(ordered) - 1
    found: dict[str, float | int | None] = {
        f"p{rank}": round(ordered[min(last, len(ordered) * rank // 100)], 1) if ordered else None for rank in (50, 95)
    }
    return found | {"of": len(ordered)}
