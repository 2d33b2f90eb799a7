"""A clock of its own for a process that runs: libfaketime, loaded into it, reads from a file how far off it is."""

from __future__ import annotations

import importlib.util
import sys
from datetime import timedelta
from pathlib import Path

_LIBRARY = Path("vendor") / "libfaketime" / "src" / "libfaketime.so.1"
_LOOKS_EVERY_S = 1


def missing() -> str:
    """Why clocks cannot be set here; "" if they can."""
    if sys.platform != "linux":
        return "needs Linux"
    return "" if _library() is not None else "needs libfaketime for this machine"


class Clock:
    """`command` goes before a program's command line. What elapses stays true: only the wall clock is another one."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.be_off(timedelta())

    @property
    def command(self) -> tuple[str, ...]:
        """Gives a program this clock."""
        return (
            "env", f"LD_PRELOAD={_library()}", f"FAKETIME_TIMESTAMP_FILE={self._file}", "DONT_FAKE_MONOTONIC=1",
            f"FAKETIME_CACHE_DURATION={_LOOKS_EVERY_S}", "NO_FAKE_STAT=1",
        )  # fmt: skip

    def be_off(self, off: timedelta) -> None:
        """Set it; the program sees it within a second."""
        new = self._file.with_suffix(".new")
        new.write_text(f"{off.total_seconds():+.0f}\n", "ascii")
        new.replace(self._file)


def _library() -> Path | None:
    # Not imported: as a module it would start this very process again, with the library in it.
    found = importlib.util.find_spec("libfaketime")
    if found is None or found.origin is None:
        return None
    library = Path(found.origin).parent / _LIBRARY
    return library if library.exists() else None
