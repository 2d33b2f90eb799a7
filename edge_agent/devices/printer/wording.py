"""The words and numbers of a receipt in Vietnamese and English.

A table and not gettext: a receipt's language is the receipt's own, fixed when the goods were sold, while gettext
follows whoever reads the screen.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from protocol.money import decimals
from protocol.quantity import format_quantity

Language = Literal["vi", "en"]
Word = Literal[
    "sale", "refund", "number", "cashier", "pieces", "total", "to_give_back", "given", "change", "tax", "of",
    "refund_of", "reason", "thanks",
]  # fmt: skip

REPRINT = "BẢN IN LẠI / REPRINT #"
"""In both languages always: whoever audits it may read either."""

MINUS = "\N{MINUS SIGN}"
TIMES = "\N{MULTIPLICATION SIGN}"

_WORDS: dict[Language, dict[Word, str]] = {
    "vi": {
        "sale": "HÓA ĐƠN BÁN LẺ",
        "refund": "PHIẾU TRẢ HÀNG",
        "number": "Số",
        "cashier": "Thu ngân",
        "pieces": "Số món",
        "total": "TỔNG CỘNG",
        "to_give_back": "TRẢ LẠI KHÁCH",
        "given": "Khách đưa",
        "change": "Tiền thối",
        "tax": "Thuế GTGT",
        "of": "trên",
        "refund_of": "Trả hàng cho hóa đơn",
        "reason": "Lý do",
        "thanks": "Cảm ơn quý khách. Hẹn gặp lại!",
    },
    "en": {
        "sale": "RECEIPT",
        "refund": "REFUND",
        "number": "No.",
        "cashier": "Cashier",
        "pieces": "Items",
        "total": "TOTAL",
        "to_give_back": "REFUNDED",
        "given": "Given",
        "change": "Change",
        "tax": "VAT",
        "of": "of",
        "refund_of": "Refund of receipt",
        "reason": "Reason",
        "thanks": "Thank you. See you again!",
    },
}
_TENDERS: dict[Language, dict[str, str]] = {
    "vi": {
        "cash": "Tiền mặt", "card": "Thẻ", "vietqr": "VietQR", "transfer": "Chuyển khoản", "voucher": "Phiếu quà tặng",
    },
    "en": {"cash": "Cash", "card": "Card", "vietqr": "VietQR", "transfer": "Bank transfer", "voucher": "Voucher"},
}  # fmt: skip
_MARKS: dict[Language, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}
_SYMBOLS = {"VND": "\N{DONG SIGN}"}


def word(language: Language, key: Word) -> str:
    """One word of the receipt."""
    return _WORDS[language][key]


def tender_word(language: Language, kind: str) -> str:
    """How a way of paying is called; a kind that is not known keeps its own name."""
    return _TENDERS[language].get(kind, kind)


def amount_text(amount: int, currency: str, language: Language) -> str:
    """Minor units without the currency's sign: 12500 -> "12.500" (VND, vi), 1250 -> "12.50" (USD, en)."""
    group, mark = _MARKS[language]
    places = decimals(currency)
    whole, fraction = divmod(abs(amount), 10**places)
    text = f"{whole:,}".replace(",", group)
    if places:
        text += f"{mark}{fraction:0{places}d}"
    return f"{MINUS}{text}" if amount < 0 else text


def money_text(amount: int, currency: str, language: Language) -> str:
    """Minor units with the currency: "12.500 ₫", "12.50 USD"."""
    return f"{amount_text(amount, currency, language)}\N{NO-BREAK SPACE}{_SYMBOLS.get(currency, currency)}"


def quantity_text(quantity: int, language: Language) -> str:
    """Thousandths as the shortest text: "2", "0,642"."""
    return format_quantity(quantity, decimal_mark=_MARKS[language][1]).replace("-", MINUS)


def rate_text(rate_bp: int, language: Language) -> str:
    """Basis points as per cent: 800 -> "8 %", 850 -> "8,5 %"."""
    return f"{quantity_text(rate_bp * 10, language)}\N{NO-BREAK SPACE}%"


def time_text(at: datetime, language: Language) -> str:
    """The store's date and time: day first in Vietnamese, ISO order in English."""
    return at.strftime("%d/%m/%Y %H:%M" if language == "vi" else "%Y-%m-%d %H:%M")
