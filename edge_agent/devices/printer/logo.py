"""The shop's logo: a PNG file of the shop's own, as dots. Read again only when the file changed.

A logo that cannot be used never stops a receipt: who draws catches `LogoUnusable`, and the receipt comes without.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from edge_agent.devices.errors import LogoUnusable

_BYTES_MAX = 5_000_000
_SIDE_MAX = 4_000
_WIDTH_PART = 0.7
_HEIGHT_MAX_DOTS = 260
"""Some 3 cm: a logo on every receipt is paper that the shop pays for."""


def logo_of(path: str, width_dots: int) -> Image.Image:
    """The logo for paper of that width: mode "1", 0 is black. Raises LogoUnusable."""
    try:
        found = Path(path).stat()
    except OSError as exc:
        raise LogoUnusable(f"[printer] logo {path!r}: cannot be read ({exc.strerror}): give the path of a PNG") from exc
    if found.st_size > _BYTES_MAX:
        raise LogoUnusable(f"[printer] logo {path!r}: larger than 5 MB: save it smaller")
    return _drawn(path, found.st_mtime_ns, width_dots)


@lru_cache(maxsize=4)
def _drawn(path: str, changed_ns: int, width_dots: int) -> Image.Image:  # noqa: ARG001  part of the cache's key
    try:
        with Image.open(path, formats=("PNG",)) as file:
            if max(file.size) > _SIDE_MAX:
                raise LogoUnusable(f"[printer] logo {path!r}: {file.size} is too large: save it at 600 dots across")
            picture = file.convert("RGBA")
    except (OSError, UnidentifiedImageError, ValueError, SyntaxError) as exc:
        raise LogoUnusable(f"[printer] logo {path!r}: is no PNG that can be read ({exc}): save it again") from exc
    white = Image.new("RGBA", picture.size, "white")
    grey = Image.alpha_composite(white, picture).convert("L")
    room = (int(width_dots * _WIDTH_PART), _HEIGHT_MAX_DOTS)
    scale = min(1.0, room[0] / grey.width, room[1] / grey.height)
    size = (max(1, round(grey.width * scale)), max(1, round(grey.height * scale)))
    return grey.resize(size, Image.Resampling.LANCZOS).convert("1", dither=Image.Dither.FLOYDSTEINBERG)
