"""Screenshots of the day, for whoever wants to look at it: in the folder that TILLWIRE_DAY_PICTURES names."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from pathlib import Path

from playwright.async_api import Page

from hardware_sim.printer import Receipt

_FOLDER = os.environ.get("TILLWIRE_DAY_PICTURES")  # noqa: TID251 - a folder for whoever wants to look at the screens


class Album:
    """Numbers the pictures in the order in which they were taken; without a folder it keeps none."""

    def __init__(self, page: Page, prefix: str) -> None:
        self._page = page
        self._prefix = prefix
        self._numbers = itertools.count(1)

    async def take(self, name: str) -> None:
        """Keep what the cashier sees now."""
        number = next(self._numbers)
        if _FOLDER:
            await self._page.screenshot(path=Path(_FOLDER) / f"{self._prefix}-{number:02d}-{name}.png")

    def keep_paper(self, receipts: Iterable[Receipt]) -> None:
        """Keep all that the printer printed, too."""
        for receipt in receipts if _FOLDER else ():
            receipt.save_png(Path(_FOLDER or "") / f"{self._prefix}-paper-{receipt.number:02d}.png")
