"""Packs and bundles: what leaves the shelf when they are sold, and how many of them what is left makes.

Pure integers. A pack and a bundle stand on no shelf under their own SKU, so nothing counts them: they are what their
parts make. One level deep, which the import of the catalogue sees to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

from protocol.documents import Item, Part
from protocol.errors import InexactQuantity
from protocol.quantity import SCALE, format_quantity
from protocol.stock_events import StockLine


def parts_of(item: Item) -> tuple[Part, ...]:
    """What one of this item consumes instead of itself; () for goods that stand on a shelf as they are."""
    return (Part(sku=item.pack_of, quantity=item.pack_size),) if item.pack_of else item.parts


def taken(parts: Iterable[Part], quantity: int, *, lot: str = "", expires: date | None = None) -> tuple[StockLine, ...]:
    """What `quantity` thousandths of a pack or bundle consume; `lot` and `expires` are all of these goods'.

    Raises InexactQuantity where a part would not be whole thousandths.
    """
    lines = []
    for part in parts:
        thousandths, rest = divmod(quantity * part.quantity, SCALE)
        if rest:
            raise InexactQuantity(
                f"{format_quantity(quantity)} times {format_quantity(part.quantity)} of {part.sku} has more than three "
                "decimals: sell whole packs"
            )
        lines.append(StockLine(sku=part.sku, quantity=thousandths, lot=lot, expires=expires))
    return tuple(lines)


def parts_of_moves(moves: Iterable[StockLine], quantity: int) -> tuple[Part, ...]:
    """What one of a line had consumed, of which `quantity` thousandths made these `moves`: the other way round.

    Raises InexactQuantity where a part would not be whole thousandths.
    """
    parts = []
    for move in moves:
        size, rest = divmod(move.quantity * SCALE, quantity)
        if rest or size <= 0:
            raise InexactQuantity(
                f"{format_quantity(quantity)} cannot have taken {format_quantity(move.quantity)} of {move.sku}: "
                "take these goods back without their receipt"
            )
        parts.append(Part(sku=move.sku, quantity=size))
    return tuple(parts)


def makeable(parts: Iterable[Part], left_of: Callable[[str], int | None]) -> int | None:
    """How many whole ones (in thousandths) what is left of the parts makes: the least over them, never below zero.

    `left_of` gives a part's level in thousandths. None where one is unknown: nobody can say.
    """
    counts = []
    for part in parts:
        left = left_of(part.sku)
        if left is None:
            return None
        counts.append(max(0, left // part.quantity))
    return min(counts, default=0) * SCALE
