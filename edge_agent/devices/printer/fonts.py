"""The fonts that receipts are drawn with: JetBrains Mono, which has all of Vietnamese and the dong sign.

They come with the wheel (fetched when it is built). DejaVu Sans Mono and other system fonts lack dozens of Vietnamese
letters, so there is no fallback: a receipt with holes is worse than an error with a remedy.
"""

from __future__ import annotations

import threading
from functools import lru_cache
from importlib import resources
from io import BytesIO
from typing import Literal

from PIL import ImageFont

from edge_agent.devices.errors import FontMissing

ONE_AT_A_TIME = threading.Lock()
"""Held by whoever asks a font for anything: FreeType's faces are no thread's own, and two threads in one crash."""

Weight = Literal["regular", "bold"]
_FILES: dict[Weight, str] = {"regular": "JetBrainsMono-Regular.ttf", "bold": "JetBrainsMono-Bold.ttf"}


def check_fonts() -> None:
    """Raise FontMissing now, at start, and not at the first receipt."""
    with ONE_AT_A_TIME:
        for weight in _FILES:
            font(weight, 20)


@lru_cache(maxsize=32)
def font(weight: Weight, size_dots: int) -> ImageFont.FreeTypeFont:
    """A font of that size (dots of the em square). Raises FontMissing."""
    # Basic layout: shaping has nothing to add to NFC Vietnamese in a monospaced font, and takes twice as long.
    return ImageFont.truetype(BytesIO(_read(_FILES[weight])), size_dots, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4)
def _read(name: str) -> bytes:
    file = resources.files("edge_agent").joinpath("vendor", "fonts", name)
    try:
        return file.read_bytes()
    except OSError as exc:
        raise FontMissing(
            f"font {name}: not in edge_agent/vendor/fonts; run `./dev setup`, or install the wheel"
        ) from exc
