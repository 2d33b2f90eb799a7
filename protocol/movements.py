"""Which stock an event moves: the one derivation that the till's own view and the hub's ledger share.

Deltas commute, so late, repeated and reordered events cannot spoil a level. A count is no delta: it is a
checkpoint and comes back as one.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from protocol.events import (
    EventData,
    OrderHandedOver,
    SaleCompleted,
    SaleRefunded,
    StockAdjusted,
    StockCounted,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.ids import Sku

MovementKind = Literal["sale", "refund", "receive", "adjust", "transfer_out", "transfer_in", "count", "fulfil"]


class Movement(msgspec.Struct, frozen=True):
    """A change of stock: `delta` thousandths at event time `at`; for kind "count", `delta` is the counted quantity.

    `line` is the position inside its event: (terminal, epoch, sequence, line) names a movement for good.
    """

    line: int
    sku: Sku
    delta: int
    kind: MovementKind
    at: datetime


def movements_of(data: EventData, at: datetime) -> tuple[Movement, ...]:
    """What `data`, which happened at `at`, does to its store's stock; lines that move nothing are left out."""
    deltas: list[tuple[str, int, MovementKind]]
    match data:
        case SaleCompleted(lines=lines):
            deltas = [(line.sku, -line.quantity, "sale") for line in lines]
        case SaleRefunded(lines=lines, restock=True):
            deltas = [(line.sku, line.quantity, "refund") for line in lines]
        case StockReceived(lines=lines):
            deltas = [(line.sku, line.quantity, "receive") for line in lines]
        case StockAdjusted(lines=lines):
            deltas = [(line.sku, line.quantity, "adjust") for line in lines]
        case TransferSent(lines=lines):
            deltas = [(line.sku, -line.quantity, "transfer_out") for line in lines]
        case TransferReceived(lines=lines):
            deltas = [(line.sku, line.quantity, "transfer_in") for line in lines]
        case OrderHandedOver(lines=lines):
            deltas = [(line.sku, -line.quantity, "fulfil") for line in lines]
        case StockCounted(lines=counted):
            return tuple(
                Movement(number, Sku(line.sku), line.quantity, "count", line.at) for number, line in enumerate(counted)
            )
        case _:
            return ()
    return tuple(
        Movement(number, Sku(sku), delta, kind, at) for number, (sku, delta, kind) in enumerate(deltas) if delta
    )
