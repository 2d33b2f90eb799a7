"""A receipt as a picture: one bit a dot, for paper of any width (58 mm is 384 dots, 80 mm is 576).

Pure: the same receipt gives the same dots. First the receipt becomes rows (`rows_of`), then the rows are drawn
(`picture_of`), so that the height is known before a dot is set. Columns line up because the font is monospaced.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image

from edge_agent.devices.printer import wording
from edge_agent.devices.printer.orders import without_orders
from edge_agent.devices.printer.receipt import Receipt, ReceiptLine, receipt_of_sale
from edge_agent.devices.printer.rows import (
    Banner,
    Gap,
    Row,
    Rule,
    Style,
    TextRow,
    code_rows,
    draw,
    text_rows,
    two_sided,
)
from protocol.quantity import SCALE

__all__ = ["Receipt", "picture_of", "receipt_of_sale", "rows_of", "styles_of"]

NARROW_DOTS = 480
"""Below this the paper is a 58 mm roll, and type is a little smaller."""


class Styles:
    """The type sizes for a paper width, largest first."""

    def __init__(self, width_dots: int) -> None:
        narrow = width_dots < NARROW_DOTS
        self.total = Style("bold", 36 if narrow else 46)
        self.store = Style("bold", 30 if narrow else 36)
        self.title = Style("bold", 24 if narrow else 28)
        self.strong = Style("bold", 20 if narrow else 22)
        self.body = Style("regular", 20 if narrow else 22)
        self.small = Style("regular", 18 if narrow else 20)


def styles_of(width_dots: int) -> Styles:
    """The type sizes that a paper width gets."""
    return Styles(width_dots)


def picture_of(receipt: Receipt, width_dots: int) -> Image.Image:
    """The receipt as it is sent: an image of mode "1" (0 is black), `width_dots` wide. Raises FontMissing."""
    return without_orders(draw(rows_of(receipt, width_dots), width_dots))


def rows_of(receipt: Receipt, width_dots: int) -> Sequence[Row]:
    """What stands on the receipt, from top to bottom."""
    styles = styles_of(width_dots)
    rows: list[Row] = []
    if receipt.reprint_number:
        rows += [Banner(f"{wording.REPRINT}{receipt.reprint_number}", styles.strong), Gap(16)]
    rows += _head(receipt, styles, width_dots)
    for line in receipt.lines:
        rows += _line(receipt, line, styles, width_dots)
    rows += [Gap(6), Rule(2), Gap(10)]
    rows += _sums(receipt, styles, width_dots)
    rows += _foot(receipt, styles, width_dots)
    return rows


def _head(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    language = receipt.language
    yield from text_rows(receipt.store_name, styles.store, width, "centre")
    yield Gap(4)
    for text in receipt.head:
        yield from text_rows(text, styles.small, width, "centre")
    yield Gap(14)
    yield from text_rows(wording.word(language, receipt.kind), styles.title, width, "centre")
    yield Gap(8)
    number = f"{wording.word(language, 'number')} {receipt.number}"
    yield from two_sided(number, wording.time_text(receipt.at, language), styles.small, width)
    yield from text_rows(f"{wording.word(language, 'cashier')} {receipt.cashier}", styles.small, width)
    if receipt.original_receipt:
        text = f"{wording.word(language, 'refund_of')} {receipt.original_receipt}"
        yield from text_rows(text, styles.small, width)
    if receipt.reason:
        yield from text_rows(f"{wording.word(language, 'reason')}: {receipt.reason}", styles.small, width)
    yield Gap(8)
    yield Rule(2)
    yield Gap(8)


def _line(receipt: Receipt, line: ReceiptLine, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    yield from text_rows(line.name, styles.strong, width)
    if line.note:
        yield from text_rows(f"({line.note})", styles.small, width)
    quantity = wording.quantity_text(line.quantity, language)
    price = wording.amount_text(line.unit_price, currency, language)
    amount = wording.amount_text(line.amount, currency, language)
    yield from two_sided(f"  {quantity} {wording.TIMES} {price}", amount, styles.body, width)
    yield Gap(6)


def _sums(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    pieces = sum(_pieces(line.quantity) for line in receipt.lines)
    yield from two_sided(wording.word(language, "pieces"), str(pieces), styles.small, width)
    yield Gap(4)
    label = wording.word(language, "total" if receipt.kind == "sale" else "to_give_back")
    yield from two_sided(
        label, wording.money_text(receipt.total, currency, language), styles.total, width, styles.title
    )
    yield Gap(10)
    yield Rule(1)
    yield Gap(8)
    for tender in receipt.tenders:
        name = wording.tender_word(language, tender.kind)
        yield from two_sided(name, wording.amount_text(tender.amount, currency, language), styles.body, width)
        if tender.given is not None and tender.given != tender.amount:
            given = wording.amount_text(tender.given, currency, language)
            yield from two_sided(wording.word(language, "given"), given, styles.body, width)
    if receipt.change:
        change = wording.amount_text(receipt.change, currency, language)
        yield from two_sided(wording.word(language, "change"), change, styles.title, width, styles.strong)
    if receipt.taxes:
        yield Gap(8)
    for tax in receipt.taxes:
        taxed = wording.amount_text(tax.taxed, currency, language)
        rate = wording.rate_text(tax.rate_bp, language)
        label = f"{wording.word(language, 'tax')} {rate} {wording.word(language, 'of')} {taxed}"
        yield from two_sided(label, wording.amount_text(tax.tax, currency, language), styles.small, width)


def _pieces(quantity: int) -> int:
    """What a line adds to the count of things in the bag: weighed goods are one thing, whatever they weigh."""
    return quantity // SCALE if quantity % SCALE == 0 else 1


def _foot(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    yield Gap(12)
    yield Rule(1)
    yield Gap(14)
    for text in receipt.foot or (wording.word(receipt.language, "thanks"),):
        yield from text_rows(text, styles.body, width, "centre")
    yield Gap(14)
    yield from code_rows(receipt.number, width)
    yield Gap(6)
    yield TextRow("", receipt.number, "", styles.small)
    yield Gap(4)
