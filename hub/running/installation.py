"""One hub per data folder, and the folder's name at the broker.

Two hubs under one name push each other off the broker, again and again, and no till is heard. So a folder is one
hub's while it runs: the operating system holds the lock, and lets go of it when the process ends, however it ends.
Hubs with folders of their own may share a database and a broker.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from hub.errors import FolderInUse, StorageUnavailable

_LOCK, _NAME = "hub.lock", "instance-id"
_NAME_DIGITS = 12


class Installation:
    """A data folder that is ours from construction until `release`. Raises FolderInUse, StorageUnavailable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file: IO[bytes] = (folder / _LOCK).open("a+b")
        except OSError as error:
            raise _refused(folder, error) from error
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            raise FolderInUse(
                f"another hub is using {folder}: stop that one first, or give this one a [data] folder of its own"
            ) from error

    def name(self, new_id: Callable[[], str]) -> str:
        """The folder's own name, of twelve letters and digits, made at the first start and kept.

        Raises StorageUnavailable.
        """
        path = self._folder / _NAME
        try:
            known = path.read_text("ascii", errors="replace").strip() if path.exists() else ""
            if len(known) != _NAME_DIGITS or not known.isalnum():  # a power cut may leave a file without content
                known = new_id()[:_NAME_DIGITS]
                _write(path, known)
        except OSError as error:
            raise _refused(path, error) from error
        return known

    def release(self) -> None:
        """Let another hub have the folder."""
        self._file.close()


def _refused(path: Path, error: OSError) -> StorageUnavailable:
    return StorageUnavailable(f"{path}: {error.strerror}; check that the hub's user may write there")


def _write(path: Path, text: str) -> None:
    part = path.with_name(f".{path.name}.part")
    with part.open("w", encoding="ascii") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
