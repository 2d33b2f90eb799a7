"""The office's desk over the open database; see `hub.api.desk.Desk`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from hub.ingest.replay import replay
from hub.matters.orders import PlacedOrder
from hub.running.data import OpenData
from hub.stock.safety import Rule, Scope
from protocol.ids import StoreId


class HubDesk:
    """See Desk."""

    def __init__(self, data: OpenData) -> None:
        self._data = data

    def place(self, order: PlacedOrder, now: datetime) -> bool:
        """See Desk."""
        return self._data.orders.place(order, now)

    def cancel(self, order: str, now: datetime) -> bool:
        """See Desk."""
        return self._data.orders.cancel(order, now)

    def set_rules(self, rules: Sequence[Rule]) -> int:
        """See Desk."""
        return self._data.rules.set(rules)

    def delete_rules(self, scopes: Collection[Scope]) -> int:
        """See Desk."""
        return self._data.rules.delete(scopes)

    def replay_parked(self, now: datetime) -> int:
        """See Desk."""
        return replay_all(self._data, now)


def replay_all(data: OpenData, now: datetime) -> int:
    """Replay the parked events of all stores; returns how many were counted in."""
    done = 0
    for row in data.queries.stores(now):
        while step := replay(data.stores.ledger, data.stores.ledger, StoreId(row.store), now):
            done += step
    return done
