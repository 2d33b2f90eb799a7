"""Which item a scan means: the code as it is, then what else it may stand for, then the number that a person typed."""

from __future__ import annotations

from collections.abc import Iterator

from edge_agent.replica.port import Replica
from edge_agent.till.codes import ScanReading
from protocol.documents import Item

_TYPED_PLU_MAX = 5
"""Digits of a PLU that is typed by itself: the longest that grocers' scales have."""


def find_item(replica: Replica, reading: ScanReading) -> Item | None:
    """The item, or None. A code that the catalogue has counts before anything that is read into it."""
    return next((item for item in _candidates(replica, reading) if item is not None), None)


def _candidates(replica: Replica, reading: ScanReading) -> Iterator[Item | None]:
    if not reading.text:
        return
    yield replica.by_barcode(reading.text)
    yield replica.item(reading.text)
    for code in reading.alternatives:
        yield replica.by_barcode(code)
    yield replica.by_plu(reading.plu)
    if len(reading.text) <= _TYPED_PLU_MAX and reading.text.isascii() and reading.text.isdigit():
        yield replica.by_plu(reading.text)
