"""The shop of the day: a hub, one store with two tills, everything real, with the papers of `papers.py` on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.demo.stage import Stage
from tests.demo.till_page import TillPage
from tests.integration.whole.day import papers

ITEMS = len(papers.PRICES)


@asynccontextmanager
async def open_shop(folder: Path, language: str) -> AsyncIterator[Stage]:
    """Raise the stage and bring the office's papers to its hub, by the commands that an office uses."""
    async with Stage(papers.plan(language), folder, scales=True) as stage:
        files = papers.write_papers(folder)
        await asyncio.gather(
            stage.hub_command("catalogue", "import", str(files["items"])),
            stage.hub_command("store", "settings", papers.STORE, str(files["settings"])),
            stage.hub_command("promotion", "import", str(files["promotions"])),
            stage.hub_command("customer", "import", str(files["customers"])),
        )
        await stage.hub_command("stock", "set", papers.STORE, str(files["stock"]))
        await asyncio.gather(*(_employ(stage, person, files[person]) for person in papers.NAMES))
        yield stage


async def _employ(stage: Stage, person: str, pin_file: Path) -> None:
    await stage.hub_command(
        "staff", "add", papers.STORE, person, "--name", papers.NAMES[person], "--role", papers.ROLES[person],
        "--pin-file", str(pin_file),
    )  # fmt: skip


async def knows_everything(page: TillPage) -> None:
    """Wait until a till has all items, and asks who is there: the staff came last, so all that went before is here."""
    async with asyncio.timeout(60):
        while (await page.get_json("/v1/diagnostics"))["items"] != ITEMS:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.1)
        await page.wait(lambda shown: shown.locked, "a locked till", 60)
