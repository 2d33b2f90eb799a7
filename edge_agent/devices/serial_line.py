"""A serial line: its settings, opening it, and what its failures mean.

Traps of pyserial 3.5, all seen: an unplug shows as SerialException, as plain OSError, or as termios.error (which is no
OSError); a port can be opened twice unless `exclusive`; without `write_timeout` a write can block for ever; opening
throws away what has arrived before, and with it the scan that a scanner kept until somebody listened.
"""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, replace

import serial

from edge_agent.devices.supervision import Problem

try:
    from termios import error as TermiosError  # noqa: N812  its own name says nothing
except ImportError:  # Windows has no termios
    TermiosError = OSError  # type: ignore[misc,assignment]

LINE_ERRORS = (serial.SerialException, OSError, TermiosError)
"""What an unplugged port raises, by platform and by call."""

READ_S = 0.05
"""A read that gets nothing returns after this long, so that a thread can look at other things."""

_WRITE_S = 0.5


@dataclass(frozen=True, kw_only=True)
class Line:
    """Speed and shape of a byte on the wire; 9600 8N1 is what most devices start with, a Toledo scale with 7E1."""

    baud: int = 9600
    byte_bits: int = 8
    parity: str = "N"
    stop_bits: float = 1


class SerialPort(serial.Serial):
    """A port that keeps what arrived while it was being opened. On Windows pyserial purges it in another way."""

    def _reset_input_buffer(self) -> None:
        if self.is_open:  # False while `open` runs, which would throw the first scan away
            super()._reset_input_buffer()  # type: ignore[misc]  # the stubs leave private names out


def open_line(path: str, line: Line, *, read_s: float = READ_S) -> SerialPort:
    """Open a port for ourselves alone. Raises one of LINE_ERRORS; `problem_of` says what it means."""
    try:
        return _open(path, line, read_s)
    except TermiosError as exc:
        # A port that knows nothing but 8N1 (a pseudo terminal, some converters): what is behind it does not care.
        if os.name != "posix" or exc.args[:1] != (errno.EINVAL,) or (line.byte_bits, line.parity) == (8, "N"):
            raise
        return _open(path, replace(line, byte_bits=8, parity="N"), read_s)


def _open(path: str, line: Line, read_s: float) -> SerialPort:
    return SerialPort(
        path,
        line.baud,
        bytesize=line.byte_bits,
        parity=line.parity,
        stopbits=line.stop_bits,
        timeout=read_s,
        write_timeout=_WRITE_S,
        exclusive=True if os.name == "posix" else None,
    )


def read_some(port: serial.Serial) -> bytes:
    """What has arrived, after at most the port's time-out; asking for more than one byte at once would wait for it.

    Only the first call may come back empty-handed; a line that breaks after the first byte is met at the next one, so
    that what was read is not lost.
    """
    first: bytes = port.read(1)
    if not first:
        return b""
    try:
        rest: bytes = port.read(port.in_waiting)
    except LINE_ERRORS:
        return first
    return first + rest


def problem_of(exc: Exception) -> Problem:
    """What the failure to open a port means; "absent": there is no such port."""
    number = getattr(exc, "errno", None)
    text = str(exc).lower()
    if number in {errno.ENOENT, errno.ENODEV, errno.ENXIO}:
        return "absent"
    if number in {errno.EAGAIN, errno.EBUSY} or "lock" in text:
        return "in_use"
    if number in {errno.EACCES, errno.EPERM}:
        return "no_permission"
    # Windows says both "no such port" and "in use" in words only.
    if "filenotfound" in text:
        return "absent"
    return "in_use" if "permissionerror" in text or "access is denied" in text else "broken_line"
