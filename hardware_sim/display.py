"""A CD5220 pole display on a pseudo terminal (Linux): it shows what it is told, and remembers every picture.

It obeys ESC @, ESC _ n, ESC t n, CLR, ESC Q A and ESC Q B with their CR. Bytes of other commands are recorded as
unknown; a line that is not ended by CR is not shown, as on the real one.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from hardware_sim.errors import NotPlugged, WaitedTooLong
from hardware_sim.serial_port import PtyPort

COLUMNS: Final = 20
PICTURES_KEPT: Final = 10_000
_ESC, _CLR, _CR = 0x1B, 0x0C, 0x0D
_PARAMETERS: Final = {ord("@"): 0, ord("_"): 1, ord("t"): 1}
Lines = tuple[str, str]


class SimulatedDisplay:
    """One display; `async with` plugs it in and takes it away.

    Args:
        link: symbolic link with the changeable name; `None` for none.
        by_id: symbolic link with the lasting name; `None` for none.
        encoding: Python's name of the code page that it has.
    """

    def __init__(self, *, link: Path | None = None, by_id: Path | None = None, encoding: str = "ascii") -> None:
        self.encoding = encoding
        self.lines: Lines = (" " * COLUMNS, " " * COLUMNS)
        self.shown: deque[Lines] = deque(maxlen=PICTURES_KEPT)
        """Every picture that differed from the one before, oldest first."""
        self.unknown = bytearray()
        self.code_page: int | None = None
        self.resets = 0
        self.reading = True
        """Whether it takes bytes; without, the host's writes fill the line and stall."""
        self.on_shown: Callable[[Lines], None] | None = None
        self._pending = bytearray()
        self._port = PtyPort(link=link, by_id=by_id)
        self._worker: asyncio.Task[None] | None = None
        self._last_device: str | None = None

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        worker, self._worker = self._worker, None
        self.unplug()
        if worker is not None:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    @property
    def path(self) -> str:
        """What a host should open."""
        return self._port.path

    @property
    def device(self) -> str | None:
        """The real name of the moment; `None` while unplugged."""
        return self._port.device

    def plug(self) -> None:
        """Plug it in, dark; no effect if it is. Raises `NoPty`, `LinkInTheWay`."""
        if not self._port.plugged:
            self._port.replug(old_device=self._last_device)
            if self._worker is None or self._worker.done():
                self._worker = asyncio.get_running_loop().create_task(self._work())

    def unplug(self) -> None:
        """Pull the cable: it goes dark."""
        self._last_device = self._port.device or self._last_device
        self._port.unplug()
        self._pending.clear()
        self._show((" " * COLUMNS, " " * COLUMNS))

    def replug(self, *, link: Path | None = None) -> None:
        """Pull and plug: another real name, another `link` if given, the same `by_id`; it comes back dark."""
        self.unplug()
        if link is not None:
            self._port.link = link
        self.plug()

    async def wait_shown(self, lines: Lines, *, timeout_s: float = 10.0) -> None:
        """Wait until it shows just that (blanks at the ends do not count). Raises `WaitedTooLong`."""
        wanted = tuple(line.strip() for line in lines)
        try:
            async with asyncio.timeout(timeout_s):
                while tuple(line.strip() for line in self.lines) != wanted:  # noqa: ASYNC110  told by a byte stream
                    await asyncio.sleep(0.01)
        except TimeoutError as exc:
            raise WaitedTooLong(f"The display shows {self.lines} and not {lines} after {timeout_s} s.") from exc

    async def _work(self) -> None:
        while True:
            try:
                data = await self._port.read(256) if self.reading else b""
            except NotPlugged:
                return
            self.take(data)
            if not data:
                await asyncio.sleep(0.01)

    def take(self, data: bytes) -> None:
        """Obey bytes; what is not complete waits for the rest."""
        self._pending += data
        while self._pending and (used := self._obey(bytes(self._pending))):
            del self._pending[:used]

    def _obey(self, data: bytes) -> int:
        """How many bytes the first order took; 0 if it is not complete."""
        if data[0] == _CLR:
            self._show((" " * COLUMNS, " " * COLUMNS))
            return 1
        if data[0] != _ESC:
            self.unknown.append(data[0])
            return 1
        if len(data) > 1 and data[1] == ord("Q"):
            return self._line(data)
        return self._setting(data)

    def _setting(self, data: bytes) -> int:
        if len(data) == 1:
            return 0
        if data[1] not in _PARAMETERS:
            self.unknown += data[:2]
            return 2
        length = 2 + _PARAMETERS[data[1]]
        if len(data) < length:
            return 0
        if data[1] == ord("@"):
            self.resets += 1
            self._show((" " * COLUMNS, " " * COLUMNS))
        elif data[1] == ord("t"):
            self.code_page = data[2]
        return length

    def _line(self, data: bytes) -> int:
        end = data.find(_CR, 3)
        if end < 0:
            return 0
        text = data[3:end].decode(self.encoding, "replace")[:COLUMNS].ljust(COLUMNS)
        top, bottom = self.lines
        if data[2:3] == b"A":
            self._show((text, bottom))
        elif data[2:3] == b"B":
            self._show((top, text))
        else:
            self.unknown += data[: end + 1]
        return end + 1

    def _show(self, lines: Lines) -> None:
        if lines != self.lines:
            self.lines = lines
            self.shown.append(lines)
            if self.on_shown is not None:
                self.on_shown(lines)
