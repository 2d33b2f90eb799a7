"""What the web part reads and changes of orders, rules and explanations, in memory: a part of `memory.py`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from hub.errors import OrderConflict, UnknownOrder
from hub.matters.orders import Asked, PlacedOrder, order_after
from hub.matters.outcome import Told
from hub.stock.accuracy import Accuracy
from hub.stock.safety import Rule, Scope
from hub.storage.reading_stock import Explanation, OrderDetail, OrderPage, OrderRow, ParkedDetail


@dataclass
class MemoryOrder:
    """An order's facts."""

    placed: PlacedOrder
    placed_at: datetime
    asked: list[Asked] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    cancelled_at: datetime | None = None

    def detail(self) -> OrderDetail:
        """The order as it follows from them."""
        outcome = order_after(self.placed.pieces, self.asked, self.told, self.cancelled_at)
        return OrderDetail(self.placed, self.placed_at, self.cancelled_at, outcome)


class MemoryStockReads:
    """The reads of `StockReads` over plain dictionaries, which are there to be filled."""

    def __init__(self) -> None:
        self.explanations: dict[tuple[str, str], Explanation] = {}
        self.transit: dict[str, dict[str, int]] = {}
        self.order_facts: dict[str, MemoryOrder] = {}
        self.accuracy_rows: list[Accuracy] = []
        self.rule_rows: dict[Scope, Rule] = {}
        self.parked_details: dict[int, ParkedDetail] = {}

    def explain(
        self, store: str, sku: str, *, limit: int = 50, offset: int = 0, since: datetime | None = None
    ) -> Explanation | None:
        """See StockReads."""
        found = self.explanations.get((store, sku))
        if found is None:
            return None
        steps = [step for step in found.steps if since is None or step.entry.at >= since]
        return replace(found, steps=steps[offset : offset + limit], total=len(steps))

    def in_transit(self, sku: str) -> Mapping[str, int]:
        """See StockReads."""
        return self.transit.get(sku, {})

    def orders(self, *, state: str = "", limit: int = 50, offset: int = 0) -> OrderPage:
        """See StockReads."""
        details = [facts.detail() for facts in self.order_facts.values()]
        newest = sorted(details, key=lambda detail: (-detail.placed_at.timestamp(), detail.placed.order))
        rows = [_row(detail) for detail in newest if state in ("", detail.outcome.state)]
        counts = Counter[str](detail.outcome.state for detail in details)
        return OrderPage(rows[offset : offset + limit], len(rows), dict(counts))

    def order(self, order: str) -> OrderDetail | None:
        """See StockReads."""
        facts = self.order_facts.get(order)
        return None if facts is None else facts.detail()

    def accuracy(self, since: datetime, *, store: str | None = None) -> Sequence[Accuracy]:
        """See StockReads."""
        return [row for row in self.accuracy_rows if store in (None, row.store) and row.day >= since.date()]

    def rules(self, *, limit: int = 50, offset: int = 0) -> Sequence[Rule]:
        """See StockReads."""
        ordered = sorted(self.rule_rows.values(), key=lambda rule: (rule.store, rule.category, rule.sku))
        return ordered[offset : offset + limit]

    def parked_event(self, position: int) -> ParkedDetail | None:
        """See StockReads."""
        return self.parked_details.get(position)


class MemoryDesk:
    """See `hub.api.desk.Desk`; orders are asked of one store, which has everything."""

    def __init__(self, reads: MemoryStockReads, store: str = "st01") -> None:
        self._reads = reads
        self._store = store
        self.replayed = 0

    def place(self, order: PlacedOrder, now: datetime) -> bool:
        """See Desk."""
        known = self._reads.order_facts.get(order.order)
        if known is not None:
            if known.placed.lines != order.lines:
                raise OrderConflict(f"order {order.order}: there is another one of this id, with another lines")
            return False
        pieces: Counter[str] = Counter()
        for line in order.lines:
            pieces[line.sku] += line.quantity
        placed = PlacedOrder(
            order=order.order, lines=order.lines, channel=order.channel, number=order.number, way=order.way,
            store=order.store, customer=order.customer, note=order.note, pieces=dict(pieces),
        )  # fmt: skip
        asked = [Asked(1, order.store or self._store, sku, quantity) for sku, quantity in pieces.items()]
        self._reads.order_facts[order.order] = MemoryOrder(placed, order.placed_at or now, asked)
        return True

    def cancel(self, order: str, now: datetime) -> bool:
        """See Desk."""
        facts = self._reads.order_facts.get(order)
        if facts is None:
            raise UnknownOrder(f"order {order}: there is none of this id; `tillwire-hub order list` shows them")
        fresh = facts.cancelled_at is None
        facts.cancelled_at = facts.cancelled_at or now
        return fresh

    def set_rules(self, rules: Sequence[Rule]) -> int:
        """See Desk."""
        changed = [rule for rule in rules if self._reads.rule_rows.get(rule[:3]) != rule]
        self._reads.rule_rows.update({rule[:3]: rule for rule in changed})
        return len(changed)

    def delete_rules(self, scopes: Collection[Scope]) -> int:
        """See Desk."""
        return sum(self._reads.rule_rows.pop(scope, None) is not None for scope in scopes)

    def replay_parked(self, now: datetime) -> int:
        """See Desk."""
        del now
        return self.replayed


def _row(detail: OrderDetail) -> OrderRow:
    placed, outcome = detail.placed, detail.outcome
    stores = [parcel.store for parcel in outcome.parcels]
    return OrderRow(
        placed.order, placed.number, placed.channel, detail.placed_at, outcome.state, placed.way, placed.customer,
        outcome.missing, stores,
    )  # fmt: skip
