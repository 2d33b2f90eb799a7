"""What a receipt says and how it is drawn."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from edge_agent.devices.drawer.framing import kick, position
from edge_agent.devices.errors import UnreadablePayload
from edge_agent.devices.printer import receipt as receipts
from edge_agent.devices.printer.commands import separation_bytes
from edge_agent.devices.printer.escpos import picture_parts
from edge_agent.devices.printer.layout import picture_of, rows_of
from edge_agent.devices.printer.receipt import Receipt, receipt_of_sale
from edge_agent.devices.printer.rows import Banner, TextRow, wrap
from edge_agent.devices.printer.wording import amount_text, money_text, quantity_text, rate_text
from protocol.documents import Settings
from protocol.events import SaleCompleted, SaleLine, SaleRefunded, Tender

AT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
STORE = Settings(store_name="Tillwire Phố Huế", receipt_head=("12 Phố Huế",), receipt_foot=("Cảm ơn quý khách!",))
WIDTHS = (384, 576)


def line(name: str = "Cà phê", quantity: int = 1000, price: int = 12_500, rate: int = 800) -> SaleLine:
    """A line of a sale."""
    amount = price * quantity // 1000
    return SaleLine(sku="A", name=name, quantity=quantity, unit_price=price, amount=amount, tax_rate_bp=rate,
                    tax=amount * rate // (10_000 + rate))  # fmt: skip


def sale(*lines: SaleLine, given: int | None = None) -> SaleCompleted:
    """A sale paid in cash."""
    total = sum(each.amount for each in lines)
    tender = Tender(kind="cash", amount=total, given=given, change=0 if given is None else given - total)
    return SaleCompleted(receipt_number="HN01-1-000123", business_day=date(2026, 11, 23), currency="VND",
                         cashier="Lan", lines=lines, tenders=(tender,), total=total)  # fmt: skip


def a_receipt(*lines: SaleLine, given: int | None = None) -> Receipt:
    """A Vietnamese receipt."""
    return receipt_of_sale(sale(*(lines or (line(),)), given=given), STORE, AT, "vi")


def words(receipt: Receipt, width_dots: int = 576) -> list[str]:
    """The text on the receipt, line by line, columns parted by " | "."""
    rows = [row for row in rows_of(receipt, width_dots) if isinstance(row, TextRow)]
    return [" | ".join(filter(None, (row.left, row.centre, row.right))) for row in rows]


def test_a_receipt_says_what_was_sold_in_vietnamese() -> None:
    """The whole text of a small sale: store, number, the store's own time, lines, total, cash, change, tax."""
    text = words(a_receipt(line("Cà phê", 2000), line("Gạo ST25", 642, 100_000, 0), given=100_000))
    assert [each.strip() for each in text] == [
        "Tillwire Phố Huế",
        "12 Phố Huế",
        "HÓA ĐƠN BÁN LẺ",
        "Số HN01-1-000123 | 23/11/2026 01:30",
        "Thu ngân Lan",
        "Cà phê",
        "2 \N{MULTIPLICATION SIGN} 12.500 | 25.000",
        "Gạo ST25",
        "0,642 \N{MULTIPLICATION SIGN} 100.000 | 64.200",
        "Số món | 3",
        "TỔNG CỘNG | 89.200\N{NO-BREAK SPACE}₫",
        "Tiền mặt | 89.200",
        "Khách đưa | 100.000",
        "Tiền thối | 10.800",
        "Thuế GTGT 8\N{NO-BREAK SPACE}% trên 25.000 | 1.851",
        "Cảm ơn quý khách!",
        "HN01-1-000123",
    ]  # fmt: skip


def test_a_reprint_says_so_in_both_languages() -> None:
    """The first thing on the paper; the original has no such mark."""
    copy = replace(a_receipt(), reprint_number=2)
    first = rows_of(copy, 576)[0]
    assert isinstance(first, Banner)
    assert first.text == "BẢN IN LẠI / REPRINT #2"
    assert not any(isinstance(row, Banner) for row in rows_of(a_receipt(), 576))


