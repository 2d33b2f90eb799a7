"""Text mode: receipts in a printer's own letters, without a letter that is silently another one."""

from __future__ import annotations

import unicodedata
from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.devices.printer import wording
from edge_agent.devices.printer.code_pages import NUMBERS, CodePage, encode
from edge_agent.devices.printer.rows import Banner, Bars, Squares, TextRow
from edge_agent.devices.printer.text_mode import SIMPLIFIED, Page, Typed, typed
from hardware_sim.escpos import codepages
from hardware_sim.escpos.machine import Machine
from hardware_sim.escpos.paper import Paper, Receipt
from tests.unit.edge_agent.devices.paper_examples import EXAMPLES, example_rows

TCVN3 = Page("tcvn3", NUMBERS["tcvn3"])
PAGES = st.sampled_from(get_args(CodePage))
TONES = ["", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323"]
VIETNAMESE = sorted(
    {unicodedata.normalize("NFC", base + mark) for base in "aăâeêioôơuưyAĂÂEÊIOÔƠUƯY" for mark in TONES} | set("đĐ")
)


def printed(job: Typed, width_dots: int = 576) -> Receipt:
    """What a simulated printer makes of it."""
    machine = Machine(Paper(width_dots), buffer_bytes=10**7)
    machine.begin_connection(1)
    machine.receive(b"".join(job.parts))
    while machine.step(10_000).more:
        pass
    assert machine.interpreter.unknown == type(machine.interpreter.unknown)()
    (receipt,) = machine.paper.receipts
    return receipt


def read_back(text: str, page: CodePage) -> str:
    """What a printer with that code page prints."""
    return "".join(codepages.decode(data, NUMBERS[page] + offset) for offset, data in encode(text, page).runs)


@pytest.mark.parametrize("letter", VIETNAMESE)
def test_tcvn3_has_every_vietnamese_letter(letter: str) -> None:
    """Small letters on one page, capitals on the next: nothing is lost, as a real decoder reads it."""
    assert read_back(letter, "tcvn3") == letter
    assert not encode(letter, "tcvn3").lost


@given(st.text(max_size=40), PAGES)
def test_no_letter_is_silently_another_one(text: str, page: CodePage) -> None:
    """What comes out is the letter itself, a sign that means the same, or a letter that is told as lost."""
    same = {"\N{MINUS SIGN}": "-", "\N{MULTIPLICATION SIGN}": "x", "\N{DONG SIGN}": "đd"}
    for letter in unicodedata.normalize("NFC", text):
        encoded = encode(letter, page)
        shown = unicodedata.normalize("NFC", read_back(letter, page))
        if letter.isalnum() and shown != letter:
            assert encoded.lost == {letter}
        elif letter in same:
            assert shown in same[letter] + letter


@given(st.text(max_size=60), PAGES)
def test_text_gives_no_orders(text: str, page: CodePage) -> None:
    """No byte below a space leaves as text, whatever an item is called."""
    assert all(byte >= 0x20 for _, data in encode(text, page).runs for byte in data)


@given(st.text(st.characters(exclude_categories=["Cs", "Mn", "Me", "Mc"]), max_size=60))
def test_columns_stay_columns(text: str) -> None:
    """One letter is one byte, so that amounts line up; CP1258, which writes tones apart, is the exception."""
    composed = unicodedata.normalize("NFC", text)
    for page in get_args(CodePage):
        if page != "cp1258":
            assert sum(len(data) for _, data in encode(text, page).runs) == len(composed)


def test_decomposed_text_is_composed_first() -> None:
    """NFD would print marks beside their letters."""
    assert encode(unicodedata.normalize("NFD", "Phở bò đặc biệt"), "tcvn3") == encode("Phở bò đặc biệt", "tcvn3")


@pytest.mark.parametrize(
    ("text", "page", "shown", "lost"),
    [
        ("Phở ₫", "tcvn3", "Phở đ", set()),
        ("Phở", "cp1252", "Pho", {"ở"}),
        ("Ấm Đà Lạt", "cp858", "Âm Dà Lat", {"Ấ", "Đ", "ạ"}),
        ("Cà phê", "cp437", "Cà phê", set()),
        ("咖啡", "tcvn3", "??", {"咖", "啡"}),
        (f"2 {wording.TIMES} 5 {wording.MINUS} 1", "cp437", "2 x 5 - 1", set()),
    ],
)
def test_what_a_page_lacks_becomes_the_nearest_letter(text: str, page: CodePage, shown: str, lost: set[str]) -> None:
    """Mark by mark, then "?", and every loss is told."""
    assert read_back(text, page) == shown
    assert encode(text, page).lost == lost


def test_cp1258_writes_tones_behind_their_letters() -> None:
    """As Windows does: the base letter with its hook or roof, then the tone."""
    assert encode("ệ", "cp1258").runs == ((0, "ê\u0323".encode("cp1258")),)


@settings(deadline=timedelta(seconds=5))
@given(st.sampled_from(sorted(EXAMPLES)), st.sampled_from([576, 384]), st.sampled_from(["vi", "en"]))
def test_the_paper_says_what_the_rows_say(name: str, width_dots: int, language: str) -> None:
    """Every example in text mode on a simulated printer: all words and amounts, in order, none over the edge."""
    rows = example_rows(name, language, width_dots, "text")  # type: ignore[arg-type]  # one of both
    job = typed(rows, width_dots, TCVN3)
    paper = printed(job, width_dots)
    wanted: list[str] = []
    for row in rows:
        if isinstance(row, TextRow):
            wanted += f"{row.left} {row.centre} {row.right}".split()
        elif isinstance(row, Banner):
            wanted += row.text.split()
    found = " ".join(paper.lines).replace("[ ]", " ").replace(SIMPLIFIED, " ").replace("-" * (width_dots // 12), " ")
    plain = (
        " ".join(wanted)
        .replace(wording.TIMES, "x")
        .replace(wording.MINUS, "-")
        .replace("₫", "đ")
        .replace("·", ".")
        .replace("…", ".")
    )
    assert found.replace("=", " ").split() == plain.split()
    assert all(len(line) <= width_dots // 12 for line in paper.lines)
    assert [code.data for code in paper.codes] == [
        row.text.encode() if isinstance(row, Squares) else b"{B" + row.text.encode()
        for row in rows
        if isinstance(row, Bars | Squares)
    ]
    assert paper.complete


def test_a_paper_with_losses_says_so() -> None:
    """In its last line, and the letters are told to whoever sent it."""
    rows = example_rows("plain", "vi", 576, "text")
    lossy = typed(rows, 576, Page("cp437", 0))
    assert "ạ" in lossy.lost
    assert printed(lossy).lines[-1].strip() == SIMPLIFIED
    whole = typed(rows, 576, TCVN3)
    assert not whole.lost
    assert SIMPLIFIED not in "".join(printed(whole).lines)


def test_parts_are_small_and_end_with_the_cut() -> None:
    """Between two parts a question may stand, and a printer that has stopped holds the parts that are ahead."""
    job = typed(example_rows("sixty_lines", "vi", 576, "text"), 576, TCVN3)
    assert max(map(len, job.parts)) < 3_000
    assert job.parts[-1].endswith(b"\x1dVB\x00")
