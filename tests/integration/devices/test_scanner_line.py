"""The scanner's driver on a simulated serial port: codes, accidents, cables pulled.

Where a cable is pulled, the driver is given a link and never /dev/pts/N: the kernel gives that number to the next
pseudo terminal, which may be another test's scanner in the process beside this one.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import serial

from edge_agent.devices.ports import Port, UsbIdentity
from edge_agent.devices.scanner.driver import ScannerSettings, SerialScanner
from edge_agent.devices.scanner.feedback import PRESETS
from edge_agent.devices.scanner.framing import Framing, Unreadable
from edge_agent.till.view import DeviceView
from hardware_sim.framing import NAMED
from hardware_sim.scanner import SimulatedScanner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pseudo terminals are POSIX")

MILK, NOODLES, PEN = "8934602100016", "8934563138165", "8935049500505"
USB = UsbIdentity(vendor=0x05E0, product=0x1701, serial="S42")


@dataclass
class Till:
    """What the driver told."""

    codes: list[str] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    views: list[DeviceView] = field(default_factory=list)

    async def until(self, true: Callable[[], bool], timeout_s: float = 20.0) -> None:
        """Wait for a condition."""
        async with asyncio.timeout(timeout_s):
            while not true():  # noqa: ASYNC110  told from another thread, and a test may poll
                await asyncio.sleep(0.005)

    async def until_ready(self, times: int = 1) -> None:
        """Wait until the scanner was shown as ready that many times: opening a port empties its buffer."""
        await self.until(lambda: [view.state for view in self.views].count("ready") >= times)

    @property
    def state(self) -> tuple[str, str]:
        """State and problem of the moment."""
        return (self.views[-1].state, self.views[-1].problem) if self.views else ("", "")


@asynccontextmanager
async def scanning(
    settings: ScannerSettings, ports: Callable[[], list[Port]] = list
) -> AsyncIterator[tuple[Till, SerialScanner]]:
    """A running driver."""
    till = Till()
    driver = SerialScanner(
        settings,
        on_code=lambda code, _at_s: till.codes.append(code),
        on_unreadable=lambda reading, _at_s: till.unreadable.append(reading),
        on_state=till.views.append,
        call_soon=asyncio.get_running_loop().call_soon_threadsafe,
        monotonic=time.monotonic,
        wall=lambda: datetime(2026, 11, 22, tzinfo=UTC),
        rng=Random(1),  # noqa: S311  jitter is no secret
        list_ports=ports,
    )
    driver.start()
    try:
        yield till, driver
    finally:
        driver.stop()


@pytest.mark.parametrize("name", sorted(NAMED))
def test_every_suffix_is_understood_without_being_told(name: str) -> None:
    """A scanner with any usual suffix, or none, works with the default settings."""

    async def scenario() -> None:
        async with (
            SimulatedScanner(framing=NAMED[name]) as scanner,
            scanning(ScannerSettings(port=scanner.path)) as (till, _),
        ):
            await till.until_ready()
            for code in (MILK, NOODLES, MILK):
                await scanner.scan(code)
                await asyncio.sleep(0.12)
            await till.until(lambda: len(till.codes) == 3)
            assert till.codes == [MILK, NOODLES, MILK]
            assert till.unreadable == []

    asyncio.run(scenario())


def test_joined_partial_and_noisy_scans_are_told_apart() -> None:
    """Two scans in one write are two; half a scan and noise are reported, and spoil nothing that follows."""

    async def scenario() -> None:
        async with (
            SimulatedScanner() as scanner,
            scanning(ScannerSettings(port=scanner.path, framing=Framing(cut_off_s=0.2))) as (till, _),
        ):
            await till.until_ready()
            await scanner.scan_joined(MILK, NOODLES)
            await till.until(lambda: till.codes == [MILK, NOODLES])
            await scanner.scan_partial(PEN, 5)
            await till.until(lambda: len(till.unreadable) == 1)
            await scanner.scan(PEN)
            await till.until(lambda: till.codes[2:] == [PEN])
            await asyncio.sleep(0.3)
            await scanner.noise(b"\xff\x00\x7f\r")
            await till.until(lambda: len(till.unreadable) == 2)
            await scanner.scan(MILK)
            await till.until(lambda: till.codes[3:] == [MILK])
            assert [reading.why for reading in till.unreadable] == ["cut_off", "not_ascii"]

    asyncio.run(scenario())


def test_a_slow_scanner_is_read_whole() -> None:
    """A code that trickles in, byte by byte, is one code."""

    async def scenario() -> None:
        async with SimulatedScanner(byte_s=0.01) as scanner, scanning(ScannerSettings(port=scanner.path)) as (till, _):
            await till.until_ready()
            for code in (MILK, PEN):
                await scanner.scan(code)
            await till.until(lambda: len(till.codes) == 2)
            assert till.codes == [MILK, PEN]

    asyncio.run(scenario())


def test_a_pulled_cable_is_told_once_and_a_new_name_is_found_soon() -> None:
    """Unplugged in the middle of a scan, plugged in again as another device: by its lasting name it is found."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            by_id = Path(folder) / "by-id-scanner"
            async with (
                SimulatedScanner(by_id=by_id) as scanner,
                scanning(ScannerSettings(port=str(by_id))) as (till, _),
            ):
                await till.until_ready()
                await scanner.scan(MILK)
                await till.until(lambda: till.codes == [MILK])
                await scanner.scan_partial(NOODLES, 6)
                await asyncio.sleep(0.05)
                scanner.unplug()
                await till.until(lambda: till.state == ("absent", "absent"))
                assert [reading.why for reading in till.unreadable] == ["cut_off"]
                scanner.replug()
                await till.until(lambda: till.state == ("ready", ""))
                await scanner.scan(NOODLES)
                await till.until(lambda: till.codes == [MILK, NOODLES])
                assert [view.state for view in till.views].count("absent") == 1

    asyncio.run(scenario())


