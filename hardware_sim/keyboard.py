"""A scanner that types, at the level of the Linux kernel: its event bytes on a named pipe, or a real one by uinput.

On a pipe a driver reads what it would read of /dev/input/eventN, 24 bytes an event; it cannot grab it. `UinputKeyboard`
makes a real input device, for machines that allow it.
"""

import asyncio
import contextlib
import os
import struct
import time
from collections import deque
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Final, Self

from hardware_sim.errors import NotPlugged, WaitedTooLong

EVENT: Final = struct.Struct("@llHHi")
SCANS_KEPT: Final = 100_000
_EV_SYN, _EV_KEY, _EV_MSC = 0, 1, 4
_MSC_SCAN, _SYN_REPORT, _SYN_DROPPED = 4, 0, 3
_LEFT_SHIFT, _LEFT_CTRL, _LEFT_ALT, _ENTER, _TAB, _CAPS_LOCK = 42, 29, 56, 28, 15, 58
SUFFIXES: Final = {"enter": (_ENTER,), "tab": (_TAB,), "both": (_ENTER, _TAB), "none": ()}

# Where each character stands on a US keyboard: (key, Shift).
_US: Final[dict[str, tuple[int, bool]]] = {" ": (57, False)}
for _keys, _signs, _shifted in (
    (range(2, 14), "1234567890-=", "!@#$%^&*()_+"),
    (range(16, 28), "qwertyuiop[]", "QWERTYUIOP{}"),
    (range(30, 42), "asdfghjkl;'`", 'ASDFGHJKL:"~'),
    (range(43, 54), "\\zxcvbnm,./", "|ZXCVBNM<>?"),
):
    for _key, _sign, _upper in zip(_keys, _signs, _shifted, strict=True):
        _US[_sign], _US[_upper] = (_key, False), (_key, True)
_PAD: Final = (82, 79, 80, 81, 75, 76, 77, 71, 72, 73)


def press(key: int, *, down: bool, moment_s: float) -> bytes:
    """The events of one key going down or up, with the two that real devices send around it."""
    seconds, micros = int(moment_s), int(moment_s % 1 * 1_000_000)
    return b"".join(
        EVENT.pack(seconds, micros, *event)
        for event in ((_EV_MSC, _MSC_SCAN, 0x70000 + key), (_EV_KEY, key, int(down)), (_EV_SYN, _SYN_REPORT, 0))
    )


def keys_of(text: str, *, suffix: str = "enter", alt_mode: bool = False) -> list[tuple[int, bool]]:
    """The keys of one scan, (key, whether it goes down), in order.

    GS and other control characters are Ctrl and a key, or with `alt_mode` every character is Alt and its number.
    Raises KeyError for a character that no US keyboard has.
    """
    strokes: list[tuple[int, bool]] = []
    for sign in text:
        if alt_mode:
            digits = [_PAD[int(digit)] for digit in f"{ord(sign):04}"]
            strokes += [
                (_LEFT_ALT, True),
                *((key, down) for key in digits for down in (True, False)),
                (_LEFT_ALT, False),
            ]
            continue
        key, shifted = _US[chr(ord(sign) | 0x40).lower() if sign < " " else sign]
        around = _LEFT_CTRL if sign < " " else _LEFT_SHIFT if shifted else None
        stroke = [(key, True), (key, False)]
        strokes += stroke if around is None else [(around, True), *stroke, (around, False)]
    return strokes + [(key, down) for key in SUFFIXES[suffix] for down in (True, False)]


