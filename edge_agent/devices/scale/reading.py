"""What a scale says, and whether a weight may be sold: only one at rest, asked just now.

Without I/O and without a clock. A weight that was right a second ago is no weight: the goods may have changed since.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

ScaleState = Literal["STABLE", "MOTION", "OVER", "UNDER", "STALE", "ABSENT"]


@dataclass(frozen=True)
class ScaleReading:
    """One answer of the scale.

    Attributes:
        grams: the weight (net, if the scale has a tare); None if it told none. Thousandths of a kilogram.
        state: STABLE at rest; MOTION wait; OVER too heavy; UNDER below zero; STALE not heard for too long; ABSENT gone.
        at_s: when it came, in seconds of a monotonic clock.
    """

    grams: int | None
    state: ScaleState
    at_s: float

    @property
    def may_be_sold(self) -> bool:
        """Whether this is a weight to sell by."""
        return self.state == "STABLE" and self.grams is not None and self.grams > 0

    def aged(self, now_s: float, stale_s: float) -> ScaleReading:
        """The same reading as seen at `now_s`: STALE, and without a weight, when older than `stale_s`."""
        if self.state == "ABSENT" or now_s - self.at_s <= stale_s:
            return self
        return replace(self, grams=None, state="STALE")
