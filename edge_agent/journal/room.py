"""Room on the till's disk: how much is left in days of sales, and a reserve that is let go when there is none.

The reserve (`ballast`) is a file of real blocks. When the disk is full it is deleted: what has begun can be paid, the
shift be closed and everything be sent, while nothing new is begun. It is laid in again when there is room.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Level = Literal["good", "low", "short", "full"]

DAY_BYTES = 8 << 20
"""What a busy day adds to till.db: 1,000 receipts of four lines; 7.4 kB each were measured, with paper and indexes."""

LOW_BYTES = 30 * DAY_BYTES
SHORT_BYTES = 3 * DAY_BYTES
SALE_BYTES = 1 << 20
"""Less than this, and the next sale may not fit."""

BALLAST_BYTES = 4 << 20
BALLAST = "ballast"
_CHUNK = bytes(1 << 16)


def level_of(free_bytes: int, *, has_ballast: bool) -> Level:
    """How much room there is. Without the reserve the disk was full, and is until the reserve is there again."""
    if not has_ballast:
        return "full"
    if free_bytes < SHORT_BYTES:
        return "short"
    return "low" if free_bytes < LOW_BYTES else "good"


class Room:
    """The room in one data folder. `free` says how many bytes an ordinary user may still write there."""

    def __init__(self, folder: Path, free: Callable[[], int]) -> None:
        self._ballast = folder / BALLAST
        self._free = free
        self.free_bytes = 0

    def look(self) -> Level:
        """Measure; let the reserve go or lay it in, as there is room. Blocks for some milliseconds."""
        self.free_bytes = self._free()
        if self._is_laid():
            if self.free_bytes < SALE_BYTES:
                self.give_way()
        elif self.free_bytes >= BALLAST_BYTES + 2 * SALE_BYTES:
            self._lay()
        return level_of(self.free_bytes, has_ballast=self._is_laid())

    def give_way(self) -> bool:
        """Let the reserve go; True if there was one, so that it is worth trying again."""
        was_laid = self._is_laid()
        with contextlib.suppress(OSError):
            self._ballast.unlink(missing_ok=True)
            return was_laid
        return False

    def _is_laid(self) -> bool:
        try:
            return self._ballast.stat().st_size >= BALLAST_BYTES
        except OSError:
            return False

    def _lay(self) -> None:
        try:
            with self._ballast.open("wb") as file:
                if hasattr(os, "posix_fallocate"):
                    os.posix_fallocate(file.fileno(), 0, BALLAST_BYTES)
                else:
                    for _ in range(BALLAST_BYTES // len(_CHUNK)):
                        file.write(_CHUNK)
        except OSError:
            self.give_way()
