"""Type sizes: as drawn letters (raster mode) or as a printer's own cells (text mode).

Layout asks a face for two things, how wide a letter is and how high a line; so the same layout serves both modes. All
faces are monospaced, which is why columns line up.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from PIL import ImageFont

from edge_agent.devices.printer.fonts import ONE_AT_A_TIME, Weight, font
from edge_agent.devices.printer.settings import Mode

NARROW_DOTS = 480
"""Below this the paper is a 58 mm roll, and type is a little smaller."""

CELL_DOTS = 12
"""Width of a letter of font A, which every ESC/POS printer has: 48 on 80 mm, 32 on 58 mm paper."""

_CELL_ROWS = 30
_LEADING = 1.28
"""Line height over type size: Vietnamese stacks two marks on a capital."""


class Face(Protocol):
    """A kind of letters."""

    @property
    def advance_dots(self) -> float:
        """Width of every letter."""
        ...

    @property
    def height_dots(self) -> int:
        """Height of one line of text."""
        ...

    def columns(self, width_dots: float) -> int:
        """How many letters fit; at least one."""
        ...


@dataclass(frozen=True)
class Style:
    """Drawn letters of a weight and a size in dots."""

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

    def columns(self, width_dots: float) -> int:
        """How many letters fit; at least one."""
        return max(1, int(width_dots / self.advance_dots))

    @property
    def advance_dots(self) -> float:
        """Width of every letter."""
        return _advance(self)


@dataclass(frozen=True)
class Cells:
    """A printer's own letters: bold or not, and how many times as wide and as tall."""

    bold: bool = False
    wide: int = 1
    tall: int = 1

    @property
    def height_dots(self) -> int:
        """Height of one line of text."""
        return _CELL_ROWS * self.tall

    def columns(self, width_dots: float) -> int:
        """How many letters fit; at least one."""
        return max(1, int(width_dots / self.advance_dots))

    @property
    def advance_dots(self) -> float:
        """Width of every letter."""
        return CELL_DOTS * self.wide


@dataclass(frozen=True, kw_only=True)
class Styles:
    """The faces of one kind of paper, largest first."""

    total: Face
    store: Face
    title: Face
    strong: Face
    body: Face
    small: Face


def styles_of(width_dots: int, mode: Mode = "raster") -> Styles:
    """The faces that a paper width gets in a mode."""
    if mode == "text":
        tall = Cells(bold=True, tall=2)
        return Styles(total=Cells(bold=True, wide=2, tall=2), store=Cells(bold=True, wide=2, tall=2), title=tall,
                      strong=Cells(bold=True), body=Cells(), small=Cells())  # fmt: skip
    narrow = width_dots < NARROW_DOTS
    return Styles(
        total=Style("bold", 36 if narrow else 46),
        store=Style("bold", 30 if narrow else 36),
        title=Style("bold", 24 if narrow else 28),
        strong=Style("bold", 20 if narrow else 22),
        body=Style("regular", 20 if narrow else 22),
        small=Style("regular", 18 if narrow else 20),
    )


@lru_cache(maxsize=32)
def _advance(style: Style) -> float:
    with ONE_AT_A_TIME:
        return style.font.getlength("0")
