"""Cuts the byte stream into tokens; bytes may arrive split anywhere.

The rows of GS v 0 are handed out as they come, as a printer does it: a raster of any height needs one row of memory.
All other commands are held until they are whole, never more than `MAX_COMMAND_BYTES`.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from hardware_sim.escpos.tokens import (
    LEADS,
    MALFORMED,
    MAX_COMMAND_BYTES,
    SHAPES,
    SINGLE,
    Command,
    RasterRows,
    Text,
    Token,
    Unknown,
)

ROWS_AT_ONCE = 64
TEXT_AT_ONCE = 256
_COMPACT_AT = 8192
_TEXT_BREAKS = bytes(range(0x20))


class Lexer:
    """`feed` bytes, then call `next` until it says `None` (needs more)."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._at = 0
        self._rows_left = 0
        self._row_bytes = 0

    def feed(self, data: bytes) -> None:
        """Append bytes as received."""
        self._buffer += data

    def reset(self) -> int:
        """Forget an unfinished command; return how many of its bytes were held."""
        held = self.pending_bytes
        self._buffer.clear()
        self._at = self._rows_left = 0
        return held

    @property
    def pending_bytes(self) -> int:
        """Bytes held that are not yet part of a token."""
        return len(self._buffer) - self._at

    @property
    def inside_command(self) -> bool:
        """Whether a command has begun and its rest is missing."""
        return self._rows_left > 0 or self.pending_bytes > 0

    def next(self) -> Token | None:
        """The next token, or `None` when more bytes are needed."""
        token = self._raster_rows() if self._rows_left else self._token()
        if self._at == len(self._buffer):
            self._buffer.clear()
            self._at = 0
        elif self._at > _COMPACT_AT:
            del self._buffer[: self._at]
            self._at = 0
        return token

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[self._at : self._at + count])
        self._at += count
        return taken

    def _raster_rows(self) -> RasterRows | None:
        rows = min(self.pending_bytes // self._row_bytes, self._rows_left, ROWS_AT_ONCE)
        if rows == 0:
            return None
        self._rows_left -= rows
        return RasterRows(self._take(rows * self._row_bytes), self._row_bytes)

    def _token(self) -> Token | None:
        if not self.pending_bytes:
            return None
        first = self._buffer[self._at]
        if first in LEADS:
            return self._command()
        if first < 0x20:
            taken = self._take(1)
            name = SINGLE.get(first)
            return Command(name) if name else Unknown(taken)
        end = self._at
        limit = min(len(self._buffer), self._at + TEXT_AT_ONCE)
        while end < limit and self._buffer[end] not in _TEXT_BREAKS:
            end += 1
        return Text(self._take(end - self._at))

    def _command(self) -> Token | None:
        if self.pending_bytes < 2:
            return None
        shape = SHAPES.get(bytes(self._buffer[self._at : self._at + 2]))
        if shape is None:
            return Unknown(self._take(2))
        name, measure = shape
        count = measure(self._buffer, self._at + 2)
        if count == MALFORMED or (count is not None and count > MAX_COMMAND_BYTES):
            return Unknown(self._take(min(3, self.pending_bytes)))
        if count is None or self.pending_bytes < 2 + count:
            return None
        body = self._take(2 + count)[2:]
        if name == "GS v":
            self._row_bytes = body[2] | body[3] << 8
            self._rows_left = body[4] | body[5] << 8 if self._row_bytes else 0
        return _named(name, body)


def _named(name: str, body: bytes) -> Command:
    """Families get the name of the member: `GS ( L` with its arguments, without the length field."""
    skip = {"GS (": 3, "ESC (": 3, "FS (": 3, "GS 8": 5}.get(name)
    if skip is None:
        return Command(name, body)
    letter = chr(body[0]) if 0x20 < body[0] < 0x7F else f"{body[0]:02X}h"
    return Command(f"{name} {letter}", body[skip:])
