"""A drawer as the till sees it: what to spool for a kick, and a health that follows the printer's.

It never talks to the printer itself: the printer has one owner. The kick is a job (`spool.enqueue`, kind "drawer"), and
the printer's driver calls `wire_changed`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from edge_agent.devices.drawer.framing import KickPin, Position, Sensor, kick, position
from edge_agent.till.view import DeviceView


@dataclass(frozen=True, kw_only=True)
class DrawerSettings:
    """One drawer: its name, its pin, how long the pulse is, and what its sensor means."""

    name: str = "drawer"
    pin: KickPin = 2
    on_ms: int = 100
    off_ms: int = 200
    sensor: Sensor = "none"


class Drawer:
    """One drawer. `on_state` is told when its picture changes; `wall` is a clock (aware UTC)."""

    def __init__(
        self, settings: DrawerSettings, *, on_state: Callable[[DeviceView], None], wall: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._on_state = on_state
        self._wall = wall
        self.position: Position = "unknown"
        self._high: bool | None = None
        self._jammed = False
        self._view = DeviceView(kind="drawer", name=settings.name, state="absent", since=wall())

    @property
    def view(self) -> DeviceView:
        """The device as it was last told."""
        return self._view

    def kick_payload(self) -> bytes:
        """What a print job of kind "drawer" carries."""
        return kick(self._settings.pin, self._settings.on_ms, self._settings.off_ms)

    def wire_changed(self, high: bool | None) -> None:
        """The printer says the level of the wire; None: the printer is gone, and the drawer with it."""
        if high != self._high:
            self._jammed = False
        self._high = high
        self.position = position(high, self._settings.sensor)
        self._show()

    def did_not_move(self) -> None:
        """A kick was carried out and the wire says nothing of it: jammed, locked, or its cable is off.

        Only a sensor that said "closed" can say so; a drawer that stood open was not to move.
        """
        if self.position == "closed":
            self._jammed = True
            self._show()

    def _show(self) -> None:
        view = DeviceView(
            kind="drawer",
            name=self._settings.name,
            state="absent" if self._high is None else "degraded" if self._jammed else "ready",
            problem="drawer_jammed" if self._jammed else "drawer_open" if self.position == "open" else "",
            since=self._wall(),
        )
        if (view.state, view.problem) != (self._view.state, self._view.problem):
            self._view = view
            self._on_state(view)
