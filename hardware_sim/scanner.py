"""A serial barcode scanner on a pseudo terminal (Linux), with the accidents that real ones have.

It records every scan it sent, with the time, and every byte that the host wrote back (`B`, `F`, BEL): a test can
compare both with what the till says. A scan while no host has the port open is lost, as with a USB scanner, and
recorded so.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from hardware_sim.errors import NotPlugged, WaitedTooLong
from hardware_sim.framing import NAMED, Framing, guess_aim_id
from hardware_sim.serial_port import PtyPort

ACK: Final = b"\x06"
NAK: Final = b"\x15"
SCANS_KEPT: Final = 200_000
FEEDBACK_KEPT: Final = 10_000
RESENDS_MAX: Final = 3
ScanKind = Literal["scan", "partial", "joined", "noise", "resent"]


@dataclass(frozen=True, slots=True)
class ScanSent:
    """Something that left the scanner.

    `sent_at`: seconds of the scanner's clock, taken when the last byte was handed over. `delivered`: a host had the
    port open. `code`: as given to `scan`; of noise the bytes as Latin-1.
    """

    kind: ScanKind
    code: str
    data: bytes
    sent_at: float
    delivered: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """Bytes that the host wrote to the scanner, and when they arrived."""

    data: bytes
    received_at: float


class SimulatedScanner:
    """One scanner; `async with` plugs it in and takes it away.

    Args:
        link: symbolic link with the changeable name, like /dev/ttyACM0; `None` for none.
        by_id: symbolic link with the lasting name; `None` for none.
        framing: bytes around each code.
        byte_s: seconds per byte; 0 sends a scan in one write.
        aim_id: send the AIM identifier before each code.
        ack_s: wait that long for ACK after each scan, and send it again after NAK or silence; `None` waits for nothing.
        clock: source of `sent_at`, in seconds.
    """

    def __init__(  # noqa: PLR0913  all by keyword, each with a default
        self,
        *,
        link: Path | None = None,
        by_id: Path | None = None,
        framing: Framing = NAMED["cr"],
        byte_s: float = 0.0,
        aim_id: bool = False,
        ack_s: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.framing = framing
        self.byte_s = byte_s
        self.aim_id = aim_id
        self.ack_s = ack_s
        self.deaf = 0
        """So many answers of the host are not heard: an ACK that was lost on the line."""
        self.sent: deque[ScanSent] = deque(maxlen=SCANS_KEPT)
        self.feedback: deque[Feedback] = deque(maxlen=FEEDBACK_KEPT)
        self.on_feedback: Callable[[Feedback], None] | None = None
        self._clock = clock
        self._port = PtyPort(link=link, by_id=by_id)
        self._reader: asyncio.Task[None] | None = None
        self._last_device: str | None = None
        self._one_at_a_time = asyncio.Lock()
        self._answers: asyncio.Queue[bytes] = asyncio.Queue(FEEDBACK_KEPT)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Plug it in. Raises `NoPty`, `LinkInTheWay`."""
        self.plug()

    async def stop(self) -> None:
        """Take it away for good."""
        reader, self._reader = self._reader, None
        self._unplug_port()
        if reader is not None:
            reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await reader

    # --- the cable

    @property
    def path(self) -> str:
        """What a host should open: `by_id`, else `link`, else the real name."""
        return self._port.path

    @property
    def device(self) -> str | None:
        """The real name of the moment, /dev/pts/N; `None` while unplugged."""
        return self._port.device

    @property
    def plugged(self) -> bool:
        """Whether the device is there."""
        return self._port.plugged

    @property
    def attached(self) -> bool:
        """Whether a host has the port open."""
        return self._port.attached

    def plug(self) -> None:
        """Plug it in; no effect if it is."""
        if self._port.plugged:
            return
        self._port.replug(old_device=self._last_device)
        self._listen()

    def unplug(self) -> None:
        """Pull the cable: the host reads end of file and cannot write (EIO)."""
        self._unplug_port()

    def replug(self, *, link: Path | None = None) -> None:
        """Pull and plug: another real name, another `link` if given, the same `by_id`."""
        self._unplug_port()
        self._port.replug(link=link, old_device=self._last_device)
        self._listen()

    async def wait_attached(self, *, timeout_s: float = 10.0) -> None:
        """Wait until a host has opened the port. Raises `WaitedTooLong`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not self.attached:  # noqa: ASYNC110  the kernel gives no event for an opening
                    await asyncio.sleep(0.01)
        except TimeoutError as exc:
            raise WaitedTooLong(f"No host opened {self.path} within {timeout_s} s; is its driver running?") from exc

    def _unplug_port(self) -> None:
        self._last_device = self._port.device or self._last_device
        self._port.unplug()

    def _listen(self) -> None:
        if self._reader is None or self._reader.done():
            self._reader = asyncio.get_running_loop().create_task(self._collect_feedback())

    async def _collect_feedback(self) -> None:
        while True:
            try:
                data = await self._port.read(256)
            except NotPlugged:
                return
            feedback = Feedback(data, self._clock())
            self.feedback.append(feedback)
            self._hear(data)
            if self.on_feedback is not None:
                self.on_feedback(feedback)

    def _hear(self, data: bytes) -> None:
        for answer in data:
            if bytes((answer,)) not in {ACK, NAK} or self._answers.full():
                continue
            if self.deaf:
                self.deaf -= 1
            else:
                self._answers.put_nowait(bytes((answer,)))

    # --- scanning

    async def scan(self, code: str, *, aim_id: str | None = None) -> ScanSent:
        """Read one code. Raises `NotPlugged` (also when unplugged half-way) and `HostNotReading`.

        With `ack_s` it is over when the host said ACK, or did not after `RESENDS_MAX` more times.
        """
        data = self._framed(code, aim_id)
        sent = await self._send("scan", code, data)
        for _ in range(0 if self.ack_s is None else RESENDS_MAX):
            if await self._acknowledged():
                break
            sent = await self._send("resent", code, data)
        return sent

    async def scan_torn(self, code: str, byte_count: int) -> ScanSent:
        """Send the first bytes of a code and pull the cable before the rest."""
        sent = await self.scan_partial(code, byte_count)
        await asyncio.sleep(0.02)  # let the host read them: bytes in a pulled cable are gone
        self.unplug()
        return sent

    async def scan_spoilt(self, code: str, at: int) -> ScanSent:
        """Send a code one byte of which became noise on the line."""
        data = bytearray(self._framed(code, None))
        data[at] |= 0x80
        return await self._send("noise", code, bytes(data))

    async def _acknowledged(self) -> bool:
        try:
            async with asyncio.timeout(self.ack_s):
                return await self._answers.get() == ACK
        except TimeoutError:
            return False

    async def scan_partial(self, code: str, byte_count: int, *, aim_id: str | None = None) -> ScanSent:
        """Send only the first `byte_count` bytes of the frame."""
        return await self._send("partial", code, self._framed(code, aim_id)[:byte_count])

    async def scan_joined(self, *codes: str) -> ScanSent:
        """Send several codes in one write; `code` of the record holds them with blanks between."""
        return await self._send("joined", " ".join(codes), b"".join(self._framed(code, None) for code in codes), 0.0)

    async def noise(self, data: bytes = b"\xff\x00\x7f\x81\x1b~\xfe") -> ScanSent:
        """Send raw bytes without a frame."""
        return await self._send("noise", data.decode("latin-1"), data)

    def _framed(self, code: str, aim_id: str | None) -> bytes:
        if aim_id is None:
            aim_id = guess_aim_id(code) if self.aim_id else ""
        return self.framing.frame(code, aim_id=aim_id)

    async def _send(self, kind: ScanKind, code: str, data: bytes, byte_s: float | None = None) -> ScanSent:
        pause_s = self.byte_s if byte_s is None else byte_s
        async with self._one_at_a_time:
            delivered = self._port.attached
            if not self._port.plugged:
                raise NotPlugged(f"The scanner is unplugged and cannot send {code!r}: plug it first.")
            if delivered and pause_s > 0:
                for at in range(len(data)):
                    await self._port.write(data[at : at + 1])
                    await asyncio.sleep(pause_s)
            elif delivered:
                await self._port.write(data)
            sent = ScanSent(kind, code, data, self._clock(), delivered)
            self.sent.append(sent)
            return sent
