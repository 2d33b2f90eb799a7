"""Under which keys an item's codes are kept, shared by both replicas."""

from __future__ import annotations

from edge_agent.till.codes import barcode_key
from protocol.documents import Item

_PLU = "plu:"
_PADDINGS = ("", "0", "00", "000000")  # what makes a GTIN-14, an EAN-13, a UPC-A and an EAN-8 fourteen digits long
_PADDED_FROM = 4
_GTIN_DIGITS = 14


def codes_of(item: Item) -> tuple[str, ...]:
    """The keys of all barcodes of an item, and of its PLU."""
    codes = [barcode_key(code) for code in item.barcodes]
    if item.plu:
        codes.append(plu_key(item.plu))
    return tuple(dict.fromkeys(codes))


def plu_key(plu: str) -> str:
    """The key of a PLU, zeros in front aside: a label has all of its digits, a person types the last ones."""
    return _PLU + (plu.lstrip("0") or "0")


def code_starts(start: str) -> tuple[str, ...]:
    """How the keys of barcodes that begin so may begin."""
    if not (start.isascii() and start.isdigit()) or not _PADDED_FROM <= len(start) <= _GTIN_DIGITS:
        return (start,)
    return tuple(padding + start for padding in _PADDINGS)
