"""A receipt as rows, from top to bottom, for paper of any width (58 mm is 384 dots, 80 mm is 576), in either mode.

Pure: the same receipt gives the same rows. Columns line up because all faces are monospaced. The trap is what shall not
be overlooked: that it is a reprint, a training, a gift; that stands first, and training last as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from PIL import Image

from edge_agent.devices.printer import wording
from edge_agent.devices.printer.codes import bars, qr
from edge_agent.devices.printer.picture import draw
from edge_agent.devices.printer.receipt import (
    Receipt,
    ReceiptCut,
    ReceiptKind,
    ReceiptLine,
    ReceiptTender,
    receipt_of_sale,
)
from edge_agent.devices.printer.rows import Figure, Gap, Row, Rule, TextRow, banners, indented, text_rows, two_sided
from edge_agent.devices.printer.settings import Mode
from edge_agent.devices.printer.styles import Styles, styles_of
from protocol.quantity import SCALE

_TOTALS: dict[ReceiptKind, wording.Word] = {"sale": "total", "refund": "to_give_back", "account": "paid_in"}

__all__ = ["Receipt", "picture_of", "receipt_of_sale", "rows_of", "styles_of"]


def picture_of(receipt: Receipt, width_dots: int, logo: Image.Image | None = None) -> Image.Image:
    """The receipt as it is sent: an image of mode "1" (0 is black), `width_dots` wide. Raises FontMissing."""
    return draw(rows_of(receipt, width_dots, logo=logo), width_dots)


def rows_of(
    receipt: Receipt, width_dots: int, mode: Mode = "raster", *, logo: Image.Image | None = None
) -> Sequence[Row]:
    """What stands on the receipt, from top to bottom."""
    styles = styles_of(width_dots, mode)
    rows = [*marks(receipt.reprint_number or 0, styles, width_dots, training=receipt.training)]
    if logo is not None:
        rows += [Figure(logo), Gap(10)]
    rows += _head(receipt, styles, width_dots)
    for line in receipt.lines:
        rows += _line(receipt, line, styles, width_dots)
    if not receipt.gift:
        rows += [Gap(6), Rule(2), Gap(10)] if receipt.lines else []
        rows += _sums(receipt, styles, width_dots)
        rows += _payments(receipt, styles, width_dots)
        rows += _taxes(receipt, styles, width_dots)
    rows += _foot(receipt, styles, width_dots)
    if receipt.training:
        rows += [Gap(10), *banners(wording.TRAINING, styles.title, width_dots), Gap(6)]
    return rows


def marks(reprint_number: int, styles: Styles, width: int, *, training: bool) -> Iterator[Row]:
    """What stands above everything else: that it is worth nothing, that it is a copy."""
    if training:
        yield from banners(wording.TRAINING, styles.title, width)
        yield Gap(12)
    if reprint_number:
        yield from banners(f"{wording.REPRINT}{reprint_number}", styles.strong, width)
        yield Gap(16)


def _head(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    language = receipt.language
    yield from text_rows(receipt.store_name, styles.store, width, "centre")
    yield Gap(4)
    for text in receipt.head:
        yield from text_rows(text, styles.small, width, "centre")
    yield Gap(14)
    title = wording.word(language, "gift" if receipt.gift else receipt.kind)
    yield from text_rows(title, styles.title, width, "centre")
    yield Gap(8)
    number = f"{wording.word(language, 'number')} {receipt.number}"
    yield from two_sided(number, wording.time_text(receipt.at, language), styles.small, width)
    yield from text_rows(f"{wording.word(language, 'cashier')} {receipt.cashier}", styles.small, width)
    if receipt.original_receipt:
        text = f"{wording.word(language, 'refund_of')} {receipt.original_receipt}"
        yield from text_rows(text, styles.small, width)
    if receipt.reason:
        yield from text_rows(f"{wording.word(language, 'reason')}: {receipt.reason}", styles.small, width)
    if receipt.note:
        yield from text_rows(f"{wording.word(language, 'note')}: {receipt.note}", styles.small, width)
    if receipt.customer:
        yield from text_rows(f"{wording.word(language, 'customer')}: {receipt.customer}", styles.small, width)
    for label, value in receipt.customer_lines:
        yield from two_sided(f"  {label}", value, styles.small, width)
    yield from (Gap(8), Rule(2), Gap(8))


def _line(receipt: Receipt, line: ReceiptLine, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    yield from text_rows(line.name, styles.strong, width)
    if line.quantity < 0:
        yield from indented(f"({wording.word(language, 'returned')})", styles.small, width, 2)
    yield from _remarks(line, styles, width, language)
    quantity = wording.weight_text(line.quantity, line.unit, language)
    if receipt.gift:
        yield TextRow(f"  {wording.TIMES} {quantity}", "", "", styles.body)
    else:
        price = wording.amount_text(line.unit_price, currency, language)
        amount = wording.amount_text(line.amount, currency, language)
        yield from two_sided(f"  {quantity} {wording.TIMES} {price}", amount, styles.body, width)
        for cut in line.cuts:
            yield from _cut(receipt, cut, styles, width, "  ")
    yield Gap(6)


def _remarks(line: ReceiptLine, styles: Styles, width: int, language: wording.Language) -> Iterator[Row]:
    if line.note:
        yield from indented(f"({line.note})", styles.small, width)
    if line.serials:
        text = f"{wording.word(language, 'serial')}: {', '.join(line.serials)}"
        yield from indented(text, styles.small, width)
    lot = f"{wording.word(language, 'lot')}: {line.lot}" if line.lot else ""
    expires = (
        "" if line.expires is None
        else f"{wording.word(language, 'expires')}: {wording.date_text(line.expires, language)}"
    )  # fmt: skip
    if lot or expires:
        yield from indented(f" {wording.DOT} ".join(filter(None, (lot, expires))), styles.small, width)


def _cut(receipt: Receipt, cut: ReceiptCut, styles: Styles, width: int, indent: str) -> Iterator[Row]:
    word = wording.word(receipt.language, "cut")
    said = cut.label.casefold().startswith(word.split()[0].casefold())
    label = cut.label if said else f"{word}: {cut.label}" if cut.label else word
    amount = wording.amount_text(-cut.amount, receipt.currency, receipt.language)
    yield from two_sided(f"{indent}{label}", amount, styles.small, width)


def _sums(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    if receipt.lines:
        pieces = sum(_pieces(line.quantity) for line in receipt.lines)
        yield from two_sided(wording.word(language, "pieces"), str(pieces), styles.small, width)
    gross = sum(line.amount - sum(cut.amount for cut in line.cuts) for line in receipt.lines)
    if receipt.cuts or (receipt.lines and not receipt.tax_included):
        yield from two_sided(
            wording.word(language, "subtotal"), wording.amount_text(gross, currency, language), styles.body, width
        )
    for cut in receipt.cuts:
        yield from _cut(receipt, cut, styles, width, "")
    if not receipt.tax_included:
        yield from _tax_rows(receipt, styles, width)
    yield Gap(4)
    key = _TOTALS[receipt.kind]
    total = wording.money_text(receipt.total, currency, language)
    yield from two_sided(wording.word(language, key), total, styles.total, width, styles.title)
    if receipt.rounding:
        rounding = wording.amount_text(receipt.rounding, currency, language)
        yield from two_sided(wording.word(language, "rounding"), rounding, styles.small, width)
        rounded = wording.money_text(receipt.total + receipt.rounding, currency, language)
        yield from two_sided(wording.word(language, "to_pay"), rounded, styles.strong, width)
    if receipt.saved > 0 and receipt.kind == "sale":
        saved = wording.amount_text(receipt.saved, currency, language)
        yield from two_sided(wording.word(language, "saved"), saved, styles.strong, width)


def _payments(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    if receipt.tenders:
        yield from (Gap(10), Rule(1), Gap(8))
    for tender in receipt.tenders:
        name = wording.tender_word(language, tender.kind)
        yield from two_sided(name, wording.amount_text(tender.amount, currency, language), styles.body, width)
        yield from _tender_remarks(receipt, tender, styles, width)
    if receipt.change:
        change = wording.amount_text(receipt.change, currency, language)
        yield from two_sided(wording.word(language, "change"), change, styles.title, width, styles.strong)


def _tender_remarks(receipt: Receipt, tender: ReceiptTender, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    if tender.given is not None and tender.given != tender.amount:
        given = wording.amount_text(tender.given, currency, language)
        yield from two_sided(wording.word(language, "given"), given, styles.body, width)
    if tender.reference:
        key: wording.Word = "approval" if tender.kind == "card" else "reference"
        yield from indented(f"{wording.word(language, key)}: {tender.reference}", styles.small, width)
    if tender.rest is not None:
        rest = wording.amount_text(tender.rest, currency, language)
        yield from two_sided(f"  {wording.word(language, 'rest')}", rest, styles.small, width)


def _taxes(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    if receipt.tax_included and receipt.taxes:
        yield Gap(8)
        yield from _tax_rows(receipt, styles, width)


def _tax_rows(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    language, currency = receipt.language, receipt.currency
    for tax in receipt.taxes:
        taxed = wording.amount_text(tax.taxed, currency, language)
        rate = wording.rate_text(tax.rate_bp, language)
        label = f"{wording.word(language, 'tax')} {rate} {wording.word(language, 'of')} {taxed}"
        yield from two_sided(label, wording.amount_text(tax.tax, currency, language), styles.small, width)


def _pieces(quantity: int) -> int:
    """What a line adds to the count of things in the bag: weighed goods are one thing, whatever they weigh."""
    if quantity % SCALE == 0:
        return quantity // SCALE
    return 1 if quantity > 0 else -1


def _foot(receipt: Receipt, styles: Styles, width: int) -> Iterator[Row]:
    yield from (Gap(12), Rule(1), Gap(14))
    if receipt.pay_code is not None and not receipt.gift:
        yield from text_rows(wording.word(receipt.language, "pay_by_qr"), styles.strong, width, "centre")
        yield from qr(receipt.pay_code.payload, width)
        for text in receipt.pay_code.lines:
            yield from text_rows(text, styles.small, width, "centre")
        yield Gap(14)
    if receipt.gift:
        yield from text_rows(wording.word(receipt.language, "gift_hint"), styles.small, width, "centre")
        yield Gap(8)
    for text in receipt.foot or (wording.word(receipt.language, "thanks"),):
        yield from text_rows(text, styles.body, width, "centre")
    yield Gap(14)
    yield from bars(receipt.number, width)
    yield Gap(6)
    yield TextRow("", receipt.number, "", styles.small)
    yield Gap(4)
