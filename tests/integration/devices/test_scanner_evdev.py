"""The driver of a grabbed scanner: on a pipe with the kernel's own bytes, and on a real input device where allowed."""

from __future__ import annotations

import asyncio
import errno
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from edge_agent.devices.keyboards import Keyboard, ListKeyboards, list_system_keyboards
from edge_agent.devices.ports import UsbIdentity
from edge_agent.devices.scanner.evdev import EvdevScanner, KeyboardSettings, grab
from edge_agent.devices.scanner.framing import Framing, Unreadable
from edge_agent.till.view import DeviceView
from hardware_sim.keyboard import SimulatedKeyboard, UinputKeyboard, keys_of

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and evdev are POSIX")

MILK, NOODLES = "8934602100016", "8934563138165"
USB = UsbIdentity(vendor=0x05E0, product=0x1200, serial="S42")


@dataclass
class Till:
    """What the driver told."""

    codes: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    views: list[DeviceView] = field(default_factory=list)
    grabbed: list[int] = field(default_factory=list)

    async def until(self, true: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(timeout_s):
            while not true():  # noqa: ASYNC110  told from another thread, and a test may poll
                await asyncio.sleep(0.005)

    async def until_state(self, state: str, problem: str = "", times: int = 1) -> None:
        """Wait until the scanner was shown so, that many times."""
        await self.until(lambda: sum((v.state, v.problem) == (state, problem) for v in self.views) >= times)


@asynccontextmanager
async def scanning(
    settings: KeyboardSettings,
    keyboards: ListKeyboards = list,
    take: Callable[[int], None] | None = None,
) -> AsyncIterator[tuple[Till, EvdevScanner]]:
    """A running driver; a pipe cannot be grabbed, so grabbing is noted."""
    till = Till()
    driver = EvdevScanner(
        settings,
        on_code=lambda code, _at_s: till.codes.append(code),
        on_unreadable=lambda reading, _at_s: till.unreadable.append(reading),
        on_state=till.views.append,
        call_soon=asyncio.get_running_loop().call_soon_threadsafe,
        monotonic=time.monotonic,
        wall=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        rng=Random(1),  # noqa: S311  jitter is no secret
        list_keyboards=keyboards,
        take=take or till.grabbed.append,
    )
    driver.start()
    try:
        yield till, driver
    finally:
        driver.stop()


@pytest.mark.parametrize("suffix", ["enter", "tab", "none"])
def test_a_scanner_that_types_is_read_and_grabbed(tmp_path: Path, suffix: str) -> None:
    """Each code once, and nobody else gets its keys."""

    async def scenario() -> None:
        async with (
            SimulatedKeyboard(tmp_path / "kbd") as scanner,
            scanning(KeyboardSettings(port=str(scanner.path))) as (till, _),
        ):
            await till.until_state("ready")
            for code in (MILK, "Ab-1/2", MILK):
                await scanner.scan(code, suffix=suffix)
                await asyncio.sleep(0.2)
            await till.until(lambda: till.codes == [MILK, "Ab-1/2", MILK])
            assert len(till.grabbed) == 1
            assert till.unreadable == []

    asyncio.run(scenario())


def test_a_slow_scanner_is_read_whole(tmp_path: Path) -> None:
    """Gaps as real scanners leave them."""

    async def scenario() -> None:
        settings = KeyboardSettings(port=str(tmp_path / "kbd"), framing=Framing(suffix="cr"))
        async with (
            SimulatedKeyboard(tmp_path / "kbd", gap_s=(0.001, 0.027)) as scanner,
            scanning(settings) as (till, _),
        ):
            await till.until_state("ready")
            await scanner.scan(NOODLES)
            await till.until(lambda: till.codes == [NOODLES])

    asyncio.run(scenario())


def test_events_that_were_lost_spoil_their_code_alone(tmp_path: Path) -> None:
    """A busy PC: the kernel says that it dropped some. That code is told as unreadable, the next is read."""

    async def scenario() -> None:
        async with (
            SimulatedKeyboard(tmp_path / "kbd") as scanner,
            scanning(KeyboardSettings(port=str(scanner.path))) as (till, _),
        ):
            await till.until_state("ready")
            await scanner.type(keys_of(MILK[:6], suffix="none"))
            await scanner.drop()
            await scanner.type(keys_of(MILK[9:]))
            await scanner.scan(NOODLES)
            await till.until(lambda: till.codes == [NOODLES])
            assert [reading.why for reading in till.unreadable] == ["not_ascii"]

    asyncio.run(scenario())


def test_unplugged_in_the_middle_of_a_scan_and_found_as_another_device(tmp_path: Path) -> None:
    """By what it is: event5 becomes event9, and half a code is told as cut off."""

    async def scenario() -> None:
        scanner = SimulatedKeyboard(tmp_path / "event5")

        def keyboards() -> list[Keyboard]:
            return [Keyboard(path=str(scanner.path), usb=USB)] if scanner.plugged else []

        async with scanner, scanning(KeyboardSettings(port=str(scanner.path)), keyboards) as (till, _):
            await till.until_state("ready")
            await scanner.type(keys_of(MILK[:7], suffix="none"))
            await asyncio.sleep(0.02)
            scanner.unplug()
            await till.until_state("absent", "absent")
            assert [reading.why for reading in till.unreadable] == ["cut_off"]
            scanner.path = tmp_path / "event9"
            scanner.plug()
            await till.until_state("ready", times=2)
            await scanner.scan(NOODLES)
            await till.until(lambda: till.codes == [NOODLES])

    asyncio.run(scenario())


@pytest.mark.parametrize(("number", "problem"), [(errno.EBUSY, "in_use"), (errno.EACCES, "no_permission")])
def test_a_scanner_that_cannot_be_grabbed_is_named(tmp_path: Path, number: int, problem: str) -> None:
    """Another program holds it, or the agent may not: told, and tried again."""

    async def scenario() -> None:
        refused = [True]

        def take(_descriptor: int) -> None:
            if refused[0]:
                raise OSError(number, os.strerror(number))

        async with (
            SimulatedKeyboard(tmp_path / "kbd") as scanner,
            scanning(KeyboardSettings(port=str(scanner.path)), take=take) as (till, _),
        ):
            await till.until_state("backoff", problem)
            refused[0] = False
            await till.until_state("ready")

    asyncio.run(scenario())


def test_a_till_that_wants_no_codes_gets_none(tmp_path: Path) -> None:
    """Switched off, what is scanned is dropped; on again, the next is read."""

    async def scenario() -> None:
        async with (
            SimulatedKeyboard(tmp_path / "kbd") as scanner,
            scanning(KeyboardSettings(port=str(scanner.path), framing=Framing(suffix="cr"))) as (till, driver),
        ):
            await till.until_state("ready")
            driver.enable(on=False)
            await scanner.scan(MILK)
            await asyncio.sleep(0.3)
            driver.enable(on=True)
            await scanner.scan(NOODLES)
            await till.until(lambda: till.codes == [NOODLES])

    asyncio.run(scenario())


@pytest.mark.skipif(not os.access("/dev/uinput", os.W_OK), reason="no right to make input devices (/dev/uinput)")
def test_a_real_input_device_is_grabbed_and_read() -> None:
    """The kernel's own device: found as a keyboard, grabbed for us alone, read, given back."""

    async def scenario() -> None:
        with UinputKeyboard("tillwire test scanner") as scanner:
            device = str(scanner.device())
            assert device in {board.path for board in list_system_keyboards()}
            async with scanning(KeyboardSettings(port=device), take=grab) as (till, _):
                await till.until_state("ready")
                descriptor = os.open(device, os.O_RDONLY)
                try:
                    with pytest.raises(OSError, match="busy"):
                        grab(descriptor)
                finally:
                    os.close(descriptor)
                scanner.scan(MILK)
                await till.until(lambda: till.codes == [MILK])

    asyncio.run(scenario())
