"""A printer on a serial port: RS-232, USB in its COM mode, Bluetooth SPP.

The write time-out is long and a write is cancelled when the line closes: pyserial tells nobody how much of a write that
timed out has left. The port is ours alone, and it stays open between jobs: opening moves DTR, at which some printers
start anew.
"""

from __future__ import annotations

import contextlib
import os

import serial

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.settings import SerialReach
from edge_agent.devices.serial_line import LINE_ERRORS, problem_of, read_some

_READ_S = 0.1
_WRITE_S = 600.0
_LOOKS_BEFORE_CHECK = 10
_REMEDIES = {
    "absent": "plug it in; best name it by /dev/serial/by-id/...",
    "in_use": "close the other program that has it",
    "no_permission": "add the till's user to the group of the port (dialout on Debian)",
}


class SerialWire:
    """An open port; see `threaded.Wire`."""

    hears = True
    keeps = True
    tells = False
    all_or_nothing = False

    def __init__(self, reach: SerialReach) -> None:
        """Raises PrinterUnreachable."""
        line = reach.line
        try:
            self._port = serial.Serial(
                reach.path,
                line.baud,
                bytesize=line.byte_bits,
                parity=line.parity,
                stopbits=line.stop_bits,
                timeout=_READ_S,
                write_timeout=_WRITE_S,
                rtscts=reach.flow == "rtscts",
                xonxoff=reach.flow == "xonxoff",
                exclusive=True if os.name == "posix" else None,
            )
        except LINE_ERRORS as exc:
            problem = problem_of(exc)
            remedy = _REMEDIES.get(problem, "check the settings of the line")
            raise PrinterUnreachable(f"printer {reach.path}: {exc}; {remedy}", problem) from exc
        self._path = reach.path
        self._real = os.path.realpath(reach.path)
        self._looks = 0

    def begin(self, title: str) -> None:
        """A serial line knows no jobs."""

    def write(self, data: bytes) -> int:
        """See `Wire`; ended by `close`."""
        try:
            return self._port.write(data) or 0
        except LINE_ERRORS as exc:
            raise ConnectionLost(f"printer {self._path}: {exc}") from exc

    def finish(self) -> bool:
        """All bytes have left."""
        try:
            return self._port.out_waiting == 0
        except LINE_ERRORS as exc:
            raise ConnectionLost(f"printer {self._path}: {exc}") from exc

    def listen(self) -> bytes | PrinterStatus:
        """See `Wire`. Some systems keep a dead port open without a word, so look at its name now and then."""
        self._looks += 1
        try:
            if self._looks % _LOOKS_BEFORE_CHECK == 0 and os.name == "posix":
                self._still_there()
            return read_some(self._port)
        except LINE_ERRORS as exc:
            raise ConnectionLost(f"printer {self._path}: {exc}") from exc
        except TypeError as exc:  # pyserial 3.5 when the port is closed while it reads
            raise ConnectionLost(f"printer {self._path}: closed") from exc

    def interrupt(self) -> None:
        """See `Wire`."""
        with contextlib.suppress(*LINE_ERRORS, TypeError, AttributeError):
            self._port.cancel_write()
            self._port.cancel_read()

    def close(self, *, abort: bool) -> None:
        """See `Wire`."""
        with contextlib.suppress(*LINE_ERRORS):
            if abort:
                self._port.reset_output_buffer()
        with contextlib.suppress(*LINE_ERRORS):
            self._port.close()

    def _still_there(self) -> None:
        if os.path.realpath(self._path) != self._real or not os.path.exists(self._path):  # noqa: PTH110  a device
            raise OSError("the device has gone")
