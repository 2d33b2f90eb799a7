"""The kick, and what the level of the sensor wire means; without I/O.

The kick is `ESC p m t1 t2`: a pulse on connector pin 2 (m 0) or pin 5 (m 1), t1 x 2 ms on and t2 x 2 ms off. The trap
is the wire: whether a high level means open or closed differs by make, and without a drawer it is high for ever.
"""

from __future__ import annotations

from typing import Literal

KickPin = Literal[2, 5]
Sensor = Literal["none", "open_is_high", "open_is_low"]
Position = Literal["open", "closed", "unknown"]

_STEP_MS = 2
_STEPS_MAX = 255


def kick(pin: KickPin, on_ms: int = 100, off_ms: int = 200) -> bytes:
    """ESC/POS bytes of one pulse. Times are rounded to what the command can say: 2 to 510 ms."""
    return bytes((0x1B, 0x70, 0 if pin == 2 else 1, _steps(on_ms), _steps(off_ms)))  # noqa: PLR2004  pin 2 or 5


def position(high: bool | None, sensor: Sensor) -> Position:
    """Open or closed, as far as a wire at that level (None: not known) can tell."""
    if sensor == "none" or high is None:
        return "unknown"
    return "open" if high == (sensor == "open_is_high") else "closed"


def _steps(ms: int) -> int:
    return max(1, min(_STEPS_MAX, round(ms / _STEP_MS)))
