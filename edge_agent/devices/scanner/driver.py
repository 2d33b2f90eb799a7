"""A serial scanner, read in a thread of its own; unplugging and replugging under another name is survived.

Everything is told on the event loop's thread (`call_soon` is `loop.call_soon_threadsafe`). Traps of pyserial 3.5, all
seen: an unplug shows as SerialException, as plain OSError, or as termios.error (which is no OSError); a port can be
opened twice unless `exclusive`; without `write_timeout` a write can block for ever; `read_until` hands back halves.
"""

from __future__ import annotations

import errno
import logging
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

import serial

from edge_agent.devices.scanner.framing import Code, Framer, Framing, Reading, Unreadable
from edge_agent.devices.scanner.ports import ListPorts, UsbIdentity, find, identity_of, list_system_ports
from edge_agent.devices.supervision import Backoff, Problem, Supervision, Turn
from edge_agent.till.view import DeviceView

try:
    from termios import error as TermiosError  # noqa: N812  its own name says nothing
except ImportError:  # Windows has no termios
    TermiosError = OSError  # type: ignore[misc,assignment]

_log = logging.getLogger(__name__)

LINE_ERRORS = (serial.SerialException, OSError, TermiosError)
"""What an unplugged port raises, by platform and by call."""

_BACKOFF = Backoff(first_s=0.25, longest_s=2.0)
_READ_S = 0.05
_LOOK_S = 0.25
_CHECK_S = 1.0
_WRITE_S = 0.5
_FEEDBACKS_MAX = 8
_UNREADABLE_GAP_S = 0.25
_BAD_IN_A_ROW = 5


@dataclass(frozen=True, kw_only=True)
class ScannerSettings:
    """One scanner.

    Attributes:
        port: path or name of its port; None if `usb` tells it.
        usb: how to find it on USB.
        name: what people call it.
        baud, byte_bits, parity, stop_bits: the line; 9600 8N1 is what most scanners start with.
        framing: how codes are marked.
        good, bad: bytes written back after a scan, such as b"B" and b"F" for a Datalogic; empty: nothing.
    """

    port: str | None = None
    usb: UsbIdentity | None = None
    name: str = "scanner"
    baud: int = 9600
    byte_bits: int = 8
    parity: str = "N"
    stop_bits: float = 1
    framing: Framing = Framing()  # noqa: RUF009  frozen, so one default may be shared
    good: bytes = b""
    bad: bytes = b""


