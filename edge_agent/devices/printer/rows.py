"""The rows that a receipt is set in, and how each is drawn: text, rule, gap, banner, bars.

Every row knows its height before anything is drawn. Text is drawn with antialiasing and then cut at half grey, which
keeps Vietnamese marks apart at 203 dots an inch; FreeType's own one-bit mode lets some of them run together.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Protocol

from barcode.codex import Code128  # type: ignore[import-untyped]  # the package says no types
from PIL import Image, ImageDraw, ImageFont

from edge_agent.devices.printer.fonts import Weight, font

Align = Literal["left", "centre"]
INK, PAPER = 255, 0
"""Grey levels while drawing: ink is counted up, so that what is drawn over what only adds ink."""

_HALF_GREY = 110
_LEADING = 1.28
"""Line height over type size: Vietnamese stacks two marks on a capital."""


@dataclass(frozen=True)
class Style:
    """A weight and a size in dots."""

    weight: Weight
    size_dots: int

    @property
    def font(self) -> ImageFont.FreeTypeFont:
        """The font. Raises FontMissing."""
        return font(self.weight, self.size_dots)

    @property
    def height_dots(self) -> int:
        """Height of one line of text."""
        return round(self.size_dots * _LEADING)

    def columns(self, width_dots: int) -> int:
        """How many letters fit; at least one."""
        return max(1, int(width_dots / self.advance_dots))

    @property
    def advance_dots(self) -> float:
        """Width of every letter: the font is monospaced."""
        return _advance(self)


class Row(Protocol):
    """Something that takes the full width of the paper."""

    @property
    def height_dots(self) -> int:
        """How many dot rows it takes."""
        ...

    def draw_on(self, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
        """Draw it with its upper edge at `top`."""
        ...


@dataclass(frozen=True)
class Gap:
    """White space."""

    height_dots: int

    def draw_on(self, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
        """Nothing to draw."""


@dataclass(frozen=True)
class Rule:
    """A line across the paper."""

    height_dots: int

    def draw_on(self, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
        """A filled box; rules of one dot would vanish on worn heads if they were dashed."""
        pen.rectangle((0, top, width_dots - 1, top + self.height_dots - 1), fill=INK)


@dataclass(frozen=True)
class TextRow:
    """A line of text: what stands left, in the middle and right. `left_style` is for the left part alone."""

    left: str
    centre: str
    right: str
    style: Style
    left_style: Style | None = None

    @property
    def height_dots(self) -> int:
        """The larger of both styles."""
        return max(self.style.height_dots, (self.left_style or self.style).height_dots)

    def draw_on(self, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
        """All parts stand on one base line."""
        base = top + round(self.height_dots * 0.78)
        if self.left:
            pen.text((0, base), self.left, fill=INK, font=(self.left_style or self.style).font, anchor="ls")
        if self.centre:
            pen.text((width_dots // 2, base), self.centre, fill=INK, font=self.style.font, anchor="ms")
        if self.right:
            pen.text((width_dots, base), self.right, fill=INK, font=self.style.font, anchor="rs")


@dataclass(frozen=True)
class Banner:
    """White text on a black bar, for what must not be overlooked."""

    text: str
    style: Style

    @property
    def height_dots(self) -> int:
        """A line of text and some black around it."""
        return self.style.height_dots + 16

    def draw_on(self, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
        """The bar, then the text as holes in it."""
        pen.rectangle((0, top, width_dots - 1, top + self.height_dots - 1), fill=INK)
        middle = top + self.height_dots // 2
        pen.text((width_dots // 2, middle), self.text, fill=PAPER, font=self.style.font, anchor="mm")


@dataclass(frozen=True)
class Bars:
    """A bar code, each of its modules `module_dots` wide."""

    modules: tuple[bool, ...]
    module_dots: int
    height_dots: int = 64

    def draw_on(self, pen: ImageDraw.ImageDraw, top: int, width_dots: int) -> None:
        """Centred; the paper left and right of it is its quiet zone."""
        left = (width_dots - len(self.modules) * self.module_dots) // 2
        for index, dark in enumerate(self.modules):
            if dark:
                start = left + index * self.module_dots
                pen.rectangle((start, top, start + self.module_dots - 1, top + self.height_dots - 1), fill=INK)


def text_rows(text: str, style: Style, width_dots: int, align: Align = "left") -> Iterator[TextRow]:
    """The text, wrapped at words (a word that is too long is broken); centred lines are made about equally long."""
    columns = style.columns(width_dots)
    for line in _balanced(text, columns) if align == "centre" else wrap(text, columns):
        yield TextRow("" if align == "centre" else line, line if align == "centre" else "", "", style)


def two_sided(
    left: str, right: str, style: Style, width_dots: int, left_style: Style | None = None
) -> Iterator[TextRow]:
    """Left and right on one line, or the left wrapped above the right if they do not fit beside each other."""
    small = left_style or style
    room = width_dots - len(right) * style.advance_dots - style.advance_dots
    if len(left) * small.advance_dots <= room:
        yield TextRow(left, "", right, style, left_style)
        return
    yield from text_rows(left, small, width_dots)
    # What is wider than the paper (a total of quadrillions) takes the smaller style: no digit may be lost at the edge.
    fits = len(right) * style.advance_dots <= width_dots
    yield TextRow("", "", right, style if fits else small)


def code_rows(text: str, width_dots: int) -> Iterator[Row]:
    """The text as Code 128, if the paper is wide enough for bars that a scanner can read; else nothing."""
    if not text.isascii() or not text.isprintable():
        return
    bars = Code128(text).build()[0]
    quiet = 2 * 10  # ten modules on each side, as the symbology asks
    for module_dots in (3, 2):
        if (len(bars) + quiet) * module_dots <= width_dots:
            yield Bars(tuple(bar == "1" for bar in bars), module_dots)
            return


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most that many letters; never empty."""
    lines: list[str] = []
    line = ""
    for word in text.split() or [""]:
        rest = word
        if line and len(line) + 1 + len(rest) <= columns:
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while len(rest) > columns:
            lines.append(rest[:columns])
            rest = rest[columns:]
        line = rest
    return [*lines, line] if line or not lines else lines


def _balanced(text: str, columns: int) -> list[str]:
    """As few lines as `wrap` needs, set in the narrowest column that still takes no more: no lone word at the end."""
    lines = wrap(text, columns)
    for narrower in range(columns - 1, 0, -1):
        tighter = wrap(text, narrower)
        if len(tighter) > len(lines) or any(len(word) > narrower for word in text.split()):
            break
        lines = tighter
    return lines


def draw(rows: Sequence[Row], width_dots: int) -> Image.Image:
    """The rows under each other, as an image of mode "1" in which 0 is black."""
    height = max(1, sum(row.height_dots for row in rows))
    grey = Image.new("L", (width_dots, height), PAPER)
    pen = ImageDraw.Draw(grey)
    top = 0
    for row in rows:
        row.draw_on(pen, top, width_dots)
        top += row.height_dots
    return grey.point(_TO_BLACK, mode="1")


@lru_cache(maxsize=32)
def _advance(style: Style) -> float:
    return style.font.getlength("0")


_TO_BLACK = [0 if level >= _HALF_GREY else 255 for level in range(256)]
