"""A folder in the place of a printer: each job becomes a file of bytes and, if there is a picture in it, a PNG.

For tests, for shops that archive, and for a look at what would be printed. A job's files appear whole or not at all.
"""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.settings import FolderReach

if TYPE_CHECKING:
    from PIL import Image

_RASTER = re.compile(rb"\x1dv0\x00(..)(..)", re.DOTALL)
_NAME_MAX = 60
_IDLE_S = 0.2


class FolderWire:
    """See `threaded.Wire`."""

    hears = False
    keeps = False
    tells = False
    all_or_nothing = True

    def __init__(self, reach: FolderReach) -> None:
        """Raises PrinterUnreachable."""
        self._folder = Path(reach.folder)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise PrinterUnreachable(f"printer {reach.folder}: cannot be made ({exc.strerror}); give another") from exc
        if not os.access(self._folder, os.W_OK):
            raise PrinterUnreachable(f"printer {reach.folder}: may not be written to", "no_permission")
        self._title = "job"
        self._job = bytearray()
        self._closed = threading.Event()

    def begin(self, title: str) -> None:
        """What follows goes to files that are called so."""
        self._title = re.sub(r"[^A-Za-z0-9_.-]+", "_", title)[:_NAME_MAX] or "job"
        self._job.clear()

    def write(self, data: bytes) -> int:
        """Kept in memory until the job is whole."""
        self._job += data
        return len(data)

    def finish(self) -> bool:
        """Write the files."""
        try:
            stem = self._free_stem()
            picture = raster_in(bytes(self._job))
            if picture is not None:
                part = self._folder / f".{stem}.png.part"
                picture.save(part, format="PNG")
                part.replace(self._folder / f"{stem}.png")
            part = self._folder / f".{stem}.bin.part"
            part.write_bytes(self._job)
            part.replace(self._folder / f"{stem}.bin")
        except OSError as exc:
            raise ConnectionLost(f"printer {self._folder}: {exc.strerror}; make room, or give another folder") from exc
        self._job.clear()
        return True

    def listen(self) -> bytes | PrinterStatus:
        """A folder says nothing."""
        self._closed.wait(_IDLE_S)
        return b""

    def interrupt(self) -> None:
        """See `Wire`."""
        self._closed.set()

    def close(self, *, abort: bool) -> None:  # noqa: ARG002  nothing was written before the job was whole
        """See `Wire`."""
        self._closed.set()

    def _free_stem(self) -> str:
        taken = {path.stem for path in self._folder.glob("*.bin")}
        number = 1 + max((int(stem[:6]) for stem in taken if stem[:6].isdigit()), default=0)
        return f"{number:06d}_{self._title}"


def raster_in(data: bytes) -> Image.Image | None:
    """The `GS v 0` images in a job, under each other, as a picture of mode "1"; None if there is none."""
    rows, width_bytes, at = bytearray(), 0, 0
    while (found := _RASTER.search(data, at)) is not None:
        width_bytes = int.from_bytes(found[1], "little")
        size = width_bytes * int.from_bytes(found[2], "little")
        rows += data[found.end() : found.end() + size]
        at = found.end() + size
    if not rows or not width_bytes:
        return None
    from PIL import Image  # noqa: PLC0415 - slow, and the start does not wait for it; here we are in a thread

    height = len(rows) // width_bytes
    return Image.frombytes("1", (width_bytes * 8, height), bytes(rows[: height * width_bytes]), "raw", "1;I")