class SerialScanner:
    """One scanner and its thread.

    Args:
        settings: where it is.
        on_code: told each code and when its last byte was read (seconds of `monotonic`).
        on_unreadable: told what was no code, likewise, at most four times a second.
        on_state: told when its picture changes.
        call_soon: runs a callback on the event loop, from any thread.
        monotonic, wall: clocks: seconds; aware UTC.
        rng: for the jitter.
        list_ports: which ports there are.
    """

    def __init__(  # noqa: PLR0913  ports and clocks, all by keyword
        self,
        settings: ScannerSettings,
        *,
        on_code: Callable[[str, float], None],
        on_unreadable: Callable[[Unreadable, float], None],
        on_state: Callable[[DeviceView], None],
        call_soon: Callable[..., object],
        monotonic: Callable[[], float],
        wall: Callable[[], datetime],
        rng: Random,
        list_ports: ListPorts = list_system_ports,
    ) -> None:
        self._settings = settings
        self._on_code = on_code
        self._on_unreadable = on_unreadable
        self._on_state = on_state
        self._call_soon = call_soon
        self._monotonic = monotonic
        self._wall = wall
        self._list_ports = list_ports
        self._supervision = Supervision(_BACKOFF, rng)
        self._framer = Framer(settings.framing)
        self._view = DeviceView(kind="scanner", name=settings.name, state="absent", since=wall())
        self._usb = settings.usb
        self._feedback: queue.Queue[bytes] = queue.Queue(_FEEDBACKS_MAX)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name="scanner", daemon=True)
        self._unreadable_at_s = float("-inf")
        self._bad_in_a_row = 0

    def start(self) -> None:
        """Begin to look for it."""
        self._thread.start()

    def stop(self) -> None:
        """Close the port and end the thread; takes a tenth of a second."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2.0)

    def acknowledge(self, *, good: bool) -> None:
        """Let the scanner beep or light up; does nothing when it has no such bytes or is away. From any thread."""
        answer = self._settings.good if good else self._settings.bad
        if answer:
            try:
                self._feedback.put_nowait(answer)
            except queue.Full:
                _log.debug("scanner: feedback dropped, the line does not take it")

    # --- the thread

    def _work(self) -> None:
        while not self._stopped.is_set():
            try:
                self._look()
            except Exception:  # noqa: BLE001  a fault of ours must not end scanning for the day
                _log.exception("scanner: unexpected error")
                self._show(self._supervision.gave_up("broken_line", self._monotonic()))
            self._stopped.wait(max(_LOOK_S, self._supervision.wait_s(self._monotonic())))

    def _look(self) -> None:
        path = find(self._settings.port, self._usb, self._list_ports)
        if path is None:
            self._show(self._supervision.vanished(self._monotonic()))
            return
        self._show(self._supervision.opening(self._monotonic()))
        try:
            port = self._open(path)
        except LINE_ERRORS as exc:
            self._failed_to_open(exc)
            return
        try:
            self._read(port, path)
        except LINE_ERRORS as exc:
            self._lost(str(exc))
        finally:
            self._close(port)

    def _open(self, path: str) -> serial.Serial:
        settings = self._settings
        port = serial.Serial(
            path,
            settings.baud,
            bytesize=settings.byte_bits,
            parity=settings.parity,
            stopbits=settings.stop_bits,
            timeout=_READ_S,
            write_timeout=_WRITE_S,
            exclusive=True if os.name == "posix" else None,
        )
        if self._settings.usb is None:
            self._usb = identity_of(path, self._list_ports) or self._usb
        return port

    def _failed_to_open(self, exc: Exception) -> None:
        problem = _problem_of(exc)
        now_s = self._monotonic()
        turn = self._supervision.vanished(now_s) if problem == "absent" else self._supervision.gave_up(problem, now_s)
        self._show(turn, str(exc))

    def _read(self, port: serial.Serial, path: str) -> None:
        self._show(self._supervision.fine(self._monotonic()))
        real, check_at_s = os.path.realpath(path), self._monotonic() + _CHECK_S
        while not self._stopped.is_set():
            # One byte, then what came with it: asking for more at once would wait for more. The first is framed before
            # the second call, which can fail, so that half a scan is reported and not lost.
            if self._take(port.read(1)):
                self._take(port.read(port.in_waiting))
            self._write_feedback(port)
            now_s = self._monotonic()
            if now_s >= check_at_s:
                check_at_s = now_s + _CHECK_S
                if os.path.realpath(path) != real or not (os.name == "nt" or os.path.exists(path)):  # noqa: PTH110  a device
                    # Some drivers keep a dead port open without a word.
                    raise serial.SerialException(f"{path}: the device has gone")

    def _take(self, data: bytes) -> bool:
        now_s = self._monotonic()
        for reading in self._framer.feed(data, now_s):
            self._tell(reading, now_s)
        return bool(data)

    def _write_feedback(self, port: serial.Serial) -> None:
        while True:
            try:
                answer = self._feedback.get_nowait()
            except queue.Empty:
                return
            try:
                port.write(answer)
            except serial.SerialTimeoutException:
                _log.debug("scanner: does not take its feedback")

    def _lost(self, why: str) -> None:
        now_s = self._monotonic()
        for reading in self._framer.reset():
            self._tell(reading, now_s)
        gone = find(self._settings.port, self._usb, self._list_ports) is None
        self._show(
            self._supervision.vanished(now_s) if gone else self._supervision.gave_up("connection_lost", now_s), why
        )

    def _close(self, port: serial.Serial) -> None:
        try:
            port.close()
        except LINE_ERRORS as exc:
            _log.debug("scanner: closing the port failed", extra={"problem": str(exc)})

    # --- telling

    def _tell(self, reading: Reading, now_s: float) -> None:
        if isinstance(reading, Code):
            self._bad_in_a_row = 0
            if self._supervision.standing.state == "degraded":
                self._show(self._supervision.fine(now_s))
            self._call_soon(self._on_code, reading.text, now_s)
            return
        self._bad_in_a_row += 1
        if self._bad_in_a_row == _BAD_IN_A_ROW and self._supervision.standing.state == "ready":
            self._show(self._supervision.hampered("broken_line", now_s))
        # A noisy line makes hundreds a second; the cashier needs one, and the event loop no more than a few.
        if now_s - self._unreadable_at_s >= _UNREADABLE_GAP_S:
            self._unreadable_at_s = now_s
            self._call_soon(self._on_unreadable, reading, now_s)

    def _show(self, turn: Turn, why: str = "") -> None:
        standing = self._supervision.standing
        if turn == "gone":
            _log.warning("scanner: gone", extra={"device": self._view.name, "problem": standing.problem, "why": why})
        elif turn == "back":
            _log.info("scanner: back", extra={"device": self._view.name})
        if turn != "same":
            self._view = DeviceView(
                kind="scanner",
                name=self._settings.name,
                state=standing.state,
                problem=standing.problem,
                since=self._wall(),
            )
            self._call_soon(self._on_state, self._view)


def _problem_of(exc: Exception) -> Problem:
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
