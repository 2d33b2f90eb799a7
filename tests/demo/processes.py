"""Real processes of ours: started with a log file each, waited for, stopped by their pid."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import httpx

START_S_MAX = 30.0
STOP_S_MAX = 20.0


class ProcessFailed(RuntimeError):
    """A process ended, or did not get ready, when it should have run; the message ends with its last log lines."""


class Child:
    """One process. `start` again after `kill` or `stop` is a restart with the same command."""

    def __init__(self, name: str, arguments: Sequence[str], log: Path) -> None:
        self.name = name
        self._arguments = tuple(arguments)
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int:
        """The process's id. Only for one that was started."""
        assert self._process is not None
        return self._process.pid

    async def start(self) -> None:
        """Start it; its output is appended to the log."""
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal reaches the demo, which stops its children in order.
            self._process = await asyncio.create_subprocess_exec(
                *self._arguments, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )

    async def ready(self, url: str, limit_s: float = START_S_MAX) -> None:
        """Wait until `url` answers 200. Raises ProcessFailed with the end of the log."""
        try:
            async with asyncio.timeout(limit_s), httpx.AsyncClient(timeout=2) as client:
                while not await self._answers(client, url):  # noqa: ASYNC110 - another process cannot set our event
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise ProcessFailed(
                f"{self.name} did not answer {url} within {limit_s:.0f} s; its last words:\n{self._tail()}"
            ) from None

    async def _answers(self, client: httpx.AsyncClient, url: str) -> bool:
        if not self.running:
            raise ProcessFailed(f"{self.name} ended while it was starting; its last words:\n{self._tail()}")
        try:
            return (await client.get(url)).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    async def stop(self) -> int | None:
        """Ask it to end (SIGTERM), insist after a while; return its exit code."""
        if self._process is None or self._process.returncode is not None:
            return self._process.returncode if self._process else None
        self._process.send_signal(signal.SIGTERM)
        try:
            return await asyncio.wait_for(self._process.wait(), STOP_S_MAX)
        except TimeoutError:
            return await self.kill()

    async def kill(self) -> int | None:
        """End it at once (SIGKILL), as a power cut to the process would."""
        if self._process is None:
            return None
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        return await self._process.wait()

    def _tail(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-15:])


async def run_once(name: str, arguments: Sequence[str]) -> str:
    """Run a command to its end and return what it printed. Raises ProcessFailed when it fails."""
    process = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode:
        raise ProcessFailed(f"{name} failed with {process.returncode}: {err.decode(errors='replace').strip()[-2000:]}")
    return out.decode()


def command(program: str, *arguments: str) -> tuple[str, ...]:
    """The command line of one of our programs as it is installed beside this Python: `tillwire-hub`, ..."""
    return (str(Path(sys.executable).with_name(program)), *arguments)


def free_port() -> int:
    """A port on loopback that is free now; whoever needs it binds it soon."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
