"""The whole way on real processes; these tests are slow, so each says a lot."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from tests.demo.plan import builtin
from tests.demo.play import Play
from tests.demo.stage import Outside, Stage
from tests.services import mosquitto, postgres

__all__ = ["mosquitto", "postgres"]

ROOT = Path(__file__).resolve().parents[3]
T = TypeVar("T")


def demo(*arguments: str) -> tuple[int, dict[str, Any], str]:
    """Run `python -m tests.demo --once --json ...`: exit code, report, what it told people."""
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "tests.demo", "--once", "--json", *arguments],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False, env={**os.environ, "NO_COLOR": "1"},  # noqa: TID251 - a child needs this one's environment
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run an async scenario to its end."""
    return asyncio.run(work())


@asynccontextmanager
async def shop(folder: Path, outside: Outside | None = None, *, browser: bool = False) -> AsyncIterator[Play]:
    """A hub, two stores, three tills and their cashiers."""
    async with Stage(builtin(0, seed=7), folder, outside) as stage:
        play = Play(stage, lambda _: None, lambda _: None, pace_s=0, browser=browser)
        async with play.staffed():
            yield play
