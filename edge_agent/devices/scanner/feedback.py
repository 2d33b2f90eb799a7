"""What is written back to a scanner: beeps, lights, on and off; and the handshake of scanners that wait for an answer.

The trap of ACK/NAK: a scanner that misses its ACK sends the code again, which must not be a second sale; but the same
article scanned twice is normal. So only this mode forgets a repetition, and only one that comes too soon for a hand, or
whose ACK could not be written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.devices.scanner.framing import Code, Reading

Preset = Literal["none", "datalogic", "bell"]

ACK, NAK, BEL = b"\x06", b"\x15", b"\x07"


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """Bytes for a scanner; an empty one is not sent.

    Attributes:
        good: the till took the code.
        bad: the till does not know the code.
        enable, disable: scan, or do not.
    """

    good: bytes = b""
    bad: bytes = b""
    enable: bytes = b""
    disable: bytes = b""


PRESETS: dict[Preset, Feedback] = {
    "none": Feedback(),
    # Datalogic's RS-232 host commands: good read, not on file, scanner on, scanner off.
    "datalogic": Feedback(good=b"B", bad=b"F", enable=b"E", disable=b"D"),
    # One beep, or two: what most scanners do when the host sends BEL.
    "bell": Feedback(good=BEL, bad=BEL + BEL),
}


class Handshake:
    """ACK for a code, NAK for what was none, without I/O.

    Args:
        resend_s: the same code again within this time is the scanner's, not the cashier's.
    """

    def __init__(self, resend_s: float) -> None:
        self._resend_s = resend_s
        self._last = ""
        self._last_s = 0.0
        self._delivered = True

    def take(self, reading: Reading, now_s: float) -> tuple[bytes, bool]:
        """What to answer, and whether the reading is news; call `answered` afterwards."""
        if not isinstance(reading, Code):
            return NAK, True
        resent = reading.text == self._last and (not self._delivered or now_s - self._last_s <= self._resend_s)
        self._last, self._last_s = reading.text, now_s
        return ACK, not resent

    def answered(self, *, delivered: bool) -> None:
        """Whether the last answer could be written."""
        self._delivered = delivered
