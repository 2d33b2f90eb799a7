"""A VietQR code says to a banking app what other makers' codes say, byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.till.vietqr import MEMO_MAX, crc16, has_memo, memo_of, payload
from protocol.documents import BankAccount

BANK = BankAccount(bin="970416", account="257678859")


def test_the_payload_is_what_other_makers_write() -> None:
    """Made by vietnam-qr-pay 1.0.0 (PyPI) from the same account, amount and memo."""
    assert payload(BANK, 10_000, "HN01T11000042") == (
        "00020101021238530010A0000007270123000697041601092576788590208QRIBFTTA"
        "53037045405100005802VN62170813HN01T110000426304B28E"
    )


def test_the_checksum_is_the_one_of_the_standard() -> None:
    """The check value of CRC-16/CCITT-FALSE."""
    assert crc16(b"123456789") == 0x29B1


@given(st.integers(1, 10**13 - 1), st.text("ABCXYZ0123456789", min_size=1, max_size=MEMO_MAX))
def test_a_code_reads_back_to_amount_and_memo(amount: int, memo: str) -> None:
    """Tags, lengths and checksum are whole for every amount and memo."""
    text = payload(BANK, amount, memo)
    assert f"{crc16(text[:-4].encode()):04X}" == text[-4:]
    fields = {}
    rest = text
    while rest:
        tag, length = rest[:2], int(rest[2:4])
        fields[tag], rest = rest[4 : 4 + length], rest[4 + length :]
    assert (fields["54"], fields["62"][4:]) == (str(amount), memo)


@pytest.mark.parametrize(("amount", "memo"), [(0, "A"), (-5, "A"), (10**13, "A"), (5, ""), (5, "trả"), (5, "A" * 26)])
def test_what_no_code_can_say_is_refused(amount: int, memo: str) -> None:
    """Better no code than one that asks for something else."""
    with pytest.raises(ValueError, match=r"transfer|memo"):
        payload(BANK, amount, memo)


def test_a_payment_is_found_in_the_banks_words() -> None:
    """Banks put their own words around the memo, and spaces into it."""
    memo = memo_of("hn01-t1-1-000042")
    assert memo == "HN01T11000042"
    assert has_memo("IBFT Hn01t1 1000042 GD 998877", memo)
    assert not has_memo("IBFT HN01T11000043", memo)
    assert memo_of("store-" * 12 + "000042").endswith("000042")
