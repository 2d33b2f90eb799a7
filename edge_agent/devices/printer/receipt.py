"""What a receipt says, as data: made from the sale's fact, kept in the spool, drawn by `layout.py`.

Amounts are minor units, quantities thousandths, tax is included in prices. `at` carries the store's own offset, so that
the receipt shows the store's clock wherever it is drawn. All text is NFC: composed letters are what fonts have.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from edge_agent.devices.errors import UnreadablePayload
from protocol.documents import Settings
from protocol.events import SaleCompleted, SaleRefunded

Language = Literal["vi", "en"]


@dataclass(frozen=True, kw_only=True)
class ReceiptLine:
    """One thing sold: `quantity` of it at `unit_price` each."""

    name: str
    quantity: int
    unit_price: int
    amount: int
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceiptTax:
    """The tax inside the amounts that have this rate (basis points)."""

    rate_bp: int
    taxed: int
    tax: int


@dataclass(frozen=True, kw_only=True)
class ReceiptTender:
    """One way of paying; `given` and `change` are cash over the counter."""

    kind: str
    amount: int
    given: int | None = None
    change: int = 0


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """A receipt. `reprint_number` n marks it "REPRINT #n"; None or 0 is the original."""

    kind: Literal["sale", "refund"] = "sale"
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

    @property
    def change(self) -> int:
        """Minor units handed back in cash."""
        return sum(tender.change for tender in self.tenders)


def receipt_of_sale(
    fact: SaleCompleted | SaleRefunded,
    settings: Settings,
    time: datetime,
    language: Language,
    reprint_number: int | None = None,
) -> Receipt:
    """The receipt of a sale or refund at `time` (aware). Never raises for odd settings: a bad time zone shows UTC."""
    refund = isinstance(fact, SaleRefunded)
    return Receipt(
        kind="refund" if refund else "sale",
        store_name=_nfc(settings.store_name),
        head=tuple(map(_nfc, settings.receipt_head)),
        number=fact.receipt_number,
        at=time.astimezone(_zone(settings.time_zone)),
        cashier=_nfc(fact.cashier),
        currency=fact.currency,
        lines=tuple(
            ReceiptLine(
                name=_nfc(line.name),
                quantity=line.quantity,
                unit_price=line.unit_price,
                amount=line.amount,
                note=_nfc(line.note or ""),
            )
            for line in fact.lines
        ),
        total=fact.total,
        taxes=_taxes(fact),
        tenders=tuple(
            ReceiptTender(kind=tender.kind, amount=tender.amount, given=tender.given, change=tender.change)
            for tender in fact.tenders
        ),
        foot=tuple(map(_nfc, settings.receipt_foot)),
        language=language,
        original_receipt=(fact.original_receipt or "") if isinstance(fact, SaleRefunded) else "",
        reason=_nfc(fact.reason) if isinstance(fact, SaleRefunded) else "",
        reprint_number=reprint_number,
    )


def encode(receipt: Receipt) -> bytes:
    """The receipt as JSON: the `payload` of a print job."""
    return msgspec.json.encode(receipt)


def decode(payload: bytes, *, reprint_number: int | None = None) -> Receipt:
    """Read what `encode` wrote, marked as that reprint if one is given. Raises UnreadablePayload."""
    try:
        receipt = msgspec.json.decode(payload, type=Receipt)
    except (msgspec.DecodeError, msgspec.ValidationError) as exc:
        raise UnreadablePayload(f"print job: its receipt cannot be read ({exc}); print it again from the sale") from exc
    return receipt if reprint_number is None else replace(receipt, reprint_number=reprint_number)


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


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
