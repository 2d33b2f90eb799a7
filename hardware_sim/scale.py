"""A weighing scale on a pseudo terminal (Linux): Toledo 8217 or CAS, with goods that move and a line that fails.

It answers questions and never speaks by itself. Whoever holds it puts goods on (`put`), lets them swing (`moving`), or
makes it ill: `mute`, `garble_next`, unplugged.
"""

import asyncio
import contextlib
from functools import reduce
from operator import xor
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from hardware_sim.errors import NotPlugged
from hardware_sim.serial_port import PtyPort

Protocol = Literal["toledo_8217", "cas"]
_CAPACITY_GRAMS: Final = 15_000
_MOTION, _OVER, _UNDER, _ZERO = 0b0001, 0b0010, 0b0100, 0b1_0000
# Bits 5 and 6 of real scales: net, and one that is always on. A driver must not trip over them.
_ALWAYS: Final = 0b110_0000


class SimulatedScale:
    """One scale; `async with` plugs it in and takes it away.

    Args:
        protocol: what it speaks.
        link: symbolic link with the changeable name; `None` for none.
        by_id: symbolic link with the lasting name; `None` for none.
        capacity_grams: more than this is too much.
        byte_s: seconds per byte of an answer; 0 sends it in one write.
    """

    def __init__(
        self,
        protocol: Protocol = "toledo_8217",
        *,
        link: Path | None = None,
        by_id: Path | None = None,
        capacity_grams: int = _CAPACITY_GRAMS,
        byte_s: float = 0.0,
    ) -> None:
        self.protocol: Protocol = protocol
        self.capacity_grams = capacity_grams
        self.byte_s = byte_s
        self.grams = 0
        self.moving = False
        self.mute = False
        self.garble_next = 0
        """So many answers come as noise."""
        self.lie_next = 0
        """So many answers come with a wrong digit: a CAS block then fails its check, a Toledo weight is just wrong."""
        self.questions = 0
        self._port = PtyPort(link=link, by_id=by_id)
        self._worker: asyncio.Task[None] | None = None
        self._last_device: str | None = None

    async def __aenter__(self) -> Self:
        self.plug()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def stop(self) -> None:
        """Take it away for good."""
        worker, self._worker = self._worker, None
        self.unplug()
        if worker is not None:
            worker.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await worker

    # --- hands

    def put(self, grams: int, *, moving: bool = False) -> None:
        """Lay that much on it, instead of what was there; below 0 is a plate that was taken off."""
        self.grams, self.moving = grams, moving

    def settle(self) -> None:
        """The goods lie still."""
        self.moving = False

    # --- the cable

    @property
    def path(self) -> str:
        """What a host should open."""
        return self._port.path

    @property
    def device(self) -> str | None:
        """The real name of the moment; `None` while unplugged."""
        return self._port.device

    def plug(self) -> None:
        """Plug it in; no effect if it is. Raises `NoPty`, `LinkInTheWay`."""
        if not self._port.plugged:
            self._port.replug(old_device=self._last_device)
            self._listen()

    def unplug(self) -> None:
        """Pull the cable."""
        self._last_device = self._port.device or self._last_device
        self._port.unplug()

    def replug(self, *, link: Path | None = None) -> None:
        """Pull and plug: another real name, another `link` if given, the same `by_id`."""
        self.unplug()
        self._port.replug(link=link, old_device=self._last_device)
        self._listen()

    def _listen(self) -> None:
        if self._worker is None or self._worker.done():
            self._worker = asyncio.get_running_loop().create_task(self._serve())

    # --- speaking

    async def _serve(self) -> None:
        while True:
            try:
                for byte in await self._port.read(64):
                    await self._send(self._answer(bytes((byte,))))
            except NotPlugged:
                return

    def _answer(self, question: bytes) -> bytes:
        if self.protocol == "toledo_8217":
            answer = self._toledo() if question == b"W" else b""
        else:
            answer = b"\x06" if question == b"\x05" else self._cas() if question == b"\x11" else b""
        if not answer:
            return b""
        self.questions += question in {b"W", b"\x05"}
        if self.mute:
            return b""
        if self.garble_next and question != b"\x05":
            self.garble_next -= 1
            return b"\xb0\x7f\x00\xff" * 4 + b"\r"
        return answer

    async def _send(self, answer: bytes) -> None:
        if not self.byte_s:
            await self._port.write(answer)
            return
        for at in range(len(answer)):
            await self._port.write(answer[at : at + 1])
            await asyncio.sleep(self.byte_s)

    def _toledo(self) -> bytes:
        status = (
            _OVER if self.grams > self.capacity_grams else _UNDER if self.grams < 0 else _MOTION if self.moving else 0
        )
        if status:
            return b"\x02?" + bytes((_ALWAYS | status | (0 if self.grams else _ZERO),)) + b"\r"
        return f"\x02{self._told() / 1000:06.3f}\r".encode("ascii")

    def _cas(self) -> bytes:
        over = self.grams > self.capacity_grams
        weight = "F" * 6 if over else f"{abs(self.grams) / 1000:06.3f}"
        body = f"{'U' if self.moving else 'S'}{'-' if self.grams < 0 else ' '}{weight}kg".encode("ascii")
        check = reduce(xor, body)
        if self.lie_next:
            self.lie_next -= 1
            body = body[:4] + (b"7" if body[4:5] != b"7" else b"1") + body[5:]
        return b"\x01\x02" + body + bytes((check,)) + b"\x03\x04"

    def _told(self) -> int:
        if self.lie_next:
            self.lie_next -= 1
            return self.grams ^ 1
        return self.grams
