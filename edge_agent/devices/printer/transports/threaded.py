"""Ways that block, made into a line: one thread writes, one listens, both tell the event loop.

The promise: closing ends within `_END_S`, whatever the device does, for a wire waits in slices and looks whether it is
still wanted. The trap is a write that the device takes in part: a wire says how much it took, and only the rest is
offered again.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Protocol

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.framing import PrinterStatus
from edge_agent.devices.printer.transports.line import Line

PIECE_BYTES = 1024
"""Offered to a wire at a time: on a slow serial line progress has to be seen before the patience is over."""

_WRITES_WAITING_MAX = 64
_LOOK_S = 0.05
_END_S = 1.5


class Wire(Protocol):
    """A way to the printer that blocks. `write` and `finish` are called by one thread, `listen` by another.

    All of them wait for a fraction of a second at most and raise ConnectionLost when the device has gone.
    """

    hears: bool
    keeps: bool
    tells: bool
    all_or_nothing: bool

    def begin(self, title: str) -> None:
        """A job begins."""

    def write(self, data: bytes) -> int:
        """Offer bytes (never none); how many were taken, 0 if the device stands still."""

    def finish(self) -> bool:
        """The job was written: whether it is done, as far as can be known; asked again until it is."""

    def listen(self) -> bytes | PrinterStatus:
        """What the printer said, or what the system knows of it; b"" if there is nothing new."""

    def interrupt(self) -> None:
        """Wake what waits in another thread; the line is about to close. Never raises."""

    def close(self, *, abort: bool) -> None:
        """End it; `abort`: throw away what has not reached the printer. Never raises."""


class ThreadedLine(Line):
    """A wire with its two threads."""

    def __init__(self, wire: Wire, on_lost: Callable[[], None]) -> None:
        super().__init__(on_lost)
        self.hears = wire.hears
        self.keeps = wire.keeps
        self.tells = wire.tells
        self.all_or_nothing = wire.all_or_nothing
        self._wire = wire
        self._loop = asyncio.get_running_loop()
        self._orders: queue.Queue[Callable[[], None] | None] = queue.Queue(_WRITES_WAITING_MAX)
        self._unwritten = 0
        self._completed = True
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), name=f"printer {name}", daemon=True)
            for name, work in (("writer", self._carry_out), ("listener", self._listen))
        ]
        for thread in self._threads:
            thread.start()

    # --- called by the driver

    def begin_job(self, title: str) -> None:
        """See `Line`."""
        self._order(lambda: self._wire.begin(title))

    def write(self, data: bytes) -> None:
        """See `Line`."""
        self.must_be_open()
        self._unwritten += len(data)
        self._order(lambda: self._write(data))

    @property
    def drained(self) -> bool:
        """See `Line`."""
        return self._unwritten == 0

    def end_job(self) -> None:
        """See `Line`."""
        self._completed = False
        self._order(self._finish)

    @property
    def completed(self) -> bool:
        """See `Line`."""
        return self._completed

    async def close(self) -> None:
        """See `Line`."""
        await asyncio.shield(asyncio.to_thread(self._close))

    # --- in the threads

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except ConnectionLost as exc:
            self._tell(self._went, str(exc))
        except Exception as exc:  # noqa: BLE001  a fault of a foreign library must not leave a line that looks alive
            self._tell(self._went, repr(exc))

    def _carry_out(self) -> None:
        while not self._ended.is_set():
            order = self._orders.get()
            if order is not None:
                order()

    def _write(self, data: bytes) -> None:
        at = 0
        while at < len(data) and not self._ended.is_set():
            taken = self._wire.write(data[at : at + PIECE_BYTES])
            at += taken
            if taken:
                self._tell(self._wrote, taken)

    def _finish(self) -> None:
        while not self._ended.is_set():
            if self._wire.finish():
                self._tell(self._done)
                return
            self._ended.wait(_LOOK_S)

    def _listen(self) -> None:
        while not self._ended.is_set():
            heard = self._wire.listen()
            if isinstance(heard, PrinterStatus):
                self._tell(self._knows, heard)
            elif heard:
                self._tell(self._heard, heard)

    def _close(self) -> None:
        self._ended.set()
        with contextlib.suppress(queue.Full):
            self._orders.put_nowait(None)
        self._wire.interrupt()
        for thread in self._threads:
            thread.join(_END_S)
        self._wire.close(abort=self.abort_at_end)

    # --- on the event loop

    def _order(self, order: Callable[[], None]) -> None:
        self.must_be_open()
        try:
            self._orders.put_nowait(order)
        except queue.Full:
            raise ConnectionLost("printer: it takes nothing, and too much waits for it") from None

    def _tell(self, what: Callable[..., None], *values: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is over; nobody wants to know
            self._loop.call_soon_threadsafe(what, *values)

    def _wrote(self, count: int) -> None:
        self._unwritten -= count
        self._changed.set()

    def _done(self) -> None:
        self._completed = True
        self._changed.set()

    def _knows(self, status: PrinterStatus) -> None:
        self.answers.told(status)
        self._changed.set()


async def open_threaded(open_wire: Callable[[], Wire], *, timeout_s: float, on_lost: Callable[[], None]) -> Line:
    """Open a wire in a thread. Raises PrinterUnreachable, also when that takes too long (it is closed later then)."""
    opening = asyncio.ensure_future(asyncio.to_thread(open_wire))
    try:
        async with asyncio.timeout(timeout_s):
            wire = await asyncio.shield(opening)
    except BaseException as exc:
        opening.add_done_callback(_close_late)
        if isinstance(exc, TimeoutError):
            raise PrinterUnreachable("printer: the port does not open; unplug it and plug it in again") from exc
        raise
    return ThreadedLine(wire, on_lost)


def _close_late(opening: asyncio.Future[Wire]) -> None:
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close(abort=True)
