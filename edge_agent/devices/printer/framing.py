"""A printer's answers: status bytes in, `PrinterStatus` and passed fences out; without I/O.

The fixed bits tell the families apart: DLE EOT `0xx1xx10`, GS r `0xx0xxxx`, automatic status `0xx1xx00` and three bytes
more. Two traps: an answer does not say which DLE EOT it is for, so they are matched in the order of asking; and bytes
that nobody asked for (flow control, another host's answers) are common and must not be taken for a fence.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from typing import Literal

from edge_agent.devices.supervision import Problem
from edge_agent.till.view import PaperState

Question = Literal[1, 2, 4]
QUESTIONS: tuple[Question, ...] = (1, 2, 4)
"""DLE EOT 1: online and drawer; 2: cover, paper end, error; 4: paper sensors."""

INITIALISE = b"\x1b@"
"""ESC @: settings as after power-on. It goes in front of every job (and in front of GS a, which it would undo)."""

FENCE = b"\x1dr\x01"
"""GS r 1, the fence: answered when all that stands before it has been carried out."""

TELL_CHANGES = b"\x1da\x0f"
"""GS a: tell changes of drawer, online, error and paper unasked. Printers that do not know it ignore it."""

TELL_NOTHING = b"\x1da\x00"

_FAMILY = 0b1001_0011
_AUTOMATIC = 0b0001_0000
_REALTIME = 0b0001_0010
_IN_ORDER_FAMILY = 0b1001_0000

_OPEN_MAX = 8
"""Questions that may be open at once; more means that the printer answers none of them."""


def ask(question: Question) -> bytes:
    """DLE EOT n, answered at once even by a printer that cannot print."""
    return bytes((0x10, 0x04, question))


@dataclass(frozen=True)
class PrinterStatus:
    """What is known of a printer; None is "it has not said"."""

    online: bool | None = None
    paper: PaperState = "unknown"
    cover_open: bool | None = None
    error: bool | None = None
    drawer_high: bool | None = None

    @property
    def obstacle(self) -> Problem:
        """Why it cannot print, the most helpful reason first; "" if nothing is known to stand in the way."""
        if self.cover_open:
            return "cover_open"
        if self.paper == "out":
            return "paper_out"
        if self.error:
            return "printer_error"
        return "offline" if self.online is False else ""


class Answers:
    """Reads one connection's bytes. `heard` counts answers, asked for or not; `fences_open` fences not yet passed."""

    def __init__(self) -> None:
        self.status = PrinterStatus()
        self.heard = 0
        self.fences_open = 0
        self.tells_changes = False
        """Whether automatic status was seen: this printer says by itself when something changes."""
        self._asked: deque[Question] = deque()
        self._automatic: bytearray | None = None

    @property
    def questions_open(self) -> int:
        """DLE EOT questions without an answer so far."""
        return len(self._asked)

    def question_sent(self, question: Question) -> bool:
        """Note a question before it is sent; False: too many are open, do not send it."""
        if len(self._asked) >= _OPEN_MAX:
            return False
        self._asked.append(question)
        return True

    def fence_sent(self) -> None:
        """Note a fence before it is sent."""
        self.fences_open += 1

    def told(self, status: PrinterStatus) -> None:
        """The system says how the printer is (Windows' spooler), unasked and at every change."""
        self.tells_changes = True
        self.status = status

    def feed(self, data: bytes) -> None:
        """Take bytes from the printer, split anywhere."""
        for byte in data:
            self._take(byte)

    def _take(self, byte: int) -> None:
        if self._automatic is not None:
            self._automatic.append(byte)
            if len(self._automatic) == 4:  # noqa: PLR2004  automatic status is four bytes long
                self._read_automatic(bytes(self._automatic))
                self._automatic = None
        elif byte & _FAMILY == _AUTOMATIC:
            self._automatic = bytearray((byte,))
        elif byte & _FAMILY == _REALTIME and self._asked:
            self._read_answer(self._asked.popleft(), byte)
        elif byte & _IN_ORDER_FAMILY == 0 and self.fences_open:
            self.fences_open -= 1
            self.heard += 1
        else:
            self.heard += 1  # flow control, or an answer that was meant for somebody else

    def _read_answer(self, question: Question, byte: int) -> None:
        self.heard += 1
        if question == 1:
            online, drawer_high = not byte & 0b1000, bool(byte & 0b100)
            self.status = replace(self.status, online=online, drawer_high=drawer_high)
        elif question == 2:  # noqa: PLR2004  DLE EOT 2
            # Paper end is left to question 4: some printers set it here only while paper is being fed.
            self.status = replace(self.status, cover_open=bool(byte & 0b100), error=bool(byte & 0b100_0000))
        else:
            self.status = replace(self.status, paper=_paper(low=byte & 0b1100, out=byte & 0b110_0000))

    def _read_automatic(self, four: bytes) -> None:
        self.heard += 1
        self.tells_changes = True
        first, second, third, _ = four
        self.status = PrinterStatus(
            online=not first & 0b1000,
            paper=_paper(low=third & 0b11, out=third & 0b1100),
            cover_open=bool(first & 0b10_0000),
            error=bool(second & 0b110_1100),
            drawer_high=bool(first & 0b100),
        )


def _paper(*, low: int, out: int) -> PaperState:
    if out:
        return "out"
    return "low" if low else "ok"
