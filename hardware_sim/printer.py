"""An ESC/POS receipt printer on TCP or on a pseudo terminal.

It joins the machine (`escpos.machine`) with a wire and a clock: bytes are read only as far as the receive buffer has
room, rows take the time that the speed says. What was printed stands in `receipts`; `faults` is the panel that breaks
things.
"""

import asyncio
import socket
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Self

from hardware_sim.connection import Connection, SerialConnection, TcpConnection, bound_socket
from hardware_sim.drawer import Drawer
from hardware_sim.errors import PortTaken, WaitedTooLong
from hardware_sim.escpos.machine import AfterDisconnect, Answer, Machine
from hardware_sim.escpos.paper import Paper, Receipt, raster_digest
from hardware_sim.faults import Faults
from hardware_sim.serial_port import PtyPort
from hardware_sim.usb_endpoints import UsbEndpoints

__all__ = ["WIDTH_58_MM", "WIDTH_80_MM", "Drawer", "Receipt", "SimulatedPrinter", "raster_digest"]

WIDTH_58_MM: Final = 384
WIDTH_80_MM: Final = 576
"""Dots across, at 8 dots a millimetre."""
SecondClient = Literal["wait", "refuse"]
_READ_MAX_BYTES: Final = 4096
_ROWS_A_STEP: Final = 512
_PACE_S: Final = 0.02
_QUEUED_CLIENTS: Final = 8