def test_a_scanner_is_known_by_what_it_is() -> None:
    """Configured by VID, PID and serial number: the port's name does not matter, also when it changes."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            scanner = SimulatedScanner(link=Path(folder) / "ttyACM0")

            def ports() -> list[Port]:
                return [Port(path=scanner.path, usb=USB)] if scanner.device else []

            async with scanner, scanning(ScannerSettings(usb=USB), ports) as (till, _):
                await till.until_ready()
                await scanner.scan(MILK)
                await till.until(lambda: till.codes == [MILK])
                scanner.replug(link=Path(folder) / "ttyACM1")
                await till.until_ready(2)
                await scanner.scan(PEN)
                await till.until(lambda: till.codes == [MILK, PEN])

    asyncio.run(scenario())


def test_a_scanner_that_was_seen_once_is_followed_to_another_name() -> None:
    """Configured by a name that is gone after the replug: the same device under a new name is taken."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            scanner = SimulatedScanner(link=Path(folder) / "ttyACM0")

            def ports() -> list[Port]:
                return [Port(path=scanner.path, usb=USB)] if scanner.device else []

            async with scanner, scanning(ScannerSettings(port=str(Path(folder) / "ttyACM0")), ports) as (till, _):
                await till.until_ready()
                scanner.replug(link=Path(folder) / "ttyACM1")
                await till.until_ready(2)
                await scanner.scan(PEN)
                await till.until(lambda: till.codes == [PEN])

    asyncio.run(scenario())


def test_a_port_held_by_another_program_is_named_and_taken_when_free() -> None:
    """The till says that somebody else uses the scanner, and needs no restart afterwards."""

    async def scenario() -> None:
        async with SimulatedScanner() as scanner:
            other = serial.Serial(scanner.path, exclusive=True)
            async with scanning(ScannerSettings(port=scanner.path)) as (till, _):
                await till.until(lambda: till.state == ("backoff", "in_use"))
                other.close()
                await till.until(lambda: till.state == ("ready", ""))
                await scanner.scan(MILK)
                await till.until(lambda: till.codes == [MILK])

    asyncio.run(scenario())


def test_feedback_reaches_the_scanner() -> None:
    """Good and bad are the bytes of the settings."""

    async def scenario() -> None:
        async with SimulatedScanner() as scanner:
            settings = ScannerSettings(port=scanner.path, feedback=PRESETS["datalogic"])
            async with scanning(settings) as (till, driver):
                await till.until(lambda: till.state == ("ready", ""))
                driver.acknowledge(good=True)
                driver.acknowledge(good=False)
                await till.until(lambda: b"".join(back.data for back in scanner.feedback) == b"BF")

    asyncio.run(scenario())


def test_the_first_scan_is_not_lost_while_the_port_opens() -> None:
    """Scanned before the till listened: the bytes wait in the port, and opening it must not throw them away."""

    async def scenario() -> None:
        async with SimulatedScanner() as scanner:
            with open(scanner.path, "rb", buffering=0):  # noqa: ASYNC230, PTH123  a device that a host has open
                await scanner.scan(MILK)
            async with scanning(ScannerSettings(port=scanner.path)) as (till, _):
                await till.until(lambda: till.codes == [MILK])
                await till.until_ready()
                await scanner.scan("X-1")
                await till.until(lambda: till.codes == [MILK, "X-1"])
                assert till.unreadable == []

    asyncio.run(scenario())


