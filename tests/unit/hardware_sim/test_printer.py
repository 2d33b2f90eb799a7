"""The printer on its wire: TCP and serial, in real time, with every fault."""

import asyncio
import contextlib
import os
import socket
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import ClassVar

import pytest

from hardware_sim.drawer import Drawer
from hardware_sim.errors import LinkInTheWay, PortTaken, WaitedTooLong
from hardware_sim.printer import WIDTH_58_MM, SimulatedPrinter, raster_digest
from tests.unit.hardware_sim.escpos_streams import escpos, picture

IMAGE = picture(576, 300)
RECEIPT = escpos(lambda d: (d.hw("INIT"), d.image(IMAGE), d.cut()))
FENCE = b"\x1dr\x01"
STATUS = b"\x10\x04\x01"
NOTHING_S = 0.15
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")


class Host:
    """A driver's side of the wire."""

    connected: ClassVar[list["Host"]] = []

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    @classmethod
    async def connect(cls, printer: SimulatedPrinter) -> "Host":
        """Connect to the printer."""
        host = cls(*await asyncio.wait_for(asyncio.open_connection(printer.host, printer.port), 5))
        cls.connected.append(host)
        return host

    async def send(self, data: bytes) -> None:
        """Write; waits while the printer takes nothing."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, timeout_s: float = 5.0) -> bytes:
        """The next answer; empty at the end of the connection."""
        return await asyncio.wait_for(self.reader.read(64), timeout_s)

    async def hears_nothing(self) -> bool:
        """Whether no answer comes for a while."""
        try:
            return not await self.answer(NOTHING_S)
        except TimeoutError:
            return True

    async def sees_the_end(self) -> bool:
        """Whether the connection ends."""
        try:
            return await self.answer() == b""
        except ConnectionError:
            return True

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


def play(scenario: Coroutine[object, object, None]) -> None:
    """Run a scenario; hang up every host, also when it fails."""

    async def to_the_end() -> None:
        try:
            await scenario
        finally:
            for host in Host.connected:
                host.close()
                with contextlib.suppress(ConnectionError):
                    await host.writer.wait_closed()
            Host.connected.clear()

    asyncio.run(to_the_end())


def test_a_receipt_goes_through_tcp_and_is_seen_as_it_was_sent(tmp_path: Path) -> None:
    """Status, job, fence; one receipt with the picture that was sent, as PNG too."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            host = await Host.connect(printer)
            await host.send(STATUS)
            assert await host.answer() == b"\x16"
            await host.send(RECEIPT + FENCE)
            assert await host.answer() == b"\0"
            (receipt,) = printer.receipts
            assert receipt.complete
            assert receipt.raster_sha256 == raster_digest(IMAGE)
            receipt.save_png(tmp_path / "receipt.png")
            assert (tmp_path / "receipt.png").read_bytes().startswith(b"\x89PNG")
            host.close()

    play(scenario())


@posix_only
def test_a_receipt_goes_through_a_serial_port(tmp_path: Path) -> None:
    """The same printer on a pty, found by its link; gone when it is switched off."""
    link = tmp_path / "ttyUSB0"

    async def scenario() -> None:
        async with SimulatedPrinter(transport="pty", link=link, width_dots=WIDTH_58_MM) as printer:
            assert printer.device == str(link)
            port = os.open(link, os.O_RDWR | os.O_NOCTTY)
            try:
                await asyncio.to_thread(_write_all, port, b"hello\n\x1dV\0" + FENCE)
                assert await asyncio.to_thread(os.read, port, 1) == b"\0"
                assert printer.receipts[0].lines == ("hello",)
                await printer.faults.power_cycle()
                assert os.read(port, 1) == b""
                await asyncio.sleep(0.05)
                assert link.is_symlink()
            finally:
                os.close(port)
        assert not link.exists()

    play(scenario())


def _write_all(port: int, data: bytes) -> None:
    while data:
        data = data[os.write(port, data) :]


def test_the_speed_is_felt_and_a_stalled_printer_blocks_the_host() -> None:
    """The buffer is bounded: a slow printer slows the host, a stalled one stops it, resuming finishes the job."""
    job = RECEIPT * 40

    async def scenario() -> None:
        async with SimulatedPrinter(rows_per_second=100_000) as printer:
            host = await Host.connect(printer)
            started = time.monotonic()
            await host.send(RECEIPT + FENCE)
            await host.answer()
            assert time.monotonic() - started > 0.003

            client = host.writer.get_extra_info("socket")
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16384)
            host.writer.transport.set_write_buffer_limits(high=0)
            printer.faults.stall()
            taken = printer.bytes_received
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(host.send(job + FENCE), NOTHING_S)
            assert printer.bytes_received == taken
            printer.faults.resume()
            await printer.wait_receipts(41)
            assert await host.answer() == b"\0"
            host.close()

    play(scenario())


