"""What a receipt says, as data: made from the sale's fact, kept in the spool, drawn by `layout.py`.

Amounts are minor units, quantities thousandths, rates basis points. `at` carries the store's own offset, so that the
receipt shows the store's clock wherever it is drawn. All text is NFC: composed letters are what fonts have. The trap is
the spool: payloads of earlier versions lie in it, so a field is only ever added, with a default.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge_agent.devices.errors import UnreadablePayload
from protocol.documents import Settings
from protocol.events import AccountPaid, SaleCompleted, SaleLine, SaleRefunded, Tender

Language = Literal["vi", "en"]
ReceiptKind = Literal["sale", "refund", "account"]

_WHOLE_RECEIPT = "receipt"
"""Kind of a cut that was given on the whole receipt; its shares stand in the lines, the paper shows their sum."""


@dataclass(frozen=True, kw_only=True)
class ReceiptCut:
    """Something taken off: `amount` is what it saves, `label` says why."""

    amount: int
    label: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    """One thing sold: `quantity` of it at `unit_price` each. `amount` is before `cuts`; a returned line is negative."""

    name: str
    quantity: int
    unit_price: int
    amount: int
    note: str = ""
    unit: str = ""
    cuts: tuple[ReceiptCut, ...] = ()
    serials: tuple[str, ...] = ()
    lot: str = ""
    expires: date | None = None


@dataclass(frozen=True, kw_only=True)
class ReceiptTax:
    """The tax of one rate: inside `taxed` when prices include it, on top of it when they do not."""

    rate_bp: int
    taxed: int
    tax: int


@dataclass(frozen=True, kw_only=True)
class ReceiptTender:
    """One way of paying. `given` and `change` are cash over the counter; `rest` is what a voucher still holds."""

    kind: str
    amount: int
    given: int | None = None
    change: int = 0
    reference: str = ""
    rest: int | None = None


@dataclass(frozen=True, kw_only=True)
class PayCode:
    """A QR code to pay by, with the lines under it (bank, account, whose it is)."""

    payload: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt.

    `cuts` are those on the whole receipt. `total` is to be paid; cash pays `total + rounding`. `customer` is a name
    that is already masked, `customer_lines` her points or balance. `gift` leaves out every price and payment.
    `training` marks it as worth nothing. `reprint_number` n marks it "REPRINT #n"; None or 0 is the original.
    """

    kind: ReceiptKind = "sale"
    store_name: str
    head: tuple[str, ...] = ()
    number: str
    at: datetime
    cashier: str
    currency: str
    lines: tuple[ReceiptLine, ...]
    total: int
    taxes: tuple[ReceiptTax, ...] = ()
    tenders: tuple[ReceiptTender, ...] = ()
    foot: tuple[str, ...] = ()
    language: Language = "vi"
    original_receipt: str = ""
    reason: str = ""
    reprint_number: int | None = None
    cuts: tuple[ReceiptCut, ...] = ()
    rounding: int = 0
    tax_included: bool = True
    tax_total: int = 0
    customer: str = ""
    customer_lines: tuple[tuple[str, str], ...] = ()
    note: str = ""
    pay_code: PayCode | None = None
    gift: bool = False
    training: bool = False

    @property
    def change(self) -> int:
        """Minor units handed back in cash."""
        return sum(tender.change for tender in self.tenders)

    @property
    def saved(self) -> int:
        """Minor units that all cuts took off."""
        return sum(cut.amount for cut in self.cuts) + sum(cut.amount for line in self.lines for cut in line.cuts)


def receipt_of_sale(  # noqa: PLR0913  the sale, and what only the counter knows of it, by keyword
    fact: SaleCompleted | SaleRefunded,
    settings: Settings,
    time: datetime,
    language: Language,
    reprint_number: int | None = None,
    *,
    cashier: str = "",
    customer: str = "",
    customer_lines: Iterable[tuple[str, str]] = (),
    pay_code: PayCode | None = None,
    rests: dict[str, int] | None = None,
    training: bool = False,
) -> Receipt:
    """The receipt of a sale or refund at `time` (aware). Never raises for odd settings: a bad time zone shows UTC.

    `cashier` is her name where the fact has an id; `customer` is masked here; `rests` says what vouchers still hold,
    by code.
    """
    refund = isinstance(fact, SaleRefunded)
    return Receipt(
        kind="refund" if refund else "sale",
        store_name=nfc(settings.store_name),
        head=tuple(map(nfc, settings.receipt_head)),
        number=fact.receipt_number,
        at=store_time(time, settings),
        cashier=nfc(cashier or fact.cashier),
        currency=fact.currency,
        lines=tuple(map(_line, fact.lines)),
        total=fact.total,
        taxes=_taxes(fact),
        tenders=_tenders(fact.tenders, rests or {}),
        foot=tuple(map(nfc, settings.receipt_foot)),
        language=language,
        original_receipt=(fact.original_receipt or "") if isinstance(fact, SaleRefunded) else "",
        reason=nfc(fact.reason) if isinstance(fact, SaleRefunded) else "",
        reprint_number=reprint_number,
        cuts=_receipt_cuts(fact.lines),
        rounding=fact.rounding,
        tax_included=fact.tax_included,
        tax_total=fact.tax_total,
        customer=masked(customer),
        customer_lines=tuple((nfc(label), nfc(value)) for label, value in customer_lines),
        note="" if isinstance(fact, SaleRefunded) else nfc(fact.note),
        pay_code=pay_code,
        training=training,
    )


