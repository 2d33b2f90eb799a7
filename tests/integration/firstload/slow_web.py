"""A relay before the hub's web that lets so many bytes through and then cuts: a line that breaks where a test says."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Self

_PIECE = 16 * 1024
_HEAD_MAX = 8 * 1024


class SlowWeb:
    """Relays to `target_port`. `budget` bytes may come down; None: any number. `tamper` changes a byte of each body."""

    def __init__(self, target_port: int, budget: int | None) -> None:
        self._target_port = target_port
        self.budget = budget
        self.tamper = False
        self.heads: list[str] = []
        self.cuts = 0
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """What the hub tells its tills."""
        return f"http://127.0.0.1:{self.port}"

    def ranges(self) -> list[int]:
        """Where each request began."""
        found = []
        for head in self.heads:
            lines = [line for line in head.lower().split("\r\n") if line.startswith("range: bytes=")]
            found.append(int(lines[0].removeprefix("range: bytes=").rstrip("-")) if lines else 0)
        return found

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                head = await reader.readuntil(b"\r\n\r\n")
                far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
                try:
                    self.heads.append(head.decode("latin-1"))
                    far_writer.write(head)
                    answer = await far_reader.readuntil(b"\r\n\r\n")
                    writer.write(answer)
                    await self._pump(far_reader, writer)
                finally:
                    far_writer.transport.abort()
        finally:
            writer.transport.abort()

    async def _pump(self, far: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        is_first = True
        while True:
            if self.budget is not None and self.budget <= 0:
                self.cuts += 1
                return
            piece = bytearray(await far.read(_PIECE if self.budget is None else min(_PIECE, self.budget)))
            if not piece:
                return
            if self.tamper and is_first:
                piece[len(piece) // 2] ^= 1
            is_first = False
            if self.budget is not None:
                self.budget -= len(piece)
            near.write(piece)
            await near.drain()
