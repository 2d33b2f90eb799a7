"""A wire between agent and printer that notes when the first dots of each receipt pass: bytes go through untouched."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.demo.wall import wall_s

_DOTS = b"\x1dv0"  # GS v 0: the first slice of a picture
_READ_MAX = 65_536


class Wire:
    """Listens on `port`, passes everything on to the printer's; `first_dots` has one moment a receipt."""

    def __init__(self, printer_port: int) -> None:
        self._printer_port = printer_port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.first_dots: list[float] = []
        self._is_printing = False

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, agent: asyncio.StreamReader, to_agent: asyncio.StreamWriter) -> None:
        printer, to_printer = await asyncio.open_connection("127.0.0.1", self._printer_port)
        for reader, writer, watched in ((agent, to_printer, True), (printer, to_agent, False)):
            task = asyncio.create_task(self._pump(reader, writer, watched=watched))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, watched: bool) -> None:
        with suppress(OSError):
            while chunk := await reader.read(_READ_MAX):
                if watched:
                    self._look(chunk)
                writer.write(chunk)
                await writer.drain()
        writer.close()

    def _look(self, chunk: bytes) -> None:
        if _DOTS in chunk and not self._is_printing:
            self._is_printing = True
            self.first_dots.append(wall_s())
        if b"\x1dV" in chunk:  # GS V: the cut
            self._is_printing = False
