"""The printer understands what drivers send, however it arrives, and survives the rest."""

import hashlib
import itertools
from collections.abc import Callable

import pytest
from escpos.printer import Dummy  # type: ignore[import-untyped]  # it has no stubs
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.escpos import codepages
from hardware_sim.escpos.lexer import Lexer
from hardware_sim.escpos.paper import MAX_STRIP_ROWS, Raster, raster_digest
from hardware_sim.escpos.tokens import MAX_COMMAND_BYTES
from tests.unit.hardware_sim.escpos_streams import SOUP, bench, drained, escpos, picture


def _text(d: Dummy) -> None:
    d.hw("INIT")
    d.set(align="center", bold=True, double_width=True, double_height=True)
    d.textln("Tillwire")
    d.set_with_default(underline=1, invert=True)
    d.textln("Cà phê sữa 12.500 €")
    d.set_with_default(custom_size=True, width=3, height=2, smooth=True, density=3, flip=True)
    d.text("big\n")
    d.set_with_default()
    d.block_text("a long text that has to be folded over some lines", columns=20)
    d.control("HT")
    d.control("LF")
    d.line_spacing(40)
    d.line_spacing(20, 360)
    d.line_spacing(10, 60)
    d.line_spacing()
    d.print_and_feed(2)
    d.charcode("CP1258")
    d.text("dd\n")
    d.charcode("CP858")
    d.text("5 €\n")


STREAMS: dict[str, Callable[[Dummy], object]] = {
    "text": _text,
    "raster image": lambda d: d.image(picture(), impl="bitImageRaster"),
    "raster image, low density": lambda d: d.image(
        picture(), impl="bitImageRaster", high_density_vertical=False, high_density_horizontal=False
    ),
    "graphics image": lambda d: d.image(picture(), impl="graphics"),
    "column image": lambda d: d.image(picture(), impl="bitImageColumn"),
    "column image, low density": lambda d: d.image(
        picture(), impl="bitImageColumn", high_density_vertical=False, high_density_horizontal=False
    ),
    "native QR": lambda d: d.qr("https://tillwire.example/r/1", native=True, size=4, ec=2),
    "drawn QR": lambda d: d.qr("https://tillwire.example/r/1", center=True),
    "bar code form A": lambda d: d.barcode("893460210001", "EAN13", 64, 2, "BELOW", "A", function_type="A"),
    "bar code form B": lambda d: d.barcode("{B123456", "CODE128", 64, 2, "BOTH", "B", function_type="B"),
    "drawn bar code": lambda d: d.barcode("893460210001", "EAN13", force_software="graphics"),
    "full cut": lambda d: d.cut(),
    "partial cut": lambda d: d.cut(mode="PART"),
    "cut without feed": lambda d: d.cut(feed=False),
    "drawer on pin 2": lambda d: d.cashdraw(2),
    "drawer on pin 5": lambda d: d.cashdraw(5),
    "drawer by decimals": lambda d: d.cashdraw([27, 112, 0, 25, 250]),
    "buzzer": lambda d: d.buzzer(),
    "panel buttons": lambda d: (d.panel_buttons(enable=False), d.panel_buttons()),
    "hardware": lambda d: (d.hw("INIT"), d.hw("SELECT"), d.hw("RESET")),
    "customer display": lambda d: d.linedisplay("Tong 12.500"),
    "sheet": lambda d: (d.target("ROLL"), d.target("SLIP")),
}


@pytest.mark.parametrize("name", STREAMS)
def test_every_stream_of_python_escpos_is_understood(name: str) -> None:
    """Nothing that python-escpos makes is unknown to the printer, and no command is left half read."""
    printer = bench()
    printer.send(escpos(STREAMS[name]))
    assert printer.machine.interpreter.unknown_count == 0, list(printer.machine.interpreter.unknown)
    assert printer.machine.idle
    assert not printer.machine.mid_command


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(sorted(STREAMS)))
def test_splitting_a_stream_anywhere_gives_the_same_paper(data: st.DataObject, name: str) -> None:
    """A network cuts the bytes where it likes; the receipt does not show it."""
    stream = escpos(STREAMS[name]) + b"end\n\x1dV\x00\x1dr\x01"
    whole, split = bench(), bench()
    whole.send(stream)
    for start, end in _parts(data, len(stream)):
        split.send(stream[start:end])
    assert split.receipts == whole.receipts
    assert split.answered == whole.answered == b"\0"


