"""How a till's own PC is, as the page shows it: its journal, its disk, its clock. Codes and facts, no sentences."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal


@dataclass(frozen=True)
class DamageView:
    """A journal that was damaged: `saved` events came over, `missing` (`at_least` so many) and `aside` did not.

    `folder` keeps the damaged file, `lost` are codes of matters of which something could not be read.
    """

    at: datetime
    folder: str
    saved: int
    aside: int = 0
    missing: int = 0
    at_least: bool = False
    lost: tuple[str, ...] = ()


@dataclass(frozen=True)
class HealthView:
    """How this PC itself is.

    `disk`: "low" is days of sales, "short" less than that; on a "full" one no receipt is begun. `clock`: "off" by
    `clock_off_min` minutes (more: ahead), or "behind" the last sale while nobody knows the time. `twin` is why the last
    epoch was lost, until somebody has read it.
    """

    disk: Literal["good", "low", "short", "full"] = "good"
    clock: Literal["good", "off", "behind"] = "good"
    clock_off_min: int = 0
    damage: DamageView | None = None
    twin: Literal["", "fork", "restored", "broken", "unknown_epoch"] = ""
