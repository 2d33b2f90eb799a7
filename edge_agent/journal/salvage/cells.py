"""Events out of the pages of a database that SQLite may not be able to read any more.

No page is reached through another one: every page is looked at by itself, so a damaged root or schema costs nothing
but itself. Events stand in a table WITHOUT ROWID, that is in the pages of an index; they are known by their shape,
and what is found is only believed once its hash or its place in the digest chain proves it (`rebuild.py`).
The trap: pages that are free again still hold events that were deleted or moved to another epoch.

Format: https://www.sqlite.org/fileformat2.html#b_tree_pages
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

_INDEX_LEAF, _INDEX_INTERIOR = 0x0A, 0x02
_HEADER_BYTES = {_INDEX_LEAF: 8, _INDEX_INTERIOR: 12}
_FILE_HEADER = 100
_PAYLOAD_MAX = 4 << 20
_DIGEST, _HASH = 32, 16
_COLUMNS = (5, 6)
_BLOB = 12
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}

ReadPage = Callable[[int], bytes]
"""A page by its number from 1; empty behind the end."""


@dataclass(frozen=True)
class FoundEvent:
    """A row of the table `event`, as it lay on the disk. `hash` is None for a row of an older version."""

    epoch: int
    sequence: int
    digest: bytes
    at_us: int
    raw: bytes
    hash: bytes | None


def find_events(read_page: ReadPage, page_count: int, page_size: int, reserved: int) -> Iterator[FoundEvent]:
    """Every row of that shape on any page, in the order of pages; one row may come several times."""
    usable = page_size - reserved
    for number in range(1, page_count + 1):
        page = read_page(number)
        at = _FILE_HEADER if number == 1 else 0
        if len(page) == page_size and page[at] in _HEADER_BYTES:
            for payload in _payloads(page, at, usable, read_page):
                found = _event(payload)
                if found is not None:
                    yield found


def _payloads(page: bytes, at: int, usable: int, read_page: ReadPage) -> Iterator[bytes]:
    kind = page[at]
    count = int.from_bytes(page[at + 3 : at + 5], "big")
    first = at + _HEADER_BYTES[kind]
    for place in range(first, min(first + 2 * count, len(page) - 1), 2):
        start = int.from_bytes(page[place : place + 2], "big")
        if kind == _INDEX_INTERIOR:
            start += 4  # the page of what is smaller
        if first <= start < usable:
            payload = _payload(page, start, usable, read_page)
            if payload is not None:
                yield payload


def _payload(page: bytes, start: int, usable: int, read_page: ReadPage) -> bytes | None:
    size, start = _varint(page, start)
    if not 0 < size <= _PAYLOAD_MAX:
        return None
    largest = (usable - 12) * 64 // 255 - 23
    if size <= largest:
        return page[start : start + size] if start + size <= usable else None
    smallest = (usable - 12) * 32 // 255 - 23
    here = smallest + (size - smallest) % (usable - 4)
    if here > largest:
        here = smallest
    parts = [page[start : start + here]]
    following = int.from_bytes(page[start + here : start + here + 4], "big")
    left = size - here
    while left > 0:
        more = read_page(following) if following else b""
        if not more:
            return None
        parts.append(more[4 : min(usable, 4 + left)])
        left -= len(parts[-1])
        following = int.from_bytes(more[:4], "big")
    return b"".join(parts)


def _event(payload: bytes) -> FoundEvent | None:
    """Read a record, if it has the columns of an event."""
    end, at = _varint(payload, 0)
    types: list[int] = []
    while at < end and len(types) <= max(_COLUMNS) and at < len(payload):
        kind, at = _varint(payload, at)
        types.append(kind)
    if len(types) not in _COLUMNS or at != end or types[2] != 2 * _DIGEST + _BLOB or types[4] < _BLOB or types[4] % 2:
        return None
    values: list[int | bytes | None] = []
    for kind in types:
        width = _width(kind)
        if width is None or at + width > len(payload):
            return None
        values.append(_value(kind, payload[at : at + width]))
        at += width
    epoch, sequence, digest, at_us, raw, *rest = values
    own = rest[0] if rest else None
    if not isinstance(epoch, int) or not isinstance(sequence, int) or not isinstance(at_us, int):
        return None
    if not isinstance(digest, bytes) or not isinstance(raw, bytes) or epoch < 0 or sequence < 1:
        return None
    return FoundEvent(
        epoch, sequence, digest, at_us, raw, own if isinstance(own, bytes) and len(own) == _HASH else None
    )


def _width(kind: int) -> int | None:
    if kind in {0, 8, 9}:
        return 0
    if kind >= _BLOB:  # or a text
        return (kind - _BLOB) // 2
    return _INTEGER_BYTES.get(kind)


def _value(kind: int, content: bytes) -> int | bytes | None:
    if kind == 0:
        return None
    if kind in {8, 9}:
        return kind - 8
    return content if kind >= _BLOB else int.from_bytes(content, "big", signed=True)


def _varint(content: bytes, at: int) -> tuple[int, int]:
    """A number and the place behind it; what runs over the end is 0, which is no size of anything."""
    value = 0
    for count, byte in enumerate(content[at : at + 9], 1):
        if count == 9:  # noqa: PLR2004 - the ninth byte counts whole
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004 - the last byte of a number
            return value, at + count
    return 0, len(content)
