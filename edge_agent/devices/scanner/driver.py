"""A serial scanner, read in a thread of its own; unplugging and replugging under another name is survived.

Everything is told on the event loop's thread. READY is told a moment after the opening, when what had arrived by then
has been read: a scan in that moment is neither lost nor taken by halves.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

import serial

from edge_agent.devices.port_owner import PortOwner, Surroundings
from edge_agent.devices.ports import ListPorts, UsbIdentity, find, identity_of, list_system_ports
from edge_agent.devices.scanner.feedback import Feedback, Handshake
from edge_agent.devices.scanner.framing import Framing, Reading, Unreadable
from edge_agent.devices.scanner.reception import Listeners, Reception
from edge_agent.devices.serial_line import Line, SerialPort, open_line, read_some
from edge_agent.till.view import DeviceView

_log = logging.getLogger(__name__)

_FEEDBACKS_MAX = 8


@dataclass(frozen=True, kw_only=True)
class ScannerSettings:
    """One scanner.

    Attributes:
        port: path or name of its port; None if `usb` tells it.
        usb: how to find it on USB.
        name: what people call it.
        line: the line; 9600 8N1 is what most scanners start with.
        framing: how codes are marked.
        feedback: bytes written back.
        ack_nak: the scanner waits for ACK or NAK after each code, and sends it again without one.
        resend_s: with `ack_nak`, the same code within this time is a repetition.
    """

    port: str | None = None
    usb: UsbIdentity | None = None
    name: str = "scanner"
    line: Line = Line()  # noqa: RUF009  frozen, so one default may be shared
    framing: Framing = Framing()  # noqa: RUF009  as above
    feedback: Feedback = Feedback()  # noqa: RUF009  as above
    ack_nak: bool = False
    resend_s: float = 0.4


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
        self._monotonic = monotonic
        self._list_ports = list_ports
        self._usb = settings.usb
        self._owner: PortOwner[SerialPort] = PortOwner(
            "scanner",
            settings.name,
            find=lambda: find(settings.port, self._usb, list_ports),
            open_port=self._open,
            use=self._use,
            around=Surroundings(on_state=on_state, call_soon=call_soon, monotonic=monotonic, wall=wall, rng=rng),
        )
        listeners = Listeners(on_code=on_code, on_unreadable=on_unreadable, call_soon=call_soon)
        self._reception = Reception(settings.framing, listeners, self._owner)
        self._handshake = Handshake(settings.resend_s) if settings.ack_nak else None
        self._to_write: queue.Queue[bytes] = queue.Queue(_FEEDBACKS_MAX)
        self._enabled = True

    def start(self) -> None:
        """Begin to look for it."""
        self._owner.start()

    def stop(self) -> None:
        """Close the port and end the thread; takes a tenth of a second."""
        self._owner.stop()

    def acknowledge(self, *, good: bool) -> None:
        """Let the scanner beep or light up; does nothing when it has no such bytes or is away. From any thread."""
        self._put(self._settings.feedback.good if good else self._settings.feedback.bad)

    def enable(self, *, on: bool) -> None:
        """Let it scan or not, also after it was away; does nothing when it has no such bytes. From any thread."""
        self._enabled = on
        self._put(self._settings.feedback.enable if on else self._settings.feedback.disable)

    def _put(self, data: bytes) -> None:
        if data:
            try:
                self._to_write.put_nowait(data)
            except queue.Full:
                _log.debug("scanner: feedback dropped, the line does not take it")

    # --- the thread

    def _open(self, path: str) -> SerialPort:
        port = open_line(path, self._settings.line)
        if self._settings.usb is None:
            self._usb = identity_of(path, self._list_ports) or self._usb
        return port

    def _use(self, port: SerialPort) -> None:
        self._reception.opened(self._monotonic())
        if not self._enabled:
            self._put(self._settings.feedback.disable)
        try:
            while not self._owner.ended:
                data, now_s = read_some(port), self._monotonic()
                for reading in self._reception.take(data, now_s):
                    self._take(port, reading, now_s)
                self._write_waiting(port)
                self._owner.still_there()
        finally:
            for reading in self._reception.lost():
                self._reception.tell(reading, self._monotonic())

    def _take(self, port: SerialPort, reading: Reading, now_s: float) -> None:
        if self._handshake is not None:
            answer, is_news = self._handshake.take(reading, now_s)
            self._handshake.answered(delivered=self._write(port, answer))
            if not is_news:
                _log.info("scanner: sent a code again that was taken", extra={"device": self._settings.name})
                return
        self._reception.tell(reading, now_s)

    def _write_waiting(self, port: SerialPort) -> None:
        while True:
            try:
                data = self._to_write.get_nowait()
            except queue.Empty:
                return
            self._write(port, data)

    def _write(self, port: SerialPort, data: bytes) -> bool:
        try:
            port.write(data)
        except serial.SerialTimeoutException:
            _log.debug("scanner: does not take what is written to it")
            return False
        return True
