"""What the printer's mechanics have to do, in order: the interpreter writes it, the machine carries it out."""

from dataclasses import dataclass
from typing import Literal

from hardware_sim.escpos.paper import CutMode, Item


@dataclass(frozen=True, slots=True)
class Strip:
    """Dot rows of the paper's width, and what they mean once the last of them is printed.

    `sent` are the raster rows behind the dots, as the host sent them: `sent_row_bytes` each, one for `dots_per_row` dot
    rows.
    """

    bits: bytes
    item: Item | None = None
    sent: bytes = b""
    sent_row_bytes: int = 0
    dots_per_row: int = 1
    dots_done: int = 0
    """Dot rows of the first sent row that are already on paper."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Blank rows."""

    rows: int
    item: Item | None = None


@dataclass(frozen=True, slots=True)
class BeginRaster:
    """An image of that many rows, as sent, begins."""

    row_bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The cutter moves."""

    mode: CutMode


@dataclass(frozen=True, slots=True)
class Kick:
    """A pulse on the drawer connector."""

    pin: int


@dataclass(frozen=True, slots=True)
class Ask:
    """A question that is answered when its turn comes.

    `status` is GS r with n = `value`; `identity` is GS I; `process` is GS ( H, its four marks in `data`.
    """

    what: Literal["status", "identity", "process"]
    value: int = 0
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class AutoStatus:
    """GS a: from now on tell changes of the groups in `mask`; 0 is off."""

    mask: int


@dataclass(frozen=True, slots=True)
class AllowPulse:
    """GS ( D: obey DLE DC4 1 or not."""

    allowed: bool


Work = Strip | Feed | BeginRaster | Cut | Kick | Ask | AutoStatus | AllowPulse