@pytest.mark.parametrize("framing", ["cr", "none"])
def test_a_scan_that_began_before_the_port_was_open_is_no_other_code(framing: str) -> None:
    """Its tail might be another article's code: it is told as cut off, and the next scan is read."""

    async def scenario() -> None:
        async with SimulatedScanner(framing=NAMED[framing]) as scanner:
            with open(scanner.path, "rb", buffering=0):  # noqa: ASYNC230, PTH123  a device that a host has open
                await scanner.scan(MILK[5:])
            async with scanning(ScannerSettings(port=scanner.path)) as (till, _):
                await till.until(lambda: [reading.why for reading in till.unreadable] == ["cut_off"])
                await till.until_ready()
                await scanner.scan(MILK[5:])
                await till.until(lambda: till.codes == [MILK[5:]])

    asyncio.run(scenario())


def test_a_scanner_with_handshake_sends_again_and_sells_once() -> None:
    """ACK lost on the line: one sale. Unreadable: NAK, sent again, one sale. Scanned twice by hand: two sales."""

    async def scenario() -> None:
        async with SimulatedScanner(ack_s=0.15) as scanner:
            settings = ScannerSettings(port=scanner.path, ack_nak=True, resend_s=0.4)
            async with scanning(settings) as (till, _):
                await till.until_ready()
                scanner.deaf = 1
                await scanner.scan(MILK)
                assert [sent.kind for sent in scanner.sent] == ["scan", "resent"]
                await scanner.scan(PEN)
                await till.until(lambda: till.codes == [MILK, PEN])
                await asyncio.sleep(0.5)
                await scanner.scan(PEN)
                await till.until(lambda: till.codes == [MILK, PEN, PEN])
                await scanner.scan_spoilt(NOODLES, 4)
                await till.until(lambda: b"".join(back.data for back in scanner.feedback).endswith(b"\x15"))
                await scanner.scan(NOODLES)
                await till.until(lambda: till.codes == [MILK, PEN, PEN, NOODLES])

    asyncio.run(scenario())


def test_a_scanner_that_was_switched_off_stays_off_when_it_comes_back() -> None:
    """A locked till's scanner does not wake by being plugged in again."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            by_id = Path(folder) / "by-id-scanner"
            settings = ScannerSettings(port=str(by_id), feedback=PRESETS["datalogic"])
            async with SimulatedScanner(by_id=by_id) as scanner, scanning(settings) as (till, driver):
                await till.until_ready()
                driver.enable(on=False)
                await till.until(lambda: b"".join(back.data for back in scanner.feedback) == b"D")
                scanner.replug()
                await till.until_ready(2)
                await till.until(lambda: b"".join(back.data for back in scanner.feedback) == b"DD")

    asyncio.run(scenario())


@pytest.mark.parametrize("byte_count", [1, 7, 13])
def test_a_cable_pulled_in_the_middle_of_a_scan_sells_nothing(byte_count: int) -> None:
    """Wherever the code is torn, it is told as cut off, and the device is found under its new name."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            by_id = Path(folder) / "by-id-scanner"
            settings = ScannerSettings(port=str(by_id), framing=Framing(suffix="cr"))
            async with SimulatedScanner(by_id=by_id) as scanner, scanning(settings) as (till, _):
                await till.until_ready()
                await scanner.scan_torn(NOODLES, byte_count)
                await till.until(lambda: [reading.why for reading in till.unreadable] == ["cut_off"])
                scanner.replug(link=Path(folder) / "ttyACM7")
                await till.until_ready(2)
                await scanner.scan(NOODLES)
                await till.until(lambda: till.codes == [NOODLES])

    asyncio.run(scenario())


def test_a_missing_port_is_absent_and_costs_nothing() -> None:
    """No scanner, no error: the till says so once and goes on looking."""

    async def scenario() -> None:
        with tempfile.TemporaryDirectory() as folder:
            missing = os.path.join(folder, "nothing")  # noqa: PTH118  the settings take text
            async with scanning(ScannerSettings(port=missing)) as (till, _):
                await till.until(lambda: till.state == ("absent", "absent"))
                await asyncio.sleep(0.6)
                assert len(till.views) == 1

    asyncio.run(scenario())
