"""The few commands around a job, as bytes: its end, and what separates a torn receipt from the next one.

A job is a tuple of parts. Each part ends where a command ends, so a question may stand between two of them; the cut is
the end of the last part.
"""

from __future__ import annotations

from functools import lru_cache

from edge_agent.devices.printer.framing import INITIALISE

Parts = tuple[bytes, ...]

SWALLOWED_ROWS_MAX = 256
"""The tallest raster slice that any version of this program has sent."""


def ended(parts: Parts) -> Parts:
    """The parts of a job with feed and cut behind them; the first call loads python-escpos: in a thread."""
    return (*parts, _end())


def separation_bytes(width_dots: int, note: str) -> bytes:
    """What goes before the next job when an earlier one was broken off: end it, say so in ASCII, cut it off.

    The printer may still wait for the rest of a raster slice and would take the next receipt for it. A slice of white
    completes it; when it waits for nothing, NULs mean nothing. The first call loads python-escpos: in a thread.
    """
    white = bytes(SWALLOWED_ROWS_MAX * ((width_dots + 7) // 8))
    return white + INITIALISE + b"\n" + note.encode("ascii", "replace") + b"\n" + _end()


@lru_cache(maxsize=1)
def _end() -> bytes:
    """A line of white, then the partial cut, which itself feeds the paper from head to cutter."""
    from edge_agent.devices.printer.escpos_library import Dummy  # noqa: PLC0415 - slow, and the start does not wait

    printer = Dummy()
    printer.print_and_feed(1)
    printer.cut(feed=False)
    end: bytes = printer.output
    return end
