"""Slips: whatever a desk puts on one fits the paper, survives the spool, and says the sums that the till added up."""

from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.errors import UnreadablePayload
from edge_agent.devices.printer import receipt, slip
from edge_agent.devices.printer.receipt import Language, gift_of, masked
from edge_agent.devices.printer.rows import Banner, TextRow
from edge_agent.devices.printer.settings import Mode
from edge_agent.devices.printer.slip import (
    CodeMark,
    Heading,
    Notice,
    Pair,
    Signed,
    Slip,
    Space,
    Table,
    Tick,
    Words,
)
from edge_agent.devices.printer.slip_layout import slip_rows
from edge_agent.devices.printer.stock_slips import GoodsLine, OrderToPick, pick_ticket, receiving_slip
from tests.unit.edge_agent.devices.paper_examples import (
    AT,
    cuts,
    example_rows,
    occasion,
    pick_slip,
    sale,
    text_of,
    z_slip,
)

TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=60)
CELLS = st.lists(TEXT, min_size=1, max_size=4).map(tuple)
PIECES = st.one_of(
    st.builds(Heading, text=TEXT),
    st.builds(Words, text=TEXT, weight=st.sampled_from(["normal", "small", "strong", "big"])),
    st.builds(Pair, label=TEXT, value=TEXT),
    st.builds(Table, columns=CELLS, rows=st.lists(CELLS, max_size=4).map(tuple)),
    st.builds(Tick, quantity=st.text("0123456789,kg", max_size=12), name=TEXT, details=CELLS),
    st.builds(Notice, text=TEXT),
    st.builds(Signed, who=TEXT),
    st.builds(CodeMark, kind=st.sampled_from(["qr", "code128", "ean13"]), content=TEXT.filter(bool), caption=TEXT),
    st.builds(Space, rule=st.booleans()),
)
SLIPS = st.builds(
    Slip, title=TEXT, at=st.just(AT), language=st.sampled_from(["vi", "en"]), number=TEXT, store_name=TEXT,
    pieces=st.lists(PIECES, max_size=6).map(tuple), training=st.booleans(), reprint_number=st.integers(0, 9),
)  # fmt: skip


@settings(max_examples=60, deadline=timedelta(seconds=5))
@given(SLIPS, st.sampled_from([576, 384]), st.sampled_from(["raster", "text"]))
def test_no_slip_runs_over_the_edge(made: Slip, width_dots: int, mode: Mode) -> None:
    """Any pieces, any text: every row fits the paper, in dots and in the printer's own letters."""
    for row in slip_rows(made, width_dots, mode):
        if isinstance(row, TextRow):
            left = len(row.left) * (row.left_style or row.style).advance_dots
            assert left + len(row.centre + row.right) * row.style.advance_dots <= width_dots
        elif isinstance(row, Banner):
            assert len(row.text) * row.style.advance_dots <= width_dots


@given(SLIPS)
def test_a_slip_survives_the_spool(made: Slip) -> None:
    """Written and read it says the same, in composed letters; marked as a copy it says so first."""
    kept = slip.decode(slip.encode(made), reprint_number=made.reprint_number)
    assert slip.encode(kept) == slip.encode(made)
    copy = slip.decode(slip.encode(made), reprint_number=3)
    banners = [row.text for row in slip_rows(copy, 576) if isinstance(row, Banner)]
    assert "BẢN IN LẠI / REPRINT #3" in banners


def test_a_slip_that_cannot_be_read_is_named() -> None:
    """Garbage, or a receipt in its place."""
    for payload in (b"no slip", receipt.encode(sale())):
        with pytest.raises(UnreadablePayload, match="print it again"):
            slip.decode(payload)


