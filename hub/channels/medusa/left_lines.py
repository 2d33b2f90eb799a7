"""What has left of order lines by Medusa's word, for those that it keeps something for.

Reservations do not say it, so the orders are asked; that costs Medusa as much as a push. But whatever leaves lessens
the line's reservation, and an edit makes a new one: as long as a reservation is as it was, so is what has left. So an
order is asked for when its reservation is new or another, and not with each push of what it has bought.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from decimal import ROUND_CEILING, Decimal
from typing import Final

import msgspec

from hub.channels.medusa.answers import Answer, Order, Reservation
from hub.channels.medusa.client import MedusaClient, Params
from hub.channels.ports import CountedOrders
from protocol.quantity import SCALE

ORDERS: Final = 50
KNOWN_MAX: Final = 50_000
"""So many reservations are remembered; then it begins anew."""
_FIELDS: Final = ("fields", "id,items.id,items.quantity,items.detail.fulfilled_quantity")


Rows = frozenset[tuple[str, str, Decimal]]
"""All reservations of a line: id, inventory item, quantity."""


class LeftLines:
    """Remembers what has left of a line by what was kept for it then."""

    def __init__(self, client: MedusaClient) -> None:
        self._client = client
        self._known: dict[Rows, int] = {}

    def of(self, reservations: Iterable[Reservation], counted: CountedOrders) -> Mapping[str, int]:
        """Thousandths that have left, by line, of counted lines. One whose order is not there is left out."""
        kept = _by_line(reservations, counted)
        left = {line: self._known[rows] for line, rows in kept.items() if rows in self._known}
        orders = sorted({counted.lines[line].order for line in kept.keys() - left.keys()})
        for start in range(0, len(orders), ORDERS):
            for order in self._orders(orders[start : start + ORDERS]):
                left |= self._learn(order, kept)
        return left

    def _learn(self, order: Order, kept: Mapping[str, Rows]) -> dict[str, int]:
        found = {}
        for item in order.items:
            if (rows := kept.get(item.id)) is None:
                continue
            gone = item.detail.fulfilled_quantity
            found[item.id] = int((gone * SCALE).to_integral_value(ROUND_CEILING))
            if set(_by_item(rows).values()) != {item.quantity - gone}:
                continue  # something left between the two looks, or is kept all the same, or it is a kit: asked again
            if len(self._known) >= KNOWN_MAX:
                self._known.clear()
            self._known[rows] = found[item.id]
        return found

    def _orders(self, orders: Collection[str]) -> Iterator[Order]:
        params: Params = [*(("id[]", one) for one in orders), ("limit", ORDERS), _FIELDS]
        for raw in self._client.get("/admin/orders", Answer, params).orders:
            with suppress(msgspec.MsgspecError):  # one that nobody can read is not counted, and is parked elsewhere
                yield msgspec.json.decode(raw, type=Order)


def _by_line(reservations: Iterable[Reservation], counted: CountedOrders) -> Mapping[str, Rows]:
    found: dict[str, Rows] = {}
    for one in reservations:
        line = one.line_item_id or ""
        if line in counted.lines:
            found[line] = found.get(line, frozenset()) | {(one.id, one.inventory_item_id, one.quantity)}
    return found


def _by_item(rows: Rows) -> Mapping[str, Decimal]:
    found: defaultdict[str, Decimal] = defaultdict(Decimal)
    for _, item, quantity in rows:
        found[item] += quantity
    return found
