"""A slip as rows, from top to bottom; see `slip.py` for what its pieces are and `layout.py` for receipts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from edge_agent.devices.printer import wording
from edge_agent.devices.printer.codes import bars, qr
from edge_agent.devices.printer.layout import marks
from edge_agent.devices.printer.rows import (
    BOX,
    Gap,
    Row,
    Rule,
    TextRow,
    banners,
    indented,
    text_rows,
    two_sided,
    wrap,
)
from edge_agent.devices.printer.settings import Mode
from edge_agent.devices.printer.slip import (
    CodeMark,
    Heading,
    Notice,
    Pair,
    Piece,
    Signed,
    Slip,
    Space,
    Table,
    Tick,
    Weight,
    Words,
)
from edge_agent.devices.printer.styles import Face, Styles, styles_of

_FIRST_COLUMN_MIN = 12
"""Letters that the first column of a table needs; with less it gets a line of its own."""


def slip_rows(slip: Slip, width_dots: int, mode: Mode = "raster") -> Sequence[Row]:
    """What stands on the slip, from top to bottom."""
    styles = styles_of(width_dots, mode)
    rows = [*marks(slip.reprint_number, styles, width_dots, training=slip.training), *_head(slip, styles, width_dots)]
    for piece in slip.pieces:
        rows += _piece(piece, styles, width_dots)
    if slip.training:
        rows += [Gap(10), *banners(wording.TRAINING, styles.title, width_dots)]
    return [*rows, Gap(10)]


def _head(slip: Slip, styles: Styles, width: int) -> Iterator[Row]:
    if slip.store_name:
        yield from text_rows(slip.store_name, styles.strong, width, "centre")
        yield Gap(4)
    yield from text_rows(slip.title, styles.title, width, "centre")
    if slip.number:
        yield Gap(4)
        yield from text_rows(slip.number, styles.total, width, "centre")
    yield Gap(6)
    yield from text_rows(wording.time_text(slip.at, slip.language), styles.small, width, "centre")
    yield Gap(6)
    for label, value in slip.facts:
        yield from two_sided(label, value, styles.small, width)
    yield from (Gap(4), Rule(2), Gap(8))


def _piece(piece: Piece, styles: Styles, width: int) -> Iterator[Row]:
    match piece:
        case Table():
            yield from _table(piece, styles, width)
        case Tick():
            yield from _tick(piece, styles, width)
        case CodeMark():
            yield from _code(piece, styles, width)
        case Signed():
            yield from (Gap(64), Rule(1), Gap(2))
            yield from text_rows(piece.who, styles.small, width, "centre")
        case Space():
            yield Gap(8)
            if piece.rule:
                yield Rule(1)
                yield Gap(8)
        case _:
            yield from _lines(piece, styles, width)


def _lines(piece: Heading | Words | Pair | Notice, styles: Styles, width: int) -> Iterator[Row]:
    match piece:
        case Heading():
            yield from (Gap(8), Rule(1), Gap(8))
            yield from text_rows(piece.text, styles.strong, width)
            yield Gap(4)
        case Words():
            yield from text_rows(piece.text, _face(styles, piece.weight), width, piece.align)
        case Pair():
            left = styles.strong if piece.weight == "big" else None
            yield from two_sided(piece.label, piece.value, _face(styles, piece.weight), width, left)
        case Notice():
            yield Gap(6)
            yield from banners(piece.text, styles.strong, width)
            yield Gap(6)


def _face(styles: Styles, weight: Weight) -> Face:
    return {"normal": styles.body, "small": styles.small, "strong": styles.strong, "big": styles.title}[weight]


def _table(table: Table, styles: Styles, width: int) -> Iterator[Row]:
    """Columns as wide as their widest cell; the first takes the rest, wrapped."""
    face = styles.small
    every = [cells for cells in (table.columns, *table.rows) if any(cells)]
    others = max((len(cells) for cells in every), default=1) - 1
    widths = [max(len(cells[at]) for cells in every if len(cells) > at) for at in range(1, others + 1)]
    apart = 2 if face.columns(width) - sum(each + 2 for each in widths) >= _FIRST_COLUMN_MIN else 1
    room = face.columns(width) - sum(each + apart for each in widths)
    for number, cells in enumerate(every):
        first, *rest = cells
        row_face = styles.strong if number == 0 and any(table.columns) and _same_width(styles) else face
        right = (" " * apart).join(cell.rjust(each) for cell, each in zip(rest, widths, strict=False))
        if room < _FIRST_COLUMN_MIN:
            if first:
                yield from text_rows(first, row_face, width)
            if right.strip():
                yield from text_rows_right(right, row_face, width)
            continue
        lines = wrap(first, room)
        yield TextRow(lines[0], "", right, row_face)
        yield from (TextRow(f" {line}", "", "", row_face) for line in lines[1:])


def text_rows_right(text: str, face: Face, width: int) -> Iterator[Row]:
    """The text at the right edge; wrapped at words if it is too long."""
    if len(text) * face.advance_dots <= width:
        yield TextRow("", "", text, face)
    else:
        yield from text_rows(text, face, width)


def _same_width(styles: Styles) -> bool:
    """Whether a heading may be bold without leaving its columns."""
    return styles.strong.advance_dots == styles.small.advance_dots


def _tick(piece: Tick, styles: Styles, width: int) -> Iterator[Row]:
    face = styles.strong
    quantity = f"{piece.quantity} {wording.TIMES} "
    indent = len(BOX) + len(quantity)
    room = face.columns(width) - indent
    if room < _FIRST_COLUMN_MIN:
        indent, room = len(BOX), face.columns(width) - len(BOX)
        lines = wrap(f"{quantity}{piece.name}", room)
        first = f"{BOX}{lines[0]}"
    else:
        lines = wrap(piece.name, room)
        first = f"{BOX}{quantity}{lines[0]}"
    yield TextRow(first, "", "", face, box=True)
    yield from (TextRow(" " * indent + line, "", "", face) for line in lines[1:])
    for detail in piece.details:
        yield from indented(detail, styles.small, width, len(BOX))
    yield Gap(8)


def _code(piece: CodeMark, styles: Styles, width: int) -> Iterator[Row]:
    yield Gap(10)
    yield from qr(piece.content, width) if piece.kind == "qr" else bars(piece.content, width, piece.kind)
    yield Gap(4)
    if piece.caption:
        yield from text_rows(piece.caption, styles.small, width, "centre")