@pytest.mark.parametrize("name", ["x_report", "z_report"])
def test_a_reports_numbers_add_up_as_printed(name: str) -> None:
    """Sold less given back is the turnover; the ways of paying, the rates and the cashiers stand with their sums."""
    text = text_of(example_rows(name, "en", 576))
    assert re.search(r"Sales.*214 +38,745,500", text)
    assert re.search(r"TURNOVER \| 38,333,500", text)
    for amount in ("17,204,000", "9,871,500", "11,008,000", "2,066,926", "16,933,000", "14,204,000"):
        assert amount in text


def test_a_blind_x_report_does_not_say_what_should_be_there() -> None:
    """Who counts blind must not read it off the slip."""
    shown = text_of(list(slip_rows(z_slip("en"), 576)))
    assert "Expected" in shown
    assert "SHORT | 4,000" in shown


def test_a_pick_ticket_goes_along_the_shelves() -> None:
    """Sorted by shelf, what has none last; each with a box to tick, its quantity and its code."""
    text = text_of(list(slip_rows(pick_slip("vi"), 576)))
    shelves = re.findall(r"Kệ (\S+)", text)
    assert shelves == sorted(shelves)
    assert text.count("[ ] ") == 4
    assert "[code128 W10482]" in text


def test_a_gift_receipt_has_no_prices() -> None:
    """No amount, no payment, no customer; the goods, the number and the bar code to bring it back."""
    text = text_of(example_rows("gift", "vi", 576))
    for word in ("148.000", "95.016", "TỔNG", "Tiền mặt", "Thuế", "₫"):
        assert word not in text
    assert "Thịt ba chỉ" in text
    assert "[code128 HN01-1-000123]" in text
    assert gift_of(sale()).total == 0


def test_training_is_marked_first_and_last() -> None:
    """In both languages, whatever the receipt's own."""
    for language in ("vi", "en"):
        lines = text_of(example_rows("training", language, 576)).splitlines()
        assert lines[0] == lines[-1] == "[[KHÔNG CÓ GIÁ TRỊ / TRAINING]]"


def test_cuts_and_sums_of_a_receipt_add_up_as_printed() -> None:
    """Gross less cuts is the total: what a customer can check with a pencil."""
    said = receipt.decode(receipt.encode(cuts("vi")))
    gross = sum(line.amount for line in said.lines)
    assert gross - said.saved == said.total
    assert sum(tender.amount for tender in said.tenders) == said.total + said.rounding


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Nguyễn Thị Minh Khai", "N. T. M. Khai"), ("Lan", "Lan"), ("", ""), ("  Trần   Văn Bình ", "T. V. Bình")],
)
def test_names_are_masked_on_paper(name: str, shown: str) -> None:
    """Paper is left lying about: initials, and the name that people go by."""
    assert masked(name) == shown


@pytest.mark.parametrize(("language", "words"), [("vi", "Lô A1 · HSD 09/12/2026"), ("en", "Lot A1 · Exp. 2026-12-09")])
def test_a_ticket_says_which_lot_to_take(language: Language, words: str) -> None:
    """First expired first out was decided at the hub; whoever gathers reads it below the goods, in her language."""
    milk = GoodsLine(name="Sữa tươi", quantity=2_000, shelf="F-1", lot="A1", expires=date(2026, 12, 9))
    ticket = pick_ticket(OrderToPick(number="W1", code="W1", lines=(milk,)), occasion(language))
    assert words in text_of(list(slip_rows(ticket, 576)))


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("width", [384, 576])
def test_a_delivery_is_listed_lot_by_lot(language: Language, width: int) -> None:
    """What was announced stands beside the first lots that it covers; no lot is lost on narrow paper."""
    lines = [
        GoodsLine(name="Sữa tươi", quantity=quantity, awaited=awaited, lot=lot, expires=date(2026, 12, day))
        for quantity, awaited, lot, day in ((24_000, 24_000, "A1", 9), (12_000, 24_000, "A2", 20))
    ]
    text = text_of(list(slip_rows(receiving_slip(lines, occasion(language)), width)))
    assert "A1" in text
    assert "A2" in text
    assert "\N{MINUS SIGN}12" in text
