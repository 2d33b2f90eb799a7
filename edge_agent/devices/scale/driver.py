"""A scale on a serial port, asked by a thread of its own: more often while a weight is wanted.

Everything is told on the event loop's thread. READY means that it answers: a converter's port opens without a scale
behind it. `latest` never tells an old weight: what is not fresh is STALE. At rest it is asked often enough that goods
can be sold by weight at any moment. The trap: an answer may come in two halves,
or not at all, so every question has its time, and half an answer dies with its question.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

import serial

from edge_agent.devices.port_owner import PortOwner, Surroundings
from edge_agent.devices.ports import ListPorts, UsbIdentity, find, identity_of, list_system_ports
from edge_agent.devices.scale.framing import Event, Garbled, ProtocolName, Send, Weighed, WeighingProtocol, protocol_of
from edge_agent.devices.scale.reading import ScaleReading
from edge_agent.devices.serial_line import Line, SerialPort, open_line, read_some
from edge_agent.till.view import DeviceView

LINES: dict[ProtocolName, Line] = {"toledo_8217": Line(byte_bits=7, parity="E"), "cas": Line()}
"""The line that each protocol starts with."""

_READ_S = 0.03
_SILENT_MAX = 3
_GARBLED_MAX = 3


@dataclass(frozen=True, kw_only=True)
class ScaleSettings:
    """One scale.

    Attributes:
        protocol: what it speaks.
        port: path or name of its port; None if `usb` tells it.
        usb: how to find it on USB.
        name: what people call it.
        line: the line; None: as the protocol has it.
        poll_s: from question to question while a weight is wanted.
        rest_s: from question to question otherwise; less than `stale_s`.
        answer_s: how long an answer may take.
        stale_s: how old a weight may be.
    """

    protocol: ProtocolName = "toledo_8217"
    port: str | None = None
    usb: UsbIdentity | None = None
    name: str = "scale"
    line: Line | None = None
    poll_s: float = 0.1
    rest_s: float = 0.3
    answer_s: float = 0.5
    stale_s: float = 0.8


class Scale:
    """One scale and its thread.

    Args:
        settings: where it is, what it speaks.
        on_reading: told each answer while a weight is wanted, else each change.
        on_state: told when its picture changes.
        call_soon: runs a callback on the event loop, from any thread.
        monotonic, wall: clocks: seconds; aware UTC.
        rng: for the jitter.
        list_ports: which ports there are.
    """

    def __init__(  # noqa: PLR0913  ports and clocks, all by keyword
        self,
        settings: ScaleSettings,
        *,
        on_reading: Callable[[ScaleReading], None],
        on_state: Callable[[DeviceView], None],
        call_soon: Callable[..., object],
        monotonic: Callable[[], float],
        wall: Callable[[], datetime],
        rng: Random,
        list_ports: ListPorts = list_system_ports,
    ) -> None:
        self._settings = settings
        self._on_reading = on_reading
        self._call_soon = call_soon
        self._monotonic = monotonic
        self._list_ports = list_ports
        self._usb = settings.usb
        self._owner: PortOwner[SerialPort] = PortOwner(
            "scale",
            settings.name,
            find=lambda: find(settings.port, self._usb, list_ports),
            open_port=self._open,
            use=self._use,
            around=Surroundings(on_state=on_state, call_soon=call_soon, monotonic=monotonic, wall=wall, rng=rng),
        )
        # Written by one thread, read by the other; each is replaced whole.
        self._latest: ScaleReading | None = None
        self._wanted_until_s = float("-inf")

    @property
    def view(self) -> DeviceView:
        """Its picture of the moment."""
        return self._owner.view

    def start(self) -> None:
        """Begin to look for it."""
        self._owner.start()

    def stop(self) -> None:
        """Close the port and end the thread; takes a tenth of a second."""
        self._owner.stop()

    def want(self, for_s: float) -> None:
        """A weight is wanted: ask often for so many seconds. Ask again before they are over to go on."""
        self._wanted_until_s = self._monotonic() + for_s

    def latest(self) -> ScaleReading | None:
        """The newest reading, STALE if it is too old to sell by; None: it has not said a word yet."""
        reading = self._latest
        return None if reading is None else reading.aged(self._monotonic(), self._settings.stale_s)

    # --- the thread

    def _open(self, path: str) -> SerialPort:
        port = open_line(path, self._settings.line or LINES[self._settings.protocol], read_s=_READ_S)
        if self._settings.usb is None:
            self._usb = identity_of(path, self._list_ports) or self._usb
        return port

    def _use(self, port: SerialPort) -> None:
        asking = _Asking(protocol_of(self._settings.protocol), self._settings)
        try:
            while not self._owner.ended:
                now_s = self._monotonic()
                _write(port, asking.due(now_s, wanted=now_s < self._wanted_until_s))
                for event in asking.heard(read_some(port)):
                    self._take(port, event)
                if asking.silent >= _SILENT_MAX:
                    self._owner.failed("no_answer")
                elif asking.garbled >= _GARBLED_MAX:
                    self._owner.failed("broken_line")
                self._owner.still_there()
        finally:
            self._tell(ScaleReading(None, "ABSENT", self._monotonic()))

    def _take(self, port: SerialPort, event: Event) -> None:
        if isinstance(event, Send):
            _write(port, event.data)
        elif isinstance(event, Weighed):
            self._owner.fine()
            self._tell(ScaleReading(event.grams, event.state, self._monotonic()))

    def _tell(self, reading: ScaleReading) -> None:
        before, self._latest = self._latest, reading
        same = before is not None and (before.grams, before.state) == (reading.grams, reading.state)
        if not same or reading.at_s < self._wanted_until_s:
            self._call_soon(self._on_reading, reading)


class _Asking:
    """When to ask, and how often nothing, or nothing sensible, came back."""

    def __init__(self, protocol: WeighingProtocol, settings: ScaleSettings) -> None:
        self._protocol = protocol
        self._settings = settings
        self._asked_s = float("-inf")
        self._answered = True
        self._babbled = False
        self.silent = 0
        self.garbled = 0

    def due(self, now_s: float, *, wanted: bool) -> bytes:
        """What to write now; empty for nothing."""
        waited_s = now_s - self._asked_s
        if not self._answered:
            if waited_s < self._settings.answer_s:
                return b""
            # Bytes that became nothing: a wrong speed, another protocol, half an answer.
            self.garbled, self.silent = (
                (self.garbled + 1, self.silent) if self._babbled else (self.garbled, self.silent + 1)
            )
        elif waited_s < (self._settings.poll_s if wanted else self._settings.rest_s):
            return b""
        self._asked_s, self._answered, self._babbled = now_s, False, False
        return self._protocol.ask()

    def heard(self, data: bytes) -> list[Event]:
        """What came."""
        events = self._protocol.feed(data)
        self._babbled = self._babbled or bool(data and not events)
        for event in events:
            if isinstance(event, Weighed):
                self._answered, self.silent, self.garbled = True, 0, 0
            elif isinstance(event, Garbled):
                self._answered, self.silent, self.garbled = True, 0, self.garbled + 1
        return events


def _write(port: SerialPort, data: bytes) -> None:
    if data:
        try:
            port.write(data)
        except serial.SerialTimeoutException:
            return  # a line that takes nothing answers nothing, which is noticed
