"""The words and numbers of a receipt in Vietnamese and English.

A table and not gettext: a receipt's language is the receipt's own, fixed when the goods were sold, while gettext
follows whoever reads the screen.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from protocol.money import decimals
from protocol.quantity import format_quantity

Language = Literal["vi", "en"]
Word = Literal[
    "sale", "refund", "gift", "account", "number", "cashier", "customer", "pieces", "total", "to_give_back", "paid_in",
    "given", "change", "tax", "of", "refund_of", "reason", "note", "thanks", "cut", "subtotal", "rounding",
    "to_pay", "saved", "serial", "lot", "expires", "returned", "approval", "reference", "rest", "pay_by_qr",
    "gift_hint",
]  # fmt: skip

REPRINT = "BẢN IN LẠI / REPRINT #"
TRAINING = "KHÔNG CÓ GIÁ TRỊ / TRAINING"
"""In both languages always: whoever audits it may read either."""

MINUS = "\N{MINUS SIGN}"
DOT = "\N{MIDDLE DOT}"
TIMES = "\N{MULTIPLICATION SIGN}"

_WORDS: dict[Word, tuple[str, str]] = {
    "sale": ("HÓA ĐƠN BÁN LẺ", "RECEIPT"),
    "refund": ("PHIẾU TRẢ HÀNG", "REFUND"),
    "gift": ("HÓA ĐƠN QUÀ TẶNG", "GIFT RECEIPT"),
    "account": ("PHIẾU THU CÔNG NỢ", "PAYMENT ON ACCOUNT"),
    "number": ("Số", "No."),
    "cashier": ("Thu ngân", "Cashier"),
    "customer": ("Khách hàng", "Customer"),
    "pieces": ("Số món", "Items"),
    "total": ("TỔNG CỘNG", "TOTAL"),
    "to_give_back": ("TRẢ LẠI KHÁCH", "REFUNDED"),
    "paid_in": ("ĐÃ THU", "PAID IN"),
    "given": ("Khách đưa", "Given"),
    "change": ("Tiền thối", "Change"),
    "tax": ("Thuế GTGT", "VAT"),
    "of": ("trên", "of"),
    "refund_of": ("Trả hàng cho hóa đơn", "Refund of receipt"),
    "reason": ("Lý do", "Reason"),
    "note": ("Ghi chú", "Note"),
    "thanks": ("Cảm ơn quý khách. Hẹn gặp lại!", "Thank you. See you again!"),
    "cut": ("Giảm giá", "Discount"),
    "subtotal": ("Tạm tính", "Subtotal"),
    "rounding": ("Làm tròn tiền mặt", "Cash rounding"),
    "to_pay": ("Phải trả", "To pay"),
    "saved": ("Quý khách tiết kiệm", "You saved"),
    "serial": ("Số sê-ri", "Serial"),
    "lot": ("Lô", "Lot"),
    "expires": ("HSD", "Exp."),
    "returned": ("Hàng trả lại", "Returned"),
    "approval": ("Mã chuẩn chi", "Approval"),
    "reference": ("Mã", "Ref."),
    "rest": ("Còn lại", "Left on it"),
    "pay_by_qr": ("Quét mã để thanh toán", "Scan to pay"),
    "gift_hint": (
        "Đổi trả bằng phiếu này trong thời hạn của cửa hàng",
        "Bring this slip to exchange within the return period",
    ),
}
_TENDERS: dict[str, tuple[str, str]] = {
    "cash": ("Tiền mặt", "Cash"),
    "card": ("Thẻ", "Card"),
    "vietqr": ("VietQR", "VietQR"),
    "transfer": ("Chuyển khoản", "Bank transfer"),
    "voucher": ("Phiếu mua hàng", "Voucher"),
    "account": ("Ghi nợ", "On account"),
    "exchange": ("Hàng trả lại", "Returned goods"),
}
_MARKS: dict[Language, tuple[str, str]] = {"vi": (".", ","), "en": (",", ".")}
_SYMBOLS = {"VND": "\N{DONG SIGN}"}
_COUNTED = frozenset({"piece", "pcs", "pc", "each", "cái", "chiếc"})
"""Units that say nothing which the number does not say."""


def word(language: Language, key: Word) -> str:
    """One word of the receipt."""
    return _WORDS[key][language == "en"]


def tender_word(language: Language, kind: str) -> str:
    """How a way of paying is called; a kind that is not known keeps its own name."""
    return _TENDERS[kind][language == "en"] if kind in _TENDERS else kind


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


def weight_text(quantity: int, unit: str, language: Language) -> str:
    """A quantity with its unit, all three decimals where it was weighed: "0,642 kg", "2"."""
    if not unit or unit in _COUNTED:
        return quantity_text(quantity, language)
    mark = _MARKS[language][1]
    sign = MINUS if quantity < 0 else ""
    whole, rest = divmod(abs(quantity), 1000)
    number = f"{whole}{mark}{rest:03d}" if rest else str(whole)
    return f"{sign}{number}\N{NO-BREAK SPACE}{unit}"


def date_text(day: date, language: Language) -> str:
    """A date as the language writes it."""
    return day.strftime("%d/%m/%Y" if language == "vi" else "%Y-%m-%d")


def time_text(at: datetime, language: Language) -> str:
    """The store's date and time: day first in Vietnamese, ISO order in English."""
    return at.strftime("%d/%m/%Y %H:%M" if language == "vi" else "%Y-%m-%d %H:%M")
