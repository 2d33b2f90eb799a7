"""The scanner on its cable, read by pyserial as the agent does it."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
import serial
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.errors import LinkInTheWay, NotPlugged, WaitedTooLong
from hardware_sim.framing import NAMED, Framing, guess_aim_id
from hardware_sim.scanner import SimulatedScanner

CODE = "8934602100016"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")


def _open(path: str) -> serial.Serial:
    return serial.Serial(path, baudrate=9600, timeout=1, write_timeout=1, exclusive=True)


async def _read(port: serial.Serial, count: int) -> bytes:
    data = await asyncio.to_thread(port.read, count)
    assert isinstance(data, bytes)
    return data


@settings(deadline=None)
@given(st.sampled_from(sorted(NAMED)), st.text(st.characters(categories=("Lu", "Nd")), min_size=1))
def test_a_frame_holds_the_code_between_its_ends(name: str, code: str) -> None:
    """Whatever the framing, the code is whole inside."""
    framing = NAMED[name]
    frame = framing.frame(code, aim_id="]E0")
    assert frame == framing.prefix + b"]E0" + code.encode() + framing.suffix


def test_scans_arrive_framed_and_are_recorded(tmp_path: Path) -> None:
    """Every byte on the wire, and a record of each scan with its time."""
    now = iter(range(100))

    async def scenario() -> None:
        scanner = SimulatedScanner(
            by_id=tmp_path / "by-id" / "scanner", framing=Framing(b"\x02", b"\x03"), clock=lambda: float(next(now))
        )
        async with scanner:
            assert scanner.path == str(tmp_path / "by-id" / "scanner")
            with _open(scanner.path) as port:
                await scanner.wait_attached()
                await scanner.scan(CODE)
                await scanner.scan(CODE, aim_id=guess_aim_id(CODE))
                await scanner.scan_partial(CODE, 5)
                await scanner.scan_joined(CODE, "2")
                await scanner.noise(b"\xff\0")
                expected = b"\x02%b\x03\x02]E0%b\x03\x028934\x02%b\x03\x022\x03\xff\0" % ((CODE.encode(),) * 3)
                assert await _read(port, len(expected)) == expected
            assert [sent.kind for sent in scanner.sent] == ["scan", "scan", "partial", "joined", "noise"]
            assert [sent.sent_at for sent in scanner.sent] == [0, 1, 2, 3, 4]
            assert b"".join(sent.data for sent in scanner.sent) == expected

    asyncio.run(scenario())


def test_a_slow_scanner_takes_its_time_for_each_byte(tmp_path: Path) -> None:
    """Gaps inside a scan test the driver's idle gap."""

    async def scenario() -> None:
        async with SimulatedScanner(link=tmp_path / "tty", byte_s=0.01) as scanner:
            with _open(scanner.path) as port:
                await scanner.wait_attached()
                scan = asyncio.create_task(scanner.scan("12345"))
                await asyncio.sleep(0.025)
                assert 1 <= port.in_waiting <= 4
                await scan
                assert await _read(port, 6) == b"12345\r"

    asyncio.run(scenario())


def test_feedback_of_the_host_is_recorded(tmp_path: Path) -> None:
    """BEL, B and F are what the cashier would hear."""

    async def scenario() -> None:
        async with SimulatedScanner(link=tmp_path / "tty") as scanner:
            heard = asyncio.Event()
            scanner.on_feedback = lambda _feedback: heard.set()
            with _open(scanner.path) as port:
                port.write(b"\x07BF")
                await asyncio.wait_for(heard.wait(), 2)
                await asyncio.sleep(0.05)
            assert b"".join(feedback.data for feedback in scanner.feedback) == b"\x07BF"

    asyncio.run(scenario())


def test_unplugging_is_seen_and_replugging_gives_another_name(tmp_path: Path) -> None:
    """The host's open port dies; the lasting link leads to another device, whether the host had closed or not."""

    async def scenario() -> None:
        scanner = SimulatedScanner(link=tmp_path / "ttyACM0", by_id=tmp_path / "by-id")
        async with scanner:
            for held in (True, False):
                first = scanner.device
                port = _open(scanner.path)
                await scanner.wait_attached()
                if not held:
                    port.close()
                scanner.unplug()
                assert not (tmp_path / "by-id").exists()
                with pytest.raises(NotPlugged):
                    await scanner.scan(CODE)
                if held:
                    with pytest.raises(serial.SerialException):
                        await _read(port, 1)
                    port.close()
                scanner.replug(link=tmp_path / "ttyACM1")
                assert scanner.device != first
                assert {str((tmp_path / name).readlink()) for name in ("by-id", "ttyACM1")} == {scanner.device}
                assert not (tmp_path / "ttyACM0").is_symlink()
                with _open(scanner.path) as again:
                    await scanner.wait_attached()
                    await scanner.scan(CODE)
                    assert await _read(again, 14) == CODE.encode() + b"\r"

    asyncio.run(scenario())


def test_unplugging_in_mid_scan_fails_the_scan(tmp_path: Path) -> None:
    """Half a code went out; the scan is not recorded as sent."""

    async def scenario() -> None:
        async with SimulatedScanner(link=tmp_path / "tty", byte_s=0.01) as scanner:
            with _open(scanner.path):
                await scanner.wait_attached()
                scan = asyncio.create_task(scanner.scan(CODE))
                await asyncio.sleep(0.03)
                scanner.unplug()
                with pytest.raises(NotPlugged):
                    await scan
            assert not scanner.sent

    asyncio.run(scenario())


def test_a_scan_that_nobody_listens_to_is_lost_and_says_so(tmp_path: Path) -> None:
    """No ghost scan appears when the host opens the port later."""

    async def scenario() -> None:
        async with SimulatedScanner(link=tmp_path / "tty") as scanner:
            assert not (await scanner.scan(CODE)).delivered
            with pytest.raises(WaitedTooLong, match="is its driver running"):
                await scanner.wait_attached(timeout_s=0.05)
            port = os.open(scanner.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            with pytest.raises(BlockingIOError):
                os.read(port, 1)
            os.close(port)

    asyncio.run(scenario())


@pytest.mark.parametrize("place", ["file", "link to a file"])
def test_what_is_somebodys_in_the_links_place_is_left_alone(tmp_path: Path, place: str) -> None:
    """A file, and a link to a real device, are never replaced."""
    (tmp_path / "device").write_text("mine")
    if place == "file":
        (tmp_path / "tty").write_text("mine")
    else:
        (tmp_path / "tty").symlink_to(tmp_path / "device")

    async def scenario() -> None:
        with pytest.raises(LinkInTheWay, match="choose another name"):
            await SimulatedScanner(link=tmp_path / "tty").start()

    asyncio.run(scenario())
    assert (tmp_path / "tty").read_text() == "mine"


def test_the_link_of_a_simulator_that_was_killed_is_taken_over(tmp_path: Path) -> None:
    """Kill -9 leaves a dangling link; the next start replaces it. A link that another took since stays."""
    (tmp_path / "tty").symlink_to("/dev/pts/999999")

    async def scenario() -> None:
        async with SimulatedScanner(link=tmp_path / "tty"):
            async with SimulatedScanner(link=tmp_path / "tty") as second:
                assert str((tmp_path / "tty").readlink()) == second.device
            assert not (tmp_path / "tty").is_symlink()

    asyncio.run(scenario())
