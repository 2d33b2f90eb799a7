"""An order as the API and the command write it."""

from __future__ import annotations

from hub.storage.reading_stock import OrderDetail
from protocol.quantity import format_quantity


def as_json(detail: OrderDetail) -> dict[str, object]:
    """An order as the API and the command write it."""
    placed, outcome = detail.placed, detail.outcome
    return {
        "order": placed.order, "number": placed.number, "channel": placed.channel, "way": placed.way,
        "store": placed.store or None, "customer": placed.customer, "state": outcome.state,
        "placed_at": detail.placed_at, "cancelled_at": detail.cancelled_at,
        "lines": [_goods(line.sku, line.quantity) for line in placed.lines],
        "parcels": [
            {
                "store": parcel.store, "state": parcel.state,
                "lines": [_goods(sku, quantity) for sku, quantity in parcel.goods.items()],
                "short": [_goods(sku, quantity) for sku, quantity in parcel.short.items()],
            }
            for parcel in outcome.parcels
        ],
        "missing": [_goods(sku, quantity) for sku, quantity in outcome.missing.items()],
    }  # fmt: skip


def _goods(sku: str, quantity: int) -> dict[str, object]:
    return {"sku": sku, "quantity": format_quantity(quantity), "quantity_milli": quantity}
