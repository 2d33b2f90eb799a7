"""What a process wrote to its disk, and when it was told that it is there: read from `strace`."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).resolve().parents[2]
_CALLS = "pwrite64,write,fsync,fdatasync,ftruncate,rename,unlink"
_LINE = re.compile(r"^\d+ +(\w+)\((.*)\) += (-?\d+)")  # strace fills short process numbers up with blanks
_FD = re.compile(r"^\d+<([^>]*)>")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_NUMBERS = re.compile(r'"?, (-?\d+)(?:, (-?\d+))?$')
RUN_S = 120


def missing() -> str:
    """Why processes cannot be traced here; "" if they can."""
    if sys.platform != "linux":
        return "needs Linux"
    return "" if shutil.which("strace") is not None else "needs strace"


@dataclass(frozen=True)
class Step:
    """One thing that happened, in order: to the file of that name in the traced folder, or a line that was said."""

    kind: Literal["write", "truncate", "sync", "unlink", "said"]
    name: str
    at: int = 0
    content: bytes = b""


async def seller(folder: Path, count: int, *options: str, life: int = 2, strace: tuple[str, ...] = ()) -> list[str]:
    """Run `seller.py`, under strace if that has arguments; returns what it said, whatever became of it."""
    prefix = ("strace", "-f", "-qq", *strace) if strace else ()
    process = await asyncio.create_subprocess_exec(
        *prefix, sys.executable, "-m", "tests.faults.seller", str(folder), str(count), str(life), *options,
        cwd=ROOT, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        async with asyncio.timeout(RUN_S):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode().splitlines()


async def record(folder: Path, count: int, *options: str) -> list[Step]:
    """Sell in `folder`, and return every step that the disk saw, with each sale in its place."""
    log = folder.with_name(f"{folder.name}.strace")
    await seller(
        folder,
        count,
        *options,
        strace=("--seccomp-bpf", "-y", "-xx", "-s", "70000", "-e", f"trace={_CALLS}", "-o", str(log)),
    )
    with log.open(encoding="ascii", errors="replace") as lines:
        steps = [step for line in lines if (step := _step(line.rstrip("\n"), folder)) is not None]
    log.unlink()
    return steps


def _step(line: str, folder: Path) -> Step | None:  # noqa: PLR0911 - one for each call
    matched = _LINE.match(line)
    if matched is None:
        assert "unfinished" not in line, "two threads wrote at once: their order is not known"
        return None
    call, arguments, result = matched.groups()
    if int(result) < 0:
        return None
    if call == "unlink":
        path = Path(_bytes(arguments).decode())
        return Step("unlink", path.name) if path.parent == folder else None
    descriptor = _FD.match(arguments)
    if descriptor is None:
        return None
    path = Path(_unhexed(descriptor[1]).decode(errors="replace"))
    if call == "write" and arguments.startswith("1<"):
        return Step("said", _bytes(arguments).decode().strip())
    if path.parent != folder or path.name.endswith("-shm"):
        return None
    if call in {"fsync", "fdatasync"}:
        return Step("sync", path.name)
    numbers = _NUMBERS.search(arguments)
    assert numbers is not None, line[:200]
    if call == "ftruncate":
        return Step("truncate", path.name, int(numbers[1]))
    assert call == "pwrite64", f"{call} writes to {path.name}: teach this reader how"
    return Step("write", path.name, int(numbers[2]), _bytes(arguments)[: int(result)])


def _bytes(arguments: str) -> bytes:
    found = _TEXT.search(arguments)
    return _unhexed(found[1]) if found is not None else b""


def _unhexed(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", "")) if text.startswith("\\x") else text.encode()
