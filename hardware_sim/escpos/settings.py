"""The settings that commands change without printing anything, and the commands that do so."""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from hardware_sim.escpos.glyphs import Style
from hardware_sim.escpos.line import Area

DEFAULT_SPACING_ROWS: Final = 30
_TAB_COLUMNS: Final = tuple(range(8, 256, 8))


@dataclass(frozen=True, slots=True)
class Graphics:
    """An image stored by GS ( L function 112: `data` holds `height` rows, `scale` is (across, down)."""

    width: int
    height: int
    scale: tuple[int, int]
    data: bytes


@dataclass(slots=True)
class Settings:
    """What ESC @ sets back; lengths in dots."""

    style: Style = field(default_factory=Style)
    align: int = 0
    page: int = 0
    national: int = 0
    spacing_rows: int = DEFAULT_SPACING_ROWS
    letter_spacing: int = 0
    left: int = 0
    area_width: int | None = None
    tabs: tuple[int, ...] = _TAB_COLUMNS
    bar_height: int = 162
    bar_width: int = 3
    caption: int = 0
    module_dots: int = 3
    stored_codes: dict[int, bytes] = field(default_factory=dict)
    graphics: Graphics | None = None
    raster_scale: tuple[int, int] = (1, 1)

    def area(self, paper_dots: int) -> Area:
        """Where a line stands on paper of that width."""
        left = min(self.left, paper_dots)
        room = paper_dots - left
        return Area(paper_dots, left, room if self.area_width is None else min(self.area_width, room), self.align)


def _u16(body: bytes) -> int:
    return body[0] | body[1] << 8


def _digit(value: int) -> int:
    """Many commands take 1 and "1" alike."""
    return value - 48 if 48 <= value <= 57 else value


def _print_mode(settings: Settings, body: bytes) -> None:
    mode = body[0]
    settings.style = Style(
        font=mode & 1,
        bold=bool(mode & 0x08),
        underline=1 if mode & 0x80 else 0,
        invert=settings.style.invert,
        wide=2 if mode & 0x20 else 1,
        tall=2 if mode & 0x10 else 1,
    )


def _size(settings: Settings, body: bytes) -> None:
    settings.style = replace(settings.style, wide=(body[0] >> 4 & 7) + 1, tall=(body[0] & 7) + 1)


def _align(settings: Settings, body: bytes) -> None:
    if _digit(body[0]) <= 2:
        settings.align = _digit(body[0])


def _font(settings: Settings, body: bytes) -> None:
    settings.style = replace(settings.style, font=_digit(body[0]) & 1)


def _bold(settings: Settings, body: bytes) -> None:
    settings.style = replace(settings.style, bold=bool(body[0] & 1))


def _underline(settings: Settings, body: bytes) -> None:
    if _digit(body[0]) <= 2:
        settings.style = replace(settings.style, underline=_digit(body[0]))


def _invert(settings: Settings, body: bytes) -> None:
    settings.style = replace(settings.style, invert=bool(body[0] & 1))


def _page(settings: Settings, body: bytes) -> None:
    settings.page = body[0]


def _national(settings: Settings, body: bytes) -> None:
    settings.national = body[0]


def _spacing(settings: Settings, body: bytes) -> None:
    settings.spacing_rows = body[0]


def _spacing_60th(settings: Settings, body: bytes) -> None:
    # n/60 inch; a dot is taken as 1/180 inch, the unit in which the default of 30 dots is 1/6 inch.
    settings.spacing_rows = min(body[0], 85) * 3


def _spacing_360th(settings: Settings, body: bytes) -> None:
    settings.spacing_rows = body[0] // 2


def _default_spacing(settings: Settings, _body: bytes) -> None:
    settings.spacing_rows = DEFAULT_SPACING_ROWS


def _letter_spacing(settings: Settings, body: bytes) -> None:
    settings.letter_spacing = body[0]


def _left(settings: Settings, body: bytes) -> None:
    settings.left = _u16(body)


def _area_width(settings: Settings, body: bytes) -> None:
    settings.area_width = _u16(body)


def _tabs(settings: Settings, body: bytes) -> None:
    settings.tabs = tuple(body.rstrip(b"\0"))


def _bar_height(settings: Settings, body: bytes) -> None:
    settings.bar_height = max(1, body[0])


def _bar_width(settings: Settings, body: bytes) -> None:
    settings.bar_width = min(max(1, body[0]), 6)


def _caption(settings: Settings, body: bytes) -> None:
    settings.caption = _digit(body[0]) & 3


SETTERS: Final[dict[str, Callable[[Settings, bytes], None]]] = {
    "ESC !": _print_mode,
    "GS !": _size,
    "ESC a": _align,
    "ESC M": _font,
    "ESC E": _bold,
    "ESC G": _bold,
    "ESC -": _underline,
    "GS B": _invert,
    "ESC t": _page,
    "ESC R": _national,
    "ESC 3": _spacing,
    "ESC A": _spacing_60th,
    "ESC +": _spacing_360th,
    "ESC 2": _default_spacing,
    "ESC SP": _letter_spacing,
    "GS L": _left,
    "GS W": _area_width,
    "ESC D": _tabs,
    "GS h": _bar_height,
    "GS w": _bar_width,
    "GS H": _caption,
}
"""Command -> what it sets."""