class SimulatedKeyboard:
    """A scanner whose events come out of a named pipe; `async with` plugs it in and takes it away.

    Args:
        path: where the pipe is, like /dev/input/by-id/...; made when plugged, removed when unplugged.
        gap_s: least and greatest time from event to event; (0, 0) writes a scan at once.
        rng: draws the gaps.
    """

    def __init__(self, path: Path, *, gap_s: tuple[float, float] = (0.0, 0.0), rng: Random | None = None) -> None:
        self.path = path
        self.gap_s = gap_s
        self.sent: deque[str] = deque(maxlen=SCANS_KEPT)
        self._rng = rng or Random(0)  # noqa: S311  gaps are no secret
        self._writer = -1

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unplug()

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        return self._writer >= 0

    def plug(self) -> None:
        """Make the device appear; no effect if it is there."""
        if self.plugged:
            return
        self.path.unlink(missing_ok=True)
        os.mkfifo(self.path)
        # A pipe opened for writing alone needs a reader first; opened for both it does not.
        self._writer = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)

    def unplug(self) -> None:
        """Make it vanish: the host reads its end."""
        if self.plugged:
            self.path.unlink(missing_ok=True)
            os.close(self._writer)
            self._writer = -1

    async def scan(self, text: str, *, suffix: str = "enter", alt_mode: bool = False) -> None:
        """Type one code. Raises `NotPlugged`."""
        await self.type(keys_of(text, suffix=suffix, alt_mode=alt_mode))
        self.sent.append(text)

    async def type(self, strokes: list[tuple[int, bool]]) -> None:
        """Press and release keys. Raises `NotPlugged` (also when unplugged half-way)."""
        for key, down in strokes:
            await self._write(press(key, down=down, moment_s=time.time()))  # noqa: TID251  events carry the wall clock
            if self.gap_s[1]:
                await asyncio.sleep(self._rng.uniform(*self.gap_s))

    async def drop(self) -> None:
        """Lose events, as the kernel says it."""
        await self._write(EVENT.pack(0, 0, _EV_SYN, _SYN_DROPPED, 0))

    async def caps_lock(self) -> None:
        """Press Caps Lock, as scanners do that believe it to be on."""
        await self.type([(_CAPS_LOCK, True), (_CAPS_LOCK, False)])

    async def _write(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            if not self.plugged:
                raise NotPlugged("The simulated keyboard is unplugged: plug it first.")
            os.write(self._writer, data)
            return
        await asyncio.sleep(0.01)
        await self._write(data)


class UinputKeyboard:
    """A real input device of the kernel, for as long as the context lasts. Needs the right to write /dev/uinput."""

    _SET_EVBIT, _SET_KEYBIT, _CREATE, _DESTROY = 0x40045564, 0x40045565, 0x5501, 0x5502
    _USER_DEVICE: Final = struct.Struct("@80sHHHHI" + "64i" * 4)
    _BUS_USB: Final = 3

    def __init__(self, name: str, *, vendor: int = 0x05E0, product: int = 0x1200) -> None:
        self._name, self._vendor, self._product = name, vendor, product
        self._control = -1

    def __enter__(self) -> Self:
        import fcntl  # noqa: PLC0415  POSIX only: importing this module must work on Windows

        self._control = os.open("/dev/uinput", os.O_WRONLY | os.O_NONBLOCK)
        fcntl.ioctl(self._control, self._SET_EVBIT, _EV_KEY)
        for key in range(1, 128):
            fcntl.ioctl(self._control, self._SET_KEYBIT, key)
        identity = (self._BUS_USB, self._vendor, self._product, 1, 0)
        os.write(self._control, self._USER_DEVICE.pack(self._name.encode(), *identity, *([0] * 256)))
        fcntl.ioctl(self._control, self._CREATE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import fcntl  # noqa: PLC0415  as above

        fcntl.ioctl(self._control, self._DESTROY)
        os.close(self._control)

    def device(self, *, timeout_s: float = 10.0) -> Path:
        """Its file in /dev/input. Raises `WaitedTooLong`."""
        end_s = time.monotonic() + timeout_s
        while time.monotonic() < end_s:
            for name in Path("/sys/class/input").glob("event*/device/name"):
                device = Path("/dev/input") / name.parts[-3]
                if name.read_text().strip() == self._name and device.exists():
                    return device
            time.sleep(0.05)
        raise WaitedTooLong(f"{self._name}: the kernel made no input device within {timeout_s} s.")

    def scan(self, text: str) -> None:
        """Type one code, with Enter."""
        for key, down in keys_of(text):
            os.write(self._control, press(key, down=down, moment_s=0.0))