def test_a_stall_in_mid_image_stops_after_that_many_bytes() -> None:
    """The host cannot know; the strip hangs out with part of the image."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            printer.faults.stall(after_bytes=5000)
            host = await Host.connect(printer)
            await host.send(RECEIPT + FENCE)
            assert await host.hears_nothing()
            assert printer.bytes_received == 5000
            assert printer.hanging is not None
            assert 0 < printer.hanging.raster_rows < 300
            printer.faults.resume()
            assert await host.answer() == b"\0"
            assert printer.receipts[0].complete
            host.close()

    play(scenario())


@pytest.mark.parametrize("reset", [True, False])
def test_a_drop_in_mid_image_ends_the_connection_once(reset: bool) -> None:
    """The job is torn; the next connection prints a whole receipt."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            printer.faults.drop(after_bytes=5000, reset=reset)
            host = await Host.connect(printer)
            await host.send(RECEIPT[:5000])
            assert await host.sees_the_end()
            host.close()
            host = await Host.connect(printer)
            await host.send(RECEIPT + FENCE)
            assert await host.answer() == b"\0"
            assert [(r.complete, r.torn_by) for r in printer.receipts] == [(False, "connection_lost"), (True, None)]
            printer.faults.drop()
            assert await host.sees_the_end()
            host.close()

    play(scenario())


def test_paper_out_in_mid_receipt_holds_the_answer_until_the_refill() -> None:
    """DLE EOT goes on answering; one whole receipt in the end."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            printer.faults.paper_out(after_rows=123)
            host = await Host.connect(printer)
            await host.send(RECEIPT + FENCE)
            assert await host.hears_nothing()
            await host.send(b"\x10\x04\x04")
            assert await asyncio.wait_for(host.reader.readexactly(1), 5) == b"\x7e"
            printer.faults.refill()
            assert await host.answer() == b"\0"
            assert [(r.complete, r.splices) for r in printer.receipts] == [(True, (123,))]
            host.close()

    play(scenario())


def test_status_cannot_be_asked_through_a_full_pipe() -> None:
    """While paper is out and buffer and socket are full, a question stays in the host's queue, as in a real shop."""

    async def scenario() -> None:
        async with SimulatedPrinter(buffer_bytes=256, socket_buffer_bytes=4096) as printer:
            printer.faults.paper_out()
            host = await Host.connect(printer)
            host.writer.write(RECEIPT * 4 + STATUS)
            assert await host.hears_nothing()
            printer.faults.refill()
            assert await host.answer() == b"\x16"
            host.close()

    play(scenario())


def test_a_mute_printer_prints_and_answers_nothing() -> None:
    """Questions that came while it was mute stay unanswered."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            printer.faults.mute()
            host = await Host.connect(printer)
            await host.send(STATUS + RECEIPT + FENCE)
            await printer.wait_receipts(1)
            assert await host.hears_nothing()
            printer.faults.mute(on=False)
            await host.send(STATUS)
            assert await host.answer() == b"\x16"
            host.close()

    play(scenario())


def test_a_refusing_printer_is_refused_and_comes_back_on_the_same_port() -> None:
    """Connection refused, not a time-out; its port stays its own."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            printer.faults.refuse()
            await asyncio.sleep(0.02)
            with pytest.raises(ConnectionRefusedError):
                await Host.connect(printer)
            printer.faults.listen()
            await asyncio.sleep(0.02)
            host = await Host.connect(printer)
            await host.send(STATUS)
            assert await host.answer() == b"\x16"
            host.close()

    play(scenario())


