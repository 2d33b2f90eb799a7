"""Draws text cells and small figures as 1-bit rows; a set bit is a black dot.

The picture is for people; what a test reads is the text. So the font is Pillow's own, put into fixed cells.
"""

import functools
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageDraw, ImageFont

FONT_CELLS: Final = {0: (12, 24), 1: (9, 17)}
"""Font number (ESC M) -> width and height of one cell in dots."""
BLACK: Final = 1


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
    font = _font(round(height * 0.72))
    draw.text((width / 2, height * 0.76), letter, fill=BLACK, font=font, anchor="ms")
    if style.bold:
        draw.text((width / 2 + 1, height * 0.76), letter, fill=BLACK, font=font, anchor="ms")
    for line in range(style.underline):
        draw.line((0, height - 1 - line, width, height - 1 - line), fill=BLACK)
    if style.wide > 1 or style.tall > 1:
        image = image.resize((style.width_dots, style.height_dots), Image.Resampling.NEAREST)
    return image.point(lambda dot: 0 if dot else 255, "1") if style.invert else image


@functools.lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size=size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        msg = "hardware_sim.escpos.glyphs: this Pillow has no FreeType; install Pillow from its wheel"
        raise TypeError(msg)
    return font
