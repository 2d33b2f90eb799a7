"""One contract for all ways to a printer: what goes in arrives whole and once, what is gone is said to be gone."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.devices.errors import ConnectionLost, PrinterUnreachable
from edge_agent.devices.printer.commands import Parts
from edge_agent.devices.printer.escpos import picture_parts
from edge_agent.devices.printer.framing import QUESTIONS, ask
from edge_agent.devices.printer.layout import picture_of
from edge_agent.devices.printer.settings import SerialReach, UsbReach, WindowsReach
from edge_agent.devices.printer.transports.line import Line
from edge_agent.devices.printer.transports.windows import system_winspool
from hardware_sim.printer import raster_digest
from tests.integration.devices.shop import a_receipt
from tests.integration.devices.usb_backend import PRODUCT, VENDOR
from tests.integration.devices.ways import WAYS, WITH_A_PRINTER, Way, WayName, way_to_a_printer

PICTURE = picture_of(a_receipt("R1", lines=12), 576)
PARTS: Parts = picture_parts(PICTURE)
JOB = b"\x1b@" + b"".join(PARTS)
SOON_S = 10.0


def on(names: tuple[WayName, ...]) -> Callable[[Callable[[Way], Awaitable[None]]], Callable[..., None]]:
    """A test for each of these ways."""

    def test_of(scenario: Callable[[Way], Awaitable[None]]) -> Callable[..., None]:
        @pytest.mark.parametrize("name", names)
        def test(name: WayName, tmp_path: Path) -> None:
            async def play() -> None:
                async with way_to_a_printer(name, tmp_path) as way:
                    await scenario(way)

            asyncio.run(play())

        test.__doc__ = scenario.__doc__
        return test

    return test_of


async def send(line: Line, data: bytes, *, piece: int = 4096) -> None:
    """Hand over as the driver does, piece by piece."""
    line.begin_job("R1")
    for at in range(0, len(data), piece):
        line.write(data[at : at + piece])
        assert await line.until(lambda: line.drained, SOON_S)


@on(WAYS)
async def test_a_job_arrives_whole_and_once(way: Way) -> None:
    """Every byte in order, whatever pieces the way makes of it; `completed` is said after that."""
    async with way.line() as line:
        await send(line, JOB)
        line.end_job()
        assert await line.until(lambda: line.completed, SOON_S)
    if way.printer is not None:
        await way.printer.wait_receipts(1)
    assert way.digests() == [raster_digest(PICTURE)]


@on(WAYS)
async def test_two_jobs_on_one_line_are_two_papers(way: Way) -> None:
    """What was ended does not mix with what follows."""
    async with way.line() as line:
        for _ in range(2):
            await send(line, JOB)
            if not way.hears:
                line.end_job()
                assert await line.until(lambda: line.completed, SOON_S)
    if way.printer is not None:
        await way.printer.wait_receipts(2)
    assert way.digests() == [raster_digest(PICTURE)] * 2


@on(("tcp", "serial", "usb"))
async def test_answers_come_back(way: Way) -> None:
    """What the printer says is read, on every way that carries it."""
    assert way.printer is not None
    way.printer.faults.paper_out()
    async with way.line() as line:
        assert line.hears
        for question in QUESTIONS:
            line.answers.question_sent(question)
            line.write(ask(question))
        assert await line.until(lambda: not line.answers.questions_open, SOON_S)
        assert line.answers.status.obstacle == "paper_out"


@on(("windows",))
async def test_windows_says_what_it_knows(way: Way) -> None:
    """Paper and cover by the status bits of printer and job; a driver that tells nothing leaves paper "unknown"."""
    assert way.printer is not None
    assert way.spooler is not None
    async with way.line() as line:
        assert line.tells
        assert not line.hears
        assert await line.until(lambda: line.answers.tells_changes, SOON_S)
        assert (line.answers.status.obstacle, line.answers.status.paper) == ("", "unknown")
        way.printer.faults.paper_out()
        assert await line.until(lambda: line.answers.status.obstacle == "paper_out", SOON_S)
        way.spooler.talks = False
        assert await line.until(lambda: line.answers.status.obstacle == "", SOON_S)
        assert line.answers.status.paper == "unknown"


@on(WAYS)
async def test_what_is_not_there_is_unreachable_with_a_remedy(way: Way) -> None:
    """Pulled before it is opened: told as such, in words."""
    if way.folder is not None:
        way.folder.mkdir()
    way.pull()
    assert re.match(r"printer .+[;:] ", str(await refusal(way)))


@on(WITH_A_PRINTER)
async def test_what_goes_away_is_lost(way: Way) -> None:
    """Pulled while it is open: waiting ends, writing raises, closing works, and it can be opened when it is back."""
    told: list[str] = []
    async with way.line(on_lost=lambda: told.append("lost")) as line:
        way.pull()
        with pytest.raises(ConnectionLost):
            await line.until(lambda: False, SOON_S)
        with pytest.raises(ConnectionLost):
            line.write(b"x")
    assert told == ["lost"]
    way.put()
    if way.printer is not None and way.name != "windows":
        await way.printer.wait_listening()
    async with way.line() as line:
        await send(line, b"\x1b@")


@on(("tcp", "serial", "usb"))
async def test_a_printer_that_stands_still_is_noticed_and_left(way: Way) -> None:
    """More than it can hold is never "drained", and closing does not wait for it."""
    assert way.printer is not None
    way.printer.faults.stall(after_bytes=100)
    async with way.line() as line:
        line.abort_at_end = True
        line.begin_job("R1")
        for _ in range(40):
            line.write(bytes(8192))
            if not await line.until(lambda: line.drained, 0.3):
                break
        assert not line.drained


@on(("serial", "usb"))
async def test_a_port_is_ours_alone(way: Way) -> None:
    """A second line to the same port is refused as "in use", the first goes on."""
    async with way.line() as line:
        with pytest.raises(PrinterUnreachable) as refused:
            async with way.line():
                pass
        assert refused.value.problem == "in_use"
        await send(line, JOB)
        assert way.printer is not None
        await way.printer.wait_receipts(1)


@on(("usb",))
async def test_usb_takes_the_printer_from_the_kernel_and_gives_it_back(way: Way) -> None:
    """The kernel's driver is off while the line is open; what may not be opened, or is another one, is told apart."""
    assert way.bus is not None
    async with way.line():
        assert (way.bus.kernel_driver, way.bus.endpoints.claimed) == (False, "till")
    assert (way.bus.kernel_driver, way.bus.endpoints.claimed) == (True, "")
    way.bus.forbidden = True
    await refused_as(way, way.settings.reach, "no_permission")
    way.bus.forbidden = False
    await refused_as(way, UsbReach(vendor=VENDOR, product=PRODUCT, serial="another"), "absent")


