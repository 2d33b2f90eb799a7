"""Images and codes: dots for ESC *, GS v 0, GS ( L, GS k and GS ( k.

A code that the printer draws itself is kept as data on the receipt. Bars are real for EAN-13, EAN-8 and UPC-A; all
other symbologies are drawn as a stand-in with the right kind of look, which no scanner can read.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

import hashlib
from typing import Final

from PIL import Image, ImageDraw

from hardware_sim.escpos import glyphs
from hardware_sim.escpos.line import Area
from hardware_sim.escpos.paper import Code
from hardware_sim.escpos.settings import Graphics, Settings
from hardware_sim.escpos.work import BeginRaster, Strip, Work

_NAMES: Final = (
    "UPC-A", "UPC-E", "EAN13", "EAN8", "CODE39", "ITF", "CODABAR", "CODE93", "CODE128", "GS1-128",
    "GS1 DATABAR OMNIDIRECTIONAL", "GS1 DATABAR TRUNCATED", "GS1 DATABAR LIMITED", "GS1 DATABAR EXPANDED",
    "CODE128 AUTO",
)  # fmt: skip
_EAN_DIGITS: Final = {"EAN13": 12, "EAN8": 7, "UPC-A": 11}
_EAN_SETS: Final = {
    "L": ("0001101", "0011001", "0010011", "0111101", "0100011", "0110001", "0101111", "0111011", "0110111", "0001011"),
    "G": ("0100111", "0110011", "0011011", "0100001", "0011101", "0111001", "0000101", "0010001", "0001001", "0010111"),
    "R": ("1110010", "1100110", "1101100", "1000010", "1011100", "1001110", "1010000", "1000100", "1001000", "1110100"),
}
_EAN13_LEFT: Final = (
    "LLLLLL", "LLGLGG", "LLGGLG", "LLGGGL", "LGLLGG", "LGGLLG", "LGGGLL", "LGLGLG", "LGLGGL", "LGGLGL",
)  # fmt: skip
_QR_SIDE_MODULES: Final = 25


def place(sent: bytes, row_bytes: int, width: int, scale: tuple[int, int], area: Area) -> Strip:
    """Raster rows put on the paper by the area's alignment; what does not fit on the right is lost."""
    rows, paper_bytes = len(sent) // row_bytes, (area.paper_dots + 7) // 8
    offset = area.offset(width * scale[0])
    if scale == (1, 1) and offset == 0 and width == row_bytes * 8:
        if row_bytes == paper_bytes:
            return Strip(sent, None, sent, row_bytes)
        cut = (sent[at : at + row_bytes] for at in range(0, len(sent), row_bytes))
        bits = b"".join(row[:paper_bytes].ljust(paper_bytes, b"\0") for row in cut)
        return Strip(bits, None, sent, row_bytes)
    visible = min(width, area.paper_dots)
    image = Image.frombytes("1", (row_bytes * 8, rows), sent).crop((0, 0, visible, rows))
    if scale != (1, 1):
        image = image.resize((visible * scale[0], rows * scale[1]), Image.Resampling.NEAREST)
    paper = glyphs.blank(area.paper_dots, rows * scale[1])
    paper.paste(image, (offset, 0))
    return Strip(glyphs.to_bits(paper), None, sent, row_bytes, scale[1])


def columns(body: bytes, width_max: int) -> Image.Image | None:
    """ESC *: 8 or 24 dots high, sent column by column; `None` if there are no columns."""
    mode, count = body[0], body[1] | body[2] << 8
    if count == 0:
        return None
    image = Image.frombytes("1", (24 if mode >= 32 else 8, count), body[3:]).transpose(Image.Transpose.TRANSPOSE)
    wide = count if mode in (1, 33) else count * 2
    image = image.resize((wide, 24), Image.Resampling.NEAREST)
    return image.crop((0, 0, min(wide, width_max), 24))


def stored_graphics(arguments: bytes) -> Graphics | None:
    """GS ( L function 112, arguments from m on; `None` if what it says does not fit what it brings."""
    if len(arguments) < 10 or arguments[2] != 48:
        return None
    width, height = arguments[6] | arguments[7] << 8, arguments[8] | arguments[9] << 8
    size = (width + 7) // 8 * height
    if size == 0 or len(arguments) - 10 < size:
        return None
    scale = (2 if arguments[3] == 2 else 1, 2 if arguments[4] == 2 else 1)
    return Graphics(width, height, scale, arguments[10 : 10 + size])