def test_a_refund_names_its_receipt_and_reason() -> None:
    """What was given back is not called a total."""
    fact = SaleRefunded(receipt_number="R-2", business_day=date(2026, 11, 22), currency="VND", cashier="Lan",
                        lines=(line(),), tenders=(Tender(kind="cash", amount=12_500),), total=12_500,
                        original_receipt="R-1", reason="Hỏng")  # fmt: skip
    text = words(receipt_of_sale(fact, STORE, AT, "en"))
    assert "REFUND" in text
    assert "Refund of receipt R-1" in text
    assert "Reason: Hỏng" in text
    assert any(each.startswith("REFUNDED | 12,500") for each in text)


@pytest.mark.parametrize("width_dots", WIDTHS)
@settings(max_examples=25, deadline=timedelta(seconds=2))
@given(name=st.text(max_size=200), quantity=st.integers(-(10**9), 10**12), price=st.integers(0, 10**9))
def test_no_text_runs_over_the_edge(width_dots: int, name: str, quantity: int, price: int) -> None:
    """Any name, quantity and price: every row fits the paper, so no digit of an amount is cut off."""
    receipt = a_receipt(line(name, quantity, price))
    for row in rows_of(receipt, width_dots):
        if isinstance(row, TextRow):
            left = len(row.left) * (row.left_style or row.style).advance_dots
            right = len(row.centre + row.right) * row.style.advance_dots
            assert left + right <= width_dots


@pytest.mark.parametrize("width_dots", WIDTHS)
def test_the_picture_is_one_bit_and_as_wide_as_the_paper(width_dots: int) -> None:
    """Sixty lines with long names are one picture; its first and last row are white."""
    long = "Bánh đa kế Thổ Hà nướng than hoa, loại đặc biệt thượng hạng, gói lớn gia đình"
    picture = picture_of(a_receipt(*(line(long) for _ in range(60))), width_dots)
    assert (picture.mode, picture.width) == ("1", width_dots)
    assert picture.height > 60 * 50
    assert picture.getpixel((0, picture.height - 1)) == 255


def test_composed_and_decomposed_text_are_drawn_alike() -> None:
    """NFD, as macOS and some imports write it, gives the same dots."""
    composed, decomposed = (
        picture_of(a_receipt(line(unicodedata.normalize(form, "Nước mắm Phú Quốc ẳ ễ ợ"))), 576)
        for form in ("NFC", "NFD")
    )
    assert composed.tobytes() == decomposed.tobytes()


def test_every_vietnamese_letter_has_a_shape_of_its_own() -> None:
    """No letter is drawn as the box that stands for a missing one, and no two are drawn alike."""
    marks = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
    letters = [unicodedata.normalize("NFC", base + mark) for base in "aăâeêioôơuưy" for mark in marks] + ["đ", "₫"]
    both = {case for letter in letters for case in (letter, letter.upper())}
    shapes = {picture_of(replace(a_receipt(), store_name=letter), 576).tobytes() for letter in both}
    assert len(shapes) == len(both)


def test_a_bad_time_zone_does_not_stop_a_sale() -> None:
    """What the hub says wrongly costs the local time and nothing else."""
    receipt = receipt_of_sale(sale(line()), Settings(store_name="S", time_zone="Mars/Olympus"), AT, "en")
    assert "2026-11-22 18:30" in "".join(words(receipt))


def test_a_receipt_survives_the_spool() -> None:
    """Encoded and read again it is the same, and can be marked as a copy; garbage is named."""
    receipt = a_receipt(line(), given=20_000)
    assert receipts.decode(receipts.encode(receipt)) == receipt
    assert receipts.decode(receipts.encode(receipt), reprint_number=1).reprint_number == 1
    with pytest.raises(UnreadablePayload, match="print it again"):
        receipts.decode(b"no receipt")


