"""The print buffer of one line: characters and column images side by side, until a line feed prints them."""

from dataclasses import dataclass, field

from PIL import Image

from hardware_sim.escpos import glyphs
from hardware_sim.escpos.glyphs import Style
from hardware_sim.escpos.paper import TextLine
from hardware_sim.escpos.work import BeginRaster, Feed, Strip, Work


@dataclass(frozen=True, slots=True)
class Area:
    """Where on the paper the line stands: all in dots; `align` 0 left, 1 centre, 2 right."""

    paper_dots: int
    left: int
    width: int
    align: int

    def offset(self, content_dots: int) -> int:
        """Left edge of content of that width."""
        room = max(0, self.width - content_dots)
        return self.left + (0, room // 2, room)[self.align]


@dataclass(slots=True)
class Line:
    """`x` is where the next thing goes, in dots from the left of the area."""

    x: int = 0
    _letters: list[tuple[int, str, Style]] = field(default_factory=list)
    _images: list[tuple[int, Image.Image]] = field(default_factory=list)
    _text: list[str] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        """Nothing to print."""
        return not self._letters and not self._images

    @property
    def thing_count(self) -> int:
        """Letters and images in the line."""
        return len(self._letters) + len(self._images)

    def put_letter(self, letter: str, style: Style, spacing: int) -> None:
        """Append one character."""
        self._letters.append((self.x, letter, style))
        self._text.append(letter)
        self.x += style.width_dots + spacing

    def put_image(self, image: Image.Image) -> None:
        """Append a column image."""
        self._images.append((self.x, image))
        self.x += image.width

    def move(self, x: int, style: Style) -> None:
        """Go to `x`; the text gets the blanks that the eye sees."""
        column = x // style.width_dots
        if x > self.x and len(self._text) < column:
            self._text.extend(" " * (column - len(self._text)))
        self.x = x

    def print_on(self, area: Area, spacing_rows: int) -> list[Work]:
        """The work of printing this line; an empty one feeds paper."""
        if self.empty:
            return [Feed(spacing_rows, TextLine(""))]
        heights = [style.height_dots for _, _, style in self._letters] + [i.height for _, i in self._images]
        # A line feed shorter than what stands in the line moves the paper by the height of the line.
        rows = max(spacing_rows, *heights)
        paper = glyphs.blank(area.paper_dots, rows)
        left = area.offset(self.x)
        for x, letter, style in self._letters:
            paper.paste(glyphs.cell(letter, style), (left + x, max(heights) - style.height_dots))
        for x, image in self._images:
            paper.paste(image, (left + x, 0))
        bits = glyphs.to_bits(paper)
        if len(self._images) == 1 and not self._letters:
            sent, row_bytes = glyphs.to_bits(self._images[0][1]), (self._images[0][1].width + 7) // 8
            used = len(bits) // rows * heights[0]
            tail: list[Work] = [Feed(rows - heights[0])] if rows > heights[0] else []
            return [BeginRaster(row_bytes, heights[0]), Strip(bits[:used], None, sent, row_bytes), *tail]
        return [Strip(bits, TextLine("".join(self._text).rstrip()))]
