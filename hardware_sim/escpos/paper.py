"""The paper: dot rows as they were printed, cut into receipts.

What a receipt says is kept twice: as dots (an image) and as items in order (text lines, rasters with digest, codes). It
is complete when the cutter ended it, torn when anything else did. Bounded: a strip of `MAX_STRIP_ROWS` is torn off, and
only the newest receipts are kept while `Paper.receipt_count` goes on.
"""

import hashlib
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from PIL import Image

MAX_STRIP_ROWS: Final = 24_000
"""Three metres at 8 dots a millimetre: nobody prints such a receipt."""
MAX_ITEMS: Final = 10_000
"""Items kept of one receipt; more only count rows."""

MID_GREY: Final = 128

CutMode = Literal["full", "partial"]
TornBy = Literal["power_cycle", "connection_lost", "length", "hand"]


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of text mode, decoded."""

    text: str


@dataclass(frozen=True, slots=True)
class Raster:
    """An image: `rows` dot rows as sent, `sha256` over those rows' bytes (see `raster_digest`)."""

    rows: int
    row_bytes: int
    sha256: str
    announced_rows: int

    @property
    def whole(self) -> bool:
        """Whether all announced rows were printed."""
        return self.rows == self.announced_rows


@dataclass(frozen=True, slots=True)
class Code:
    """A bar code or QR code that the printer drew itself."""

    symbology: str
    data: bytes


Item = TextLine | Raster | Code


@dataclass(frozen=True, slots=True)
class Receipt:
    """A piece of paper in somebody's hand.

    `finished_at` is in seconds of the paper's clock. `splices` are the rows before which the roll was changed.
    `raster_sha256` is over the bytes of all raster rows, in order, whatever slices they came in ("" without raster).
    """

    number: int
    width_dots: int
    row_count: int
    items: tuple[Item, ...]
    raster_rows: int
    raster_sha256: str
    cut: CutMode | None
    torn_by: TornBy | None
    splices: tuple[int, ...]
    finished_at: float
    packed: bytes

    @property
    def complete(self) -> bool:
        """Ended by the cutter, with every announced raster row on it."""
        return self.cut is not None and all(item.whole for item in self.items if isinstance(item, Raster))

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of text mode."""
        return tuple(item.text for item in self.items if isinstance(item, TextLine))

    @property
    def codes(self) -> tuple[Code, ...]:
        """Bar codes and QR codes drawn by the printer."""
        return tuple(item for item in self.items if isinstance(item, Code))

    @property
    def image(self) -> Image.Image:
        """The dots: mode "1", 0 is black, as a picture viewer wants it."""
        rows = zlib.decompress(self.packed)
        if not self.row_count:
            return Image.new("1", (self.width_dots, 1), 1)
        return Image.frombytes("1", (self.width_dots, self.row_count), rows, "raw", "1;I")

    def save_png(self, path: Path) -> None:
        """Write the image as PNG; `OSError` if that fails."""
        self.image.save(path, format="PNG")


def raster_digest(image: Image.Image) -> str:
    """`raster_sha256` of a receipt that shows just `image` (any mode; dark is printed), sent in any slices."""
    bits = image.convert("L").point(lambda level: 255 if level < MID_GREY else 0).convert("1", dither=Image.Dither.NONE)
    return hashlib.sha256(bits.tobytes()).hexdigest()


class _OpenRaster:
    def __init__(self, row_bytes: int, announced_rows: int) -> None:
        self.row_bytes = row_bytes
        self.announced_rows = announced_rows
        self.rows = 0
        self.digest = hashlib.sha256()

    def item(self) -> Raster:
        return Raster(self.rows, self.row_bytes, self.digest.hexdigest(), self.announced_rows)


class Paper:
    """The strip that hangs out of the printer, and the receipts cut from it."""

    def __init__(
        self,
        width_dots: int,
        *,
        keep: int = 1000,
        clock: Callable[[], float] = time.monotonic,
        on_receipt: Callable[[Receipt], None] | None = None,
    ) -> None:
        self.width_dots = width_dots
        self.row_bytes = (width_dots + 7) // 8
        self.receipts: deque[Receipt] = deque(maxlen=keep)
        self.receipt_count = 0
        self.rows_printed = 0
        self.on_receipt = on_receipt
        self._clock = clock
        self._start()

    def _start(self) -> None:
        self._rows = bytearray()
        self._items: list[Item] = []
        self._splices: list[int] = []
        self._raster: _OpenRaster | None = None
        self._raster_rows = 0
        self._digest = hashlib.sha256()

    @property
    def row_count(self) -> int:
        """Rows on the strip that hangs out."""
        return len(self._rows) // self.row_bytes

    def print_rows(self, bits: bytes) -> None:
        """Print whole rows of the paper's width."""
        self._rows += bits
        self.rows_printed += len(bits) // self.row_bytes
        if self.row_count >= MAX_STRIP_ROWS:
            self.tear("length")

    def begin_raster(self, row_bytes: int, announced_rows: int) -> None:
        """An image of `announced_rows` rows follows."""
        self._end_raster()
        self._raster = _OpenRaster(row_bytes, announced_rows)

    def note_raster(self, sent: bytes) -> None:
        """Raster rows as the host sent them, of which the dots have just been printed."""
        if self._raster is None:
            return
        rows = len(sent) // self._raster.row_bytes
        self._raster.rows += rows
        self._raster.digest.update(sent)
        self._raster_rows += rows
        self._digest.update(sent)
        if self._raster.rows >= self._raster.announced_rows:
            self._end_raster()

    def note(self, item: Item) -> None:
        """What the rows just printed mean."""
        self._end_raster()
        if len(self._items) < MAX_ITEMS:
            self._items.append(item)

    def splice(self) -> None:
        """A new roll was put in; the strip goes on."""
        if self._rows:
            self._splices.append(self.row_count)

    def cut(self, mode: CutMode) -> Receipt | None:
        """Cut the strip off; `None` if there is no paper out."""
        return self._finish(mode, None)

    def tear(self, torn_by: TornBy) -> Receipt | None:
        """End the strip without a cut; `None` if there is no paper out."""
        return self._finish(None, torn_by)

    def hanging(self) -> Receipt | None:
        """The strip as it hangs now, numbered as if it were torn off; `None` if there is none."""
        if not self._rows and not self._items:
            return None
        items = (*self._items, self._raster.item()) if self._raster else tuple(self._items)
        return Receipt(
            number=self.receipt_count + 1,
            width_dots=self.width_dots,
            row_count=self.row_count,
            items=items,
            raster_rows=self._raster_rows,
            raster_sha256=self._digest.hexdigest() if self._raster_rows else "",
            cut=None,
            torn_by=None,
            splices=tuple(self._splices),
            finished_at=self._clock(),
            packed=zlib.compress(bytes(self._rows), 1),
        )

    def _end_raster(self) -> None:
        if self._raster is not None:
            raster, self._raster = self._raster, None
            self.note(raster.item())

    def _finish(self, cut: CutMode | None, torn_by: TornBy | None) -> Receipt | None:
        self._end_raster()
        strip = self.hanging()
        if strip is None:
            return None
        receipt = replace(strip, cut=cut, torn_by=torn_by)
        self.receipt_count += 1
        self.receipts.append(receipt)
        self._start()
        if self.on_receipt is not None:
            self.on_receipt(receipt)
        return receipt
