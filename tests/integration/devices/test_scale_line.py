"""The scale's driver on a simulated scale: weights, motion, silence, noise, cables pulled.

Where a cable is pulled, the driver is given a link and never /dev/pts/N: see the scanner's tests.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import serial

from edge_agent.devices.scale.driver import Scale, ScaleSettings
from edge_agent.devices.scale.framing import ProtocolName
from edge_agent.devices.scale.reading import ScaleReading
from edge_agent.till.view import DeviceView
from hardware_sim.scale import SimulatedScale

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")

PROTOCOLS: tuple[ProtocolName, ...] = ("toledo_8217", "cas")


@dataclass
class Told:
    """What the driver told."""

    scale: Scale
    readings: list[ScaleReading]
    views: list[DeviceView]

    async def until(self, true: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait for a condition, wanting a weight all the time."""
        async with asyncio.timeout(timeout_s):
            while not true():
                self.scale.want(5.0)
                await asyncio.sleep(0.01)

    @property
    def now(self) -> tuple[int | None, str] | None:
        """Weight and state of the moment."""
        reading = self.scale.latest()
        return None if reading is None else (reading.grams, reading.state)

    @property
    def health(self) -> tuple[str, str]:
        """State and problem of the moment."""
        return (self.views[-1].state, self.views[-1].problem) if self.views else ("", "")


@asynccontextmanager
async def weighing(path: str, protocol: ProtocolName = "toledo_8217") -> AsyncIterator[Told]:
    """A running driver."""
    readings: list[ScaleReading] = []
    views: list[DeviceView] = []
    driver = Scale(
        ScaleSettings(protocol=protocol, port=path, poll_s=0.02, rest_s=0.1, answer_s=0.3, stale_s=2.0),
        on_reading=readings.append,
        on_state=views.append,
        call_soon=asyncio.get_running_loop().call_soon_threadsafe,
        monotonic=time.monotonic,
        wall=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        rng=Random(1),  # noqa: S311  jitter is no secret
        list_ports=list,
    )
    driver.start()
    try:
        yield Told(driver, readings, views)
    finally:
        driver.stop()


@pytest.mark.parametrize("byte_s", [0.0, 0.002])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_goods_are_weighed_when_they_lie_still(protocol: ProtocolName, byte_s: float) -> None:
    """In motion there is no weight to sell; at rest there is, to the gram; also over a slow line."""

    async def scenario() -> None:
        async with SimulatedScale(protocol, byte_s=byte_s) as scale, weighing(scale.path, protocol) as told:
            await told.until(lambda: told.now == (0, "STABLE"))
            assert told.health == ("ready", "")
            scale.put(1250, moving=True)
            await told.until(lambda: told.now is not None and told.now[1] == "MOTION")
            assert not any(reading.may_be_sold for reading in told.readings)
            scale.settle()
            await told.until(lambda: told.now == (1250, "STABLE"))
            assert told.scale.latest() is not None
            await told.until(lambda: told.readings[-1].may_be_sold)

    asyncio.run(scenario())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_too_heavy_and_below_zero_are_told(protocol: ProtocolName) -> None:
    """Neither has a weight."""

    async def scenario() -> None:
        async with SimulatedScale(protocol) as scale, weighing(scale.path, protocol) as told:
            scale.put(15_001)
            await told.until(lambda: told.now == (None, "OVER"))
            scale.put(-20)
            await told.until(lambda: told.now == (None, "UNDER"))
            scale.put(15_000)
            await told.until(lambda: told.now == (15_000, "STABLE"))

    asyncio.run(scenario())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_silent_scale_turns_stale_and_is_shown(protocol: ProtocolName) -> None:
    """Its last weight is not sold for ever; when it speaks again, so does the till."""

    async def scenario() -> None:
        async with SimulatedScale(protocol) as scale, weighing(scale.path, protocol) as told:
            scale.put(800)
            await told.until(lambda: told.now == (800, "STABLE"))
            scale.mute = True
            await told.until(lambda: told.now == (None, "STALE"))
            await told.until(lambda: told.health == ("fault", "no_answer"))
            scale.mute = False
            await told.until(lambda: told.now == (800, "STABLE"))
            await told.until(lambda: told.health == ("ready", ""))

    asyncio.run(scenario())


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_noise_is_no_weight(protocol: ProtocolName) -> None:
    """Garbage on the line is shown as a bad line, and spoils no later weight."""

    async def scenario() -> None:
        async with SimulatedScale(protocol) as scale, weighing(scale.path, protocol) as told:
            scale.put(430)
            scale.garble_next = 10
            await told.until(lambda: ("fault", "broken_line") in {(v.state, v.problem) for v in told.views})
            await told.until(lambda: told.now == (430, "STABLE"))
            assert {reading.grams for reading in told.readings if reading.may_be_sold} <= {430}

    asyncio.run(scenario())


def test_a_block_with_a_wrong_check_is_not_sold() -> None:
    """A digit that changed on the line of a CAS is noticed."""

    async def scenario() -> None:
        async with SimulatedScale("cas") as scale:
            scale.put(430)
            scale.lie_next = 5
            async with weighing(scale.path, "cas") as told:
                await told.until(lambda: told.now == (430, "STABLE"))
                assert {reading.grams for reading in told.readings if reading.grams is not None} == {430}
            assert scale.lie_next == 0

    asyncio.run(scenario())


def test_a_pulled_cable_is_absent_and_found_again() -> None:
    """Unplugged, and plugged in again as another device: its lasting name finds it, and no old weight is sold."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            by_id = Path(folder) / "by-id-scale"
            async with SimulatedScale(by_id=by_id) as scale, weighing(str(by_id)) as told:
                scale.put(990)
                await told.until(lambda: told.now == (990, "STABLE"))
                scale.unplug()
                await told.until(lambda: told.now == (None, "ABSENT"))
                await told.until(lambda: told.health == ("absent", "absent"))
                scale.replug()
                await told.until(lambda: told.now == (990, "STABLE"))
                await told.until(lambda: told.health == ("ready", ""))

    asyncio.run(scenario())


def test_a_port_of_another_program_is_named() -> None:
    """The till says that somebody else has the scale, and takes it when it is free."""

    async def scenario() -> None:
        async with SimulatedScale() as scale:
            other = serial.Serial(scale.path, exclusive=True)
            async with weighing(scale.path) as told:
                await told.until(lambda: told.health == ("backoff", "in_use"))
                other.close()
                await told.until(lambda: told.health == ("ready", ""))

    asyncio.run(scenario())


def test_it_is_asked_seldom_when_nobody_weighs() -> None:
    """At rest a question every `rest_s`, to know that it is there; each change is told, each repetition is not."""

    async def scenario() -> None:
        async with SimulatedScale() as scale, weighing(scale.path) as told:
            scale.put(500)
            async with asyncio.timeout(20):
                while scale.questions < 8:  # noqa: ASYNC110  a test may poll
                    await asyncio.sleep(0.01)
            assert [reading.grams for reading in told.readings] in ([500], [0, 500])

    asyncio.run(scenario())
