"""Standard input as lines, standard output as words or JSON, and a clean end by Ctrl-C."""

import asyncio
import contextlib
import functools
import json
import math
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any, Final, TypeVar

import click

from hardware_sim.errors import SimulatorError

EXIT_REFUSED: Final = 1
EXIT_NO_DEVICE: Final = 3
EXIT_NO_HOST: Final = 4
_LINE_MAX_BYTES: Final = 65536
_LINES_AHEAD: Final = 64

Command = TypeVar("Command", bound=Callable[..., Any])

option = functools.partial(click.option, show_default=True, show_envvar=True)
"""An option whose help tells default and environment variable."""


def json_option(what: str) -> Callable[[Command], Command]:
    """The `--json` of every command."""
    return option("--json", is_flag=True, default=False, show_default="off", help=what)


class Finite(click.FloatRange):
    """A number in a range; "nan" and "inf" are none, though Python takes them for numbers."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:  # noqa: ANN401  click's
        """The number, or click's usage error."""
        number = float(super().convert(value, param, ctx))
        if not math.isfinite(number):
            self.fail(f"{value!r} is no number to work with; give a finite one.", param, ctx)
        return number


class Console:
    """Speaks to whoever started the command: one JSON object a line, or words."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def tell(self, words: str, **fields: Any) -> None:  # noqa: ANN401  anything that JSON can hold
        """Print `fields` as JSON, or `words`."""
        click.echo(json.dumps(fields, ensure_ascii=False) if self.as_json else words)

    def complain(self, words: str) -> None:
        """Say on standard error what was wrong; as JSON too if that is asked for."""
        click.echo(
            json.dumps({"event": "error", "error": words}, ensure_ascii=False) if self.as_json else words, err=True
        )


async def stdin_lines() -> AsyncIterator[str]:
    """Lines of standard input until it ends. A thread reads, a bounded queue holds what is not taken yet."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[str | None] = asyncio.Queue(_LINES_AHEAD)

    def put(line: str | None) -> bool:
        try:
            asyncio.run_coroutine_threadsafe(queue.put(line), loop).result()
        except (RuntimeError, asyncio.CancelledError):
            return False  # the loop has ended: so does the thread
        return True

    def read() -> None:
        # Not sys.stdin: its lock, held by a thread that waits, makes the interpreter's end fail.
        rest = b""
        while data := _read_some():
            *lines, rest = (rest + data).split(b"\n")
            if not all(put(line.decode("utf-8", "replace").strip()) for line in lines) or len(rest) > _LINE_MAX_BYTES:
                return
        if rest:
            put(rest.decode("utf-8", "replace").strip())
        put(None)

    threading.Thread(target=read, name="stdin", daemon=True).start()
    while (line := await queue.get()) is not None:
        yield line


def _read_some() -> bytes:
    try:
        return os.read(0, 4096)
    except OSError:
        return b""


def run(work: Coroutine[Any, Any, int], console: Console) -> None:
    """Run until it ends or Ctrl-C (SIGTERM likewise); exit with its code, 0 after Ctrl-C, 3 for a device's error."""

    async def until_signal() -> int:
        task = asyncio.ensure_future(work)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(NotImplementedError):  # Windows: KeyboardInterrupt below
                loop.add_signal_handler(number, task.cancel)
        try:
            return await task
        except asyncio.CancelledError:
            return 0

    try:
        code = asyncio.run(until_signal())
    except KeyboardInterrupt:
        code = 0
    except SimulatorError as exc:
        console.complain(str(exc))
        code = EXIT_NO_DEVICE
    sys.exit(code)
