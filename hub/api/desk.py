"""What people and programs may change through the web part; each call may block and is made in a worker thread."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from hub.matters.orders import PlacedOrder
from hub.stock.safety import Rule, Scope


class Desk(Protocol):
    """The office's desk. All methods raise HubError with words for a person."""

    def place(self, order: PlacedOrder, now: datetime) -> bool:
        """Take an order; False if it was placed before. See `hub.storage.orders`."""
        ...

    def cancel(self, order: str, now: datetime) -> bool:
        """Give an order up; False if it was cancelled before."""
        ...

    def set_rules(self, rules: Sequence[Rule]) -> int:
        """Set rules of safety stock; returns how many changed."""
        ...

    def delete_rules(self, scopes: Collection[Scope]) -> int:
        """Take rules away; returns how many there were."""
        ...

    def replay_parked(self, now: datetime) -> int:
        """Count in what can be read by now; returns how many."""
        ...