@settings(deadline=None)
@given(st.data(), SOUP)
def test_splitting_a_soup_anywhere_gives_the_same_paper_and_answers(data: st.DataObject, soup: bytes) -> None:
    """Also of broken commands no more is read, and no less, because of where they were split."""
    whole, split = bench(buffer_bytes=1 << 16), bench(buffer_bytes=1 << 16)
    whole.machine.receive(soup)
    for start, end in _parts(data, len(soup)):
        split.machine.receive(soup[start:end])
    whole.work()
    split.work()
    assert split.receipts == whole.receipts
    assert split.machine.paper.hanging() == whole.machine.paper.hanging()
    assert split.answered == whole.answered
    assert split.machine.interpreter.unknown_count == whole.machine.interpreter.unknown_count


@settings(deadline=None)
@given(st.one_of(SOUP, st.binary(max_size=400)))
def test_no_bytes_crash_the_printer_or_make_it_grow_without_end(data: bytes) -> None:
    """Garbage costs paper at most."""
    printer = bench(buffer_bytes=256)
    printer.send(data)
    machine = printer.machine
    assert machine.buffered <= 256
    assert machine.paper.row_count <= MAX_STRIP_ROWS
    assert len(machine.interpreter.unknown) <= 256


@settings(deadline=None)
@given(st.lists(st.binary(max_size=2000), max_size=20))
def test_the_lexer_holds_one_command_at_most(parts: list[bytes]) -> None:
    """Whatever comes, what is held back is bounded."""
    lexer = Lexer()
    for part in parts:
        lexer.feed(part)
        drained(lexer)
        assert lexer.pending_bytes <= MAX_COMMAND_BYTES + 7


def test_a_raster_that_claims_four_gigabytes_needs_one_row_of_memory() -> None:
    """Rows are printed as they come."""
    lexer = Lexer()
    lexer.feed(b"\x1dv0\0" + b"\x48\0" + b"\xff\xff")
    for _ in range(1000):
        lexer.feed(b"\xaa" * 100)
        drained(lexer)
    assert lexer.pending_bytes < 72


def test_graphics_that_claim_four_gigabytes_are_refused_as_unknown() -> None:
    """GS 8 L with a huge length is recorded instead of being waited for."""
    printer = bench()
    printer.send(b"\x1d8L\xff\xff\xff\xff0p0")
    assert printer.machine.interpreter.unknown_count == 1


@pytest.mark.parametrize("impl", ["bitImageRaster", "graphics", "bitImageColumn"])
def test_an_image_has_the_same_digest_in_every_way_of_sending_it(impl: str) -> None:
    """A test knows a receipt by the digest of its picture, however the driver sent it."""
    image = picture(576, 240)
    printer = bench()
    printer.send(escpos(lambda d: (d.image(image, impl=impl, fragment_height=96), d.cut())))
    (receipt,) = printer.receipts
    assert receipt.raster_sha256 == raster_digest(image)
    assert receipt.raster_rows == 240
    assert receipt.image.crop((0, 0, 576, 240)).tobytes() == image.tobytes()


@pytest.mark.parametrize(("align", "left"), [("left", 0), ("center", 96), ("right", 192)])
def test_a_narrow_image_stands_where_the_alignment_says(align: str, left: int) -> None:
    """ESC a moves images too."""
    image = picture(384, 48)
    printer = bench()
    printer.send(escpos(lambda d: (d.set(align=align), d.image(image), d.cut())))
    assert printer.receipts[0].image.crop((left, 0, left + 384, 48)).tobytes() == image.tobytes()


