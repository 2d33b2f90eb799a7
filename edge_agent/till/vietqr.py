"""The VietQR payload: what a banking app reads to fill in a transfer to the shop, amount and memo included.

EMVCo Merchant-Presented Mode (tag, two digits of length, value) with NAPAS' account template in tag 38 and a
CRC-16/CCITT-FALSE behind it. The memo is what finds the payment again, so it is kept to letters and digits that every
bank passes on as they are.
"""

from __future__ import annotations

import hashlib
import re

from protocol.documents import BankAccount

MEMO_MAX = 25
"""Characters of a memo that apps show and banks pass on whole (EMVCo, tag 62-08)."""

_LETTERS = "ABCDEFGHKLMNPQRSTUVWXYZ"
_TAIL_LETTERS = 4
_NAPAS = "A000000727"
_TO_ACCOUNT = "QRIBFTTA"
_DONG, _VIETNAM = "704", "VN"
_CRC_POLYNOMIAL, _CRC_START = 0x1021, 0xFFFF
_AMOUNT_DIGITS_MAX = 13


def payload(bank: BankAccount, amount: int, memo: str) -> str:
    """The text of the code for `amount` dong. Raises ValueError for what no code can say."""
    digits = str(amount)
    if amount <= 0 or len(digits) > _AMOUNT_DIGITS_MAX:
        raise ValueError(f"a transfer of {amount} cannot be asked for")
    if memo != memo_of(memo) or not memo:
        raise ValueError(f"memo {memo!r}: letters and digits only, {MEMO_MAX} at most")
    account = _field("00", bank.bin) + _field("01", bank.account)
    template = _field("00", _NAPAS) + _field("01", account) + _field("02", _TO_ACCOUNT)
    text = "".join(
        (
            _field("00", "01"),
            _field("01", "12"),  # a code for one payment only
            _field("38", template),
            _field("53", _DONG),
            _field("54", digits),
            _field("58", _VIETNAM),
            _field("62", _field("08", memo)),
            "6304",
        )
    )
    return f"{text}{crc16(text.encode('ascii')):04X}"


def memo_of(receipt_number: str) -> str:
    """A receipt's number as a memo: letters and digits, the end of it if it is too long, since that is what differs."""
    return re.sub(r"[^0-9A-Za-z]", "", receipt_number).upper()[-MEMO_MAX:]


def memo_of_attempt(receipt_number: str, attempt: int) -> str:
    """The memo of a receipt's attempt (from 1): the number, and letters that tell it from every other attempt.

    Two parts of one receipt may be paid by two telephones, and a number of one till may begin like another's.
    """
    digest = hashlib.sha256(f"{receipt_number}/{attempt}".encode()).digest()
    tail = "".join(_LETTERS[byte % len(_LETTERS)] for byte in digest[:_TAIL_LETTERS])
    return plain_memo(receipt_number)[-(MEMO_MAX - _TAIL_LETTERS) :] + tail


def has_memo(said: str, memo: str) -> bool:
    """Whether a bank's words carry the memo: banks add words of their own and may put spaces in."""
    return memo in plain_memo(said)


def plain_memo(said: str) -> str:
    """A bank's words as memos are compared: letters and digits only, capitals."""
    return re.sub(r"[^0-9A-Za-z]", "", said).upper()


def crc16(content: bytes) -> int:
    """CRC-16/CCITT-FALSE, as EMVCo's tag 63 wants it."""
    crc = _CRC_START
    for byte in content:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ _CRC_POLYNOMIAL if crc & 0x8000 else crc << 1
        crc &= 0xFFFF
    return crc


def _field(tag: str, value: str) -> str:
    return f"{tag}{len(value):02d}{value}"
