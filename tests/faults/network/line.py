"""A TCP line that misbehaves: relays connections byte by byte, and does to them what networks do.

What is sent in order arrives in order or not at all, as TCP promises; a stage that knows MQTT may be put into the line
to break more than that. Everything belongs to one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable
from typing import Protocol, Self

from tests.faults.network.fate import Fate, Fates, State, Way, calm

WAITING_MAX = 64
CHUNK = 16 * 1024
SLOW_CHUNK = 1_400
"""A narrow line is cut into pieces of an Ethernet frame, and keeps few of them: else it would be a deep buffer."""

SLOW_WAITING_MAX = 8
_BUFFER_BYTES = 32 * 1024
_STAGE_LOOKS_S = 0.02
_NO_LINGER = struct.pack("ii", 1, 0)
_OTHER: dict[Way, Way] = {"up": "down", "down": "up"}


class Stage(Protocol):
    """Reads what goes both ways on one connection, and says what goes on which way instead."""

    def feed(self, way: Way, data: bytes, now_s: float) -> list[tuple[Way, bytes]]:
        """Take bytes that came."""
        ...

    def poll(self, now_s: float) -> list[tuple[Way, bytes]]:
        """Give what was held back until now."""
        ...


class FaultyLine:
    """Listens on a port of its own and relays to `target`. `state` is set by `be`; fates come from `fates`.

    `make_stage` is called for each connection with its number. `listening` and `make_socket` are for a line that begins
    or ends in another network namespace.
    """

    def __init__(
        self,
        target: tuple[str, int],
        *,
        fates: Fates = calm,
        make_stage: Callable[[int], Stage] | None = None,
        listening: socket.socket | None = None,
        make_socket: Callable[[], socket.socket] | None = None,
    ) -> None:
        self.target = target
        self.fates = fates
        self.make_stage = make_stage
        self._listening = listening
        self._make_socket = make_socket or (lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM))
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.state: State = "open"
        self.ways: frozenset[Way] = frozenset(_OTHER)
        self.port = 0
        self.connections = 0
        self.ended = 0
        """Connections that the line itself has ended or spoiled."""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    def listen(self) -> int:
        """Take connections from now on, and return the port; they are served once the line is started."""
        listening = self._listening or bound("127.0.0.1", 0)
        # What the kernel takes ahead is out of our hands: a narrow line must not have a deep one behind it.
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
        listening.listen()
        self._listening = listening
        self.port = listening.getsockname()[1]
        return self.port

    async def start(self) -> None:
        """Serve."""
        self.listen()
        self._server = await asyncio.start_server(self._serve, sock=self._listening, limit=_BUFFER_BYTES)

    async def stop(self) -> None:
        """Drop everything."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._open):
            connection.end(reset=False)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def be(self, state: State, *ways: Way) -> None:
        """Change what the line does; `ways` only matter to a black hole and to a line that holds: none is both."""
        was, self.state = self.state, state
        self.ways = frozenset(ways or _OTHER)
        if state in ("closed", "reset"):
            for connection in list(self._open):
                self.ended += 1
                connection.end(reset=state == "reset")
        if was == "black_hole" and state == "open":
            for connection in [one for one in self._open if one.is_spoiled]:
                self.ended += 1
                connection.end(reset=True)
        if state == "held":
            self._flows.clear()
        else:
            self._flows.set()

    def forget(self) -> None:
        """Forget all connections, as a router does that is restarted: nothing passes on them, not even their end."""
        for connection in self._open:
            self.ended += 1
            connection.is_forgotten = True

    async def may_pass(self, way: Way) -> bool:
        """Wait while the line holds; False when it swallows."""
        while self.state == "held" and way in self.ways:
            await self._flows.wait()
        return not (self.state == "black_hole" and way in self.ways)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number, self.connections = self.connections, self.connections + 1
        if self.state in ("closed", "reset"):
            _end(writer, reset=self.state == "reset")
            return
        sock = self._make_socket()
        sock.setblocking(False)  # noqa: FBT003 - the socket's own word
        try:
            await asyncio.get_running_loop().sock_connect(sock, self.target)
            far_reader, far_writer = await asyncio.open_connection(sock=sock, limit=_BUFFER_BYTES)
        except OSError:
            sock.close()
            _end(writer, reset=True)
            return
        connection = _Connection(self, number, (reader, writer), (far_reader, far_writer))
        self._open.add(connection)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await connection.run()
        finally:
            connection.end(reset=False)
            self._open.discard(connection)
            self._tasks.discard(task)


Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class _Connection:
    """Both directions of one connection; over when either end is."""

    def __init__(self, line: FaultyLine, number: int, near: Ends, far: Ends) -> None:
        self._line = line
        self._writers = (near[1], far[1])
        self.stage = line.make_stage(number) if line.make_stage is not None else None
        self._ways: dict[Way, _Direction] = {
            "up": _Direction(line, self, "up", (near[0], far[1]), line.fates(number, "up")),
            "down": _Direction(line, self, "down", (far[0], near[1]), line.fates(number, "down")),
        }
        self.is_spoiled = False
        self.is_forgotten = False

    async def run(self) -> None:
        """Relay until one of the ends is gone."""
        jobs = [step for way in self._ways.values() for step in (way.take(), way.give())]
        if self.stage is not None:
            jobs.append(self._look())
        tasks = [asyncio.ensure_future(job) for job in jobs]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def put(self, way: Way, data: bytes) -> None:
        """Send on, in a direction."""
        await self._ways[way].put(data)

    def end(self, *, reset: bool) -> None:
        """End both sides."""
        for writer in self._writers:
            _end(writer, reset=reset)

    def come_to_end(self, end: str) -> None:
        """Its fate has come."""
        self._line.ended += 1
        if end in ("close", "reset"):
            self.end(reset=end == "reset")

    async def _look(self) -> None:
        assert self.stage is not None
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_STAGE_LOOKS_S)
            for way, data in self.stage.poll(loop.time()):
                await self.put(way, data)


