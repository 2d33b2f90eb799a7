"""Tills that cannot be heard, and what their shelves may have sold meanwhile. Pure.

A till is silent from its last sign of life on: while it is offline, and after that until what it sold meanwhile has
come in. The rate is what that very till sold of a SKU in the weeks before, for each minute in which it sold at all, so
a store whose other tills are heard holds back for the silent one only. Quantities are thousandths.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hub.stock.offline_buffer import offline_buffer
from protocol.quantity import SCALE

GRACE = timedelta(seconds=60)
"""A till that is gone for less is restarting, or its last sale is on its way."""

SILENCE_MAX = timedelta(days=7)
"""Longer than this is not believed to go on selling at its old rate: more is not held back."""

RATE_WINDOW = timedelta(days=28)
HOUR_MIN = 60.0


@dataclass(frozen=True)
class TillContact:
    """What is known of a till: `last_contact` is its last status or its last journal batch, None for never."""

    store: str
    terminal: str
    online: bool
    backlog: int
    oldest_unsent_at: datetime | None
    last_contact: datetime | None


@dataclass(frozen=True)
class TillSales:
    """What a till sold in the window before it fell silent, by SKU, and in how many different hours."""

    sold: Mapping[str, int] = field(default_factory=dict)
    hours: int = 0


def silent_since(till: TillContact, now: datetime) -> datetime | None:
    """From when on a till's sales are unknown; None while they are known, or when it never was there."""
    if till.last_contact is None:
        return None
    since = till.last_contact
    if till.online:
        if not till.backlog or till.oldest_unsent_at is None:
            return None
        since = till.oldest_unsent_at
    return since if now - since >= GRACE else None


def held_back(silent: Iterable[tuple[datetime, TillSales]], now: datetime, risk: float) -> dict[str, int]:
    """What to hold back in a store with these silent tills, by SKU; what is 0 is left out."""
    expected: defaultdict[str, float] = defaultdict(float)
    for since, sales in silent:
        if sales.hours <= 0:
            continue
        minutes = min(now - since, SILENCE_MAX) / timedelta(minutes=1)
        for sku, sold in sales.sold.items():
            if sold > 0:
                expected[sku] += sold / SCALE / (sales.hours * HOUR_MIN) * minutes
    found = {sku: offline_buffer(units, 1.0, risk) for sku, units in sorted(expected.items())}
    return {sku: units * SCALE for sku, units in found.items() if units > 0}