class SimulatedPrinter:
    """One printer; `async with` switches it on and off.

    Args:
        host, port: where it listens; port 0 lets the system choose, see `port`.
        transport: "tcp", "pty" for a serial port (Linux), or "usb" for a pair of endpoints (see `usb`).
        link: symbolic link to the pty's real name.
        width_dots: dots across, a multiple of 8.
        rows_per_second: speed; `None` prints as fast as the computer can (a real one does 1,200 to 2,400).
        buffer_bytes: receive buffer; when it is full the host's writes block, and so do its questions behind them.
        socket_buffer_bytes: what the kernel may hold before that.
        drawer: hangs on the kick connector.
        second_client: a second TCP client waits unanswered, or is refused.
        realtime_in_data, automatic_status, after_disconnect: see `escpos.machine.Machine`.
        keep_receipts: how many of the newest receipts `receipts` holds.
        clock: source of `Receipt.finished_at`, in seconds.

    `on_receipt` is called with each receipt as it is cut or torn; `answers_lost` counts answers for a host that had
    gone or took nothing.
    """

    def __init__(  # noqa: PLR0913  all by keyword, each with a default
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        transport: Literal["tcp", "pty", "usb"] = "tcp",
        link: Path | None = None,
        width_dots: int = WIDTH_80_MM,
        rows_per_second: float | None = None,
        buffer_bytes: int = 65536,
        socket_buffer_bytes: int = 32768,
        drawer: Drawer | None = None,
        second_client: SecondClient = "wait",
        realtime_in_data: bool = True,
        automatic_status: bool = True,
        after_disconnect: AfterDisconnect = "forget",
        keep_receipts: int = 1000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.host = host
        self.port = port
        self.rows_per_second = rows_per_second
        self.second_client: SecondClient = second_client
        self.paper = Paper(width_dots, keep=keep_receipts, clock=clock, on_receipt=self._on_receipt)
        self.machine = Machine(
            self.paper, drawer, buffer_bytes=buffer_bytes, realtime_in_data=realtime_in_data,
            automatic_status=automatic_status, after_disconnect=after_disconnect,
        )  # fmt: skip
        self.machine.on_answer = self._on_answer
        self.on_receipt: Callable[[Receipt], None] | None = None
        self.bytes_received = 0
        self.connections = 0
        self.answers_lost = 0
        self.faults = Faults(self.machine, self)
        self._socket_buffer_bytes = socket_buffer_bytes
        self._pty = PtyPort(link=link) if transport == "pty" else None
        self.usb = UsbEndpoints() if transport == "usb" else None
        """The endpoints, with the host's side of them; `None` for a printer that is not on USB."""
        self._held: socket.socket | None = None
        self._client: Connection | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._gates: set[asyncio.Task[None]] = set()
        self._listening = asyncio.Event()
        self._serving: asyncio.Task[None] | None = None
        self._want_listening = False
        self._reset_client = False
        self._changed = asyncio.Event()
        self._work = asyncio.Event()

    # --- on and off

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen and print. Raises `PortTaken`, `NoPty`, `LinkInTheWay`."""
        if self.usb is not None:
            self.usb.plug()
        elif self._pty is None:
            try:
                self._held = bound_socket(self.host, self.port, self._socket_buffer_bytes)
                self._held.listen(_QUEUED_CLIENTS)
            except OSError as exc:
                raise PortTaken(
                    f"The simulated printer cannot have {self.host}:{self.port} ({exc.strerror}); "
                    "choose another port, or 0 for any free one."
                ) from exc
            self.port = self._held.getsockname()[1]
        else:
            self._pty.plug()
        self._spawn(self._print_on())
        self.start_listening()

    async def stop(self) -> None:
        """End connection, port and printing. The strip that hangs out stays readable in `hanging`."""
        self._want_listening = False
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._held is not None:
            self._held.close()
            self._held = None
        if self._pty is not None:
            self._pty.unplug()
        if self.usb is not None:
            self.usb.unplug()

    @property
    def drawer(self) -> Drawer | None:
        """What hangs on the kick connector."""
        return self.machine.drawer

    @property
    def device(self) -> str | None:
        """Name of the pty to open (the link if there is one); `None` on TCP."""
        return None if self._pty is None else self._pty.path

    # --- what it did

    @property
    def receipts(self) -> tuple[Receipt, ...]:
        """The newest receipts, oldest first; whole ones and torn ones."""
        return tuple(self.paper.receipts)

    @property
    def receipt_count(self) -> int:
        """All receipts since the start, also those that are no longer kept."""
        return self.paper.receipt_count

    @property
    def hanging(self) -> Receipt | None:
        """The strip that hangs out uncut; `None` if there is none."""
        return self.paper.hanging()

    @property
    def unknown_commands(self) -> tuple[bytes, ...]:
        """Bytes that were no command of this printer (the newest 256)."""
        return tuple(self.machine.interpreter.unknown)

    @property
    def connected(self) -> bool:
        """Whether a host is connected (on a pty: has the port open)."""
        return self._client is not None if self._pty is None else self._pty.attached

    async def wait_receipts(self, count: int, *, timeout_s: float = 10.0) -> tuple[Receipt, ...]:
        """Wait until `receipt_count` reaches `count`. Raises `WaitedTooLong`."""
        await self._wait(lambda: self.receipt_count >= count, f"receipt number {count}", timeout_s)
        return self.receipts

    async def wait_idle(self, *, timeout_s: float = 10.0) -> None:
        """Wait until all that was received is carried out. Raises `WaitedTooLong`."""
        await self._wait(lambda: self.machine.idle, "the buffer to be printed", timeout_s)

    async def _wait(self, done: Callable[[], bool], what: str, timeout_s: float) -> None:
        try:
            async with asyncio.timeout(timeout_s):
                while not done():
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as exc:
            raise WaitedTooLong(
                f"The simulated printer waited {timeout_s} s for {what}; it has {self.receipt_count} receipts, "
                f"{self.machine.buffered} bytes in its buffer, {self.machine.sensors}."
            ) from exc

    # --- the mechanics

    def wake(self) -> None:
        """Something changed: sensors, buffer, wire."""
        self._work.set()
        self._changed.set()

    async def _print_on(self) -> None:
        rows = _ROWS_A_STEP
        while True:
            if self.rows_per_second is not None:
                rows = max(1, int(self.rows_per_second * _PACE_S))
            step = self.machine.step(rows)
            self._changed.set()
            if self.rows_per_second is not None and step.rows:
                await asyncio.sleep(step.rows / self.rows_per_second)
            elif step.more:
                await asyncio.sleep(0)
            if not step.more:
                await self._work.wait()
                self._work.clear()

    def _on_receipt(self, receipt: Receipt) -> None:
        self._changed.set()
        if self.on_receipt is not None:
            self.on_receipt(receipt)

    def _on_answer(self, answer: Answer) -> None:
        if self.faults.state.mute:
            return
        if self._client is None or answer.connection not in (0, self.connections) or not self._client.send(answer.data):
            self.answers_lost += 1

    # --- the wire

    def start_listening(self) -> None:
        """See `faults.Wire`."""
        if not self._want_listening:
            self._want_listening = True
            self._turn_gate(self._accept)

    def stop_listening(self) -> None:
        """See `faults.Wire`."""
        if self._want_listening:
            self._want_listening = False
            for gate in self._gates:
                gate.cancel()
            self._turn_gate(self._refuse)

    async def wait_listening(self) -> None:
        """See `faults.Wire`."""
        await self._listening.wait()

    def _turn_gate(self, turn: Callable[[], Coroutine[object, object, None]]) -> None:
        """Accept or refuse, as soon as all turns before are over (a cancelled one needs a pass of the loop)."""
        before = {gate for gate in self._gates if not gate.done()}

        async def gate() -> None:
            if before:
                await asyncio.wait(before)
            await turn()

        task = self._spawn(gate())
        self._gates = {*before, task}

    def drop_client(self, *, reset: bool) -> None:
        """See `faults.Wire`."""
        if self._serving is not None:
            self._reset_client = reset
            self._serving.cancel()

    def _spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _refuse(self) -> None:
        self._listening.clear()
        if self._held is not None:
            # Who still queues is reset, and the port stays ours without listening: that is "connection refused".
            self._held.close()
            self._held = bound_socket(self.host, self.port, self._socket_buffer_bytes)

    async def _accept(self) -> None:
        if self._pty is not None:
            await self._serve_pty(self._pty)
        elif self.usb is not None:
            await self._serve_usb(self.usb)
        elif self._held is not None:
            await self._serve_tcp(self._held)

    async def _serve_tcp(self, held: socket.socket) -> None:
        held.listen(_QUEUED_CLIENTS)
        self._listening.set()
        while True:
            if self.second_client == "wait" and self._serving is not None:
                await asyncio.wait([self._serving])
            client, _ = await asyncio.get_running_loop().sock_accept(held)
            if self._serving is not None and not self._serving.done():
                TcpConnection(client).close(reset=True)
            else:
                connection = TcpConnection(client)
                self._serving = self._spawn(self._serve(connection))
                # A task that is cancelled before its first pass runs nothing, not even its `finally`.
                self._serving.add_done_callback(lambda _, taken=connection: taken.close(reset=True))  # type: ignore[misc]  # a default

    async def _serve_pty(self, port: PtyPort) -> None:
        while True:
            if not port.plugged:
                port.replug()
            self._listening.set()
            self._serving = self._spawn(self._serve(SerialConnection(port)))
            await asyncio.wait([self._serving])

    async def _serve_usb(self, endpoints: UsbEndpoints) -> None:
        while True:
            if not endpoints.plugged:
                endpoints.plug()
            self._listening.set()
            self._serving = self._spawn(self._serve(endpoints.connect()))
            await asyncio.wait([self._serving])

    async def _serve(self, client: Connection) -> None:
        self.connections += 1
        self._client = client
        self._reset_client = False
        self.machine.begin_connection(self.connections)
        try:
            while True:
                while not self.machine.free or self.faults.state.stalled:
                    self._changed.clear()
                    await self._changed.wait()
                data = await client.receive(min(_READ_MAX_BYTES, self.machine.free))
                if not data or not await self._take(data):
                    return
        finally:
            self._client = None
            client.close(reset=self._reset_client)
            self.wake()

    async def _take(self, data: bytes) -> bool:
        """Give the machine what the faults let through; `False` when the connection has to end."""
        state = self.faults.state
        while data:
            part = len(data)
            for left in (state.stall_left, state.drop_left):
                part = part if left is None else min(part, left)
            if part:
                self.machine.receive(data[:part])
                self.bytes_received += part
                data = data[part:]
                self.wake()
                state.stall_left = None if state.stall_left is None else state.stall_left - part
                state.drop_left = None if state.drop_left is None else state.drop_left - part
            if state.drop_left == 0:
                state.drop_left, self._reset_client = None, state.drop_with_reset
                return False
            if data and state.stalled:
                self._changed.clear()
                await self._changed.wait()
        return True