def test_text_is_read_in_the_code_page_that_the_driver_chose() -> None:
    """What python-escpos encodes, the printer decodes: Vietnamese through TCVN, the euro through CP858."""
    printer = bench()
    printer.send(escpos(lambda d: (d.textln("Cà phê sữa đá"), d.charcode("CP858"), d.textln("5 €"), d.cut())))
    assert printer.receipts[0].lines[:2] == ("Cà phê sữa đá", "5 €")


@settings(deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=50))
def test_decoding_gives_one_character_a_byte(page: int, national: int, data: bytes) -> None:
    """Columns stay columns in any code page, known or not."""
    assert len(codepages.decode(data, page, national)) == len(data)


def test_a_line_that_is_too_long_is_folded() -> None:
    """48 characters of font A fit on 80 mm, 32 on 58 mm."""
    for width, fit in ((576, 48), (384, 32)):
        printer = bench(width)
        printer.send(b"x" * 100 + b"\n\x1dV\0")
        assert [len(line) for line in printer.receipts[0].lines] == [fit, *([fit] * (100 // fit - 1)), 100 % fit]


def test_codes_are_kept_as_data() -> None:
    """What the printer draws itself can be read without a scanner."""
    printer = bench()
    printer.send(escpos(lambda d: (STREAMS["native QR"](d), STREAMS["bar code form A"](d), d.cut())))
    assert [(code.symbology, code.data) for code in printer.receipts[0].codes] == [
        ("QR", b"https://tillwire.example/r/1"),
        ("EAN13", b"893460210001"),
    ]


@pytest.mark.parametrize(
    ("form", "mode"),
    [(b"\0", "full"), (b"0", "full"), (b"\1", "partial"), (b"1", "partial"), (b"A\x10", "full"), (b"B\x10", "partial"),
     (b"a\0", "full"), (b"b\0", "partial"), (b"g\0", "full"), (b"h\0", "partial")],
)  # fmt: skip
def test_every_form_of_the_cut_ends_a_receipt(form: bytes, mode: str) -> None:
    """GS V in all its forms; none eats what follows."""
    printer = bench()
    printer.send(b"one\n\x1dV" + form + b"two\n\x1dV\0")
    assert [receipt.lines for receipt in printer.receipts] == [("one",), ("two",)]
    assert printer.receipts[0].cut == mode


def test_unknown_commands_are_recorded_and_the_rest_is_printed() -> None:
    """Nothing is silently eaten."""
    printer = bench()
    printer.send(b"\x1b\x01\x1d\xff\x05one\n\x1dV\x07\x1dV\0")
    assert list(printer.machine.interpreter.unknown) == [b"\x1b\x01", b"\x1d\xff", b"\x05", b"\x1dV\x07"]
    assert printer.receipts[0].lines == ("one",)


def test_a_doubled_raster_prints_twice_the_rows_and_keeps_its_digest() -> None:
    """GS v 0 with m = 3: four dots for one, also when the paper ends between the two halves of a row."""
    rows = bytes(range(40))
    printer = bench()
    printer.machine.run_out_after(9)
    printer.send(b"\x1dv0\x03\x04\0\x0a\0" + rows + b"\x1dV\0")
    assert not printer.receipts
    printer.machine.set_sensors(paper_out=False)
    printer.work()
    (receipt,) = printer.receipts
    assert (receipt.row_count, receipt.raster_rows, receipt.splices) == (20, 10, (9,))
    assert receipt.items == (Raster(10, 4, hashlib.sha256(rows).hexdigest(), 10),)
    assert receipt.complete


def _parts(data: st.DataObject, length: int) -> list[tuple[int, int]]:
    cuts = sorted(data.draw(st.sets(st.integers(0, length), max_size=12)) | {0, length})
    return list(itertools.pairwise(cuts))
