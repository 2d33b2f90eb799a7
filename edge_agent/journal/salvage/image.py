"""A copy of a damaged database that SQLite can be let loose on: the file, the whole frames of its log, a mended header.

The original is only read, block by block, so that a bad sector costs a page and not the file. The header's constants
are ours, whatever the file says: a damaged one keeps SQLite from reading anything at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from edge_agent.journal.salvage.cells import ReadPage
from edge_agent.journal.salvage.wal import Log, overlay, read_log

PAGE_SIZE = 4096
_SIZES = frozenset(1 << bits for bits in range(9, 17))
_BLOCK = 4096
_CONSTANTS = ((0, b"SQLite format 3\0"), (18, b"\x01\x01\x00\x40\x20\x20"), (44, b"\0\0\0\4"), (56, b"\0\0\0\1"))
"""Rollback mode instead of the log's, nothing reserved, SQLite's fractions, schema format 4, UTF-8."""


class RawFile:
    """The bytes of a file; a part that the disk does not give back reads as zeros."""

    def __init__(self, file: BinaryIO | None, size: int) -> None:
        self._file = file
        self.size = size

    def read(self, at: int, length: int) -> bytes:
        """Up to `length` bytes from `at`; fewer at the end of the file."""
        length = max(0, min(length, self.size - at))
        if self._file is None or not length:
            return b""
        try:
            return self._exactly(at, length)
        except OSError:
            parts = [self._block(place, min(_BLOCK, at + length - place)) for place in range(at, at + length, _BLOCK)]
            return b"".join(parts)

    def _block(self, at: int, length: int) -> bytes:
        try:
            return self._exactly(at, length)
        except OSError:
            return bytes(length)

    def _exactly(self, at: int, length: int) -> bytes:
        assert self._file is not None
        self._file.seek(at)
        return self._file.read(length)


@contextmanager
def raw_file(path: Path) -> Iterator[RawFile]:
    """Open a file to read; one that is not there has no bytes."""
    if not path.exists():
        yield RawFile(None, 0)
        return
    with path.open("rb", buffering=0) as file:
        yield RawFile(file, path.stat().st_size)


@dataclass(frozen=True)
class Pages:
    """The database as its log leaves it, page by page."""

    read: ReadPage
    count: int
    size: int


def log_beside(database: Path, content: RawFile) -> Log:
    """The write-ahead log of a database."""
    with raw_file(database.with_name(f"{database.name}-wal")) as beside:
        return read_log(beside.read(0, beside.size), page_size_of(content))


def page_size_of(content: RawFile) -> int:
    """What the header says, if it can be."""
    said = int.from_bytes(content.read(16, 2), "big")
    said = 65_536 if said == 1 else said
    return said if said in _SIZES else PAGE_SIZE


def pages_of(content: RawFile, log: Log) -> Pages:
    """Every page as it was last written and can be read."""
    newer = overlay(log)
    size = log.page_size

    def read(number: int) -> bytes:
        known = newer.get(number)
        return known if known is not None else content.read((number - 1) * size, size)

    return Pages(read, max(content.size // size, max(newer, default=0)), size)


def write_image(pages: Pages, target: Path) -> None:
    """Write the copy. Raises OSError, also for a full disk."""
    constants = ((16, (pages.size % 65_536 or 1).to_bytes(2, "big")), *_CONSTANTS)
    with target.open("wb") as file:
        for number in range(1, pages.count + 1):
            page = bytearray(pages.read(number).ljust(pages.size, b"\0"))
            if number == 1:
                for at, constant in constants:
                    page[at : at + len(constant)] = constant
            file.write(page)
