"""The display's driver on a simulated pole: what is shown, and what becomes of it when the cable is pulled."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from edge_agent.devices.display.driver import Display, DisplaySettings
from edge_agent.devices.display.layout import item, total, welcome
from edge_agent.till.view import DeviceView
from hardware_sim.display import SimulatedDisplay

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")


@asynccontextmanager
async def displaying(settings: DisplaySettings) -> AsyncIterator[tuple[Display, list[DeviceView]]]:
    """A running driver, and what it told."""
    views: list[DeviceView] = []
    display = Display(
        settings,
        on_state=views.append,
        call_soon=asyncio.get_running_loop().call_soon_threadsafe,
        monotonic=time.monotonic,
        wall=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        rng=Random(1),  # noqa: S311  jitter is no secret
        list_ports=list,
    )
    display.start()
    try:
        yield display, views
    finally:
        await asyncio.to_thread(display.stop)


def test_item_total_and_farewell_are_shown() -> None:
    """As a customer reads them; at the end the pole is dark."""

    async def scenario() -> None:
        async with SimulatedDisplay() as pole:
            async with displaying(DisplaySettings(port=pole.path)) as (display, _):
                display.show(item("Sữa tươi", "25.000 ₫", "2 x 12.500"))
                await pole.wait_shown(("Sua tuoi", "2 x 12.500  25.000 d"))
                display.show(total("Tổng cộng", "25.000 ₫"))
                await pole.wait_shown(("Tong cong", "25.000 d"))
                display.show(welcome("Cảm ơn quý khách"))
                await pole.wait_shown(("Cam on quy khach", ""))
            await pole.wait_shown(("", ""))
            assert pole.unknown == b""
            assert pole.resets == 1

    asyncio.run(scenario())


def test_a_display_that_was_away_shows_the_picture_of_the_moment() -> None:
    """Unplugged while the sale went on; nobody waited for it."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            by_id = Path(folder) / "pole"
            async with (
                SimulatedDisplay(by_id=by_id) as pole,
                displaying(DisplaySettings(port=str(by_id))) as (display, views),
            ):
                display.show(welcome("one"))
                await pole.wait_shown(("one", ""))
                pole.unplug()
                async with asyncio.timeout(20):
                    while (views[-1].state, views[-1].problem) != ("absent", "absent"):  # noqa: ASYNC110  may poll
                        await asyncio.sleep(0.01)
                for word in ("two", "three", "four"):
                    display.show(welcome(word))
                pole.plug()
                await pole.wait_shown(("four", ""))
                assert not any("two" in lines[0] for lines in pole.shown)

    asyncio.run(scenario())


def test_a_display_that_lost_its_power_gets_its_picture_again() -> None:
    """It cannot say that it is dark: so the picture is written now and then."""

    async def scenario() -> None:
        async with (
            SimulatedDisplay() as pole,
            displaying(DisplaySettings(port=pole.path, again_s=0.1)) as (display, _),
        ):
            display.show(welcome("open"))
            await pole.wait_shown(("open", ""))
            pole.take(b"\x0c")
            await pole.wait_shown(("open", ""))

    asyncio.run(scenario())
