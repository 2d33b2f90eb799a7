"""A till's own view of stock: the hub's level, and what this till has moved since the level was read.

Pure, shared by both replicas. The rule: on_hand + own movements after the feed's cursor and after `counted_at`. An
own count that the hub has not counted in yet is a newer checkpoint: it replaces the level, and own movements after
its time come on top. Movements of *other* tills after such a count are missing until the hub has it; that is the
best that a till alone can know.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from protocol.documents import Stock
from protocol.movements import Movement


def stock_view(stock: Stock | None, own: Iterable[Movement]) -> int | None:
    """The level in thousandths. `own` are the SKU's movements that the feed's cursor does not cover, in any order."""
    movements = list(own)
    level = stock.on_hand if stock is not None else None
    counted_at: datetime | None = stock.counted_at if stock is not None else None
    for movement in movements:
        if movement.kind == "count" and (counted_at is None or movement.at >= counted_at):
            level, counted_at = movement.delta, movement.at
    if level is None:
        return None
    return level + sum(
        movement.delta
        for movement in movements
        if movement.kind != "count" and (counted_at is None or movement.at > counted_at)
    )
