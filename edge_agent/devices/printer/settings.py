"""How one printer is reached, what paper it has, and how patient the till is with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_agent.devices.printer.code_pages import CodePage
from edge_agent.devices.printer.spool import MAIN, Queue
from edge_agent.devices.serial_line import Line
from edge_agent.devices.supervision import Backoff

_SERIAL = Line(baud=115_200)
WIDTH_58_MM = 384
WIDTH_80_MM = 576
_BACKOFF = Backoff(first_s=0.25, longest_s=5.0)

Mode = Literal["raster", "text"]
Flow = Literal["none", "rtscts", "xonxoff"]


@dataclass(frozen=True, kw_only=True)
class TcpReach:
    """A printer in the network."""

    host: str
    port: int = 9100

    def __str__(self) -> str:
        """For messages."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, kw_only=True)
class SerialReach:
    """A serial port by its path (best by-id) or name; `flow` is the handshake that is set at the printer."""

    path: str
    line: Line = _SERIAL
    flow: Flow = "none"

    def __str__(self) -> str:
        """For messages."""
        return self.path


@dataclass(frozen=True, kw_only=True)
class UsbReach:
    """A device by its identity; `serial` "" takes the only one of that kind."""

    vendor: int
    product: int
    serial: str = ""

    def __str__(self) -> str:
        """As the configuration writes it."""
        return f"{self.vendor:04x}:{self.product:04x}" + (f":{self.serial}" if self.serial else "")


@dataclass(frozen=True, kw_only=True)
class WindowsReach:
    """A printer by the name that Windows shows."""

    queue: str

    def __str__(self) -> str:
        """For messages."""
        return self.queue


@dataclass(frozen=True, kw_only=True)
class FolderReach:
    """A folder in the place of a printer; it is made if it is not there."""

    folder: str

    def __str__(self) -> str:
        """For messages."""
        return self.folder


Reach = TcpReach | SerialReach | UsbReach | WindowsReach | FolderReach


@dataclass(frozen=True, kw_only=True)
class Paper:
    """How paper is set.

    Attributes:
        width_dots: dots across, a multiple of 8: 384 for 58 mm, 576 for 80 mm paper.
        mode: "raster" draws every letter; "text" writes in the printer's own, as far as its code page goes.
        code_page: what the printer's letters are.
        code_page_number: its ESC t n, where it is not Epson's.
        logo: path of a PNG for receipts; "" for none.
    """

    width_dots: int = WIDTH_80_MM
    mode: Mode = "raster"
    code_page: CodePage = "tcvn3"
    code_page_number: int | None = None
    logo: str = ""


@dataclass(frozen=True, kw_only=True)
class PrinterSettings:
    """One ESC/POS printer.

    Attributes:
        reach: the way to it.
        queue: whose jobs it prints.
        name: what people call it.
        paper: how its paper is set.
        answers: whether it answers status questions. With False a job counts as printed when its bytes were taken.
        connect_timeout_s, answer_timeout_s: for a connection, and for the answer to a status question.
        patience_s: how long a job inside the printer may make no progress, with no reason known, before it is UNKNOWN.
        stalled_after_s: after how long without progress people are told.
        watch_every_s: how often a printer that stands still is asked why.
        poll_every_s: how often an idle printer is asked how it is.
        settle_s: silence that is awaited after a broken-off job, so that no old answer is taken for a new one.
        kick_valid_s: age at which a drawer kick is no longer sent.
        kick_look_s: how long after a kick the drawer should have moved; nobody closes it faster.
        stale_after_s: age at which a receipt found at start is printed only when a person says so.
        keep_jobs_days: how long done jobs are kept for reprints.
        stop_grace_s: how long `stop` waits for the receipt in the printer.
        piece_bytes: bytes handed over at a time; progress is seen per piece.
        parts_ahead: parts of a job inside a printer that does not tell changes, so that it can still be asked.
        backoff: waiting times between tries.
    """

    reach: Reach
    queue: Queue = MAIN
    name: str = "printer"
    paper: Paper = Paper()
    answers: bool = True
    connect_timeout_s: float = 3.0
    answer_timeout_s: float = 2.0
    patience_s: float = 120.0
    stalled_after_s: float = 12.0
    watch_every_s: float = 1.0
    poll_every_s: float = 5.0
    settle_s: float = 2.0
    kick_valid_s: float = 8.0
    kick_look_s: float = 0.8
    stale_after_s: float = 900.0
    keep_jobs_days: float = 14.0
    stop_grace_s: float = 3.0
    piece_bytes: int = 8192
    parts_ahead: int = 2
    backoff: Backoff = _BACKOFF
