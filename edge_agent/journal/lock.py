"""One agent per data folder: two of them would write two histories under one name.

The operating system holds the lock and lets go of it when the process ends, however it ends; a left-over file
means nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from edge_agent.errors import AlreadyRunning


class FolderLock:
    """The lock on a data folder, from construction until `release`. Raises AlreadyRunning."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "till.lock"
        self._file: IO[bytes] = self._path.open("a+b")
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            raise AlreadyRunning(
                f"another Tillwire agent is using {folder}: stop that one first, or give this one a [data] folder of "
                "its own"
            ) from error

    def release(self) -> None:
        """Let another agent have the folder."""
        self._file.close()


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
