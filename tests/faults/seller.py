"""A process that sells and says so: what is killed, starved, and written down by `strace` in these tests.

`python -m tests.faults.seller FOLDER COUNT LIFE [--normal]` opens the till in FOLDER as the agent does and sells COUNT
receipts. Each confirmed one is a line "sold NUMBER" on standard output, anything else that the screen says a line
"said CODE". The line is written by one system call, so a trace shows it in its place among the writes to the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path

from edge_agent.errors import EdgeAgentError
from tests.faults.till import GOODS, till_in


def tell(line: str) -> None:
    """Say a line, at once."""
    os.write(1, f"{line}\n".encode())


async def sell(folder: Path, count: int, life: int, *, is_normal: bool) -> None:
    """Sell; what is refused is said, and the next customer comes."""
    async with till_in(
        folder, life=life, has_catalogue_already=True, synchronous="NORMAL" if is_normal else "FULL"
    ) as desk:
        tell("open")
        for number in range(count):
            receipt = await desk.sell(GOODS[number % len(GOODS)])
            tell(f"sold {receipt}" if receipt else f"said {desk.said}")


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        try:
            asyncio.run(
                sell(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), is_normal="--normal" in sys.argv[4:])
            )
        except EdgeAgentError as error:
            tell(f"error {type(error).__name__}: {error}")
            sys.exit(error.exit_code)
