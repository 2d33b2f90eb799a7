"""Rows as dots: one bit a dot, for paper of any width.

Text is drawn with antialiasing and then cut at half grey, which keeps Vietnamese marks apart at 203 dots an inch;
FreeType's own one-bit mode lets some of them run together. The same rows give the same dots.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw, ImageOps

from edge_agent.devices.printer.fonts import ONE_AT_A_TIME
from edge_agent.devices.printer.orders import without_orders
from edge_agent.devices.printer.rows import Banner, Bars, Figure, Gap, Row, Rule, Squares, TextRow
from edge_agent.devices.printer.styles import Face, Style

INK, PAPER = 255, 0
"""Grey levels while drawing: ink is counted up, so that what is drawn over what only adds ink."""

_HALF_GREY = 110
_BASE = 0.78
"""Where the base line is in a row, from its top."""
_BLANK = " \N{NO-BREAK SPACE}"
_NUMBER = re.compile(r"(?<!\S)[^\sA-Za-z]*0[^\sA-Za-z]*(?!\S)")
_TO_BLACK = [0 if level >= _HALF_GREY else 255 for level in range(256)]


def draw(rows: Sequence[Row], width_dots: int) -> Image.Image:
    """The rows under each other, as an image of mode "1" (0 is black) that gives no orders. Raises FontMissing."""
    height = max(1, sum(row.height_dots for row in rows))
    grey = Image.new("L", (width_dots, height), PAPER)
    pen = ImageDraw.Draw(grey)
    top = 0
    for row in rows:
        _draw_row(row, grey, pen, top, width_dots)
        top += row.height_dots
    return without_orders(grey.point(_TO_BLACK, mode="1"))


def forget_letters() -> None:
    """Drop the case of drawn letters; it fills again by itself."""
    _letter.cache_clear()


def _draw_row(row: Row, grey: Image.Image, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
    match row:
        case TextRow():
            _draw_text(row, grey, pen, top, width_dots)
        case Rule():
            pen.rectangle((0, top, width_dots - 1, top + row.height_dots - 1), fill=INK)
        case Banner():
            pen.rectangle((0, top, width_dots - 1, top + row.height_dots - 1), fill=INK)
            style = _drawn(row.style)
            base = top + (row.height_dots - style.height_dots) // 2 + round(style.height_dots * _BASE)
            _write(row.text, style, grey, (width_dots - _width(row.text, style)) // 2, base, ink=PAPER)
        case Bars():
            _draw_bars(row, pen, top, width_dots)
        case Squares():
            _draw_squares(row, grey, top, width_dots)
        case Figure():
            ink = ImageOps.invert(row.image.convert("L"))
            grey.paste(ink, ((width_dots - row.image.width) // 2, top))
        case Gap():
            pass


def _draw_text(row: TextRow, grey: Image.Image, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
    """All parts stand on one base line."""
    base = top + round(row.height_dots * _BASE)
    style, left_style = _drawn(row.style), _drawn(row.left_style or row.style)
    if row.box:
        side = round(left_style.size_dots * 0.95)
        pen.rectangle((1, base - side + 2, 1 + side, base + 2), outline=INK, width=2)
    _write(row.left, left_style, grey, 0, base)
    _write(row.centre, style, grey, (width_dots - _width(row.centre, style)) // 2, base)
    _write(row.right, style, grey, width_dots - _width(row.right, style), base)


def _write(  # noqa: PLR0913, PLR0917  text, and where it goes
    text: str, style: Style, grey: Image.Image, left: int, base: int, ink: int = INK
) -> None:
    """Letter by letter from a case of drawn ones: five times as fast as asking FreeType for each line."""
    advance = int(style.advance_dots)
    for at, letter in enumerate(_open_zeros(text)):
        if letter not in _BLANK:
            cut = _letter(letter, style)
            grey.paste(ink, (left + at * advance + cut.left, base + cut.top), cut.shape)


@dataclass(frozen=True)
class _Cut:
    """A drawn letter, and where it stands from its place on the base line."""

    shape: Image.Image
    left: int
    top: int


@lru_cache(maxsize=2048)
def _letter(letter: str, style: Style) -> _Cut:
    with ONE_AT_A_TIME:
        left, top, right, bottom = (int(edge) for edge in style.font.getbbox(letter, anchor="ls"))
        shape = Image.new("L", (max(1, right - left), max(1, bottom - top)), PAPER)
        ImageDraw.Draw(shape).text((-left, -top), letter, fill=INK, font=style.font, anchor="ls")
    return _Cut(shape, left, top)


def _width(text: str, style: Style) -> int:
    return len(text) * int(style.advance_dots)


def _open_zeros(text: str) -> str:
    """The text with an O for each zero of a number.

    The font's zero has a bar inside, which at small bold sizes runs full, and a price with eights for zeros is a wrong
    price. Its O is the same shape without the bar. Codes with letters in them keep the bar, which there tells 0 from O.
    """
    return _NUMBER.sub(lambda number: number[0].replace("0", "O"), text)


def _draw_bars(row: Bars, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
    """Centred; the paper left and right of it is its quiet zone."""
    left = (width_dots - len(row.modules) * row.module_dots) // 2
    for index, dark in enumerate(row.modules):
        if dark:
            start = left + index * row.module_dots
            pen.rectangle((start, top, start + row.module_dots - 1, top + row.height_dots - 1), fill=INK)


def _draw_squares(row: Squares, grey: Image.Image, top: int, width_dots: int) -> None:
    side = len(row.modules)
    small = Image.new("L", (side, side), PAPER)
    small.putdata([INK if dark else PAPER for line in row.modules for dark in line])
    large = small.resize((side * row.module_dots,) * 2, Image.Resampling.NEAREST)
    grey.paste(large, ((width_dots - large.width) // 2, top))


def _drawn(face: Face) -> Style:
    assert isinstance(face, Style), "rows for a picture are set in drawn letters: styles_of(width, 'raster')"
    return face
