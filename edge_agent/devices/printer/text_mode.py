"""Rows in the printer's own letters: fast and small, as far as the model's code page goes.

Each row becomes commands of its own, built by python-escpos; sizes are set and taken back within the row. What the code
page lacks is replaced (`code_pages.py`), and then the paper's last line says so. The trap is the library's `text()`: it
chooses code pages and letters by itself, without a word about losses. So text, encoded by us, goes through it as bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from edge_agent.devices.printer import code_pages
from edge_agent.devices.printer.code_pages import CodePage
from edge_agent.devices.printer.commands import Parts, ended
from edge_agent.devices.printer.escpos import slices
from edge_agent.devices.printer.escpos_library import CODEPAGE_CHANGE, QR_ECLEVEL_M, Dummy
from edge_agent.devices.printer.rows import BOX, Banner, Bars, Figure, Gap, Row, Rule, Squares, TextRow
from edge_agent.devices.printer.styles import CELL_DOTS, Cells, Face

SIMPLIFIED = "(in khong du dau / letters simplified)"
"""In ASCII, which every code page has."""

_PART_BYTES = 2048
_TICK_BOX = "[ ] "
_QR_PARTS_MAX = 16


@dataclass(frozen=True)
class Page:
    """The code page to write in; `number` is its ESC t n on this model."""

    name: CodePage
    number: int


@dataclass(frozen=True)
class Typed:
    """The parts of a job, and the letters that others stand for."""

    parts: Parts
    lost: frozenset[str]


def typed(rows: Sequence[Row], width_dots: int, page: Page) -> Typed:
    """A whole job: the rows (set with `styles_of(width, "text")`), feed, cut last."""
    hand = _Hand(width_dots, page)
    parts: list[bytes] = []
    part = bytearray()
    for row in rows:
        for data in hand.write(row):
            part += data
            if len(part) >= _PART_BYTES:
                parts.append(bytes(part))
                part.clear()
    if hand.lost:
        part += b"".join(hand.write(TextRow("", SIMPLIFIED[: hand.columns], "", Cells())))
    return Typed(ended((*parts, bytes(part)) if part else tuple(parts)), frozenset(hand.lost))


class _Hand:
    """Writes rows, and remembers what it could not write."""

    def __init__(self, width_dots: int, page: Page) -> None:
        self.columns = width_dots // CELL_DOTS
        self.lost: set[str] = set()
        self._width_dots = width_dots
        self._page = page
        self._printer = Dummy()

    def write(self, row: Row) -> Iterator[bytes]:
        """The commands of one row; each ends where a command ends."""
        if isinstance(row, Figure):
            yield from self._figure(row.image)
            return
        match row:
            case TextRow():
                self._text(row)
            case Rule():
                self._raw((b"=" if row.height_dots > 1 else b"-") * self.columns)
                self._new_line()
            case Gap():
                self._raw(b"\x1bJ" + bytes((min(255, row.height_dots),)))  # ESC J, dots: the library feeds lines only
            case Banner():
                self._banner(row)
            case Bars():
                self._bars(row)
            case Squares():
                self._qr(row)
        data: bytes = self._printer.output
        self._printer.clear()
        yield data

    def _text(self, row: TextRow) -> None:
        style, left_style = _cells(row.style), _cells(row.left_style or row.style)
        left = _TICK_BOX + row.left[len(BOX) :] if row.box else row.left
        if row.centre:
            self._spaces((self.columns - len(row.centre) * style.wide) // 2)
            self._sized(row.centre, style)
        else:
            self._sized(left, left_style)
            if row.right:
                self._spaces(self.columns - len(left) * left_style.wide - len(row.right) * style.wide)
            self._sized(row.right, style)
        self._new_line()

    def _banner(self, row: Banner) -> None:
        style = _cells(row.style)
        self._printer.set(invert=True)
        self._sized(row.text.center(self.columns // style.wide), style)
        self._printer.set(invert=False)
        self._new_line()

    def _sized(self, text: str, cells: Cells) -> None:
        if not text:
            return
        encoded = code_pages.encode(text, self._page.name)
        self.lost |= encoded.lost
        plain = cells == Cells()
        if not plain:
            self._printer.set(custom_size=True, width=cells.wide, height=cells.tall, bold=cells.bold or None)
        for offset, run in encoded.runs:
            self._raw(CODEPAGE_CHANGE + bytes((self._page.number + offset,)) + run)
        if not plain:
            self._printer.set(custom_size=True, width=1, height=1, bold=False if cells.bold else None)

    def _bars(self, row: Bars) -> None:
        """Code 128 in set B, which has all of ASCII; or EAN-13."""
        text, kind = ("{B" + row.text, "CODE128") if row.symbology == "code128" else (row.text, "EAN13")
        self._printer.barcode(text, kind, row.height_dots, row.module_dots, pos="OFF", function_type="B")
        self._new_line()
        self._printer.set(align="left")

    def _qr(self, row: Squares) -> None:
        self._printer.set(align="center")  # it refuses to centre a native code itself
        self._printer.qr(row.text, ec=QR_ECLEVEL_M, size=min(_QR_PARTS_MAX, row.module_dots), native=True)
        self._new_line()
        self._printer.set(align="left")

    def _figure(self, image: Image.Image) -> Iterator[bytes]:
        page = Image.new("1", (self._width_dots, image.height), 1)
        page.paste(image, ((self._width_dots - image.width) // 2, 0))
        yield from slices(page)

    def _spaces(self, columns: int) -> None:
        self._raw(b" " * columns)

    def _new_line(self) -> None:
        self._printer.control("LF")

    def _raw(self, data: bytes) -> None:
        self._printer._raw(data)  # noqa: SLF001  the library's documented way for bytes of one's own


def _cells(face: Face) -> Cells:
    assert isinstance(face, Cells), "rows for text mode are set in cells: styles_of(width, 'text')"
    return face
