"""The printer on its wire: TCP and serial, in real time."""

import asyncio
import os
import socket
import sys
import time
from pathlib import Path

import pytest

from hardware_sim.errors import LinkInTheWay, NotPlugged, PortTaken, WaitedTooLong
from hardware_sim.printer import WIDTH_58_MM, SimulatedPrinter, raster_digest
from tests.unit.hardware_sim.host_side import FENCE, IMAGE, NOTHING_S, RECEIPT, STATUS, Host, play

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo terminals")


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


def test_a_receipt_goes_through_usb_endpoints() -> None:
    """The host's calls block in a thread of its own: a transfer takes what fits, answers come back, a pull is told."""

    def send(printer: SimulatedPrinter, data: bytes) -> None:
        assert printer.usb is not None
        while data:
            data = data[printer.usb.host_write(data, 1.0) :]

    async def scenario() -> None:
        async with SimulatedPrinter(transport="usb") as printer:
            assert printer.usb is not None
            await asyncio.to_thread(send, printer, STATUS + RECEIPT + FENCE)
            await printer.wait_receipts(1)
            await printer.wait_idle()
            assert printer.usb.host_read(64, 1.0) == b"\x16\0"
            assert printer.receipts[0].raster_sha256 == raster_digest(IMAGE)
            printer.faults.stall()
            assert 0 < printer.usb.host_write(bytes(100_000), 0) < 100_000
            printer.faults.power_off()
            with pytest.raises(NotPlugged):
                await asyncio.to_thread(printer.usb.host_read, 64, 5.0)

    play(scenario())


def test_a_printer_without_automatic_status_stands_still_without_a_word() -> None:
    """GS a is taken and means nothing; who asks is answered all the same."""

    async def scenario() -> None:
        async with SimulatedPrinter(automatic_status=False) as printer:
            host = await Host.connect(printer)
            await host.send(b"\x1da\x0f")
            await printer.wait_idle()
            printer.faults.paper_out()
            await host.send(STATUS)
            assert await host.answer() == b"\x1e"
            host.close()

    play(scenario())
