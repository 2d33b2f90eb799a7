"""Paper that is worth money: a store voucher with its code; and a QR code to pay by, for a customer to take along."""

from __future__ import annotations

from typing import Literal

from edge_agent.counter.books import Books, Till
from edge_agent.counter.slips import queue_slip
from edge_agent.devices.printer.slip import CodeMark, Pair, Slip, Space, Words
from edge_agent.journal.clock import Stamp
from edge_agent.journal.payments import Attempt
from edge_agent.pages import figures
from edge_agent.till.moments import at_store
from protocol.events import VoucherIssued

Language = Literal["vi", "en"]

_WORDS: dict[str, tuple[str, str]] = {
    "voucher": ("Phiếu mua hàng", "Voucher"),
    "until": ("Dùng đến", "Good until"),
    "rule": (
        "Ai cầm phiếu này đều dùng được. Phần chưa dùng vẫn còn trên phiếu.",
        "Whoever brings this voucher can pay with it. What is not used stays on it.",
    ),
    "transfer": ("Trả bằng chuyển khoản", "Pay by bank transfer"),
    "account": ("Tài khoản", "Account"),
    "message": ("Nội dung", "Message"),
}
"""In Vietnamese and English, as all words on paper: what a customer holds does not follow the cashier's screen."""


def queue_voucher(books: Books, till: Till, voucher: VoucherIssued, moment: Stamp) -> bool:
    """Print a voucher in the customer's language; False without a printer."""
    language: Language = books.settings.language
    pieces = (
        Words(text=figures.money(voucher.amount, voucher.currency, language), weight="big", align="centre"),
        CodeMark(kind="code128", content=voucher.code, caption=voucher.code),
        Space(),
        *(
            (Pair(label=_word("until", language), value=f"{voucher.expires:%d/%m/%Y}"),)
            if voucher.expires is not None
            else ()
        ),
        Words(text=_word("rule", language), weight="small"),
    )
    paper = Slip(
        title=_word("voucher", language), at=at_store(moment.real, books.settings.time_zone), language=language,
        pieces=pieces, store_name=books.settings.store_name,
    )  # fmt: skip
    return queue_slip(books, till, paper, moment.real, number=voucher.code)


def queue_pay_code(books: Books, till: Till, attempt: Attempt, moment: Stamp) -> bool:
    """Print the code of a VietQR payment that is under way; False without a printer."""
    language: Language = books.settings.language
    bank = books.settings.bank
    pieces = (
        Words(text=figures.money(attempt.amount, attempt.currency, language), weight="big", align="centre"),
        CodeMark(kind="qr", content=attempt.payload),
        *(
            (Pair(label=_word("account", language), value=f"{bank.bank} {bank.account}".strip()),)
            if bank is not None
            else ()
        ),
        Pair(label=_word("message", language), value=attempt.memo),
    )
    paper = Slip(
        title=_word("transfer", language), at=at_store(moment.real, books.settings.time_zone), language=language,
        pieces=pieces, number=attempt.receipt_number, store_name=books.settings.store_name,
    )  # fmt: skip
    return queue_slip(books, till, paper, moment.real, number=attempt.receipt_number)


def _word(name: str, language: Language) -> str:
    return _WORDS[name][language == "en"]