def test_a_power_cycle_loses_the_buffer_and_leaves_a_fragment() -> None:
    """Unprinted bytes are gone; the connection is reset; then all is as new."""

    async def scenario() -> None:
        async with SimulatedPrinter(rows_per_second=1000) as printer:
            host = await Host.connect(printer)
            await host.send(RECEIPT + FENCE)
            await asyncio.sleep(0.1)
            cycle = asyncio.create_task(printer.faults.power_cycle(off_s=0.05))
            assert await host.sees_the_end()
            with pytest.raises(ConnectionRefusedError):
                await Host.connect(printer)
            await cycle
            printer.rows_per_second = None
            host.close()
            host = await Host.connect(printer)
            await host.send(RECEIPT + FENCE)
            assert await host.answer() == b"\0"
            torn, whole = printer.receipts
            assert (torn.torn_by, torn.complete, whole.complete) == ("power_cycle", False, True)
            host.close()

    play(scenario())


def test_a_second_client_waits_or_is_refused() -> None:
    """Real printers talk to one host at a time."""

    async def scenario() -> None:
        for second_client in ("wait", "refuse"):
            async with SimulatedPrinter(second_client="wait" if second_client == "wait" else "refuse") as printer:
                first = await Host.connect(printer)
                await first.send(STATUS)
                assert await first.answer() == b"\x16"
                second = await Host.connect(printer)
                second.writer.write(STATUS)
                if second_client == "refuse":
                    assert await second.sees_the_end()
                else:
                    assert await second.hears_nothing()
                    first.close()
                    assert await second.answer() == b"\x16"
                first.close()
                second.close()

    play(scenario())


def test_an_answer_for_a_host_that_has_gone_is_not_given_to_the_next() -> None:
    """The fence of a lost connection does not count for the new one."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            printer.faults.paper_out()
            host = await Host.connect(printer)
            await host.send(b"a\n\x1dV\0" + FENCE)
            await asyncio.sleep(0.05)
            host.close()
            host = await Host.connect(printer)
            await host.send(STATUS)
            assert await host.answer() == b"\x1e"
            printer.faults.refill()
            await printer.wait_receipts(1)
            assert await host.hears_nothing()
            assert printer.answers_lost == 1
            host.close()

    play(scenario())


def test_restore_undoes_every_fault() -> None:
    """One call, and a receipt goes through."""

    async def scenario() -> None:
        async with SimulatedPrinter(drawer=Drawer()) as printer:
            faults = printer.faults
            for fault in (faults.paper_out, faults.near_end, faults.open_cover, faults.go_offline, faults.cutter_error,
                          faults.mute, faults.stall, faults.refuse, faults.power_off):  # fmt: skip
                fault()
            faults.drop(after_bytes=10)
            if printer.drawer is not None:
                printer.drawer.jam()
            faults.restore()
            await asyncio.sleep(0.02)
            host = await Host.connect(printer)
            await host.send(escpos(lambda d: d.cashdraw(2)) + RECEIPT + FENCE)
            assert await host.answer() == b"\0"
            assert printer.receipts[-1].complete
            assert printer.drawer is not None
            assert printer.drawer.is_open
            host.close()

    play(scenario())


def test_a_taken_port_and_a_file_in_the_way_are_told_with_their_remedy(tmp_path: Path) -> None:
    """Who, what, and what to do."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            with pytest.raises(PortTaken, match="choose another port"):
                await SimulatedPrinter(port=printer.port).start()

    play(scenario())
    (tmp_path / "tty").write_text("a file of somebody")

    async def serial() -> None:
        with pytest.raises(LinkInTheWay, match="choose another name"):
            await SimulatedPrinter(transport="pty", link=tmp_path / "tty").start()

    if sys.platform != "win32":
        play(serial())
    assert (tmp_path / "tty").read_text() == "a file of somebody"


def test_waiting_ends_with_what_the_printer_has() -> None:
    """A test that fails says what it saw."""

    async def scenario() -> None:
        async with SimulatedPrinter() as printer:
            with pytest.raises(WaitedTooLong, match="it has 0 receipts"):
                await printer.wait_receipts(1, timeout_s=0.05)

    play(scenario())


def test_only_the_newest_receipts_are_kept_but_all_are_counted() -> None:
    """A day's receipts do not fill the memory; the hook sees each."""
    seen: list[int] = []

    async def scenario() -> None:
        async with SimulatedPrinter(keep_receipts=3) as printer:
            printer.on_receipt = lambda receipt: seen.append(receipt.number)
            host = await Host.connect(printer)
            await host.send(b"x\n\x1dV\0" * 10 + FENCE)
            await host.answer()
            assert printer.receipt_count == 10
            assert [receipt.number for receipt in printer.receipts] == [8, 9, 10]
            host.close()

    play(scenario())
    assert seen == list(range(1, 11))