@on(("serial",))
async def test_a_serial_port_that_is_not_there_is_absent(way: Way) -> None:
    """The path is told, and what to do."""
    await refused_as(way, SerialReach(path="/nowhere/printer"), "absent")


@on(("windows",))
async def test_a_job_that_is_given_up_is_deleted_in_windows(way: Way) -> None:
    """What the till gave up must not print an hour later."""
    assert way.printer is not None
    assert way.spooler is not None
    way.printer.faults.stall()
    async with way.line() as line:
        line.abort_at_end = True
        await send(line, JOB * 3)
        line.end_job()
        assert not await line.until(lambda: line.completed, 0.3)
        assert len(way.spooler.queue) == 1
    assert not way.spooler.queue


@on(("windows",))
async def test_a_job_that_somebody_deletes_is_lost(way: Way) -> None:
    """Deleted in Windows' own window: nobody knows what was printed."""
    assert way.printer is not None
    assert way.spooler is not None
    way.printer.faults.stall()
    async with way.line() as line:
        await send(line, JOB * 3)
        line.end_job()
        (job,) = way.spooler.queue.values()
        job.deleted = True
        with pytest.raises(ConnectionLost, match="deleted"):
            await line.until(lambda: line.completed, SOON_S)


@on(("windows",))
async def test_windows_gets_raw_documents_with_a_name(way: Way) -> None:
    """Raw, or the driver would draw our bytes; named, so that people know them in the queue."""
    assert way.spooler is not None
    async with way.line() as line:
        await send(line, JOB)
        assert [job.datatype for job in way.spooler.queue.values()] == ["RAW"]
        line.end_job()
        assert await line.until(lambda: line.completed, SOON_S)
    assert way.spooler.titles == ["R1"]
    await refused_as(way, WindowsReach(queue="Another printer"), "unreachable")


def test_there_is_no_windows_spooler_here() -> None:
    """On other systems the table can be configured, and says what to take instead."""
    with pytest.raises(PrinterUnreachable, match="needs Windows"):
        system_winspool()


@on(("folder",))
async def test_a_folder_holds_bytes_and_picture_of_each_job(way: Way) -> None:
    """Named and counted; half a job leaves nothing."""
    assert way.folder is not None
    async with way.line() as line:
        for _ in range(2):
            await send(line, JOB)
            line.end_job()
            assert await line.until(lambda: line.completed, SOON_S)
        await send(line, JOB[: len(JOB) // 2])
    assert sorted(path.name for path in way.folder.iterdir()) == [
        "000001_R1.bin", "000001_R1.png", "000002_R1.bin", "000002_R1.png",
    ]  # fmt: skip
    assert (way.folder / "000001_R1.bin").read_bytes() == JOB


async def refusal(way: Way) -> PrinterUnreachable:
    """Why it cannot be opened; a simulated printer takes a pass of the loop to be gone."""
    async with asyncio.timeout(SOON_S):
        while True:
            try:
                async with way.line():
                    await asyncio.sleep(0.01)
            except PrinterUnreachable as exc:
                return exc


async def refused_as(way: Way, reach: object, problem: str) -> None:
    """Opening that reach fails, for that reason."""
    with pytest.raises(PrinterUnreachable) as refused:
        async with way.line(replace(way.settings, reach=reach)):  # type: ignore[arg-type]  # a reach
            pass
    assert refused.value.problem == problem