def receipt_of_account_payment(  # noqa: PLR0913  as above
    fact: AccountPaid,
    settings: Settings,
    time: datetime,
    language: Language,
    *,
    cashier: str = "",
    customer: str = "",
    customer_lines: Iterable[tuple[str, str]] = (),
    training: bool = False,
) -> Receipt:
    """The receipt of a payment into a customer's account: no goods, a total and how it was paid."""
    return Receipt(
        kind="account",
        store_name=nfc(settings.store_name),
        head=tuple(map(nfc, settings.receipt_head)),
        number=fact.receipt_number,
        at=store_time(time, settings),
        cashier=nfc(cashier or fact.cashier),
        currency=fact.currency,
        lines=(),
        total=fact.amount,
        tenders=_tenders(fact.tenders, {}),
        foot=tuple(map(nfc, settings.receipt_foot)),
        language=language,
        rounding=fact.rounding,
        customer=masked(customer),
        customer_lines=tuple((nfc(label), nfc(value)) for label, value in customer_lines),
        note=nfc(fact.note),
        training=training,
    )


def gift_of(receipt: Receipt) -> Receipt:
    """The same receipt for a present: the goods and the number, no prices, no payment, no customer."""
    lines = tuple(replace(line, unit_price=0, amount=0, cuts=()) for line in receipt.lines)
    return replace(receipt, lines=lines, gift=True, total=0, taxes=(), tenders=(), cuts=(), rounding=0, tax_total=0,
                   customer="", customer_lines=(), pay_code=None)  # fmt: skip


# Made here and not at its first use: msgspec builds a type's table once, and two threads that do so at once crash.
_DECODER = msgspec.json.Decoder(Receipt)


def encode(receipt: Receipt) -> bytes:
    """The receipt as JSON: the `payload` of a print job of kind "receipt"."""
    return msgspec.json.encode(receipt)


def decode(payload: bytes, *, reprint_number: int | None = None) -> Receipt:
    """Read what `encode` wrote, marked as that reprint if one is given. Raises UnreadablePayload."""
    try:
        receipt = _DECODER.decode(payload)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise UnreadablePayload(f"print job: its receipt cannot be read ({exc}); print it again from the sale") from exc
    return receipt if reprint_number is None else replace(receipt, reprint_number=reprint_number)


def masked(name: str) -> str:
    """A customer's name for paper that may be left lying about: initials, and the last word, which Vietnamese go by."""
    *first, last = nfc(name).split() or [""]
    return " ".join([*(f"{word[0]}." for word in first), last])


def store_time(time: datetime, settings: Settings) -> datetime:
    """`time` (aware) by the store's clock; a zone that this PC does not know shows UTC."""
    return time.astimezone(_zone(settings.time_zone))


def nfc(text: str) -> str:
    """Composed letters."""
    return unicodedata.normalize("NFC", text)


def _line(line: SaleLine) -> ReceiptLine:
    return ReceiptLine(
        name=nfc(line.name),
        quantity=line.quantity,
        unit_price=line.unit_price,
        amount=line.amount + sum(cut.amount for cut in line.cuts),
        note=nfc(line.note or ""),
        unit=nfc(line.unit),
        cuts=tuple(
            ReceiptCut(amount=cut.amount, label=nfc(cut.label)) for cut in line.cuts if cut.kind != _WHOLE_RECEIPT
        ),
        serials=tuple(map(nfc, line.serials)),
        lot=nfc(line.lot or ""),
        expires=line.expires,
    )


def _receipt_cuts(lines: Iterable[SaleLine]) -> tuple[ReceiptCut, ...]:
    sums: dict[str, int] = {}
    for line in lines:
        for cut in line.cuts:
            if cut.kind == _WHOLE_RECEIPT:
                sums[cut.label] = sums.get(cut.label, 0) + cut.amount
    return tuple(ReceiptCut(amount=amount, label=nfc(label)) for label, amount in sums.items())


def _tenders(tenders: Iterable[Tender], rests: dict[str, int]) -> tuple[ReceiptTender, ...]:
    return tuple(
        ReceiptTender(
            kind=tender.kind,
            amount=tender.amount,
            given=tender.given,
            change=tender.change,
            reference=nfc(tender.reference or ""),
            rest=rests.get(tender.reference or ""),
        )
        for tender in tenders
    )


def _taxes(fact: SaleCompleted | SaleRefunded) -> tuple[ReceiptTax, ...]:
    rates = sorted({line.tax_rate_bp for line in fact.lines if line.tax_rate_bp})
    return tuple(
        ReceiptTax(
            rate_bp=rate,
            taxed=sum(line.amount for line in fact.lines if line.tax_rate_bp == rate),
            tax=sum(line.tax for line in fact.lines if line.tax_rate_bp == rate),
        )
        for rate in rates
    )


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        # A receipt with UTC on it is better than a sale that stops because the hub sent a zone with a slip in it.
        return UTC
