"""ESC/POS bytes: a picture as raster slices, then the cut; and what separates a torn receipt from the next one.

python-escpos builds the bytes into memory (`Dummy`); its transports are not used.
"""

from __future__ import annotations

from PIL import Image

from edge_agent.devices.printer.escpos_library import Dummy, Profile, get_profile
from edge_agent.devices.printer.orders import without_orders

SLICE_ROWS = 256
"""Rows a `GS v 0`: taller images overrun the memory of cheap printers, and a slice is what a lost line can eat."""

_FEED_LINES = 1
"""White below the last row; the cut itself feeds the paper from the head to the cutter."""


def receipt_bytes(picture: Image.Image) -> bytes:
    """One whole job: the picture (mode "1", 0 is black), feed, cut last."""
    printer = _printer(picture.width)
    printer.image(without_orders(picture), impl="bitImageRaster", fragment_height=SLICE_ROWS)
    printer.print_and_feed(_FEED_LINES)
    printer.cut(mode="PART", feed=False)
    return bytes(printer.output)


def separation_bytes(width_dots: int, note: str) -> bytes:
    """What goes before the next job when an earlier one was broken off: end it, say so in ASCII, cut it off.

    The printer may still wait for the rest of a raster slice and would take the next receipt for it. A slice of white
    completes it; when it waits for nothing, NULs mean nothing.
    """
    printer = _printer(width_dots)
    printer.hw("INIT")
    printer.textln()
    printer.textln(note.encode("ascii", "replace").decode("ascii"))
    printer.print_and_feed(_FEED_LINES)
    printer.cut(mode="PART", feed=False)
    return bytes(SLICE_ROWS * ((width_dots + 7) // 8)) + bytes(printer.output)


def _printer(width_dots: int) -> Dummy:
    return Dummy(profile=_paper(width_dots))


def _paper(width_dots: int) -> Profile:
    # Without a width in its profile python-escpos prints a warning to standard output for every slice.
    profile = get_profile("default")
    data = profile.profile_data
    media = {**data["media"], "width": {"mm": "Unknown", "pixels": width_dots}}
    return type("PaperProfile", (Profile,), {"profile_data": {**data, "media": media}})()
