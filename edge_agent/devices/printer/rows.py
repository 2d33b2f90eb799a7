"""The rows that paper is set in: text, rule, gap, banner, codes, pictures. Data only; two hands draw them.

`picture.py` draws rows as dots, `text_mode.py` writes them in the printer's own letters. Every row takes the full width
of the paper and knows its height before anything is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from PIL import Image

from edge_agent.devices.printer.styles import Face

Align = Literal["left", "centre"]
BOX = "    "
"""What stands in a text in place of an empty box to tick: the hands put the box there."""


@dataclass(frozen=True)
class Gap:
    """White space."""

    height_dots: int


@dataclass(frozen=True)
class Rule:
    """A line across the paper; rules of one dot would vanish on worn heads if they were dashed."""

    height_dots: int


@dataclass(frozen=True)
class TextRow:
    """One line of text: something at the left, in the middle, at the right. `box` puts an empty box before the left."""

    left: str
    centre: str
    right: str
    style: Face
    left_style: Face | None = None
    box: bool = False

    @property
    def height_dots(self) -> int:
        """The larger of both styles."""
        return max(self.style.height_dots, (self.left_style or self.style).height_dots)


@dataclass(frozen=True)
class Banner:
    """White text on a black bar, for what must not be overlooked."""

    text: str
    style: Face

    @property
    def height_dots(self) -> int:
        """A line of text and some black around it."""
        return self.style.height_dots + 16


@dataclass(frozen=True)
class Bars:
    """A bar code, each of its modules `module_dots` wide; `text` is what it says."""

    modules: tuple[bool, ...]
    module_dots: int
    symbology: Literal["code128", "ean13"] = "code128"
    text: str = ""
    height_dots: int = 64


@dataclass(frozen=True)
class Squares:
    """A QR code, its quiet zone included, each module `module_dots` wide; `text` is what it says."""

    modules: tuple[tuple[bool, ...], ...]
    module_dots: int
    text: str = ""

    @property
    def height_dots(self) -> int:
        """As wide as it is high."""
        return len(self.modules) * self.module_dots


@dataclass(frozen=True)
class Figure:
    """A picture, centred: mode "1", 0 is black."""

    image: Image.Image = field(hash=False)

    @property
    def height_dots(self) -> int:
        """The picture's own."""
        return self.image.height


Row = Gap | Rule | TextRow | Banner | Bars | Squares | Figure


def text_rows(text: str, style: Face, width_dots: int, align: Align = "left") -> Iterator[TextRow]:
    """The text, wrapped at words (a word that is too long is broken); centred lines are made about equally long."""
    columns = style.columns(width_dots)
    for line in _balanced(text, columns) if align == "centre" else wrap(text, columns):
        yield TextRow("" if align == "centre" else line, line if align == "centre" else "", "", style)


def indented(text: str, style: Face, width_dots: int, indent: int = 2) -> Iterator[TextRow]:
    """The text, wrapped, each line some letters from the left."""
    for line in wrap(text, max(1, style.columns(width_dots) - indent)):
        yield TextRow(" " * indent + line, "", "", style)


def two_sided(left: str, right: str, style: Face, width_dots: int, left_style: Face | None = None) -> Iterator[TextRow]:
    """Left and right on one line, or the left wrapped above the right if they do not fit beside each other."""
    small = left_style or style
    room = width_dots - len(right) * style.advance_dots - style.advance_dots
    if len(left) * small.advance_dots <= room:
        yield TextRow(left, "", right, style, left_style)
        return
    indent = len(left) - len(left.lstrip())
    yield from indented(left, small, width_dots, indent) if indent else text_rows(left, small, width_dots)
    # What is wider than the paper (a total of quadrillions) takes the smaller style: no digit may be lost at the edge.
    fits = len(right) * style.advance_dots <= width_dots
    yield TextRow("", "", right, style if fits else small)


def banners(text: str, style: Face, width_dots: int) -> Iterator[Banner]:
    """The text on black bars, as many as it needs; what says it in two languages is parted between them."""
    columns = max(1, style.columns(width_dots) - 2)
    for part in text.split(" / ") if len(text) > columns else (text,):
        for line in _balanced(part, columns):
            yield Banner(line, style)


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
