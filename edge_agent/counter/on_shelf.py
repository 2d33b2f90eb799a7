"""What is on this store's shelves of goods, packs and bundles included, and what they take from there.

Nothing counts a pack or a bundle: there are as many as what is left of their parts makes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date

import msgspec

from edge_agent.counter.books import Books
from edge_agent.till.view import PartView
from protocol.documents import Item
from protocol.errors import InexactQuantity
from protocol.goods import makeable, parts_of, taken
from protocol.stock_events import StockLine

SHOWN_MAX = 3
"""Parts of a line that are named in the picture; a basket of fifty has its list in the price check."""


def left_of(books: Books, item: Item, drawn: Mapping[str, int]) -> int | None:
    """How much of an item is left here, in thousandths, when so much is `drawn` from the shelves; None if unknown."""

    def left(sku: str) -> int | None:
        stock = books.replica.stock_view(sku)
        return None if stock is None else stock - drawn.get(sku, 0)

    parts = parts_of(item)
    return makeable(parts, left) if parts else left(item.sku)


def goes_below_zero(books: Books, item: Item, before: Mapping[str, int], after: Mapping[str, int]) -> bool:
    """Whether the books had enough of what one more of these goods takes, and have not any more."""
    for sku in [part.sku for part in parts_of(item)] or [item.sku]:
        stock = books.replica.stock_view(sku)
        if stock is not None and stock - before.get(sku, 0) >= 0 > stock - after.get(sku, 0):
            return True
    return False


def takes_of(books: Books, item: Item) -> tuple[PartView, ...]:
    """All that one of a pack or bundle takes from the shelf, by name."""
    return tuple(PartView(part.sku, _name(books, part.sku), part.quantity) for part in parts_of(item))


def as_on_shelf(books: Books, lines: Iterable[StockLine]) -> tuple[StockLine, ...]:
    """Lines of papers as what stands on shelves: of packs their pieces, of bundles their parts; a SKU and lot once.

    Papers that the hub writes say that already; those of an older hub, or of a catalogue of yesterday, may not.
    """
    found: dict[tuple[str, str, date | None], int] = {}
    for line in lines:
        item = books.replica.item(line.sku)
        parts = parts_of(item) if item is not None else ()
        try:
            goods = taken(parts, line.quantity, lot=line.lot, expires=line.expires) or (line,)
        except InexactQuantity:
            goods = (line,)
        for each in goods:
            place = (each.sku, each.lot, each.expires)
            found[place] = found.get(place, 0) + each.quantity
    return tuple(StockLine(sku=sku, quantity=q, lot=lot, expires=day) for (sku, lot, day), q in found.items())


def with_ages_of_parts(books: Books, item: Item) -> Item:
    """The item, asking for the age that anything in it needs: who may not buy a can may not buy the case."""
    inside = (books.replica.item(part.sku) for part in parts_of(item))
    age = max((part.min_age for part in inside if part is not None), default=0)
    return item if age <= item.min_age else msgspec.structs.replace(item, min_age=age)


def names_of_parts(books: Books, item: Item) -> tuple[str, ...]:
    """What the first parts are called: a line keeps it, so that a picture looks nothing up."""
    return tuple(_name(books, part.sku) for part in parts_of(item)[:SHOWN_MAX])


def _name(books: Books, sku: str) -> str:
    item = books.replica.item(sku)
    return item.name if item is not None else sku