@pytest.mark.parametrize("width_dots", WIDTHS)
def test_the_bytes_are_slices_and_the_cut_comes_last(width_dots: int) -> None:
    """`GS v 0` of at most 256 rows each, all rows of the picture in order, then one cut."""
    picture = picture_of(a_receipt(*(line() for _ in range(20))), width_dots)
    data = b"".join(picture_parts(picture))
    row_bytes, at, rows, pixels = width_dots // 8, 0, 0, b""
    while data[at : at + 3] == b"\x1dv0":
        assert data[at + 4 : at + 6] == row_bytes.to_bytes(2, "little")
        count = int.from_bytes(data[at + 6 : at + 8], "little")
        assert 0 < count <= 256
        pixels += data[at + 8 : at + 8 + count * row_bytes]
        rows, at = rows + count, at + 8 + count * row_bytes
    assert rows == picture.height
    assert pixels == picture.tobytes("raw", "1;I")
    assert data[at:] == b"\x1bd\x01\x1dVB\x00"


@settings(max_examples=50)
@given(
    st.lists(st.sampled_from([b"\x10\x04", b"\x10\x05", b"\x10\x14", b"\x10\x10\x04", b"\xff", b"\x10"]), max_size=80)
)
def test_a_picture_gives_no_orders(parts: list[bytes]) -> None:
    """Dots that happen to spell a real-time command lose one dot: a receipt never opens the drawer."""
    data = b"".join(parts)[:144].ljust(144, b"\0")
    printed = picture_parts(Image.frombytes("1", (576, 2), data, "raw", "1;I"))
    assert not re.search(rb"\x10[\x04\x05\x14]", b"".join(printed))


def test_the_separation_completes_a_slice_and_cuts() -> None:
    """As many NULs as the longest rest of a slice, then words, then the cut."""
    data = separation_bytes(576, "--- BROKEN OFF ---")
    assert data.startswith(bytes(256 * 72) + b"\x1b@")
    assert b"--- BROKEN OFF ---" in data
    assert data.endswith(b"\x1dVB\x00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (money_text(12_500, "VND", "vi"), "12.500\N{NO-BREAK SPACE}₫"),
        (money_text(-1_234_567, "VND", "vi"), "\N{MINUS SIGN}1.234.567\N{NO-BREAK SPACE}₫"),
        (money_text(1250, "USD", "en"), "12.50\N{NO-BREAK SPACE}USD"),
        (amount_text(5, "USD", "vi"), "0,05"),
        (quantity_text(642, "vi"), "0,642"),
        (quantity_text(-2000, "en"), "\N{MINUS SIGN}2"),
        (rate_text(850, "vi"), "8,5\N{NO-BREAK SPACE}%"),
    ],
)
def test_numbers_are_written_as_the_language_does(text: str, expected: str) -> None:
    """Separators, signs and currencies."""
    assert text == expected


@given(st.text(max_size=300), st.integers(1, 60))
def test_wrapping_loses_no_letter(text: str, columns: int) -> None:
    """All letters in order, no line too long."""
    lines = wrap(text, columns)
    assert "".join("".join(lines).split()) == "".join(text.split())
    assert all(len(each) <= columns for each in lines)


def test_the_kick_names_its_pin_and_times() -> None:
    """ESC p, in steps of 2 ms, within what the command can say."""
    assert kick(2, on_ms=100, off_ms=200) == b"\x1bp\x00\x32\x64"
    assert kick(5, on_ms=10_000, off_ms=0) == b"\x1bp\x01\xff\x01"


def test_the_sensor_is_read_with_its_polarity() -> None:
    """High means open with one make and closed with the other; without a sensor nobody knows."""
    assert position(True, "open_is_high") == position(False, "open_is_low") == "open"  # noqa: FBT003  the wire's level
    assert position(False, "open_is_high") == position(True, "open_is_low") == "closed"  # noqa: FBT003  as above
    assert position(True, "none") == position(None, "open_is_high") == "unknown"  # noqa: FBT003  as above
