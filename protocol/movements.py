"""Which stock an event moves: the one derivation that the till's own view and the hub's ledger share.

Deltas commute, so late, repeated and reordered events cannot spoil a level. A count is no delta: it is a
checkpoint and comes back as one.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from itertools import count
from typing import Literal

import msgspec

from protocol.events import (
    CountedLine,
    EventData,
    OrderHandedOver,
    SaleCompleted,
    SaleLine,
    SaleRefunded,
    StockAdjusted,
    StockCounted,
    StockLine,
    StockReceived,
    TransferReceived,
    TransferSent,
)
from protocol.ids import Sku

MovementKind = Literal[
    "sale", "refund", "receive", "adjust", "transfer_out", "transfer_in", "count", "fulfil", "count_lot"
]


class Movement(msgspec.Struct, frozen=True, gc=False):
    """A change of stock: `delta` thousandths at event time `at`; for kind "count", `delta` is the counted quantity.

    `line` names the movement inside its event: (terminal, epoch, sequence, line) names it for good. The first movement
    of a line has the line's position; more of the same line are numbered on behind the last line.

    `lot` and `expires` are "" and None where nobody said them. A movement of kind "count_lot" says how many of a
    "count" of the same event, SKU and moment were of this lot: it spreads that count over lots and moves no level,
    since its moment is never after the count's.
    """

    line: int
    sku: Sku
    delta: int
    kind: MovementKind
    at: datetime
    lot: str = ""
    expires: date | None = None


def movements_of(data: EventData, at: datetime) -> tuple[Movement, ...]:
    """What `data`, which happened at `at`, does to its store's stock; lines that move nothing are left out."""
    moved: Iterable[tuple[int, StockLine | SaleLine]]
    sign = 1
    kind: MovementKind = "receive"
    match data:
        case SaleCompleted(lines=sold):  # first: it comes a thousand times as often as all others
            if plain := _plainly_sold(sold, at):
                return plain
            moved, sign, kind = _sold(sold), -1, "sale"
        case StockCounted(lines=counted):
            return _counts(counted)
        case SaleRefunded(lines=sold, restock=True):
            moved, kind = _sold(sold), "refund"
        case StockReceived(lines=lines):
            moved = enumerate(lines)
        case StockAdjusted(lines=lines):
            moved, kind = enumerate(lines), "adjust"
        case TransferSent(lines=lines):
            moved, sign, kind = enumerate(lines), -1, "transfer_out"
        case TransferReceived(lines=lines):
            moved, kind = enumerate(lines), "transfer_in"
        case OrderHandedOver(lines=lines):
            moved, sign, kind = enumerate(lines), -1, "fulfil"
        case _:
            return ()
    return tuple(
        Movement(number, Sku(line.sku), sign * line.quantity, kind, at, line.lot or "", line.expires)
        for number, line in moved
        if line.quantity
    )


def _plainly_sold(lines: tuple[SaleLine, ...], at: datetime) -> tuple[Movement, ...]:
    """As below, for lines that move themselves; nothing when there is one that does not."""
    moved = []
    for number, line in enumerate(lines):
        if line.moves or not line.quantity:
            return ()
        moved.append(Movement(number, Sku(line.sku), -line.quantity, "sale", at, line.lot or "", line.expires))
    return tuple(moved)


def _sold(lines: tuple[SaleLine, ...]) -> Iterable[tuple[int, StockLine | SaleLine]]:
    if not any(line.moves for line in lines):
        return enumerate(lines)
    more = count(len(lines))
    moved: list[tuple[int, StockLine | SaleLine]] = []
    for position, line in enumerate(lines):
        first, *others = line.moves or (line,)
        moved.append((position, first))
        moved += [(next(more), part) for part in others]
    return moved


def _counts(lines: tuple[CountedLine, ...]) -> tuple[Movement, ...]:
    counts = [Movement(number, Sku(line.sku), line.quantity, "count", line.at) for number, line in enumerate(lines)]
    spread = ((line, lot) for line in lines for lot in line.lots)
    counts += [
        Movement(number, Sku(line.sku), lot.quantity, "count_lot", line.at, lot.lot, lot.expires)
        for number, (line, lot) in enumerate(spread, len(lines))
    ]
    return tuple(counts)
