"""Pictures that give no orders.

A printer obeys real-time commands (DLE EOT, DLE ENQ, DLE DC4) wherever it sees them, inside image data too, as Epson's
do: dots that happen to spell DLE DC4 could open the drawer. Such a picture loses the one dot that begins the command.
"""

from __future__ import annotations

import re

from PIL import Image

_ORDERS = re.compile(rb"\x10(?=[\x04\x05\x14])")


def without_orders(picture: Image.Image) -> Image.Image:
    """The picture without any byte pair that a printer would obey as a real-time command; mostly the same object."""
    # Raster bytes have ink as 1, Pillow's mode "1" has paper as 1: compare in the raster's sense.
    data = picture.tobytes("raw", "1;I")
    mended = _ORDERS.sub(b"\x00", data)
    if mended == data:
        return picture
    return Image.frombytes("1", picture.size, mended, "raw", "1;I")
