"""The cash drawer on the printer's kick connector.

A kick on its own pin opens it, unless it is jammed. Its switch is one wire, which the printer shows in DLE EOT 1, in
GS r 2 and in automatic status. The trap: whether a high wire means open or closed differs by make.
"""

from collections.abc import Callable
from typing import Literal

KickPin = Literal[2, 5]


class Drawer:
    """A drawer; starts closed.

    Args:
        pin: connector pin that opens it, 2 or 5.
        open_is_high: level of the sensor wire while the drawer is open.
        has_sensor: without one the wire stays high whatever the drawer does.
    """

    def __init__(self, *, pin: KickPin = 2, open_is_high: bool = True, has_sensor: bool = True) -> None:
        self.pin: KickPin = pin
        self.open_is_high = open_is_high
        self.has_sensor = has_sensor
        self.jammed = False
        self.is_open = False
        self.openings = 0
        """Times that a kick opened it (closed before, open after)."""
        self.kicks = 0
        """Pulses that reached it on its own pin, whether or not it moved."""
        self.on_change: Callable[[], None] | None = None
        """Called after the drawer moved; the printer hangs its automatic status here."""

    @property
    def sensor_high(self) -> bool:
        """Level of the sensor wire (connector pin 3)."""
        if not self.has_sensor:
            return True
        return self.is_open == self.open_is_high

    def kick(self, pin: int) -> bool:
        """A pulse arrives on `pin`; tell whether the drawer sprang open because of it."""
        if pin != self.pin:
            return False
        self.kicks += 1
        if self.jammed or self.is_open:
            return False
        self.openings += 1
        self._move(is_open=True)
        return True

    def close(self) -> None:
        """A hand pushes it shut (no effect on a closed drawer)."""
        if self.is_open:
            self._move(is_open=False)

    def open_with_key(self) -> None:
        """A hand opens it with the key: no kick, so `openings` does not count it."""
        if not self.is_open:
            self._move(is_open=True)

    def jam(self) -> None:
        """From now on a kick has no effect."""
        self.jammed = True

    def free(self) -> None:
        """Undo `jam`."""
        self.jammed = False

    def _move(self, *, is_open: bool) -> None:
        self.is_open = is_open
        if self.on_change is not None:
            self.on_change()
