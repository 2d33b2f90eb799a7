"""Packs and bundles: goods that are made of others, and so have no stock of their own. Pure.

A pack of six is there as often as six pieces are; a bundle as often as the scarcest of its parts allows. Quantities are
thousandths: one unit of the whole needs `quantity` thousandths of each part.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from protocol.quantity import SCALE

DEPTH_MAX = 4
"""A bundle of packs of packs: past that it is a circle, which is never available."""

PartsOf = Mapping[str, Mapping[str, int]]


def pieces_of(sku: str, quantity: int, made_of: PartsOf, depth: int = DEPTH_MAX) -> Mapping[str, int]:
    """What `quantity` of a SKU takes from the shelves. Empty for one that is made of itself: nobody can have it."""
    parts = made_of.get(sku)
    if not parts:
        return {sku: quantity}
    if depth == 0:
        return {}
    pieces: Counter[str] = Counter()
    for part, needed in sorted(parts.items()):
        inner = pieces_of(part, quantity * needed // SCALE, made_of, depth - 1)
        if not inner:
            return {}
        pieces.update(inner)
    return pieces


def whole_available(sku: str, available: Mapping[str, int], made_of: PartsOf) -> int | None:
    """How much of a SKU the web may sell at one place; None where one of its pieces has no level at all.

    `available` has the pieces of that place, already less all that is held back. Packs and bundles are whole units.
    """
    if not made_of.get(sku):
        return available.get(sku)
    needed = pieces_of(sku, SCALE, made_of)
    if not needed or any(piece not in available for piece in needed):
        return None
    return min(available[piece] // quantity for piece, quantity in needed.items() if quantity > 0) * SCALE
