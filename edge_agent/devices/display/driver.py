"""A pole display on a serial port, written by a thread of its own; the newest picture wins.

Whoever shows something never waits: a picture that was not written yet is replaced. After the display was away it gets
the picture of the moment, and now and then it gets it again: a display that lost its power does not say so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

import serial

from edge_agent.devices.display.framing import show, start
from edge_agent.devices.display.layout import BLANK, Picture
from edge_agent.devices.port_owner import PortOwner, Surroundings
from edge_agent.devices.ports import ListPorts, UsbIdentity, find, identity_of, list_system_ports
from edge_agent.devices.serial_line import Line, SerialPort, open_line
from edge_agent.till.view import DeviceView

_LOOK_S = 0.2
_STALLED_MAX = 3


@dataclass(frozen=True, kw_only=True)
class DisplaySettings:
    """One display.

    Attributes:
        port: path or name of its port; None if `usb` tells it.
        usb: how to find it on USB.
        name: what people call it.
        line: the line.
        encoding: Python's name of the display's code page; one byte per character.
        code_page: what ESC t selects it with; None: nothing is selected.
        again_s: how often the same picture is written again.
    """

    port: str | None = None
    usb: UsbIdentity | None = None
    name: str = "display"
    line: Line = Line()  # noqa: RUF009  frozen, so one default may be shared
    encoding: str = "ascii"
    code_page: int | None = None
    again_s: float = 30.0


class Display:
    """One display and its thread.

    Args:
        settings: where it is.
        on_state: told when its picture changes.
        call_soon: runs a callback on the event loop, from any thread.
        monotonic, wall: clocks: seconds; aware UTC.
        rng: for the jitter.
        list_ports: which ports there are.
    """

    def __init__(  # noqa: PLR0913  ports and clocks, all by keyword
        self,
        settings: DisplaySettings,
        *,
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
            "display",
            settings.name,
            find=lambda: find(settings.port, self._usb, list_ports),
            open_port=self._open,
            use=self._use,
            around=Surroundings(on_state=on_state, call_soon=call_soon, monotonic=monotonic, wall=wall, rng=rng),
        )
        self._picture = BLANK
        self._changed = threading.Event()

    @property
    def view(self) -> DeviceView:
        """Its picture of the moment."""
        return self._owner.view

    def start(self) -> None:
        """Begin to look for it."""
        self._owner.start()

    def stop(self) -> None:
        """Clear it, close the port and end the thread; takes a fraction of a second."""
        self._owner.stop()

    def show(self, picture: Picture) -> None:
        """Show a picture, as soon as the display is there. From any thread."""
        self._picture = picture
        self._changed.set()

    # --- the thread

    def _open(self, path: str) -> SerialPort:
        port = open_line(path, self._settings.line)
        if self._settings.usb is None:
            self._usb = identity_of(path, self._list_ports) or self._usb
        return port

    def _use(self, port: SerialPort) -> None:
        _write(port, start(self._settings.code_page))
        shown: Picture | None = None
        stalled, write_at_s = 0, 0.0
        while not self._owner.ended:
            picture, now_s = self._picture, self._monotonic()
            if picture != shown or now_s >= write_at_s:
                if _write(port, show(picture, self._settings.encoding)):
                    shown, stalled, write_at_s = picture, 0, now_s + self._settings.again_s
                    self._owner.fine()
                else:
                    stalled += 1
            if stalled >= _STALLED_MAX:
                self._owner.failed("stalled")
            self._owner.still_there()
            if picture == shown and self._changed.wait(_LOOK_S):
                self._changed.clear()
        _write(port, show(BLANK, self._settings.encoding))


def _write(port: SerialPort, data: bytes) -> bool:
    try:
        port.write(data)
    except serial.SerialTimeoutException:
        # Half a picture may wait in the line: it must not be completed by the next one.
        port.reset_output_buffer()
        return False
    return True
