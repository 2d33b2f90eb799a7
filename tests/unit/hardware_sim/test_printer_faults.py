"""The printer's faults as the host feels them on TCP."""

import asyncio

import pytest

from hardware_sim.drawer import Drawer
from hardware_sim.printer import SimulatedPrinter
from tests.unit.hardware_sim.escpos_streams import escpos
from tests.unit.hardware_sim.host_side import FENCE, RECEIPT, STATUS, Host, play


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
