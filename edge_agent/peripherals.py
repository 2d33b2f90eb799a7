"""Scanner, scale and pole display: made from the configuration, started, joined to the counter, ended.

Each has a thread of its own; what it says reaches the counter on the event loop. Codes wait in a bounded queue, so that
they become lines in the order in which they were scanned.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime
from random import Random

from edge_agent import assembly
from edge_agent.config import AgentConfig
from edge_agent.counter import Counter
from edge_agent.devices.display.driver import Display
from edge_agent.devices.scale.driver import Scale
from edge_agent.devices.scale.reading import ScaleReading
from edge_agent.devices.scanner.driver import SerialScanner
from edge_agent.devices.scanner.evdev import EvdevScanner
from edge_agent.pole import pole_picture
from edge_agent.till.view import DeviceView

_log = logging.getLogger(__name__)

SCANS_WAITING_MAX = 100
WEIGHT_WANTED_S = 5.0
"""For how long a scale is asked often after a weight was asked for; asked for again, the time begins anew."""


@dataclass(frozen=True)
class Scan:
    """A code from the driver, and when its last byte was read."""

    text: str
    arrived_s: float


class Peripherals:
    """The devices of one till, printers aside. `start` after the counter; `close` ends them."""

    def __init__(
        self,
        config: AgentConfig,
        *,
        on_state: Callable[[DeviceView], None],
        elapsed_s: Callable[[], float],
        wall: Callable[[], datetime],
        rng: Random,
    ) -> None:
        self._config = config
        self._on_state = on_state
        self._elapsed_s = elapsed_s
        self._wall = wall
        self._rng = rng
        self._scans: asyncio.Queue[Scan] = asyncio.Queue(SCANS_WAITING_MAX)
        self._closers = AsyncExitStack()
        self._counter: Counter | None = None
        self._scanner: SerialScanner | EvdevScanner | None = None
        self._scale: Scale | None = None

    def weigh(self) -> ScaleReading | None:
        """What the scale says now; None without one. Any thread may ask."""
        if self._scale is None:
            return None
        self._scale.want(WEIGHT_WANTED_S)
        return self._scale.latest()

    async def start(self, counter: Counter) -> None:
        """Start what is configured."""
        self._counter = counter
        self._start_scale()
        self._start_scanner(counter)
        self._start_display(counter)

    async def close(self) -> None:
        """End everything, last started first."""
        await self._closers.aclose()

    def _start_scale(self) -> None:
        settings = assembly.scale_settings(self._config)
        if settings is None:
            return
        scale = self._scale = Scale(
            settings, on_reading=self._on_reading, on_state=self._on_state, call_soon=_call_soon(),
            monotonic=self._elapsed_s, wall=self._wall, rng=self._rng,
        )  # fmt: skip
        scale.start()
        self._closers.push_async_callback(asyncio.to_thread, scale.stop)

    def _start_scanner(self, counter: Counter) -> None:
        serial, typing = assembly.scanner_settings(self._config), assembly.keyboard_settings(self._config)
        if serial is None and typing is None:
            return
        self._begin(self._take_scans(counter), "scans")
        scanner: SerialScanner | EvdevScanner
        if serial is not None:
            scanner = SerialScanner(
                serial, on_code=self._on_code, on_unreadable=self._on_unreadable, on_state=self._on_state,
                call_soon=_call_soon(), monotonic=self._elapsed_s, wall=self._wall, rng=self._rng,
            )  # fmt: skip
        else:
            assert typing is not None
            scanner = EvdevScanner(
                typing, on_code=self._on_code, on_unreadable=self._on_unreadable, on_state=self._on_state,
                call_soon=_call_soon(), monotonic=self._elapsed_s, wall=self._wall, rng=self._rng,
            )  # fmt: skip
        self._scanner = scanner
        scanner.start()
        self._closers.push_async_callback(asyncio.to_thread, scanner.stop)

    def _start_display(self, counter: Counter) -> None:
        settings = assembly.display_settings(self._config)
        if settings is None:
            return
        display = Display(
            settings, on_state=self._on_state, call_soon=_call_soon(), monotonic=self._elapsed_s, wall=self._wall,
            rng=self._rng,
        )  # fmt: skip
        display.start()
        self._closers.push_async_callback(asyncio.to_thread, display.stop)
        self._begin(_show(counter, display), "pole display")

    def _begin(self, work: Coroutine[object, object, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)

        async def end() -> None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

        self._closers.push_async_callback(end)

    def _on_code(self, text: str, arrived_s: float) -> None:
        try:
            self._scans.put_nowait(Scan(text, arrived_s))
        except asyncio.QueueFull:
            _log.warning("scanner: too many codes at once, one was dropped")
            self._on_unreadable()

    def _on_unreadable(self, _what: object = None, _at_s: float = 0.0) -> None:
        if self._counter is not None:
            self._counter.say("unreadable_scan")

    def _on_reading(self, _reading: ScaleReading) -> None:
        # The picture has a weight only while the till asks for one; then each reading is worth a new picture.
        if self._counter is not None and self._counter.view().weight is not None:
            self._counter.refresh()

    async def _take_scans(self, counter: Counter) -> None:
        while True:
            scan = await self._scans.get()
            try:
                await counter.scan(scan.text, source="scanner", arrived_s=scan.arrived_s)
            except Exception:  # noqa: BLE001 - our own mistake with one code must not silence the scanner for the day
                _log.exception("scanner: a code failed")
                counter.say("order_failed")
            notice = counter.view().notice
            if self._scanner is not None:
                self._scanner.acknowledge(good=notice is None or notice.good)


async def _show(counter: Counter, display: Display) -> None:
    async for view in counter.changes():
        try:
            picture = pole_picture(view)
        except Exception:  # noqa: BLE001 - our own mistake with one picture; the next one may be shown again
            _log.exception("display: a picture failed")
        else:
            display.show(picture)


def _call_soon() -> Callable[..., object]:
    return asyncio.get_running_loop().call_soon_threadsafe
