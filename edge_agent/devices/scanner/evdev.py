"""A scanner that types, grabbed from the Linux kernel: its keys reach nobody but us, whatever window has the focus.

The kernel's interface is a read of 24 bytes and one ioctl, so it is used as it is; the package `evdev` has to be
compiled on each till. The trap: a grabbed keyboard is dead for everybody else, so only the device that the settings
name is grabbed. The agent's user needs the right to read it (group `input`).
"""

from __future__ import annotations

import errno
import logging
import os
import select
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from random import Random

from edge_agent.devices.keyboards import ListKeyboards, find_keyboard, list_system_keyboards
from edge_agent.devices.port_owner import PortOwner, Surroundings
from edge_agent.devices.ports import UsbIdentity
from edge_agent.devices.scanner.framing import Framing, Unreadable
from edge_agent.devices.scanner.keyboard import EVENT, KeyReader
from edge_agent.devices.scanner.reception import Listeners, Reception
from edge_agent.till.view import DeviceView

_log = logging.getLogger(__name__)

_EVIOCGRAB = 0x40044590  # linux/input.h: _IOW('E', 0x90, int)
_READ_MS = 50
_EVENTS_MAX = 64
IDLE_GAP_S = 0.1
"""Silence that ends a code: scanners that type leave up to 55 ms between two keys."""


@dataclass(frozen=True, kw_only=True)
class KeyboardSettings:
    """One scanner that types.

    Attributes:
        port: path of its device, best in /dev/input/by-id; None if `usb` tells it.
        usb: how to find it on USB.
        name: what people call it.
        framing: how codes are marked; Enter is CR here.
    """

    port: str | None = None
    usb: UsbIdentity | None = None
    name: str = "scanner"
    framing: Framing = Framing(idle_gap_s=IDLE_GAP_S)  # noqa: RUF009  frozen, so one default may be shared


def grab(descriptor: int) -> None:
    """Take the device for ourselves alone. Raises OSError: EBUSY if another program has it."""
    import fcntl  # noqa: PLC0415  Windows has none, and importing this module must work there

    fcntl.ioctl(descriptor, _EVIOCGRAB, 1)


class GrabbedKeyboard:
    """An open input device. Closing it gives its keys back."""

    def __init__(self, path: str, take: Callable[[int], None]) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            take(self._descriptor)
        except BaseException:
            self.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._descriptor, select.POLLIN)

    def read(self) -> bytes:
        """Whole events, after at most a twentieth of a second; empty if none came. Raises OSError when it is gone."""
        if not self._poll.poll(_READ_MS):
            return b""
        try:
            data = os.read(self._descriptor, EVENT.size * _EVENTS_MAX)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError(errno.ENODEV, "the keyboard has gone")
        return data

    def close(self) -> None:
        """Let it go."""
        os.close(self._descriptor)


class EvdevScanner:
    """One grabbed scanner and its thread; the same to the till as `SerialScanner`.

    Args:
        settings: where it is.
        on_code: told each code and when its last key was read (seconds of `monotonic`).
        on_unreadable: told what was no code, likewise, at most four times a second.
        on_state: told when its picture changes.
        call_soon: runs a callback on the event loop, from any thread.
        monotonic, wall: clocks: seconds; aware UTC.
        rng: for the jitter.
        list_keyboards: which keyboards there are.
        take: grabs an open device, by its descriptor.
    """

    def __init__(  # noqa: PLR0913  ports and clocks, all by keyword
        self,
        settings: KeyboardSettings,
        *,
        on_code: Callable[[str, float], None],
        on_unreadable: Callable[[Unreadable, float], None],
        on_state: Callable[[DeviceView], None],
        call_soon: Callable[..., object],
        monotonic: Callable[[], float],
        wall: Callable[[], datetime],
        rng: Random,
        list_keyboards: ListKeyboards = list_system_keyboards,
        take: Callable[[int], None] = grab,
    ) -> None:
        self._monotonic = monotonic
        self._list_keyboards = list_keyboards
        self._settings = settings
        self._usb = settings.usb
        self._take = take
        self._enabled = True
        self._owner: PortOwner[GrabbedKeyboard] = PortOwner(
            "scanner",
            settings.name,
            find=lambda: find_keyboard(settings.port, self._usb, list_keyboards),
            open_port=self._open,
            use=self._use,
            around=Surroundings(on_state=on_state, call_soon=call_soon, monotonic=monotonic, wall=wall, rng=rng),
        )
        listeners = Listeners(on_code=on_code, on_unreadable=on_unreadable, call_soon=call_soon)
        self._reception = Reception(settings.framing, listeners, self._owner)

    def start(self) -> None:
        """Begin to look for it."""
        self._owner.start()

    def stop(self) -> None:
        """Give it back and end the thread; takes a tenth of a second."""
        self._owner.stop()

    def acknowledge(self, *, good: bool) -> None:
        """Nothing: a keyboard has no way back. The till beeps."""

    def enable(self, *, on: bool) -> None:
        """Take codes or not; a keyboard cannot be switched off, so what it reads is then dropped. From any thread."""
        self._enabled = on

    # --- the thread

    def _open(self, path: str) -> GrabbedKeyboard:
        keyboard = GrabbedKeyboard(path, self._take)
        if self._settings.usb is None:
            real = os.path.realpath(path)
            same = (board.usb for board in self._list_keyboards() if os.path.realpath(board.path) == real)
            self._usb = next(same, None) or self._usb
        return keyboard

    def _use(self, keyboard: GrabbedKeyboard) -> None:
        keys = KeyReader()
        self._reception.opened(self._monotonic())
        try:
            while not self._owner.ended:
                data, now_s = keys.feed(keyboard.read()), self._monotonic()
                for reading in self._reception.take(data, now_s):
                    if self._enabled:
                        self._reception.tell(reading, now_s)
                    else:
                        _log.debug("scanner: a code was dropped, the till wants none")
                self._owner.still_there()
        finally:
            for reading in self._reception.lost():
                self._reception.tell(reading, self._monotonic())
