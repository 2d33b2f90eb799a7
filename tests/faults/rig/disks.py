"""A disk of its own for the hub's data, that can be filled up or lose its power. Linux, and the right to mount."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

_SHUTDOWN = 0x8004587D
"""EXT4_IOC_SHUTDOWN, _IOR('X', 125, __u32)."""

_WITHOUT_LOG = 2
"""EXT4_GOING_FLAGS_NOLOGFLUSH: nothing that was not synced is written any more, as when the power goes."""

_UNMOUNT_S_MAX = 60.0


class Disk:
    """A file system mounted at `path`."""

    def __init__(self, path: Path, image: Path | None) -> None:
        self.path = path
        self._image = image
        self._ballast = path / "ballast"

    @property
    def data(self) -> Path:
        """A folder in it that belongs to nobody else."""
        return self.path / "data"

    def fill(self) -> int:
        """Take all room that is left; returns how many bytes that were."""
        free = os.statvfs(self.path)
        room = free.f_bfree * free.f_frsize
        with contextlib.suppress(OSError), self._ballast.open("ab", buffering=0) as file:
            while True:  # until the disk refuses; each block is real
                file.write(bytes(64 * 1024))
        return room

    def free(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)

    def cut_power(self) -> None:
        """From now on nothing reaches the disk, and what was not synced never will."""
        descriptor = os.open(self.path, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, _SHUTDOWN, struct.pack("I", _WITHOUT_LOG))
        finally:
            os.close(descriptor)

    def power_on(self) -> None:
        """Mount it again, as after a start of the machine. Whoever used it must be dead."""
        if not _unmount(self.path):
            raise OSError(f"{self.path} is still in use after {_UNMOUNT_S_MAX:.0f} s: who runs there?")
        _mount("-o", "loop", str(self._image), str(self.path))


def missing() -> str:
    """Why there can be no disks here; "" if there can."""
    if sys.platform != "linux":
        return "needs Linux"
    if os.geteuid() != 0:
        return "needs root, to mount a disk of its own"
    if shutil.which("mkfs.ext4") is None:
        return "needs mkfs.ext4"
    try:
        with disk(8):
            return ""
    except (OSError, subprocess.CalledProcessError):
        return "may not mount here"


@contextlib.contextmanager
def disk(megabytes: int, *, can_lose_power: bool = False) -> Iterator[Disk]:
    """A new disk of that size: in memory, or ext4 in a file if it is to lose its power."""
    with tempfile.TemporaryDirectory(prefix="tillwire-disk-", ignore_cleanup_errors=True) as base:
        path = Path(base).resolve() / "mounted"
        path.mkdir()
        path.parent.chmod(0o755)
        image = None
        if can_lose_power:
            image = path.with_name("image")
            with image.open("wb") as file:
                file.truncate(megabytes * 1024 * 1024)
            subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True, capture_output=True)  # noqa: S603, S607 - our own words
            _mount("-o", "loop", str(image), str(path))
        else:
            _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(path))
        try:
            yield Disk(path, image)
        finally:
            if not _unmount(path):
                subprocess.run(["umount", "-l", str(path)], check=True, capture_output=True)  # noqa: S603, S607 - our own words


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)  # noqa: S603, S607 - our own words


def _unmount(path: Path) -> bool:
    deadline_s = time.monotonic() + _UNMOUNT_S_MAX
    while time.monotonic() < deadline_s:  # somebody killed a moment ago may still hold it
        done = subprocess.run(["umount", str(path)], check=False, capture_output=True)  # noqa: S603, S607 - our own words
        if done.returncode == 0:
            return True
        time.sleep(0.05)
    return False