class _Direction:
    """Bytes one way: taken as they come, given when they are due, unless something befalls them."""

    def __init__(self, line: FaultyLine, connection: _Connection, way: Way, ends: Ends, fate: Fate) -> None:
        self._line = line
        self._connection = connection
        self._way = way
        self._reader, self._writer = ends
        self._fate = fate
        narrow = fate.bytes_per_s is not None
        self._chunk = SLOW_CHUNK if narrow else CHUNK
        waiting = SLOW_WAITING_MAX if narrow else WAITING_MAX
        self._queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(waiting)
        self._free_at_s = 0.0
        self._passed = 0

    async def take(self) -> None:
        """Read until the sender has ended; what is on its way is given before."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while data := await self._reader.read(self._chunk):
                if self._connection.stage is None:
                    await self.put(data)
                    continue
                for way, out in self._connection.stage.feed(self._way, data, loop.time()):
                    await self._connection.put(way, out)
        await self._queue.put((loop.time() + self._fate.delay_s, b""))
        await asyncio.Event().wait()  # `give` ends the connection, when all of it is through

    async def put(self, data: bytes) -> None:
        """Queue bytes, in pieces that the line can carry at once."""
        now_s = asyncio.get_running_loop().time()
        for start in range(0, len(data), self._chunk):
            piece = data[start : start + self._chunk]
            rate = self._fate.bytes_per_s
            self._free_at_s = max(now_s, self._free_at_s) + (len(piece) / rate if rate is not None else 0.0)
            await self._queue.put((self._free_at_s + self._fate.delay_s, piece))

    async def give(self) -> None:
        """Write each piece when it is due. Returns when the connection is over."""
        loop = asyncio.get_running_loop()
        while True:
            due_s, data = await self._queue.get()
            if due_s > loop.time():
                await asyncio.sleep(due_s - loop.time())
            if self._connection.is_forgotten or not await self._line.may_pass(self._way):
                self._connection.is_spoiled = True
                if not data:
                    await asyncio.Event().wait()  # the far end does not hear that this one is gone
                continue
            if not data or not await self._pass(data):
                return

    async def _pass(self, data: bytes) -> bool:
        fate = self._fate
        is_last = fate.end != "never" and self._passed + len(data) >= fate.after_bytes
        if is_last:
            data = data[: fate.after_bytes - self._passed]
        self._passed += len(data)
        try:
            self._writer.write(data)
            await self._writer.drain()
        except OSError:
            return False
        if is_last:
            self._connection.come_to_end(fate.end)
            while fate.end == "swallow":
                await self._queue.get()
            if fate.end == "stall":
                await asyncio.Event().wait()
            return False
        return True


def bound(host: str, port: int) -> socket.socket:
    """A socket of this machine's own address; port 0 takes a free one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((host, port))
    return sock


def _end(writer: asyncio.StreamWriter, *, reset: bool) -> None:
    if reset:
        with contextlib.suppress(OSError):
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()
    else:
        writer.close()
