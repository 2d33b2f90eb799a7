"""Rows in the printer's own letters: fast and small, as far as the model's code page goes.

Each row becomes commands of its own; sizes are set and taken back within the row. What the code page lacks is replaced
(`code_pages.py`), and then the paper's last line says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from edge_agent.devices.printer import code_pages
from edge_agent.devices.printer.code_pages import CodePage
from edge_agent.devices.printer.commands import Parts, ended
from edge_agent.devices.printer.escpos import slices
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

    def write(self, row: Row) -> Iterator[bytes]:
        """The commands of one row; each ends where a command ends."""
        match row:
            case TextRow():
                yield self._text(row)
            case Rule():
                yield (b"=" if row.height_dots > 1 else b"-") * self.columns + b"\n"
            case Gap():
                yield b"\x1bJ" + bytes((min(255, row.height_dots),))
            case Banner():
                style = _cells(row.style)
                text = row.text.center(self.columns // style.wide)
                yield b"\x1dB\x01" + self._sized(text, style) + b"\x1dB\x00\n"
            case Bars():
                yield _bars(row)
            case Squares():
                yield _qr(row)
            case Figure():
                yield from self._figure(row.image)

    def _text(self, row: TextRow) -> bytes:
        style, left_style = _cells(row.style), _cells(row.left_style or row.style)
        left = _TICK_BOX + row.left[len(BOX) :] if row.box else row.left
        if row.centre:
            space = b" " * ((self.columns - len(row.centre) * style.wide) // 2)
            return space + self._sized(row.centre, style) + b"\n"
        space = b" " * (self.columns - len(left) * left_style.wide - len(row.right) * style.wide) if row.right else b""
        return self._sized(left, left_style) + space + self._sized(row.right, style) + b"\n"

    def _sized(self, text: str, cells: Cells) -> bytes:
        if not text:
            return b""
        encoded = code_pages.encode(text, self._page.name)
        self.lost |= encoded.lost
        data = b"".join(bytes((0x1B, 0x74, self._page.number + offset)) + run for offset, run in encoded.runs)
        size = bytes((0x1D, 0x21, (cells.wide - 1) << 4 | (cells.tall - 1)))
        if cells == Cells():
            return data
        bold = (b"\x1bE\x01", b"\x1bE\x00") if cells.bold else (b"", b"")
        return size + bold[0] + data + bold[1] + b"\x1d!\x00"

    def _figure(self, image: Image.Image) -> Iterator[bytes]:
        page = Image.new("1", (self._width_dots, image.height), 1)
        page.paste(image, ((self._width_dots - image.width) // 2, 0))
        yield from slices(page)


def _bars(row: Bars) -> bytes:
    """GS k form B: Code 128 in set B, which has all of ASCII; or EAN-13."""
    data = b"{B" + row.text.encode("ascii") if row.symbology == "code128" else row.text.encode("ascii")
    kind = 73 if row.symbology == "code128" else 67
    head = b"\x1ba\x01\x1dh" + bytes((row.height_dots,)) + b"\x1dw" + bytes((row.module_dots,)) + b"\x1dH\x00"
    return head + b"\x1dk" + bytes((kind, len(data))) + data + b"\n\x1ba\x00"


def _qr(row: Squares) -> bytes:
    """GS ( k, cn 49: model 2, module size, error correction M, store, print."""
    data = row.text.encode()

    def function(number: int, body: bytes) -> bytes:
        return b"\x1d(k" + (len(body) + 2).to_bytes(2, "little") + bytes((49, number)) + body

    size = bytes((min(_QR_PARTS_MAX, row.module_dots),))
    model, correction, store, show = b"2\x00", b"1", b"0" + data, b"0"
    orders = ((65, model), (67, size), (69, correction), (80, store), (81, show))
    return b"\x1ba\x01" + b"".join(function(*order) for order in orders) + b"\n\x1ba\x00"


def _cells(face: Face) -> Cells:
    assert isinstance(face, Cells), "rows for text mode are set in cells: styles_of(width, 'text')"
    return face
