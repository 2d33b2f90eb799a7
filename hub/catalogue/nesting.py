"""Packs and bundles as a whole catalogue must have them: one level deep, and of goods that there are. Pure.

A pack of a pack, a bundle of bundles or a circle would make what a till takes from the shelf depend on a chain of
documents, of which it may have half. So the import refuses them, whichever of the two items comes first.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from hub.errors import ImportFailed
from protocol.documents import Item
from protocol.errors import InexactQuantity
from protocol.goods import parts_of, taken
from protocol.stock_events import StockLine

LINES_MAX = 5_000
"""What one document can carry."""


def parts_needed(items: Iterable[Item]) -> frozenset[str]:
    """The SKUs of which packs and bundles among the items consist."""
    return frozenset(part.sku for item in items for part in parts_of(item))


def refuse_nested(
    name: str, lines: Mapping[str, tuple[int, Item]], known: Mapping[str, Item], wholes: Iterable[Item]
) -> None:
    """Raise ImportFailed for the first pack or bundle that cannot be. `lines` is the file: line and item by SKU.

    `known` are items of the catalogue that the file's consist of, `wholes` the packs and bundles that are there.
    """
    for number, item in lines.values():
        for part in parts_of(item):
            place = f"{name}:{number}: field {_field(item)}"
            inside = lines[part.sku][1] if part.sku in lines else known.get(part.sku)
            if inside is None:
                raise ImportFailed(
                    f"{place}: {part.sku} is neither in the file nor in the catalogue; add it to the file"
                )
            if parts_of(inside):
                raise ImportFailed(
                    f"{place}: {part.sku} is {_what(inside)} itself; write down what is in it, {_contents(inside)}"
                )
    for whole in wholes:
        if whole.sku in lines:
            continue
        for part in parts_of(whole):
            number, item = lines.get(part.sku, (0, whole))
            if number and parts_of(item):
                raise ImportFailed(
                    f"{name}:{number}: field {_field(item)}: {item.sku} becomes {_what(item)}, but {whole.sku} in the "
                    f"catalogue consists of it; change {whole.sku} in the same file"
                )


def refuse_missing_parts(skus: Collection[str], wholes: Iterable[Item]) -> None:
    """Raise ImportFailed where packs or bundles that stay consist of goods that are to be deleted."""
    gone = frozenset(skus)
    for whole in wholes:
        part = next((part for part in parts_of(whole) if part.sku in gone), None)
        if part is not None and whole.sku not in gone:
            raise ImportFailed(
                f"{part.sku}: {whole.sku} ({whole.name}) is {_what(whole)} of it; delete that one, too, or change it"
            )


def refuse_levels(name: str, items: Iterable[Item]) -> None:
    """Raise ImportFailed where a level is to be set of what stands on no shelf itself."""
    whole = next((item for item in items if parts_of(item)), None)
    if whole is not None:
        raise ImportFailed(
            f"{name}: {whole.sku} is {_what(whole)} and has no level of its own; say how many there are of "
            f"{_contents(whole)}"
        )


def as_on_shelf(place: str, lines: Iterable[StockLine], known: Mapping[str, Item]) -> tuple[StockLine, ...]:
    """Lines of a delivery or a transfer as what stands on shelves: of packs the pieces, of bundles the parts.

    Else a delivery of two cases would still be awaited when 48 pieces have come. Raises ImportFailed.
    """
    found: list[StockLine] = []
    for number, line in enumerate(lines, 1):
        parts = parts_of(known[line.sku]) if line.sku in known else ()
        try:
            found += taken(parts, line.quantity, lot=line.lot, expires=line.expires) or (line,)
        except InexactQuantity as error:
            raise ImportFailed(f"{place}: field lines.{number}.quantity: {error}") from error
    summed: dict[tuple[object, ...], StockLine] = {}
    for line in found:
        key = (line.sku, line.lot, line.expires)
        before = summed[key].quantity if key in summed else 0
        summed[key] = msgspec.structs.replace(line, quantity=before + line.quantity)
    if len(summed) > LINES_MAX:
        raise ImportFailed(f"{place}: {len(summed)} lines of goods with all parts, {LINES_MAX} at most; make two of it")
    return tuple(summed.values())


def _field(item: Item) -> str:
    return "pack_of" if item.pack_of else "parts"


def _what(item: Item) -> str:
    return "a pack" if item.pack_of else "a bundle"


def _contents(item: Item) -> str:
    return ", ".join(part.sku for part in parts_of(item))
