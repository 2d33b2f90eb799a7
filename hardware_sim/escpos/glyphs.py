"""Draws text cells and small figures as 1-bit rows; a set bit is a black dot.

The picture is for people; what a test reads is the text. So the font is Pillow's own, put into fixed cells. It holds
ASCII only: accents, as Vietnamese stacks them, are strokes of our own over the base letter; other signs show as a box.
"""

import functools
import unicodedata
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FONT_CELLS: Final = {0: (12, 24), 1: (9, 17)}
"""Font number (ESC M) -> width and height of one cell in dots."""
BLACK: Final = 1


Stroke = tuple[tuple[float, float], ...]
_ABOVE: Final[dict[str, Stroke]] = {
    "\u0300": ((-0.2, 0.0), (0.1, 1.0)),
    "\u0301": ((0.2, 0.0), (-0.1, 1.0)),
    "\u0302": ((-0.3, 1.0), (0.0, 0.2), (0.3, 1.0)),
    "\u0303": ((-0.3, 0.9), (-0.1, 0.3), (0.1, 0.8), (0.3, 0.2)),
    "\u0306": ((-0.3, 0.3), (-0.1, 1.0), (0.1, 1.0), (0.3, 0.3)),
    "\u0308": ((-0.2, 0.5), (-0.1, 0.5)),
    "\u0309": ((-0.1, 0.1), (0.15, 0.1), (0.15, 0.5), (0.0, 1.0)),
    "\u030a": ((-0.15, 0.0), (0.15, 0.0), (0.15, 0.8), (-0.15, 0.8), (-0.15, 0.0)),
    "\u031b": ((0.3, 1.6), (0.5, 1.2), (0.45, 0.8)),
}
"""Combining mark -> stroke; x in cell widths from the middle, y in fifths of the cell from the top of the mark."""
_BELOW: Final = frozenset("\u0323\u0327")
_BARRED: Final = {"\u0111": "d", "\u0110": "D", "\u20ab": "d", "\u00d0": "D"}


@dataclass(frozen=True, slots=True)
class Style:
    """How a character is drawn; `wide` and `tall` are factors 1-8."""

    font: int = 0
    bold: bool = False
    underline: int = 0
    invert: bool = False
    wide: int = 1
    tall: int = 1

    @property
    def width_dots(self) -> int:
        """Width of one cell."""
        return FONT_CELLS[self.font][0] * self.wide

    @property
    def height_dots(self) -> int:
        """Height of one cell."""
        return FONT_CELLS[self.font][1] * self.tall


def blank(width_dots: int, height_dots: int) -> Image.Image:
    """White paper."""
    return Image.new("1", (max(1, width_dots), max(1, height_dots)), 0)


def to_bits(image: Image.Image) -> bytes:
    """Rows of a 1-bit image, each padded to whole bytes, most significant bit left, 1 = black."""
    return image.convert("1").tobytes()


@functools.lru_cache(maxsize=2048)
def cell(letter: str, style: Style) -> Image.Image:
    """One character in its cell."""
    width, height = FONT_CELLS[style.font]
    image = blank(width, height)
    draw = ImageDraw.Draw(image)
    _draw_letter(draw, letter, (width, height), 0)
    if style.bold:
        _draw_letter(draw, letter, (width, height), 1)
    for line in range(style.underline):
        draw.line((0, height - 1 - line, width, height - 1 - line), fill=BLACK)
    if style.wide > 1 or style.tall > 1:
        image = image.resize((style.width_dots, style.height_dots), Image.Resampling.NEAREST)
    return image.point(lambda dot: 0 if dot else 255, "1") if style.invert else image


def _draw_letter(draw: ImageDraw.ImageDraw, letter: str, size: tuple[int, int], shift: int) -> None:
    width, height = size
    middle = width / 2 + shift
    whole = unicodedata.normalize("NFD", letter)
    base, marks = whole[0], whole[1:]
    font = _font(round(height * 0.72))
    draw.text((middle, height * 0.76), _BARRED.get(base, base), fill=BLACK, font=font, anchor="ms")
    if base in _BARRED:
        left = middle - (width / 2 if base.isupper() else 0)
        bar = height * (0.52 if base.isupper() else 0.36)
        draw.line((left, bar, left + width * 0.5, bar), fill=BLACK)
    top = height * (0.04 if base.isupper() else 0.12)
    for index, mark in enumerate(sorted((m for m in marks if m in _ABOVE), reverse=True)):
        # A second mark stands to the right of the first and a little higher: a circumflex with an acute.
        lift, aside = (height * 0.06 * index, width * 0.25 * index) if mark != "\u031b" else (0.0, 0.0)
        points = [(middle + aside + x * width, top - lift + y * height * 0.2) for x, y in _ABOVE[mark]]
        draw.line(points, fill=BLACK)
    if any(mark in _BELOW for mark in marks):
        draw.rectangle((middle - 1, height * 0.86, middle, height * 0.92), fill=BLACK)


@functools.lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        msg = "hardware_sim.escpos.glyphs: this Pillow has no FreeType; install Pillow from its wheel"
        raise TypeError(msg)
    return font