def print_graphics(graphics: Graphics, area: Area) -> list[Work]:
    """GS ( L function 50."""
    row_bytes = (graphics.width + 7) // 8
    begin = BeginRaster(row_bytes, graphics.height)
    return [begin, place(graphics.data, row_bytes, graphics.width, graphics.scale, area)]


def bar_code(body: bytes, settings: Settings, area: Area) -> Strip | None:
    """GS k, both forms; `None` if the printer would refuse the data."""
    form_a = body[0] <= 6
    name = _NAMES[body[0] if form_a else body[0] - 65]
    data = body[1:-1] if form_a else body[2:]
    if not data or (name in _EAN_DIGITS and not _valid_ean(name, data)):
        return None
    modules = _ean(name, data) if name in _EAN_DIGITS else _stand_in(data)
    image = Image.frombytes("1", (len(modules), 1), _pack(modules))
    image = image.resize((len(modules) * settings.bar_width, settings.bar_height), Image.Resampling.NEAREST)
    return _figure(_captioned(image, data, settings.caption), Code(name, data), area)


def qr_code(data: bytes, module_dots: int, area: Area) -> Strip:
    """GS ( k function 81 for a QR code: a square that stands for it."""
    side = _QR_SIDE_MODULES
    noise = hashlib.shake_256(data).digest(side * ((side + 7) // 8))
    image = Image.frombytes("1", (side, side), noise)
    draw = ImageDraw.Draw(image)
    for x, y in ((0, 0), (side - 7, 0), (0, side - 7)):
        draw.rectangle((x - 1, y - 1, x + 7, y + 7), fill=0)
        draw.rectangle((x, y, x + 6, y + 6), outline=1)
        draw.rectangle((x + 2, y + 2, x + 4, y + 4), fill=1)
    image = image.resize((side * module_dots, side * module_dots), Image.Resampling.NEAREST)
    return _figure(image, Code("QR", data), area)


def other_code(name: str, data: bytes, area: Area) -> Strip:
    """Any other two-dimensional code: a grey block."""
    noise = hashlib.shake_256(data).digest(30 * 40)
    return _figure(Image.frombytes("1", (240, 40), noise), Code(name, data), area)


def _figure(image: Image.Image, item: Code, area: Area) -> Strip:
    paper = glyphs.blank(area.paper_dots, image.height)
    paper.paste(image, (area.offset(image.width), 0))
    return Strip(glyphs.to_bits(paper), item)


def _captioned(bars: Image.Image, data: bytes, caption: int) -> Image.Image:
    if caption == 0:
        return bars
    text = data.decode("ascii", errors="replace")
    style = glyphs.Style()
    strip = glyphs.blank(max(bars.width, len(text) * style.width_dots), style.height_dots)
    left = (strip.width - len(text) * style.width_dots) // 2
    for index, letter in enumerate(text):
        strip.paste(glyphs.cell(letter, style), (left + index * style.width_dots, 0))
    above, below = bool(caption & 1), bool(caption & 2)
    whole = glyphs.blank(strip.width, bars.height + strip.height * (above + below))
    whole.paste(bars, ((whole.width - bars.width) // 2, strip.height * above))
    if above:
        whole.paste(strip, (0, 0))
    if below:
        whole.paste(strip, (0, whole.height - strip.height))
    return whole


def _valid_ean(name: str, data: bytes) -> bool:
    return data.isdigit() and len(data) in (_EAN_DIGITS[name], _EAN_DIGITS[name] + 1)


def _ean(name: str, data: bytes) -> str:
    digits = [byte - 48 for byte in data[: _EAN_DIGITS[name]]]
    weights = (3, 1) if len(digits) % 2 else (1, 3)
    digits.append(-sum(digit * weights[at % 2] for at, digit in enumerate(digits)) % 10)
    if name == "UPC-A":
        digits.insert(0, 0)
    if name == "EAN8":
        left, half = "LLLL", 4
    else:
        left, half = _EAN13_LEFT[digits.pop(0)], 6
    first = "".join(_EAN_SETS[kind][digit] for kind, digit in zip(left, digits[:half], strict=True))
    second = "".join(_EAN_SETS["R"][digit] for digit in digits[half:])
    return f"101{first}01010{second}101"


def _stand_in(data: bytes) -> str:
    return "1101" + "".join(f"1{byte:08b}0" for byte in data) + "1011"


def _pack(modules: str) -> bytes:
    padded = modules.ljust(-len(modules) % 8 + len(modules), "0")
    return int(padded, 2).to_bytes(len(padded) // 8, "big")
