"""Columns as PostgreSQL's binary arrays, for statements that `unnest` thousands of values at once.

The driver dumps a list element by element through its type system, 0.3 us each; a sale has twenty of them. One layout
of bytes is the same for a whole column (PostgreSQL's array_recv: dimensions, flag for nulls, element type, length,
lower bound, then each element's length and bytes).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import chain, repeat

import psycopg
from psycopg.adapt import Buffer, Dumper
from psycopg.pq import Format

_INT8, _TEXT, _INT8_ARRAY, _TEXT_ARRAY = 20, 25, 1016, 1009
_HEAD = struct.Struct("!iiIii")
_LENGTH = struct.Struct("!i")
_EMPTY = struct.Struct("!iiI")
_NULL = _LENGTH.pack(-1)


class Int8Column(tuple[int | None, ...]):
    """A column of 64-bit integers, some of them perhaps null."""

    __slots__ = ()


class TextColumn(tuple[str, ...]):
    """A column of texts, none of them null."""

    __slots__ = ()


def int8_array(values: Sequence[int | None]) -> bytes:
    """The bytes of an `int8[]`. Raises struct.error for a number beyond 64 bits."""
    if not values:
        return _EMPTY.pack(0, 0, _INT8)
    if None in values:
        body = b"".join(_NULL if value is None else struct.pack("!iq", 8, value) for value in values)
        return _HEAD.pack(1, 1, _INT8, len(values), 1) + body
    return _HEAD.pack(1, 0, _INT8, len(values), 1) + struct.pack(
        f"!{'iq' * len(values)}", *chain.from_iterable(zip(repeat(8), values, strict=False))
    )


def text_array(values: Sequence[str]) -> bytes:
    """The bytes of a `text[]`."""
    if not values:
        return _EMPTY.pack(0, 0, _TEXT)
    pack = _LENGTH.pack
    parts = [_HEAD.pack(1, 0, _TEXT, len(values), 1)]
    for value in values:
        encoded = value.encode()
        parts += (pack(len(encoded)), encoded)
    return b"".join(parts)


class _Int8Dumper(Dumper):
    format = Format.BINARY
    oid = _INT8_ARRAY

    def dump(self, obj: Int8Column) -> Buffer:
        return int8_array(obj)


class _TextDumper(Dumper):
    format = Format.BINARY
    oid = _TEXT_ARRAY

    def dump(self, obj: TextColumn) -> Buffer:
        return text_array(obj)


def register() -> None:
    """Let the driver know both kinds of column; before the first connection is made."""
    psycopg.adapters.register_dumper(Int8Column, _Int8Dumper)
    psycopg.adapters.register_dumper(TextColumn, _TextDumper)
