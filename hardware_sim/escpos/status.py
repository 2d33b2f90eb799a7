"""Status bytes of DLE EOT, GS r, GS a and GS I, as in Epson's reference; bit 0 is the lowest.

The fixed bits tell the families apart: a DLE EOT answer is `0xx1xx10`, a GS r answer `0xx0xxxx`, the first of four
bytes of automatic status `0xx1xx00`.
"""

# ruff: noqa: PLR2004  byte values and field offsets are what this module is about; the docstrings name them

from dataclasses import dataclass
from typing import Final

FIRMWARE: Final = "1.00 SIM"
MAKER: Final = "TILLWIRE"
MODEL: Final = "TW-80SIM"
SERIAL: Final = "SIM0000001"


@dataclass(frozen=True, slots=True)
class Sensors:
    """Everything that the printer feels."""

    paper_out: bool = False
    paper_near_end: bool = False
    cover_open: bool = False
    offline: bool = False
    cutter_error: bool = False
    drawer_high: bool = True

    @property
    def blocked(self) -> bool:
        """Whether the printer has stopped working through its buffer."""
        return self.paper_out or self.cover_open or self.offline or self.cutter_error


def realtime(n: int, sensors: Sensors) -> int:
    """The answer to DLE EOT n, n from 1 to 4."""
    byte = 0b0001_0010
    if n == 1:
        byte |= sensors.drawer_high << 2 | sensors.blocked << 3
    elif n == 2:
        byte |= sensors.cover_open << 2 | sensors.paper_out << 5 | sensors.cutter_error << 6
    elif n == 3:
        byte |= sensors.cutter_error << 3
    else:
        near = sensors.paper_near_end or sensors.paper_out
        byte |= 0b0000_1100 * near | 0b0110_0000 * sensors.paper_out
    return byte


def in_order(n: int, sensors: Sensors) -> int | None:
    """The answer to GS r n (1 or 49 paper, 2 or 50 drawer); `None` for any other n."""
    if n in (1, 49):
        near = sensors.paper_near_end or sensors.paper_out
        return 0b0011 * near | 0b1100 * sensors.paper_out
    if n in (2, 50):
        return int(sensors.drawer_high)
    return None


def automatic(sensors: Sensors) -> bytes:
    """The four bytes of automatic status back (GS a)."""
    near = sensors.paper_near_end or sensors.paper_out
    return bytes(
        (
            0b0001_0000 | sensors.drawer_high << 2 | sensors.blocked << 3 | sensors.cover_open << 5,
            sensors.cutter_error << 3,
            0b0011 * near | 0b1100 * sensors.paper_out,
            0b0000_1111,
        )
    )


def identity(n: int) -> bytes | None:
    """The answer to GS I n; `None` for an n that this printer does not know."""
    if n in (1, 49):
        return b"\x20"
    if n in (2, 50):
        return b"\x02"
    if n in (3, 51):
        return b"\x01"
    text = {65: FIRMWARE, 66: MAKER, 67: MODEL, 68: SERIAL}.get(n)
    return None if text is None else b"_" + text.encode("ascii") + b"\0"


def process_id(parameters: bytes) -> bytes:
    """The answer to GS ( H function 48: all before it is printed; `parameters` are its four marks d1-d4."""
    return b"\x37\x22" + parameters + b"\0"
